"""What the buttons and lists of the Results tab do.

Every method checks first whether the caller may do it, because endpoints can be called without a page.
"""

from __future__ import annotations

import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from evaluation.listening.analysis import StudyResults, results_of
from evaluation.listening.analysis.standing import standing
from evaluation.listening.importing import imported_results, open_import
from evaluation.listening.publish.archive import archive_study
from evaluation.listening.publish.links import is_local, listeners_link
from evaluation.listening.publish.markdown import paper_paragraph
from evaluation.listening.store import AnswerStore, Collected, collect
from pipelines.errors import ZestError
from pipelines.files import make_folder
from workbench.listening import admin_text as text
from workbench.listening.admin import HOURS, AdminAccess
from workbench.listening.gather_tab import GatheredSet
from workbench.listening.import_panel import ImportPanel
from workbench.listening.requests import address_for
from workbench.listening.results_view import empty_html, results_html
from workbench.listening.studies import import_of, store_of, study_ids
from workbench.listening.study_list import study_choices
from workbench.sentences import attempt
from workbench.tabs.problems import note, problem

STUDIES = 13  # the list's place among what `watch` fills: what is wrong, nine parts of one study, three of the page


@dataclass(frozen=True)
class ResultsActions:
    """access: checks the caller. gathered: the panel of gathered conversions. imports: that of other tools' results.
    parts: how many components `watch` fills."""

    access: AdminAccess
    gathered: GatheredSet
    imports: ImportPanel
    parts: int

    def page(self, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Both faces of the tab, and the panels of other tabs: with everything for an administrator, empty for all others."""
        allowed = self.access.allows(profile, request)
        panels = [gr.update(visible=allowed) for _ in self.access.panels]
        if not allowed:
            typed = gr.skip()  # this may come while somebody is typing the password
            return [gr.update(visible=True), gr.update(visible=False), typed, gr.update(choices=[], value=None), gr.skip(),
                    *self.gathered.hidden(), *self.imports.hidden(), gr.update(active=False), *panels]
        choices = study_choices()
        return [gr.update(visible=False), gr.update(visible=True), "", gr.update(choices=choices, visible=bool(choices)),
                gr.update(visible=not choices), *self.gathered.shown(), *self.imports.shown(), gr.update(active=True),
                *panels]

    def unlocked(self, sentence: str, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """After the browser has sent the password: what was wrong with it, beside its field, or the opened page."""
        if not sentence and not self.access.allows(profile, request):
            sentence = text.NO_COOKIE
        return [problem(sentence), *self.page(profile, request)]

    def locked(self, sentence: str, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """After the browser has given its pass back."""
        return [problem(sentence), *nothing(), *self.page(profile, request)]

    def watch(self, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """The list with fresh counts. Once the pass is no longer good, everything is taken away, and the page says why."""
        if not self.access.allows(profile, request):
            return [problem(text.ENDED.format(hours=HOURS)), *nothing(), *self.page(profile, request)]
        updates = [gr.skip() for _ in range(self.parts)]
        choices = study_choices()
        updates[STUDIES], updates[STUDIES + 1] = gr.update(choices=choices, visible=bool(choices)), gr.update(visible=not choices)
        return updates

    def show(self, study: str | None, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Everything about one study, as `results_tab.ResultsView.study`; or under the list, why it cannot be shown."""
        def work() -> list[Any]:
            with self.access.open_to(profile, request, "read results"):
                if not study:
                    return nothing()
                if import_of(study):
                    return _imported(study)
                results, _ = analysed(study)
                link = link_update(listeners_link(results.study, address_for(request)))
                shown = results_html(results, standing(_store(study)))
                return [shown, gr.update(value=paper_paragraph(results), visible=bool(results.verdicts)),
                        gr.update(visible=True), gr.update(interactive=not results.closed, visible=True),
                        gr.update(visible=False),
                        gr.update(visible=False, value=None), link, problem(""), problem("")]

        shown, sentence = attempt(work)
        return nothing(sentence) if shown is None else shown

    def close(self, study: str | None, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Take no more answers; under the buttons stands what became of it."""
        def work() -> bool:
            with self.access.open_to(profile, request, "close a study"):
                return _store(study).close()

        was_open, sentence = attempt(work)
        shown = self.show(study, profile, request)
        shown[-1] = problem(sentence) if sentence else note([text.CLOSED_NOW if was_open else text.CLOSED_ALREADY])
        return shown

    def export(self, study: str | None, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """A zip of everything, in a folder whose name cannot be guessed; or under the buttons, why there is none."""
        def work() -> str:
            with self.access.open_to(profile, request, "export a study"):
                return str(import_zip(study) if import_of(study) else export_zip(_store(study).study.id))

        path, sentence = attempt(work)
        return [gr.update(value=path, visible=path is not None), problem(sentence)]


def analysed(study: str | None) -> tuple[StudyResults, Collected]:
    """Raises ZestError: no such study, or its answers cannot be read."""
    store = _store(study)
    collected = collect(store)
    return results_of(store.study, collected), collected


def export_zip(study: str) -> Path:
    """The archive of a study, where Gradio may serve it and clears it away. Raises ZestError."""
    results, collected = analysed(study)
    folder = make_folder(Path(get_upload_folder()) / "zest-exports" / uuid.uuid4().hex)
    return archive_study(results.study, collected, folder / f"study-{study}.zip", results)


def import_zip(name: str | None) -> Path:
    """The files of an import, where Gradio may serve them and clears them away. Raises ZestError."""
    folder = import_of(name)
    if folder is None:
        raise ZestError(text.NO_SUCH_STUDY)
    place = make_folder(Path(get_upload_folder()) / "zest-exports" / uuid.uuid4().hex) / f"{name}.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, f"{name}/{file.name}")
    return place


def _imported(name: str | None) -> list[Any]:
    """As `results_tab.ResultsView.study`, of an import: without link and without an end."""
    results, hidden = imported_results(open_import(import_of(name) or Path())), gr.update(visible=False)
    return [results_html(results), gr.update(value=paper_paragraph(results), visible=True), gr.update(visible=True), hidden,
            hidden, gr.update(visible=False, value=None), hidden, problem(""), problem("")]


def nothing(sentence: str = "") -> list[Any]:
    """As `results_tab.ResultsView.study`, with no study to show. sentence: why the chosen one cannot be."""
    hidden = gr.update(visible=False)
    return [empty_html(), gr.update(value="", visible=False), hidden, gr.update(interactive=False), hidden,
            gr.update(visible=False, value=None), "", problem(sentence), problem("")]


def link_update(link: str) -> dict[str, Any]:
    """The link, and a word where others cannot open it."""
    return gr.update(value=link, visible=True, info=text.LINK_LOCAL if is_local(link) else None)


def _store(study: str | None) -> AnswerStore:
    if not isinstance(study, str) or study not in study_ids():
        raise ZestError(text.NO_SUCH_STUDY)
    return store_of(study)
