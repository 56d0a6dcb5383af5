"""Which source is given which reference: seeded pairs over the held-out speakers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.errors import RecipeError
from pipelines.training.corpus import UNLABELLED, Clip, dev_clips

TARGETS = ("angry", "happy", "sad", "surprised")
NEUTRAL = "neutral"
SHARES = {"ravdess": 8, "librispeech": 4, "nemo": 2, "emodb": 2}  # source corpora in 16 pairs of one emotion


@dataclass(frozen=True)
class Pair:
    """One conversion to make. parallel: the source's speaker saying the source's sentence in the target emotion,
    for comparison only, where the corpus has it."""

    source: Clip
    reference: Clip
    parallel: Clip | None

    @property
    def emotion(self) -> str:
        return self.reference.emotion

    @property
    def name(self) -> str:
        return f"{self.source.path.stem}~{self.reference.path.stem}"


def make_pairs(clips: Sequence[Clip], count: int = 64, seed: int = 0) -> list[Pair]:
    """Neutral sources and emotional references of different dev speakers, in different sentences where that is possible.

    Emotions and, within a corpus, source speakers are balanced. A reference comes from another speaker of the source's
    corpus if the dev split has one, else from any other emotional corpus in turn. LibriSpeech, read and unlabelled,
    lends its speakers as sources (English words and voices that no emotional corpus has).

    Raises:
        RecipeError: the manifest's dev split has no usable source or reference.
    """
    held_out = dev_clips(list(clips))
    sources = _sources(held_out)
    if not sources or not any(clip.emotion in TARGETS for clip in held_out):
        raise RecipeError("The manifest's dev split needs neutral sources and angry, happy, sad or surprised references "
                          "of different speakers; see --manifest.")
    random = np.random.default_rng(seed)
    plan = [corpus for corpus, share in SHARES.items() if corpus in sources for _ in range(share)]
    plan = [str(corpus) for corpus in random.permutation(plan or sorted(sources))]
    pairs: list[Pair] = []
    for index in range(count):
        which, round_ = index % len(TARGETS), index // len(TARGETS)
        corpus = plan[round_ % len(plan)]
        turn = [plan[past % len(plan)] for past in range(round_)].count(corpus)
        pairs.append(_pair(sources[corpus], held_out, TARGETS[which], turn, 4 * which, random))
    return pairs


def pairs_hash(pairs: Sequence[Pair]) -> str:
    """Twelve hex digits that name this set of pairs."""
    return hashlib.sha256("\n".join(pair.name for pair in pairs).encode()).hexdigest()[:12]


def _sources(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        plain = clip.emotion == NEUTRAL or (clip.corpus == "librispeech" and clip.emotion == UNLABELLED)
        if plain and 1.0 <= clip.seconds <= 10.0:
            found.setdefault(clip.corpus, []).append(clip)
    return found


def _pair(sources: list[Clip], clips: list[Clip], emotion: str, turn: int, offset: int,
          random: np.random.Generator) -> Pair:
    """The turn-th pair of a corpus and emotion; the offset lets each emotion start at another source speaker."""
    source = _by_turn(sources, turn + offset, random)
    emotional = [clip for clip in clips if clip.emotion == emotion and clip.speaker != source.speaker]
    if not emotional:
        raise RecipeError(f"The manifest's dev split has no {emotion} reference of another speaker.")
    near = [clip for clip in emotional if clip.corpus == source.corpus] or emotional
    other_text = [clip for clip in near if clip.text_id != source.text_id] or near
    reference = _by_turn(other_text, turn, random)
    same = [clip for clip in clips if (clip.speaker, clip.text_id, clip.emotion) == (source.speaker, source.text_id, emotion)]
    return Pair(source, reference, same[random.integers(len(same))] if same else None)


def _by_turn(clips: list[Clip], turn: int, random: np.random.Generator) -> Clip:
    """A random clip of the turn's speaker, so that speakers come round equally often."""
    names = sorted({clip.speaker for clip in clips})
    own = [clip for clip in clips if clip.speaker == names[turn % len(names)]]
    return own[random.integers(len(own))]
