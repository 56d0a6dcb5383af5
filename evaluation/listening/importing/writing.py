"""An imported study in files, as the export of a study of this project has them.

    answers.csv                 one row a rating, listeners by number
    listeners.csv               one row a listener: which rules they broke
    results.json, results.md    the analysis
    paragraph.md                method and outcome in prose
    import.json                 the tool, the SHA-256 of its file, the options, rules and versions
    *.png                       pictures of the results
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evaluation.listening.analysis.results import StudyResults
from evaluation.listening.importing.imported import ImportedStudy
from evaluation.listening.publish.export import spreadsheet
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from evaluation.listening.publish.plots import write_pictures
from pipelines.errors import OutputError
from pipelines.files import json_text, make_folder, write_whole
from pipelines.outputs import check_result_folder

FILES = ("answers.csv", "listeners.csv", "results.json", "results.md", "paragraph.md", "import.json")
TOLD = ["listener", "trial", "question", "pair", "condition", "against", "value", "vote", "right", "seconds"]
ABOUT = ("id", "hash", "systems", "questions", "listeners", "rules", "imported", "versions")  # of import.json
FREE = ("trial", "pair", "condition", "against")  # names that another tool's file gave


def write_import(imported: ImportedStudy, results: StudyResults, folder: Path | str) -> list[Path]:
    """Write the files above; an older import in the folder is replaced, anything else is not.

    Raises:
        OutputError: the folder cannot be written, or holds other files of these names, such as the export of a study.
    """
    folder = Path(folder)
    if (folder / "study.json").exists():
        raise OutputError(f"{folder} holds a study of this project, and imported answers stay apart from it; choose another "
                          "folder.")
    if not all((folder / name).is_file() for name in FILES):
        check_result_folder(folder, FILES, "an import")
    folder = make_folder(folder)
    counted = {verdict.listener for verdict in results.verdicts if verdict.counts}
    answers = imported.table[TOLD].assign(counted=[name in counted for name in imported.table.listener])
    contents = {
        "answers.csv": spreadsheet(answers, FREE), "listeners.csv": spreadsheet(listeners_frame(results)),
        "results.json": json_text(results.document(), 1) + "\n", "results.md": results_markdown(results),
        "paragraph.md": paper_paragraph(results),
        "import.json": json_text({key: imported.study.info[key] for key in ABOUT}, 1) + "\n"}
    return [*(write_whole(folder / name, text.encode()) for name, text in contents.items()), *write_pictures(results, folder)]


def listeners_frame(results: StudyResults) -> pd.DataFrame:
    """One row a listener: whether they count, the rules they broke, deviation of their votes, z, correlation with the others."""
    rows = [{"listener": one.listener, "counted": one.counts, "broken_rules": " ".join(one.broken),
             "vote_deviation": one.deviation, "z": one.z,
             "correlation_with_rest": results.before.correlations.get(one.listener)}
            for one in results.verdicts]
    return pd.DataFrame(rows)
