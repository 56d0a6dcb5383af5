"""Scoring one conversion on the page: beside the result in the Convert tab, and from three uploads in the Evaluate tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from evaluation.score_card import ScoreCard, score_card
from pipelines.hooks import Event, Hook
from pipelines.labels import EMOTIONS
from workbench.conversion import MODEL_QUEUE
from workbench.score_card.card import card_html, stage_name
from workbench.tabs import tables, text
from workbench.tabs.feedback import alert, as_alerts, button_update

LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh")  # others can be typed


@dataclass(frozen=True)
class ScoredConversion:
    """The result of the Convert tab. source, reference, converted: paths; emotion: of a preset, else ''."""

    source: str
    reference: str | None
    converted: str
    emotion: str


def score(source: str | None, reference: str | None, converted: str | None, said: str = "", emotion: str = "",
          language: str = "en", progress: gr.Progress = gr.Progress()) -> tuple[str, dict[str, Any]]:
    """Score one conversion by any system: words, emotion, voice, F0, predicted naturalness, beside natural speech.

    Args:
        source: Recording whose words and voice were to be kept.
        reference: Recording whose emotion was taken, if there was one.
        converted: The conversion.
        said: What the source says; without it, the transcript of the source stands in.
        emotion: The target emotion: neutral, angry, happy, sad, surprised, or nothing.
        language: Two letters, such as en.

    Returns:
        The score card as HTML, and all its numbers as JSON.
    """
    if source is None:
        raise alert(text.NO_SCORED_SOURCE)
    if converted is None:
        raise alert(text.NO_SCORED_RESULT)
    with as_alerts():
        card: ScoreCard = score_card(source, reference, converted, said or "", emotion or "", language or "en",
                                     hook=_shown_by(progress))
        return card_html(card), card.document()


def score_result(result: gr.State, converted: gr.Audio) -> None:
    """Button, text and card beside a conversion; an older card goes when another conversion comes."""
    with gr.Row():
        said = gr.Textbox(label=text.TEXT_LABEL, info=text.TEXT_INFO, scale=4, min_width=220, elem_id="zest-said")
        language = _language("zest-said-language")
    button = gr.Button(text.SCORE, elem_id="zest-score")
    gr.Markdown(text.SCORE_NOTE, elem_classes="zest-limits")
    card = gr.HTML(elem_id="zest-convert-card")
    converted.change(lambda: "", None, card, queue=False, api_visibility="private", show_progress="hidden")
    run_scoring(button, _score_result, [result, said, language], [card], card, text.SCORE, None)


def one_conversion() -> None:
    """Three recordings in, one card out."""
    with gr.Row():
        source, reference, converted = (
            gr.Audio(label=label, sources=["upload", "microphone"], type="filepath", buttons=[], min_width=280, elem_id=name)
            for label, name in ((text.SCORED_SOURCE, "zest-one-source"), (text.SCORED_REFERENCE, "zest-one-reference"),
                                (text.SCORED_RESULT, "zest-one-converted")))
    with gr.Row():
        said = gr.Textbox(label=text.TEXT_LABEL, info=text.TEXT_INFO, scale=6, min_width=280, elem_id="zest-one-text")
        emotion = gr.Dropdown([(text.UNSAID, ""), *((name.capitalize(), name) for name in EMOTIONS)], value="",
                              label=text.TARGET_LABEL, info=text.TARGET_INFO, scale=2, min_width=130)
        language = _language("zest-one-language")
    button = gr.Button(text.SCORE, variant="primary", size="lg", elem_id="zest-one-score")
    card = gr.HTML(tables.empty(text.CARD_EMPTY), elem_id="zest-one-card")
    with gr.Accordion(text.DETAILS_LABEL, open=False):
        details = gr.JSON(show_label=False, elem_id="zest-one-details")
    inputs = [source, reference, converted, said, emotion, language]
    run_scoring(button, score, inputs, [card, details], card, text.SCORE, "score")


def run_scoring(button: gr.Button, function, inputs: list, outputs: list, shown_on: gr.HTML, label: str,
                api_name: str | None) -> None:
    """Button off, score, button on again whatever happened."""
    quiet = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    run = button.click(button_update(text.SCORING, False), None, button, **quiet).then(
        function, inputs, outputs, api_name=api_name, api_visibility="public" if api_name else "private",
        concurrency_id=MODEL_QUEUE, show_progress_on=shown_on)
    run.success(button_update(label, True), None, button, **quiet)
    run.failure(button_update(label, True), None, button, **quiet)


def _score_result(result: ScoredConversion | None, said: str, language: str, progress: gr.Progress = gr.Progress()) -> str:
    if result is None:
        raise alert(text.NOT_CONVERTED)
    return score(result.source, result.reference, result.converted, said, result.emotion, language, progress)[0]


def _language(name: str) -> gr.Dropdown:
    return gr.Dropdown(LANGUAGES, value="en", label=text.LANGUAGE_LABEL, info=text.LANGUAGE_INFO, allow_custom_value=True,
                       scale=2, min_width=130, elem_id=name)


def _shown_by(progress: gr.Progress) -> Hook:
    def hook(event: Event) -> None:
        done, total = event.value
        progress(done / total, desc=stage_name(event.stage))

    return hook
