"""Scoring one conversion on the page: beside the result in the Convert tab, and from three uploads in the Evaluate tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import gradio as gr
from gradio.events import Dependency

from evaluation.score_card import ScoreCard
from pipelines.labels import EMOTIONS
from workbench.conversion import MODEL_QUEUE
from workbench.score_card.card import card_html, verdict_html
from workbench.scoring import ScoredConversion, numbers_of, score
from workbench.sentences import attempt
from workbench.tabs import tables, text
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import QUIET, problem, problem_slot, recording_input, show_problem

LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh")  # others can be typed


def score_html(one: ScoredConversion, card: ScoreCard) -> str:
    """The verdict, and the card folded below it."""
    named = f'<p class="zest-card-of">{escape(one.names())}</p>'
    return (f'{verdict_html(card)}<details class="zest-fold"><summary>{text.SCORE_NUMBERS}</summary>{named}{card_html(card)}'
            "</details>")


def score_result(result: gr.State) -> tuple[CardView, Dependency]:
    """Button and card beside a conversion; what is said can be written down in a fold. An older card goes when another
    conversion comes. Returns the card, and what happens when one is there."""
    button = gr.Button(text.SCORE, elem_id="zest-score")
    view = CardView("zest-convert-card", "")
    slot = problem_slot("zest-said-language-problem")
    with gr.Accordion(text.SCORE_FOLD, open=False, elem_id="zest-score-fold"):
        with gr.Row():
            said = gr.Textbox(label=text.TEXT_LABEL, info=text.TEXT_INFO, scale=4, min_width=220, elem_id="zest-said")
            language = _language("zest-said-language")
        gr.HTML(f"<p>{text.SCORE_NOTE}</p>", elem_classes="zest-limits", padding=False)
    result.change(view.emptied, None, view.all(), **QUIET)

    def asked(shown: ScoredConversion | None, said: str, language: str) -> ScoredConversion:
        return replace(shown or ScoredConversion(None, None, None), said=said or "", language=language or "en")

    return view, view.connect(button, asked, [result, said, language], {"language": slot})


def one_conversion() -> None:
    """Three recordings in, one card out."""
    with gr.Row():
        given = {name: recording_input(label, f"zest-one-{name}") for name, label in (
            ("source", text.SCORED_SOURCE), ("reference", text.SCORED_REFERENCE), ("converted", text.SCORED_RESULT))}
    with gr.Row():
        said = gr.Textbox(label=text.TEXT_LABEL, info=text.TEXT_INFO, scale=6, min_width=280, elem_id="zest-one-text")
        emotion = gr.Dropdown([(text.UNSAID, ""), *((name.capitalize(), name) for name in EMOTIONS)], value="",
                              label=text.TARGET_LABEL, info=text.TARGET_INFO, scale=2, min_width=130)
        language = _language("zest-one-language")
    slots = {name: one.problem for name, one in given.items()} | {"language": problem_slot("zest-one-language-problem")}
    button = gr.Button(text.SCORE, variant="primary", size="lg", elem_id="zest-one-score")
    view = CardView("zest-one-card", tables.empty(text.CARD_EMPTY), details_id="zest-one-details")

    def asked(source: str | None, reference: str | None, converted: str | None, said: str, emotion: str,
              language: str) -> ScoredConversion:
        return ScoredConversion(source, reference, converted, emotion or "", said=said or "", language=language or "en")

    view.connect(button, asked, [*(one.audio for one in given.values()), said, emotion, language], slots)


class CardView:
    """A card, what is said above it, and its numbers; built inside the current Blocks.

    Args:
        elem_id: of the card. empty: what stands in its place before there is one. details_id: of the numbers, '' for none.
    """

    def __init__(self, elem_id: str, empty: str, details_id: str = ""):
        self.elem_id, self.empty = elem_id, empty
        self.failed = problem_slot(f"{elem_id}-problem")
        self.changed = gr.HTML(visible=False, padding=False, elem_id=f"{elem_id}-changed")
        self.card = gr.HTML(empty, elem_id=elem_id)
        self.scored = gr.State()
        with gr.Accordion(text.DETAILS_LABEL, open=False, visible=bool(details_id)):
            self.details = gr.JSON(show_label=False, elem_id=details_id or None)

    def all(self) -> list[gr.components.Component]:
        return [self.failed, self.changed, self.card, self.scored, self.details]

    def emptied(self) -> list[Any]:
        return [problem(""), problem(""), self.empty, None, None]

    def connect(self, button: gr.Button, asked: Callable[..., ScoredConversion], inputs: Sequence[Any],
                slots: Mapping[str, gr.HTML]) -> Dependency:
        """Look at the inputs; button off, score, button on again whatever happened. Returns the last of these events.

        Args:
            asked: makes of the values of `inputs` what is scored. slots: of the inputs' problems, by their names.
        """
        def look(*values: Any) -> list[Any]:
            found = asked(*values).problems()
            busy = gr.skip() if found else gr.update(value=text.SCORING, interactive=False)
            return [*(problem(found[name]) if name in found else gr.skip() for name in slots), busy]

        def run(*values: Any, progress: gr.Progress = gr.Progress()) -> list[Any]:
            one = asked(*values)
            found = one.problems()
            if found:  # those with a place of their own stand there already
                elsewhere = next((sentence for name, sentence in found.items() if name not in slots), "")
                return [problem(elsewhere), *(gr.skip() for _ in self.all()[1:])]
            card, sentence = attempt(lambda: score(one, lambda share, said: progress(share, desc=said)))
            if card is None:
                return [problem(sentence), *(gr.skip() for _ in self.all()[1:])]
            return [problem(""), problem(""), score_html(one, card), one, numbers_of(card)]

        def changed(scored: ScoredConversion | None, *values: Any) -> dict[str, Any]:
            stale = scored is not None and scored != asked(*values)
            return gr.update(value=f'<p class="zest-note" role="status">{text.CARD_CHANGED}</p>' if stale else "", visible=stale)

        given = [one for one in inputs if not isinstance(one, gr.State)]
        gr.on([one.change for one in given], changed, [self.scored, *inputs], self.changed, trigger_mode="always_last", **QUIET)
        if "language" in slots:
            language = inputs[-1]
            language.change(lambda: problem(""), None, slots["language"], **QUIET)
        looked = button.click(look, inputs, [*slots.values(), button], **QUIET)
        looked.then(None, None, None, js=show_problem(self.elem_id), api_visibility="private")
        scored = looked.then(run, inputs, self.all(), api_visibility="private", concurrency_id=MODEL_QUEUE,
                             show_progress_on=self.card)
        return scored.then(button_update(text.SCORE, True), None, button, **QUIET)


def _language(name: str) -> gr.Dropdown:
    return gr.Dropdown(LANGUAGES, value="en", label=text.LANGUAGE_LABEL, info=text.LANGUAGE_INFO, allow_custom_value=True,
                       scale=2, min_width=130, elem_id=name)
