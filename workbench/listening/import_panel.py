"""The panel of the Results tab that analyses what another tool collected, for administrators."""

from __future__ import annotations

import uuid
import zipfile
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency
from gradio.utils import get_upload_folder

from evaluation.listening.errors import StudyError
from evaluation.listening.importing import ImportOptions, import_answers, imported_results, write_import
from evaluation.listening.importing.imported import QUESTIONS_IMPORTED, renames
from pipelines.errors import ZestError
from pipelines.files import make_folder
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess
from workbench.listening.results_view import results_html
from workbench.listening.studies import studies_folder
from workbench.listening.study_form import QUIET
from workbench.sentences import attempt
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import problem, problem_slot


class ImportPanel:
    """A file, what it does not say by itself, and under the button the analysis with its files."""

    def __init__(self, access: AdminAccess):
        self.access = access
        with gr.Accordion(text.IMPORT_TITLE, open=False, elem_id="zest-import"):
            gr.Markdown(text.IMPORT_NOTE, elem_classes="zest-limits")
            self.file = gr.File(label=text.IMPORT_FILE, file_types=[".csv", ".tsv", ".txt"], height=140,
                                elem_id="zest-import-file")
            with gr.Row():
                questions = [(text.IMPORT_ANY, ""), *((text.QUESTION_NAMES[name], name) for name in QUESTIONS_IMPORTED)]
                self.question = gr.Dropdown(questions, value="", label=text.IMPORT_QUESTION, info=text.IMPORT_QUESTION_INFO,
                                            min_width=180, elem_id="zest-import-question")
                self.anchor = gr.Dropdown(list(text.IMPORT_ANCHORS.items()), value="", label=text.IMPORT_ANCHOR,
                                          info=text.IMPORT_ANCHOR_INFO, min_width=180)
            with gr.Accordion(text.IMPORT_MORE, open=False):
                self.pattern, self.rename, self.leave_out = (
                    gr.Textbox(label=label, info=info, max_length=2000) for label, info in (
                        (text.IMPORT_PATTERN, text.IMPORT_PATTERN_INFO), (text.IMPORT_RENAME, text.IMPORT_RENAME_INFO),
                        (text.IMPORT_LEAVE_OUT, text.IMPORT_LEAVE_OUT_INFO)))
            self.button = gr.Button(text.IMPORT, elem_id="zest-import-go")
            self.wrong = problem_slot("zest-import-problem")
            self.files = gr.File(label=text.IMPORT_FILES, visible=False, interactive=False, elem_id="zest-import-files")
            self.results = gr.HTML(elem_id="zest-import-results")

    def filled(self) -> list[Component]:
        """What an analysis fills, in the order of `hidden`."""
        return [self.wrong, self.files, self.results, self.file]

    def hidden(self) -> list[Any]:
        """For everybody but an administrator."""
        return [problem(""), gr.update(value=None, visible=False), "", None]

    def shown(self) -> list[Any]:
        """For an administrator: as it is."""
        return [gr.skip() for _ in self.filled()]

    def connect(self) -> Dependency:
        """Button off, analyse, button on again whatever happened; what comes then can follow."""
        given = [self.file, self.question, self.pattern, self.rename, self.leave_out, self.anchor]
        run = self.button.click(button_update(text.IMPORTING, False), None, self.button, **QUIET).then(
            self.analyse, given, self.filled(), api_visibility="private", concurrency_limit=1, show_progress_on=self.results)
        return run.then(button_update(text.IMPORT, True), None, self.button, **QUIET)

    def analyse(self, path: str | None, question: str, pattern: str, rename: str, leave_out: str, anchor: str,
                profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """The analysis and its files; or why there is none. A file that was analysed is deleted, since it names listeners."""
        def work() -> tuple[str, str]:
            with self.access.open_to(profile, request, "import results"):
                if not path:
                    raise StudyError(text.IMPORT_NONE)
                options = ImportOptions(question or "", (pattern or "").strip(), renames(_listed(rename)), _listed(leave_out),
                                        anchor or "")
                return _analysed(Path(path), options)

        found, sentence = attempt(work)
        if found is None:
            return [problem(sentence), gr.update(value=None, visible=False), "", gr.skip()]
        shown, archive = found
        return [problem(""), gr.update(value=archive, visible=True), shown, None]


def _analysed(path: Path, options: ImportOptions) -> tuple[str, str]:
    """The results as HTML, and the path of a zip in a folder whose name cannot be guessed."""
    try:
        imported = import_answers(path, options)
    except ZestError as error:  # the folder of an upload says nothing to anybody
        raise StudyError(str(error).replace(str(path), path.name)) from error
    results = imported_results(imported)
    kept = studies_folder() / imported.study.id  # which the list of studies names from now on
    place = make_folder(Path(get_upload_folder()) / "zest-exports" / uuid.uuid4().hex)
    archive = place / f"{imported.study.id}.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in write_import(imported, results, kept):
            packed.write(file, f"{imported.study.id}/{file.name}", zipfile.ZIP_DEFLATED)
    path.unlink(missing_ok=True)
    return results_html(results), str(archive)


def _listed(text_: str) -> list[str]:
    return [part.strip() for part in (text_ or "").split(",") if part.strip()]
