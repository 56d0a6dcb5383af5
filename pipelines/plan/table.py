"""plan.csv: one segment a row, as people edit it in a spreadsheet.

start, end: seconds, or minutes:seconds. emotion: a preset or a mix; empty or 'keep' leaves the segment as it is. reference: a
recording instead, relative to the plan's folder, or several with weights. strength and tempo: empty for the defaults.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pipelines.files import PATH_BYTES, write_whole
from pipelines.names import find_file, forget_folders
from pipelines.plan.segments import PlanError, Segment, check_segments
from pipelines.settings import Settings
from pipelines.tables import TableRow, read_table

COLUMNS = ("start", "end", "emotion", "reference", "strength", "tempo")
WORDS = "words"  # a further column, where what is said is known
YES, NO = ("yes", "true", "on", "1", "y"), ("no", "false", "off", "0", "n")
WEIGHTED = re.compile(r"(?P<path>.+):(?P<weight>\d+(?:\.\d+)?)")
TIME = re.compile(r"(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d+(?:[.,]\d+)?)")


def read_plan(path: Path | str) -> tuple[Segment, ...]:
    """Read a plan; what can be wrong with it without its recording is refused.

    Raises:
        PlanError: one sentence with the line: a time, strength or tempo that is none, an unknown column, or as `check_segments`.
        TableError: it is no CSV list, has no column start or end, or no rows.
    """
    path = Path(path)
    table = read_table(path, COLUMNS[:2], "plan", "segments")
    unknown = next((name for name in table.columns if name not in (*COLUMNS, WORDS)), None)
    if unknown is not None:
        raise PlanError(f"{path.name} has a column '{unknown}'; it may have {', '.join(COLUMNS)} and {WORDS}.")
    forget_folders()
    segments = tuple(_segment(path, row) for row in table.rows)
    check_segments(segments, names=row_names(path))
    return segments


def row_names(path: Path | str) -> list[str]:
    """What sentences call the rows of a plan: 'plan.csv, line 3'."""
    path = Path(path)
    return [f"{path.name}, line {row.line}" for row in read_table(path, COLUMNS[:2], "plan", "segments").rows]


def write_plan(path: Path | str, segments: Sequence[Segment]) -> Path:
    """Write a plan whole or not at all; paths of references become relative to its folder. Raises OutputError."""
    path = Path(path)
    return write_whole(path, plan_text(segments, path.parent).encode("utf-8", PATH_BYTES))


def plan_text(segments: Sequence[Segment], folder: Path) -> str:
    """The content of such a file in a folder."""
    text, words = io.StringIO(), any(segment.words for segment in segments)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, WORDS) if words else COLUMNS)
    for segment in segments:
        row = (f"{segment.start:.3f}", f"{segment.end:.3f}", segment.emotion, relative_references(segment, folder),
               f"{segment.strength:g}", "yes" if segment.tempo else "no")
        writer.writerow((*row, segment.words) if words else row)
    return text.getvalue()


def relative_references(segment: Segment, folder: Path) -> str:
    """What the column `reference` says of a segment, in a plan in this folder."""
    if segment.reference is not None:
        return os.path.relpath(segment.reference, folder)
    return ",".join(f"{os.path.relpath(path, folder)}:{weight:g}" for path, weight in segment.mixed)


def _segment(path: Path, row: TableRow) -> Segment:
    name = f"{path.name}, line {row.line}"
    cells = {column: row.cells.get(column, "") for column in (*COLUMNS, WORDS)}
    reference, mixed = _references(path.parent, cells["reference"])
    return Segment(_seconds(cells["start"], "start", name), _seconds(cells["end"], "end", name), cells["emotion"], reference,
                   _strength(cells["strength"], name), _tempo(cells["tempo"], name), cells[WORDS], mixed)


def _references(folder: Path, text: str) -> tuple[Path | None, tuple[tuple[Path, float], ...]]:
    """One recording, or several with weights: friend.wav:0.5,other.wav:0.5."""
    if not text:
        return None, ()
    parts = [WEIGHTED.fullmatch(part.strip()) for part in text.split(",")]
    whole = find_file(folder, text)
    if whole.exists() or not all(parts):
        return whole, ()
    return None, tuple((find_file(folder, part["path"]), float(part["weight"])) for part in parts if part)


def _seconds(text: str, column: str, name: str) -> float:
    match = TIME.fullmatch(text)
    if match is None:
        raise PlanError(f"{name}: the {column} must be seconds, as 12.5, or minutes and seconds, as 1:02.5, not '{text[:40]}'.")
    hours, minutes = (int(match[unit] or 0) for unit in ("hours", "minutes"))
    return 3600 * hours + 60 * minutes + float(match["seconds"].replace(",", "."))


def _strength(text: str, name: str) -> float:
    try:
        return float(text.replace(",", ".")) if text else Settings().strength
    except ValueError:
        raise PlanError(f"{name}: the strength must be a number such as 0.8, not '{text[:40]}'.") from None


def _tempo(text: str, name: str) -> bool:
    if text and text.casefold() not in (*YES, *NO):
        raise PlanError(f"{name}: tempo must be yes or no, not '{text[:40]}'.")
    return text.casefold() in YES if text else Settings().tempo
