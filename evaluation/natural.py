"""The marks that conversions are held against: what the same measures say about natural dev speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from evaluation.judge import EMOTIONS, JUDGES
from evaluation.measures import VOICE, measure
from evaluation.pairs import TARGETS
from evaluation.quality import samples_of
from evaluation.score_cache import ScoreCache
from pipelines.training.corpus import Clip, dev_clips

PER_SPEAKER = 60  # pairs of one speaker in two emotions


def judge_on_natural(clips: Sequence[Clip], cache: ScoreCache, judge: str) -> dict[str, dict[str, float]]:
    """Accuracy in percent on natural dev clips: corpus (and 'all') to {'five': all five emotions, 'four': the targets,
    and each emotion}. Emotions count alike within a corpus ('five' and 'four' are means over emotions)."""
    if judge not in JUDGES:
        raise ValueError(judge)
    chosen = [clip for clip in dev_clips(list(clips)) if clip.emotion in EMOTIONS]
    values = np.array(cache.get(measure(judge), [samples_of(clip.path) for clip in chosen]))
    right = np.array([EMOTIONS[index] == clip.emotion for index, clip in zip(values.argmax(1), chosen)])
    emotions, corpora = (np.array([getattr(clip, name) for clip in chosen]) for name in ("emotion", "corpus"))
    groups = {"all": np.ones(len(chosen), bool)} | {str(name): corpora == name for name in sorted(set(corpora))}
    return {name: _by_emotion(right[rows], emotions[rows]) for name, rows in groups.items()}


def cross_emotion_cosine(clips: Sequence[Clip], cache: ScoreCache, seed: int = 0) -> dict[str, float]:
    """Speaker cosine between a neutral and an emotional natural recording of one dev speaker: mean, median, 5 %, 95 %,
    and the number of pairs; at most 60 pairs a speaker, so that a large corpus does not decide alone."""
    pairs = _cross_emotion_pairs(dev_clips(list(clips)), np.random.default_rng(seed))
    sides = [np.array(cache.get(measure(VOICE), [samples_of(pair[side].path) for pair in pairs])) for side in (0, 1)]
    cosines = (sides[0] * sides[1]).sum(1)
    low, median, high = np.percentile(cosines, [5, 50, 95])
    return {"mean": float(cosines.mean()), "median": float(median), "p5": float(low), "p95": float(high), "pairs": len(pairs)}


def _by_emotion(right: np.ndarray, emotions: np.ndarray) -> dict[str, float]:
    each = {name: 100 * float(right[emotions == name].mean()) for name in EMOTIONS if (emotions == name).any()}
    four = [each[name] for name in TARGETS if name in each]
    return {"five": float(np.mean(list(each.values()))), "four": float(np.mean(four))} | each


def _cross_emotion_pairs(clips: Sequence[Clip], random: np.random.Generator) -> list[tuple[Clip, Clip]]:
    pairs = []
    for speaker in sorted({clip.speaker for clip in clips}):
        own = [clip for clip in clips if clip.speaker == speaker]
        every = list(product([clip for clip in own if clip.emotion == "neutral"],
                             [clip for clip in own if clip.emotion in TARGETS]))
        pairs += [every[index] for index in random.permutation(len(every))[:PER_SPEAKER]]
    return pairs
