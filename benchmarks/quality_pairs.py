"""The pairs of the quality benchmarks: seeded, over the held-out speakers, the same since the first measurements.

Which source is given which reference is decided by the order of the manifest and a seed, and `quality_hash` names the result:
numbers of two versions of this project compare where it is the same (64 pairs, seed 0, of the project's manifest: 51491b4d6bd6).
For evaluations, `zest protocol` (evaluation/protocol) makes pairs; these here mix corpora in fixed shares, which it does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.pair import Pair
from evaluation.protocol.settings import TARGETS
from pipelines.errors import RecipeError
from pipelines.labels import NEUTRAL, UNLABELLED
from pipelines.training.data.corpus import Clip, dev_clips

SHARES = {"ravdess": 8, "librispeech": 4, "nemo": 2, "emodb": 2}  # source corpora in 16 pairs of one emotion
EVERY_CORPUS = {"ravdess": 8, "librispeech": 6, "nemo": 4, "emovo": 4, "emodb": 2}  # in 24 pairs: all with neutral dev speech


def quality_pairs(clips: Sequence[Clip], count: int = 64, seed: int = 0, shares: Mapping[str, int] = SHARES) -> list[Pair]:
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
    plan = [corpus for corpus, share in shares.items() if corpus in sources for _ in range(share)]
    plan = [str(corpus) for corpus in random.permutation(plan or sorted(sources))]
    pairs: list[Pair] = []
    for index in range(count):
        which, round_ = index % len(TARGETS), index // len(TARGETS)
        corpus = plan[round_ % len(plan)]
        turn = [plan[past % len(plan)] for past in range(round_)].count(corpus)
        pairs.append(_pair(f"{index:04d}", sources[corpus], held_out, TARGETS[which], turn, 4 * which, random))
    return pairs


def pair_name(pair: Pair) -> str:
    """Source and reference, by their files."""
    return f"{pair.source.stem}~{pair.reference.stem}"


def quality_hash(pairs: Sequence[Pair]) -> str:
    """Twelve hex digits that name this set of pairs; not evaluation.pair.pairs_hash, because every table so far has this one."""
    return hashlib.sha256("\n".join(pair_name(pair) for pair in pairs).encode()).hexdigest()[:12]


def _sources(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        plain = clip.emotion == NEUTRAL or (clip.corpus == "librispeech" and clip.emotion == UNLABELLED)
        if plain and 1.0 <= clip.seconds <= 10.0:
            found.setdefault(clip.corpus, []).append(clip)
    return found


def _pair(name: str, sources: list[Clip], clips: list[Clip], emotion: str, turn: int, offset: int,
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
    parallel = same[random.integers(len(same))].path if same else None
    return Pair(name, source.path, reference.path, emotion, text=source.text, language=source.language,
                source_emotion=source.emotion, source_speaker=source.speaker, reference_speaker=reference.speaker,
                parallel=parallel)


def _by_turn(clips: list[Clip], turn: int, random: np.random.Generator) -> Clip:
    """A random clip of the turn's speaker, so that speakers come round equally often."""
    names = sorted({clip.speaker for clip in clips})
    own = [clip for clip in clips if clip.speaker == names[turn % len(names)]]
    return own[random.integers(len(own))]
