"""What the buttons and lists of the Results tab do.

Every method checks first whether the caller may do it, because endpoints can be called without a page.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from evaluation.listening.analysis import StudyResults, results_of
from evaluation.listening.publish.export import export_study
from evaluation.listening.publish.markdown import paper_paragraph
from evaluation.listening.store import AnswerStore, Collected, collect
from evaluation.listening.store.collected import study_progress
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.files import make_folder
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess, without_folders
from workbench.listening.gather_tab import GatheredSet
from workbench.listening.requests import address_of
from workbench.listening.results_view import empty_html, results_html
from workbench.listening.studies import store_of, study_ids
from workbench.tabs.feedback import as_alerts


@dataclass(frozen=True)
class ResultsActions:
    """access: checks the caller. gathered: the panel of gathered conversions."""

    access: AdminAccess
    gathered: GatheredSet

    def unlock(self, password: str, request: gr.Request) -> str:
        """A pass for the right password."""
        with as_alerts():
            return self.access.administration.unlock(password, address_of(request) or "unknown")

    def page(self, key: str, profile: gr.OAuthProfile | None) -> list[Any]:
        """Both faces of the tab: with everything for an administrator, empty for everybody else."""
        if not self.access.administration.allows(key, profile):
            typed = gr.skip()  # this may come while somebody is typing the password
            return [gr.update(visible=True), gr.update(visible=False), typed, gr.update(choices=[], value=None), gr.skip(),
                    *self.gathered.hidden(), gr.update(active=False)]
        choices = study_choices()
        return [gr.update(visible=False), gr.update(visible=True), "", gr.update(choices=choices, visible=bool(choices)),
                gr.update(visible=not choices), *self.gathered.shown(), gr.update(active=True)]

    def watch(self, key: str, profile: gr.OAuthProfile | None) -> list[Any]:
        """The list with fresh counts; stops by itself once the pass is no longer good."""
        if not self.access.administration.allows(key, profile):
            return [gr.skip(), gr.update(active=False)]
        return [gr.update(choices=study_choices()), gr.skip()]

    def show(self, study: str | None, key: str, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Everything about one study, as `results_tab.ResultsView.study`."""
        if not study:
            return nothing()
        with self.access.open_to(key, profile, request, "read results"):
            results, _ = analysed(study)
            return [results_html(results), gr.update(value=paper_paragraph(results), visible=True), gr.update(visible=True),
                    gr.update(interactive=not results.closed), gr.update(visible=False), gr.update(visible=False, value=None)]

    def close(self, study: str | None, key: str, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Take no more answers."""
        with self.access.open_to(key, profile, request, "close a study"):
            was_open = _store(study).close()
        gr.Info(text.CLOSED_NOW if was_open else text.CLOSED_ALREADY)
        return self.show(study, key, profile, request)

    def export(self, study: str | None, key: str, profile: gr.OAuthProfile | None, request: gr.Request) -> Any:
        """A zip of everything, in a folder whose name cannot be guessed."""
        with self.access.open_to(key, profile, request, "export a study"):
            return gr.update(value=str(export_zip(_store(study).study.id)), visible=True)


def study_choices() -> list[tuple[str, str]]:
    """(what a card says, id) of every study, the newest first; a broken one says what is wrong with it."""
    return [(_line(name), name) for name in study_ids()]


def analysed(study: str | None) -> tuple[StudyResults, Collected]:
    """Raises ZestError: no such study, or its answers cannot be read."""
    store = _store(study)
    collected = collect(store)
    return results_of(store.study, collected), collected


def export_zip(study: str) -> Path:
    """Everything of a study in one zip, where Gradio may serve it and clears it away. Raises ZestError."""
    results, collected = analysed(study)
    folder = make_folder(Path(get_upload_folder()) / "zest-exports" / uuid.uuid4().hex)
    with tempfile.TemporaryDirectory(prefix="zest-export-") as partial:
        export_study(results.study, collected, Path(partial) / study, results)
        return Path(shutil.make_archive(str(folder / f"study-{study}"), "zip", partial))


def nothing() -> list[Any]:
    """As `results_tab.ResultsView.study`, with no study chosen."""
    hidden = gr.update(visible=False)
    return [empty_html(), gr.update(value="", visible=False), hidden, gr.update(interactive=False), hidden,
            gr.update(visible=False, value=None)]


def _store(study: str | None) -> AnswerStore:
    if not isinstance(study, str) or study not in study_ids():
        raise ZestError(text.NO_SUCH_STUDY)
    return store_of(study)


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
                                 questions=questions, created=info["created"][:10])
