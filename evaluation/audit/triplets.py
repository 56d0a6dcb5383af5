"""Adversarial triplets, after "The False Resonance" (Tsai et al. 2026, arXiv 2604.26347): an anchor, a right recording that
shares what the distance is about, and a wrong one that shares something else. A good distance puts the right one nearer.

    distractor   for emotions: right, wrong                       for voices: right, wrong
    none         same emotion; other emotion; both of another     same speaker; another speaker; both in the anchor's
                 speaker, with other words                        emotion, with other words
    words        same emotion, other words; other emotion, the    same speaker, other words; another speaker, the anchor's
                 anchor's words; both of the anchor's speaker     words; both in the anchor's emotion
    speaker /    same emotion, another speaker; other emotion,    same speaker, other emotion; another speaker, the
    emotion      the anchor's speaker; both with other words      anchor's emotion; both with other words
    both         same emotion, another speaker, other words;      same speaker, other emotion, other words; another
                 other emotion, the anchor's speaker and words    speaker, the anchor's emotion and words
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.training.data.corpus import Clip

EMOTION, VOICE = "emotion", "voice"  # what a distance is about
NONE, WORDS, SPEAKER, BOTH = "none", "words", "speaker", "both"
DISTRACTORS = {EMOTION: (NONE, WORDS, SPEAKER, BOTH), VOICE: (NONE, WORDS, EMOTION, BOTH)}
Mask = np.ndarray


@dataclass(frozen=True)
class Triplet:
    """Indices of clips. about: EMOTION or VOICE. distractor: what the wrong one shares with the anchor."""

    anchor: int
    right: int
    wrong: int
    about: str
    distractor: str


@dataclass(frozen=True)
class _Shares:
    """(clips,) masks: which clips share something with an anchor; never the anchor itself. corpus: the same corpus, so that
    microphones tell nothing."""

    emotion: Mask
    speaker: Mask
    words: Mask
    corpus: Mask


Rule = Callable[[_Shares], tuple[Mask, Mask]]
RULES: dict[tuple[str, str], Rule] = {
    (EMOTION, NONE): lambda a: (a.emotion & ~a.speaker & ~a.words, ~a.emotion & ~a.speaker & ~a.words),
    (EMOTION, WORDS): lambda a: (a.emotion & a.speaker & ~a.words, ~a.emotion & a.speaker & a.words),
    (EMOTION, SPEAKER): lambda a: (a.emotion & ~a.speaker & ~a.words, ~a.emotion & a.speaker & ~a.words),
    (EMOTION, BOTH): lambda a: (a.emotion & ~a.speaker & ~a.words, ~a.emotion & a.speaker & a.words),
    (VOICE, NONE): lambda a: (a.speaker & a.emotion & ~a.words, ~a.speaker & a.emotion & ~a.words),
    (VOICE, WORDS): lambda a: (a.speaker & a.emotion & ~a.words, ~a.speaker & a.emotion & a.words),
    (VOICE, EMOTION): lambda a: (a.speaker & ~a.emotion & ~a.words, ~a.speaker & a.emotion & ~a.words),
    (VOICE, BOTH): lambda a: (a.speaker & ~a.emotion & ~a.words, ~a.speaker & a.emotion & a.words),
}


def draw_triplets(clips: Sequence[Clip], anchors: Sequence[int], each: int = 1, seed: int = 0) -> list[Triplet]:
    """Triplets of every kind that the clips can serve.

    Where an anchor's corpus has no second speaker, the other speakers are those of all corpora.

    Args:
        anchors: indices of clips. each: triplets of one kind an anchor.
    """
    random = np.random.default_rng(seed)
    columns = _Columns.of(clips)
    return [triplet for anchor in anchors for shares in [columns.shares(anchor)] for (about, distractor) in RULES
            for triplet in _drawn(shares, anchor, about, distractor, each, random)]


@dataclass(frozen=True)
class _Columns:
    """(clips,) names. words: corpus and text, since two corpora may number their texts alike."""

    emotions: np.ndarray
    speakers: np.ndarray
    words: np.ndarray
    corpora: np.ndarray

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> _Columns:
        texts = [f"{clip.corpus}|{clip.text_id or clip.text or index}" for index, clip in enumerate(clips)]
        return cls(np.array([clip.emotion for clip in clips]), np.array([clip.speaker for clip in clips]), np.array(texts),
                   np.array([clip.corpus for clip in clips]))

    def shares(self, anchor: int) -> _Shares:
        others = np.arange(len(self.emotions)) != anchor
        return _Shares(*(others & (column == column[anchor])
                         for column in (self.emotions, self.speakers, self.words, self.corpora)))


def _drawn(shares: _Shares, anchor: int, about: str, distractor: str, each: int,
           random: np.random.Generator) -> Iterator[Triplet]:
    rights, wrongs = RULES[about, distractor](shares)
    rights[anchor] = wrongs[anchor] = False
    for _ in range(each):
        right, wrong = (_one_of(mask, shares.corpus, random) for mask in (rights, wrongs))
        if right is not None and wrong is not None:
            yield Triplet(anchor, right, wrong, about, distractor)


def _one_of(mask: Mask, corpus: Mask, random: np.random.Generator) -> int | None:
    found = np.flatnonzero(mask & corpus)
    found = found if len(found) else np.flatnonzero(mask)
    return int(random.choice(found)) if len(found) else None
