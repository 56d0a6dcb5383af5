"""Which clips a stage reads: a share of the labelled ones, clips at other speeds as further speakers, and how often each.

Few people act emotions in the training speech. Another playing speed moves vocal tract, key and tempo together. That makes
another speaker with the same emotions (Ko et al., Interspeech 2015).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import Clip

RARE = 0.01  # share of a corpus' labelled clips below which an emotion counts as a slip
MANY = 3  # emotions


def with_share(clips: list[Clip], share: float, seed: int) -> list[Clip]:
    """The clips without those labelled ones that a share below 1 leaves out; order and unlabelled speech stay.

    Balanced: of each speaker and emotion the share stays, rounded up or down by lot. Nested: what a share keeps, every larger
    one of the same seed keeps, too.

    Raises:
        RecipeError: the share does not lie above 0 and at most 1, or leaves no clip of an emotion.
    """
    if not 0 < share <= 1:
        raise RecipeError(f"The recipe's [general] emotional_share must lie above 0 and at most 1, not {share:g}.")
    if share == 1:
        return clips
    ranks = _ranks(clips, seed)
    kept = [clip for index, clip in enumerate(clips) if ranks.get(index, 0.0) < share]
    gone = {clip.emotion for clip in clips} & set(EMOTIONS) - {clip.emotion for clip in kept}
    if gone:
        raise RecipeError(f"The recipe's [general] emotional_share {share:g} leaves no training clip of '{sorted(gone)[0]}'; "
                          "choose a larger one.")
    return kept


def _ranks(clips: list[Clip], seed: int) -> dict[int, float]:
    """Index of each labelled clip to its place in its group's lottery, evenly spread from 0 to 1."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, clip in enumerate(clips):
        if clip.emotion in EMOTIONS:
            groups[clip.speaker, clip.emotion].append(index)
    random = np.random.default_rng(seed)
    ranks = {}
    for group in sorted(groups):
        places = (random.permutation(len(groups[group])) + random.random()) / len(groups[group])
        ranks |= dict(zip(groups[group], places.tolist(), strict=True))
    return ranks


def emotions_by_corpus(clips: Sequence[Clip]) -> dict[str, set[str]]:
    """Which of the five emotions a corpus has, those aside that less than RARE of its labelled clips have."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        if clip.emotion in EMOTIONS:
            counts[clip.corpus][clip.emotion] += 1
    return {corpus: {emotion for emotion, count in own.items() if count >= RARE * own.total()} for corpus, own in counts.items()}


def of_many_emotions(clips: list[Clip]) -> list[Clip]:
    """The clips of corpora with at least MANY of the emotions; all where no corpus has as many.

    In a corpus of two emotions a network that must tell five learns to recognise the corpus.
    """
    emotions = emotions_by_corpus(clips)
    return [clip for clip in clips if len(emotions.get(clip.corpus, ())) >= MANY] or clips


def some_speech(clips: list[Clip], hours: float, corpora: Sequence[str], seed: int) -> list[Clip]:
    """The clips of some corpora, all if none is named, and of these at most so many hours, in their order.

    Each speaker and emotion gives a random clip in turn, so that few hours still hold every voice and emotion.

    Raises:
        RecipeError: there is no such corpus, or the hours hold no clip.
    """
    names = sorted({clip.corpus for clip in clips})
    for corpus in corpora:
        if corpus not in names:
            raise RecipeError(f"The manifest has no training speech of a corpus '{corpus}'; it has {', '.join(names)}.")
    clips = [clip for clip in clips if not corpora or clip.corpus in corpora]
    turns: dict[tuple[str, str], int] = defaultdict(int)
    order = []
    for index in np.random.default_rng(seed).permutation(len(clips)):
        group = clips[index].speaker, clips[index].emotion
        order.append((turns[group], len(order), index))
        turns[group] += 1
    order = [index for *_, index in sorted(order)]
    ends = np.cumsum([clips[index].seconds for index in order])
    kept = sorted(index for index, end in zip(order, ends, strict=True) if end <= 3600 * hours)
    if not kept:
        raise RecipeError(f"{hours:g} hours hold no clip; choose more hours.")
    return [clips[index] for index in kept]


def with_virtual_voices(clips: list[Clip], speeds: Sequence[float]) -> list[Clip]:
    """The clips, then all of them at each speed, as other speakers."""
    return clips + [replace(clip, speaker=f"{clip.speaker} x{speed:g}", seconds=clip.seconds / speed, speed=speed)
                    for speed in speeds for clip in clips]


def chance_by_length(clips: Sequence[Clip]) -> np.ndarray:
    """(clips,) probabilities with which unlabelled training draws clips: in proportion to the root of their length."""
    chance = np.sqrt([clip.seconds for clip in clips])
    return chance / chance.sum()
