"""Scores of pairs to one row per system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from evaluation.judge import EMOTIONS, JUDGES
from evaluation.pairs import TARGETS
from evaluation.quality import PairScore
from evaluation.recogniser import error_rates

NOTHING = float("nan")


def summarise(scores: Sequence[PairScore]) -> dict[str, float]:
    """One row of the table: means over pairs, edits summed over clips, shares in percent.

    cer: against the manifest's text; cer_heard: against what is heard in the source, where the manifest has no text.
    """
    row = {
        "pairs": len(scores), "failed": sum(score.failed is not None for score in scores),
        "cer": _cer([score for score in scores if score.has_text]),
        "cer_heard": _cer([score for score in scores if not score.has_text]),
        "to_source": _mean(score.to_source for score in scores), "to_reference": _mean(score.to_reference for score in scores),
        "closer_to_source": _percent(score.to_source > score.to_reference for score in scores if score.to_source is not None),
        "mos": _mean(score.mos for score in scores),
        "mos_loss": _mean(score.source_mos - score.mos for score in scores if score.mos is not None),
        "shape_r": _mean(score.shape and score.shape.correlation for score in scores),
        "parallel_r": _mean(score.parallel and score.parallel.correlation for score in scores),
        "parallel_rmse": _mean(score.parallel and score.parallel.rmse for score in scores),
        "range_error": _mean(None if score.range_error is None else abs(score.range_error) for score in scores),
        "mean_shift": _mean(score.mean_shift for score in scores),
        "octave_jumps": _percent(score.octave_jumps > 0 for score in scores if score.octave_jumps is not None),
        "seconds_ratio": _mean(score.seconds_ratio for score in scores),
    }
    return row | {f"judge_{judge}": judge_accuracy(scores, judge) for judge in JUDGES} | {
        f"target_{judge}": _mean(target_posterior(score, judge) for score in scores) for judge in JUDGES}


def judge_accuracy(scores: Sequence[PairScore], judge: str) -> float:
    """Percent of pairs heard as intended; NaN if this judge was not asked."""
    asked = any(score.judged and judge in score.judged for score in scores)
    return _percent(score.hit(judge) for score in scores) if asked else NOTHING


def per_emotion(scores: Sequence[PairScore], judge: str) -> dict[str, float]:
    """Percent heard as intended, per target emotion."""
    return {emotion: judge_accuracy([score for score in scores if score.pair.emotion == emotion], judge)
            for emotion in TARGETS}


def per_source_corpus(scores: Sequence[PairScore], judge: str) -> dict[str, float]:
    """Percent heard as intended, per corpus of the source."""
    corpora = sorted({score.pair.source.corpus for score in scores})
    return {corpus: judge_accuracy([score for score in scores if score.pair.source.corpus == corpus], judge)
            for corpus in corpora}


def heard_as(scores: Sequence[PairScore], judge: str) -> dict[str, dict[str, int]]:
    """Confusion counts: wanted emotion to heard emotion."""
    table = {wanted: dict.fromkeys(EMOTIONS, 0) for wanted in TARGETS}
    for score in scores:
        if score.judged and judge in score.judged:
            table[score.pair.emotion][EMOTIONS[int(np.argmax(score.judged[judge]))]] += 1
    return table


def interval(scores: Sequence[PairScore], judge: str, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the judge's accuracy, resampling source speakers and then their pairs."""
    groups: dict[str, list[bool]] = {}
    for score in scores:
        groups.setdefault(score.pair.source.speaker, []).append(score.hit(judge))
    hits, random = [np.array(group, dtype=float) for group in groups.values()], np.random.default_rng(seed)
    means = []
    for _ in range(draws):
        chosen = [hits[index] for index in random.integers(len(hits), size=len(hits))]
        means.append(np.concatenate([random.choice(group, len(group)) for group in chosen]).mean())
    low, high = np.percentile(means, [2.5, 97.5])
    return 100 * float(low), 100 * float(high)


def target_posterior(score: PairScore, judge: str) -> float | None:
    """Probability the judge gives the wanted emotion."""
    heard = (score.judged or {}).get(judge)
    return None if heard is None else heard[EMOTIONS.index(score.pair.emotion)]


def _cer(scores: Sequence[PairScore]) -> float:
    english = [score for score in scores if score.heard is not None]
    if not english:
        return NOTHING
    return 100 * error_rates([score.wanted for score in english], [score.heard for score in english]).cer


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else NOTHING


def _percent(values: Iterable[bool]) -> float:
    known = list(values)
    return 100 * float(np.mean(known)) if known else NOTHING
