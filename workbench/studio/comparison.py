"""What the player and the contours need of one conversion, and what the player shows of several."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.decoders import DECODERS
from pipelines.features.audio import load
from pipelines.settings import Settings
from workbench.conversion import DescribedConversion, said_target
from workbench.studio.contours import contour_series, contours_value
from workbench.studio.tracks import REFERENCE, SOURCE, TAKE, Track, player_value, recording_track, track

MOST_TAKES = 7  # beside source and reference: each has a number key
DEFAULTS = Settings()


@dataclass(frozen=True)
class Comparison:
    """A conversion in the studio; as JSON it can be kept and shown again.

    Attributes:
        source, reference, take: what is heard; no reference where the emotion was a preset.
        contours: what is seen, as `contours.contours_value` makes it.
    """

    source: Track
    reference: Track | None
    take: Track
    contours: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {"source": self.source.document(), "reference": self.reference and self.reference.document(),
                "take": self.take.document(), "contours": self.contours}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Comparison:
        """The comparison of such a document."""
        reference = document["reference"] and Track.of(document["reference"])
        return cls(Track.of(document["source"]), reference, Track.of(document["take"]), document["contours"])

    def moved(self, take: str, source: str, reference: str | None = None) -> Comparison:
        """The same with its files elsewhere."""
        there = replace(self.reference, path=reference) if self.reference and reference else self.reference
        return replace(self, take=replace(self.take, path=take), source=replace(self.source, path=source), reference=there)


def comparison(described: DescribedConversion, source: Path | str, reference: Path | str | None, alt: str) -> Comparison:
    """Measure a conversion that is saved.

    Args:
        source, reference: the recordings. Copies for browsers go beside the converted recording where they need some.
        alt: what the contours say, for those who do not see them.
    Raises:
        AudioError: a recording is gone. OutputError: a copy cannot be written.
    """
    one, folder, seconds = described.conversion, described.output.parent, described.conversion.source_seconds
    own, other = load(source).samples, load(reference).samples if reference else None
    take = track(_key(one.samples), take_name(described.document), TAKE, str(described.output), one.samples, seconds,
                 one.timing)
    given = recording_track(_key(own, SOURCE), Path(source).name, SOURCE, source, own, folder, seconds)
    target = None if reference is None or other is None else recording_track(
        _key(other, REFERENCE), Path(reference).name, REFERENCE, reference, other, folder, seconds)
    series = contour_series(one, described.measured, own, other)
    return Comparison(given, target, take, contours_value(series, alt, described.output.stem))


def take_name(document: dict[str, Any]) -> str:
    """The emotion, or like which reference, and every setting that is not the default: 'Angry, strength 0.5'."""
    settings, variant = document["settings"], document.get("variant", [])
    target = f"like {Path(document['target']).stem}" if document["f0"]["reference"] else said_target(document)
    if "system" in settings:
        return ", ".join([*([target] if target and target != settings["system"] else []), settings["system"], *variant])
    said = [target[:1].upper() + target[1:]]
    said += [f"strength {settings['strength']:g}"] if settings["strength"] != DEFAULTS.strength else []
    said += [DECODERS[settings["decoder"]].label] if settings["decoder"] not in ("", next(iter(DECODERS))) else []
    said += ["tempo kept"] if settings["tempo"] != DEFAULTS.tempo else []
    said += [f"F0 {settings['f0']}"] if settings["f0"] != DEFAULTS.f0 else []
    said += [f"seed {settings['seed']}"] if settings["seed"] != DEFAULTS.seed else []
    return ", ".join([*said, *variant])


def compared(kept: Sequence[Comparison], new: Sequence[Comparison]) -> list[Comparison]:
    """What the player offers after new conversions: those of the same source, the oldest first, no more than have a key."""
    source, found = new[-1].source.key, {}
    for one in [*kept, *new]:
        if one.source.key == source:
            found[one.take.key] = one  # the newest of equal ones, whose files are there for sure
    return list(found.values())[-MOST_TAKES:]


def player_of(comparisons: Sequence[Comparison], shown: Comparison) -> dict[str, Any]:
    """The player's value: the source, the reference of the one that is shown, and all takes, whose names differ."""
    takes: list[Track] = []
    for one in comparisons:
        count = sum(take.name.partition(" (")[0] == one.take.name for take in takes)
        takes.append(replace(one.take, name=f"{one.take.name} ({count + 1})") if count else one.take)
    tracks = [shown.source, *([shown.reference] if shown.reference else []), *takes]
    return player_value(tracks, shown.take.key)


def _key(samples: np.ndarray, kind: str = "") -> str:
    """Of what is heard, wherever its file lies; the same recording as source and as reference has two."""
    return hashlib.sha256(kind.encode() + samples.tobytes()).hexdigest()[:16]
