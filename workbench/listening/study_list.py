"""What lists of studies say of each: systems, how far it is, questions, when it was made, or from which tool it came."""

from __future__ import annotations

from evaluation.listening.importing.kept import BROKEN, IMPORTED, OPEN, ListedStudy, list_studies
from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.listening import admin_text as text
from workbench.listening.admin import without_folders
from workbench.listening.studies import store_of, studies_folder


def study_choices(imports: bool = True) -> list[tuple[str, str]]:
    """(what a card says, id) of every study, the newest first; a broken one says what is wrong.

    imports: those, too, at the end.
    """
    return [(_line(one), one.id) for one in list_studies(studies_folder(), store_of)
            if imports or not one.id.startswith("import-")]


def _line(one: ListedStudy) -> str:
    """What the list says of a study, in two lines."""
    if one.state == BROKEN:
        return text.BROKEN_LINE.format(id=one.id, sentence=without_folders(ZestError(one.problem)))
    questions, systems = ", ".join(text.QUESTION_NAMES[name].split(",")[0] for name in one.questions), ", ".join(one.systems)
    if one.state == IMPORTED:
        return text.IMPORT_LINE.format(systems=systems, tool=one.tool, listeners=counted(one.finished, "listener"),
                                       questions=questions, id=one.id.partition("-")[2][:6])
    state = text.OPEN if one.state == OPEN else text.CLOSED
    return text.LIST_LINE.format(systems=systems, state=state, completed=one.finished, planned=counted(one.planned, "listener"),
                                 begun=one.begun or "none", questions=questions, created=one.created[:10], id=one.id[:6])
