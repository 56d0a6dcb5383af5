"""A take: one conversion that a visitor keeps, with everything that it was made from and with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pipelines.mix import said_mix

NAME_LENGTH, NOTE_LENGTH = 80, 2000  # letters
TAKE_ID = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 random bits
LONGEST_FILE_NAME = 120  # letters, without the ending


@dataclass(frozen=True)
class Take:
    """One conversion that is kept.

    Attributes:
        id: 128 random bits; who does not know them cannot reach the take's files. made: seconds since the epoch.
        name: given by the visitor, '' for none. star, note: the visitor's, too.
        source, reference: names of the recordings; no reference where the emotion was a preset. emotion: the preset or the mix,
            None with a reference. mixed: name, file as `reference_file`, and weight of each recording of a mix.
        settings: strength, tempo, decoder, seed and f0 as they were asked for, and denoise; the decoder may be a baseline.
        system: as evaluations call it. document: all numbers (`workbench.conversion.describe`).
        source_file, reference_file: where the recordings are kept, relative to the visitor's folder; '' for none.
        deleted: seconds since the epoch, 0 where it is not deleted.
    """

    id: str
    made: float
    source: str
    settings: Mapping[str, Any]
    system: str
    document: Mapping[str, Any]
    source_file: str
    reference: str | None = None
    reference_file: str = ""
    emotion: str | None = None
    name: str = ""
    star: bool = False
    note: str = ""
    deleted: float = 0.0
    mixed: tuple[tuple[str, str, float], ...] = ()

    @property
    def target(self) -> str:
        """The emotion's name, or the reference's without its ending; '' where a baseline moves none. Of a mix, all its parts."""
        mix = self.document.get("mix")
        return said_mix(mix) if mix else self.emotion or (self.reference or "").rpartition(".")[0] or self.reference or ""

    @property
    def title(self) -> str:
        """What the list calls it."""
        return self.name or f"{_stem(self.source)}, {self.target or self.system}"

    def file_name(self) -> str:
        """Of downloads, without an ending: source, emotion, strength, decoder, and what else differs from the defaults."""
        settings = self.settings
        said = [self.target[:LONGEST_FILE_NAME // 2]]
        if "strength" in settings:
            said += [f"strength{settings['strength']:g}", settings["decoder"], "" if settings.get("tempo", True) else "notempo",
                     f"seed{settings['seed']}" if settings.get("seed") else "",
                     f"f0{settings['f0']}" if settings.get("f0", "predicted") != "predicted" else ""]
        else:
            said.append(self.document.get("settings", {}).get("system", self.system))
        said += self.document.get("variant", ["denoised"] * bool(settings.get("denoise")))
        how = "-".join(filter(None, map(_plain, said)))[:LONGEST_FILE_NAME]
        own = _plain(_stem(self.source))[:LONGEST_FILE_NAME - 1 - len(how)]  # a long name of a source pushes no setting out
        return "-".join(filter(None, (own, how))).strip("-. ") or "take"

    def kept(self) -> dict[str, Any]:
        """As it lies on disk."""
        return asdict(self)

    def told(self) -> dict[str, Any]:
        """What a page and the JSON of a download say of it: no place on the server."""
        hidden = {"source_file", "reference_file", "deleted"}
        return {name: value for name, value in self.kept().items() if name not in hidden} | {
            "mixed": [{"name": name, "weight": weight} for name, _, weight in self.mixed],
            "target": self.target, "title": self.title, "file_name": f"{self.file_name()}.wav"}


def read_take(document: Mapping[str, Any]) -> Take:
    """A take as it lies on disk; what a later version added is left out. Raises TypeError or KeyError: it is none."""
    known = {one.name for one in fields(Take)}
    found: dict[str, Any] = {name: value for name, value in document.items() if name in known}
    found["mixed"] = tuple((name, file, weight) for name, file, weight in found.get("mixed", ()))
    return Take(**found)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _plain(part: str) -> str:
    """Letters, digits, dots, '-' and '_', as every file system takes them."""
    return re.sub(r"[^\w.-]+", "_", part).strip("_.")
