"""Names of results that nobody named, from all that decides the result; and what becomes of files that are there already."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import OutputError
from pipelines.features.writing import AudioForm
from pipelines.outputs import is_plain_file
from pipelines.settings import Settings

LONGEST = 200  # bytes of a name without its ending; file systems take 255


def default_name(source: Path, target: str, settings: Settings, system: str = "", checkpoint: str | None = None,
                 others: Sequence[str] = ()) -> str:
    """The name of a conversion without its ending: source, target, and every setting that is not the default.

    Args:
        target: a preset's name, the reference's, or '' where a baseline takes none.
        others: what else was asked for, as `variant` tells it; with the checkpoint, where that is not given by itself.
    """
    chosen = [system, *settings.differences(), *variant(checkpoint, AudioForm()), *others]
    said = "-".join(_plain(one) for one in (cut(target, LONGEST // 2), *chosen) if one)  # no long name pushes a setting out
    return "-".join(filter(None, (cut(source.stem, LONGEST - 1 - len(os.fsencode(said))), said)))


def variant(checkpoint: str | None, form: AudioForm, denoise: bool = False) -> tuple[str, ...]:
    """What decides a result beside source, target and settings, where it is not the default: 44100hz, 24bit, denoised."""
    return (*([_plain(Path(checkpoint).name)] if checkpoint else []), *form.differences(), *(["denoised"] if denoise else []))


def named_system(source: Path, converted: Path, target: str) -> str:
    """What the name of a conversion says of its system, where it is one of `default_name`; else 'converted'."""
    start = f"{source.stem}-{_plain(target)}-"
    rest = converted.stem.removeprefix(start)
    return rest if rest and rest != converted.stem else "converted"


def plot_names(numbers: Sequence[int], outputs: Sequence[Path]) -> list[str]:
    """Names of the plots of a batch without their ending: the output's own, longer where two would share it.

    Args:
        numbers: of the rows. outputs: relative to the folder of results.
    """
    names = [output.stem for output in outputs]
    longer = (["-".join(output.with_suffix("").parts) for output in outputs],
              [f"{number:03d}-{output.stem}" for number, output in zip(numbers, outputs)])
    for others in longer:
        count = Counter(map(str.casefold, names))
        names = [other if count[name.casefold()] > 1 else name for name, other in zip(names, others)]
    return names


def check_replacing(named: Sequence[Path], chosen: Sequence[Path], overwrite: bool) -> None:
    """Ask on a terminal before files are replaced. Elsewhere, those that the user named are; other ones only with --overwrite.

    Args:
        named: outputs whose names were given. chosen: outputs whose names follow from inputs and settings.
    Raises:
        OutputError: a file is there and is to stay.
    """
    there = [path for path in (*named, *chosen) if is_plain_file(path)]
    if overwrite or not there:
        return
    more = f" and {len(there) - 1} more" if len(there) > 1 else ""
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        if not _agreed(f"{there[0]}{more} exist{'' if more else 's'} already. Replace? [y/N] "):
            raise OutputError("Nothing was written; name another place with -o.")
        return
    kept = next((path for path in chosen if is_plain_file(path)), None)
    if kept is not None:
        raise OutputError(f"{kept} exists already; add --overwrite to replace it, or name another place with -o.")


def _agreed(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _plain(text: str) -> str:
    """As part of a file name: 'my/angry' must not become a folder."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "converted"


def cut(name: str, longest: int = LONGEST) -> str:
    """At most so many bytes, and no half letter."""
    while name and len(os.fsencode(name)) > longest:
        name = name[:-1]
    return name
