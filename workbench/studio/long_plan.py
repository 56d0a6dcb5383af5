"""Plans of the page: rows as JSON, or a CSV that somebody uploads; both are read and refused as the command line does."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.errors import ZestError
from pipelines.files import make_folder
from pipelines.names import find_file
from pipelines.plan.segments import PlanError, Segment, check_segments
from pipelines.plan.table import COLUMNS, WORDS, read_plan, relative_references, row_names, write_plan
from workbench.studio.long_store import LongProject

FIELDS = (*COLUMNS, WORDS)
MALFORMED = "This change of the plan cannot be read; reload the page and try again."
NO_REFERENCE = "{row}: there is no reference '{name}' here; add this recording first, then upload the plan again."
CheckEmotion = Callable[[str], object]


def rows_of(segments: Sequence[Segment], folder: Path) -> list[dict[str, Any]]:
    """Segments as the page edits them: the columns of a plan by name."""
    return [{"start": round(one.start, 3), "end": round(one.end, 3), "emotion": one.emotion,
             "reference": relative_references(one, folder), "strength": one.strength, "tempo": one.tempo, "words": one.words}
            for one in segments]


def numbered(segments: Sequence[Any]) -> list[str]:
    """What sentences call the phrases that a page shows."""
    return [f"Phrase {number}" for number in range(1, len(segments) + 1)]


def change_plan(project: LongProject, body: bytes, check_emotion: CheckEmotion) -> None:
    """Take over rows as JSON. Raises ZestError: one of them cannot be rendered; the plan is as it was."""
    rows = _rows(body)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        cells = row | {"tempo": "yes" if row.get("tempo", True) else "no"}
        writer.writerow([cells.get(name, "") for name in FIELDS])
    _replace(project, "plan.csv", text.getvalue().encode(), check_emotion, numbered(rows))


def upload_plan(project: LongProject, name: str, content: bytes, check_emotion: CheckEmotion) -> None:
    """Take over a CSV file. Raises ZestError: one sentence with its line; the plan is as it was."""
    _replace(project, name, content, check_emotion, None)


def _replace(project: LongProject, name: str, content: bytes, check_emotion: CheckEmotion, names: list[str] | None) -> None:
    folder = project.plan.parent
    given = make_folder(project.folder / "given") / (Path(name).name or "plan.csv")
    try:
        given.write_bytes(content)
        called = names or row_names(given)
        segments = tuple(placed(one, folder, given.parent, row) for one, row in zip(read_plan(given), called, strict=True))
        check_segments(segments, project.seconds, project.name, check_emotion, called)
    except OSError as error:
        raise ZestError(f"The plan cannot be kept: {error.strerror or error}.") from error
    finally:
        given.unlink(missing_ok=True)
    write_plan(project.plan, segments)


def placed(segment: Segment, folder: Path, given: Path, row: str) -> Segment:
    """With its references in a folder, by their names alone: a plan that a visitor gives reaches no other file of the server.

    Args:
        given: the plan's own folder. row: what sentences call the segment.
    Raises:
        PlanError: a reference is not in the folder.
    """
    def place(path: Path) -> Path:
        found = find_file(folder, path.name)
        if path.parent != given or not found.is_file() or found.name == "plan.csv":
            raise PlanError(NO_REFERENCE.format(row=row, name=str(path).removeprefix(f"{given}/")))
        return found

    return replace(segment, reference=segment.reference and place(segment.reference),
                   mixed=tuple((place(path), weight) for path, weight in segment.mixed))


def _rows(body: bytes) -> list[dict[str, Any]]:
    """Raises ZestError: it is no list of rows."""
    try:
        rows = json.loads(body)
        fits = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    except ValueError as error:
        raise ZestError(MALFORMED) from error
    if not fits:
        raise ZestError(MALFORMED)
    return rows
