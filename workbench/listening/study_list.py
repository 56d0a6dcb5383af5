"""What lists of studies say of each: systems, how far it is, questions, when it was made."""

from __future__ import annotations

from evaluation.listening.store.collected import study_progress
from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.listening import admin_text as text
from workbench.listening.admin import without_folders
from workbench.listening.studies import store_of, study_ids


def study_choices() -> list[tuple[str, str]]:
    """(what a card says, id) of every study, the newest first; a broken one says what is wrong with it."""
    return [(_line(name), name) for name in study_ids()]


def _line(name: str) -> str:
    """What the list says of a study, in two lines."""
    try:
        store = store_of(name)
        progress, info = study_progress(store), store.study.info
    except ZestError as error:
        return text.BROKEN_LINE.format(id=name, sentence=without_folders(error))
    questions = ", ".join(text.QUESTION_NAMES[question].split(",")[0] for question in info["questions"])
    state = text.CLOSED if progress.closed else text.OPEN
    return text.LIST_LINE.format(systems=", ".join(info["systems"]), state=state, completed=progress.completed,
                                 planned=counted(progress.planned, "listener"), begun=progress.begun or "none",
                                 questions=questions, created=info["created"][:10], id=store.study.id[:6])
