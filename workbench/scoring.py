"""Scoring one conversion as the page and the API do it: what is wrong with what was given, and the score card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.instruments.recogniser import check_language
from evaluation.score_card import ScoreCard, score_card, target_mix
from evaluation.verdict import verdict
from pipelines.hooks import Event, Hook
from pipelines.labels import known_label, language_code
from pipelines.mix import said_mix
from workbench import sentences
from workbench.score_card.card import stage_name
from workbench.studio.turns import Show, Work, turn_at_models, with_place
from workbench.uploads import sentence_of, upload_problem


@dataclass(frozen=True)
class ScoredConversion:
    """What is scored.

    Attributes:
        source, reference, converted: paths; no reference where the emotion was a preset. emotion: the target, '' where unknown;
            it may be written as a mix. mix: names and weights of a mix of which recordings may be parts.
        system: by what it was converted, '' where unknown. said, language: as `evaluation.score_card.score_card` takes them.
    """

    source: str | None
    reference: str | None
    converted: str | None
    emotion: str = ""
    system: str = ""
    said: str = ""
    language: str = "en"
    mix: tuple[tuple[str, float], ...] = ()

    def problems(self) -> dict[str, str]:
        """A sentence for every input that keeps this from being scored, by the input's name."""
        found = {"source": upload_problem(self.source) if self.source else sentences.NO_SCORED_SOURCE,
                 "reference": upload_problem(self.reference) if self.reference else "",
                 "converted": upload_problem(self.converted) if self.converted else sentences.NO_SCORED_RESULT,
                 "emotion": sentence_of(lambda: target_mix(self.emotion) or known_label(self.emotion)),
                 "language": sentence_of(lambda: check_language(language_code(self.language)))}
        return {name: sentence for name, sentence in found.items() if sentence}

    def names(self) -> str:
        """'Card of converted.wav, converted from source.wav with the emotion of reference.wav by residual_neural@1.'"""
        source, reference, converted = (path and Path(path).name for path in (self.source, self.reference, self.converted))
        mix = said_mix(dict(self.mix) or target_mix(self.emotion))
        emotion = mix or self.emotion
        target = f" with the emotion of {reference}" if reference else f" to {emotion}" if emotion else ""
        return f"Card of {converted}, converted from {source}{target}{f' by {self.system}' if self.system else ''}."


def score(one: ScoredConversion, show: Show) -> ScoreCard:
    """The card, in a turn at the models. Raises ZestError as `evaluation.score_card.score_card`.

    Args:
        show: is told how far it is, what is being measured, and how many come first.
    """
    hook = with_place(show, _stages)
    return turn_at_models(hook, Work("score")).do(lambda: score_card(
        one.source or "", one.reference, one.converted or "", one.said, dict(one.mix) or one.emotion, one.language, hook=hook))


def numbers_of(card: ScoreCard) -> dict[str, Any]:
    """All numbers of a card, ready for JSON, after its verdict."""
    return {"verdict": verdict(card).sentence} | card.document()


def _stages(show: Show) -> Hook:
    def hook(event: Event) -> None:
        done, total = event.value
        show(done / total, stage_name(event.stage))

    return hook
