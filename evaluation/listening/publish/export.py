"""Everything of a study in plain files: raw answers, listeners, results, and the paragraph for a paper.

    answers.csv, answers.json   one row an answer (of several clips side by side one a clip), withdrawn and excluded ones too,
                                each marked
    listeners.csv               one row a listener: how they listened, which rules they broke
    results.json, results.md    the analysis
    paragraph.md                method and outcome in prose
    *.png                       pictures of the results, where there are any
    study.json, design.json, wording.json   the study itself: seed, rules, hash, and which clip was what
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.results import StudyResults, results_of
from evaluation.listening.design.study import Study
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from evaluation.listening.publish.plots import write_pictures
from evaluation.listening.store.collected import Collected
from pipelines.errors import OutputError
from pipelines.files import json_text, make_folder, write_whole
from pipelines.outputs import check_result_folder

FILES = ("answers.csv", "answers.json", "listeners.csv", "results.json", "results.md", "paragraph.md", "study.json",
         "design.json", "wording.json")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula


def export_study(study: Study, collected: Collected, folder: Path | str, results: StudyResults | None = None) -> list[Path]:
    """Write the files above into a folder, replacing older ones.

    Args:
        results: analysed here if None.
    Raises:
        OutputError: the folder cannot be written, is that of a study, holds the export of another study, or other files of these
            names.
    """
    if (Path(folder) / "study.json").exists() and (Path(folder) / "clips").exists():
        raise OutputError(f"{folder} is the folder of a study, which never changes; export into a folder of its own.")
    if all((Path(folder) / name).is_file() for name in FILES):
        _refuse_another(study, Path(folder))
    else:
        check_result_folder(folder, FILES, "an export")
    folder = make_folder(folder)
    results = results or results_of(study, collected)
    answers, listeners = answers_frame(study, collected, results), listeners_frame(collected, results)
    contents = {
        "answers.csv": spreadsheet(answers), "answers.json": _json(json.loads(answers.to_json(orient="records"))),
        "listeners.csv": spreadsheet(listeners), "results.json": _json(results.document()),
        "results.md": results_markdown(results), "paragraph.md": paper_paragraph(results),
        **{name: (study.folder / name).read_text(encoding="utf-8") for name in ("study.json", "design.json", "wording.json")},
    }
    return [*(write_whole(folder / name, text.encode()) for name, text in contents.items()), *write_pictures(results, folder)]


def _refuse_another(study: Study, folder: Path) -> None:
    """Raises OutputError: the export that lies there is not an older one of this study."""
    if (folder / "study.json").read_bytes() != (study.folder / "study.json").read_bytes():
        raise OutputError(f"{folder} holds the export of another study, and nothing was replaced; choose another folder.")


def answers_frame(study: Study, collected: Collected, results: StudyResults) -> pd.DataFrame:
    """The table of answers with `counted` and times in UTC."""
    counted = {verdict.listener for verdict in results.verdicts if verdict.counts}
    table = answer_table(study, collected)
    answered = [_time(seconds) for seconds in table.answered]
    return table.assign(answered=answered, counted=[name in counted for name in table.listener],
                        study_hash=study.hash)


def listeners_frame(collected: Collected, results: StudyResults) -> pd.DataFrame:
    """One row a listener, in the order they came."""
    rows = [{"listener": who.listener, "set": who.cell, **who.setup,
             "entered": _time(who.entered), "completed": _time(who.completed),
             "withdrawn": _time(who.withdrawn), "counted": verdict.counts, "broken_rules": " ".join(verdict.broken),
             "traps_failed": verdict.traps[0], "traps": verdict.traps[1], "known_failed": verdict.known[0],
             "known": verdict.known[1],
             **{f"{name}_failed".replace("-", "_"): wrong for name, (wrong, _) in verdict.checks.items()},
             "vote_deviation": verdict.deviation, "z": verdict.z,
             "correlation_with_rest": results.before.correlations.get(who.listener)}
            for who, verdict in zip(collected.listeners, results.verdicts, strict=True)]
    return pd.DataFrame(rows)


def spreadsheet(table: pd.DataFrame, free: Sequence[str] = ("remark",)) -> str:
    """CSV; free text that a spreadsheet would run as a formula gets an apostrophe before it. free: columns with such text."""
    guarded = {name: [f"'{text}" if text.startswith(FORMULA) else text for text in table[name]] for name in free if name in table}
    return table.assign(**guarded).to_csv(index=False)


def _json(document) -> str:
    return json_text(document, 1) + "\n"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
