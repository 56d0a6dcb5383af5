"""Problems of inputs: one plain sentence beside the input, which stays there until the input is mended.

A slot is an empty place under an input. Nothing pops up and vanishes, so nothing contradicts what happens later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import gradio as gr
from gradio.components import Component

from workbench.sentences import attempt
from workbench.uploads import read_upload

QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
RECORDING_CLASS = "zest-recording"  # inputs that take every file, since the server tells what it cannot read (page/page.js)
LOOK = "() => window.zestLook('{result}', '{block}')"  # page/page.js


def tell_progress_to(demo: gr.Blocks, unseen: Component) -> None:
    """Have the events so far that show no progress tell it to `unseen` alone, inside the blocks.

    Gradio's page copies the values of all that an event fills, tracks of sound included, at each word on its progress.
    """
    for event in demo.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = [unseen]


@dataclass(frozen=True)
class RecordingInput:
    """A recording that a visitor gives, and the slot under it."""

    audio: gr.Audio
    problem: gr.HTML


def recording_input(label: str, elem_id: str, visible: bool = True, **options: Any) -> RecordingInput:
    """An upload or the microphone. What is given is read at once; a recording that cannot be used is told under it."""
    sources: list[Literal["upload", "microphone"]] = ["upload", "microphone"]
    with gr.Column(min_width=options.pop("min_width", 280), elem_classes="zest-with-problem"):
        audio = gr.Audio(label=label, sources=sources, type="filepath", buttons=[], visible=visible, elem_id=elem_id,
                         elem_classes=RECORDING_CLASS, editable=False, **options)  # a waveform edited there is resampled
        slot = problem_slot(f"{elem_id}-problem")
    audio.change(check_recording, audio, slot, trigger_mode="always_last", **QUIET)
    return RecordingInput(audio, slot)


def problem_slot(elem_id: str | None) -> gr.HTML:
    """An empty place for a sentence. elem_id: None for a form that a page has twice."""
    return gr.HTML(visible=False, padding=False, elem_id=elem_id, elem_classes="zest-problem")


def problem(sentence: str) -> dict[str, Any]:
    """The update of a slot; '' empties it."""
    return gr.update(value=problem_html(sentence) if sentence else "", visible=bool(sentence))


def note(sentences: Iterable[str]) -> dict[str, Any]:
    """The update of a slot for what is no problem but should be known."""
    said = "".join(map(note_html, sentences))
    return gr.update(value=said, visible=bool(said))


def note_html(sentence: str) -> str:
    """A sentence that may hold a visitor's file name, which is escaped."""
    return f'<p class="zest-note">{escape(sentence)}</p>'


def problem_html(sentence: str) -> str:
    """The sentence may hold a visitor's file name, so it is escaped."""
    return f'<p role="alert" class="zest-error" dir="auto">{escape(sentence)}</p>'


def slot_updates(names: Sequence[str], found: Mapping[str, str]) -> list[dict[str, Any]]:
    """For the slots of these inputs, in their order: the sentence of each, or empty."""
    return [problem(found.get(name, "")) for name in names]


def check_recording(path: str | None) -> dict[str, Any]:
    """What is to be said of a recording that was just given: why it cannot be used, or what is doubtful about it."""
    if path is None:
        return problem("")
    upload, sentence = attempt(lambda: read_upload(path))
    return problem(sentence) if upload is None else note(upload.warnings)


def show_problem(result: str, block: Literal["nearest", "start"] = "nearest") -> str:
    """Script that scrolls to the first problem on the screen, or else to where the result comes, where that is not in view.

    Args:
        result: its id. block: whether its top comes to the top of the screen.
    """
    return LOOK.format(result=result, block=block)
