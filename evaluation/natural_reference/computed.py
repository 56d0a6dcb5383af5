"""The natural reference of conversions: what the same judges and embeddings say about natural, labelled speech.

A judge that recognises 60 % of natural speech cannot recognise 90 % of conversions for a good reason; a voice that is as
close to its source as one speaker's utterances in two emotions are to each other cannot be asked to come closer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.pair import Pair
from pipelines.errors import ZestError
from pipelines.labels import NEUTRAL, WITHOUT_LABEL

SAME_PER_SPEAKER = 200  # pairs of clips of one speaker, so that a large speaker does not decide alone
CROSS_PER_SPEAKER = 60  # pairs of one speaker in two emotions
KINDS = ("emotion", "voice")  # of observers whose observations of natural speech are worth knowing


@dataclass(frozen=True)
class NaturalClip:
    """A natural recording; speaker and emotion are '' where nobody labelled them."""

    path: Path
    speaker: str = ""
    emotion: str = ""
    language: str = "en"


@dataclass(frozen=True)
class JudgeReference:
    """A judge on natural speech.

    Attributes:
        accuracy: mean over emotions of the share judged right, %, so that a frequent emotion does not decide.
        clips: how many were asked. confusion: label to the likeliest emotion to count.
    """

    accuracy: float
    clips: int
    confusion: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Centroids:
    """Speakers as sums of their natural embeddings, each of unit length."""

    sums: Mapping[str, Sequence[float]]
    counts: Mapping[str, int]

    def nearest(self, voice: Sequence[float], speaker: str, left_out: Sequence[float]) -> str | None:
        """The speaker whose mean is nearest; `left_out`, one of `speaker`'s own embeddings, does not count for the mean.

        None where `speaker` is unknown, or known by that one embedding only.
        """
        if self.counts.get(speaker, 0) < 2:
            return None
        names = list(self.sums)
        means = np.array([self.sums[name] for name in names], dtype=float)
        means[names.index(speaker)] -= _unit(np.asarray(left_out, dtype=float))
        return names[int(np.argmax(_unit(means) @ np.asarray(voice, dtype=float)))]


@dataclass(frozen=True)
class VoiceReference:
    """A speaker embedding on natural speech.

    Attributes:
        threshold: cosine at which as many speakers are wrongly refused as wrongly accepted.
        equal_error_rate: that share, %. pairs: of natural clips it was measured on, half of one speaker where possible.
        cross_emotion: cosine between a neutral and an emotional recording of one speaker: mean, p5, p95, pairs; None
            without labels.
        centroids: of the labelled speakers.
    """

    threshold: float
    equal_error_rate: float
    pairs: int
    cross_emotion: Mapping[str, float] | None
    centroids: Centroids = field(repr=False)

    def centroids_of_many(self) -> Centroids:
        """Raises ZestError for fewer than two speakers: the answer would always be right."""
        if len(self.centroids.sums) < 2:
            raise ZestError("Speaker accuracy needs natural recordings of at least two labelled speakers.")
        return self.centroids


@dataclass(frozen=True)
class NaturalReference:
    """What natural speech scores.

    Attributes:
        judges: by judge. voices: by speaker embedding. keys: observer names to the keys of the observers.
        missing: why something could not be measured, by observer name.
    """

    judges: Mapping[str, JudgeReference] = field(default_factory=dict)
    voices: Mapping[str, VoiceReference] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def voice(self, model: str) -> VoiceReference:
        """Raises ZestError where this embedding has measured nothing, saying why."""
        if model not in self.voices:
            nothing = f"Nothing natural was measured with the speaker embedding {model}."
            raise ZestError(self.missing.get(f"voice@{model}", nothing))
        return self.voices[model]

    def document(self) -> dict[str, Any]:
        """marks.json: judges and voices by observer key."""
        return {"judges": {self.keys[f"emotion@{name}"]: asdict(one) for name, one in self.judges.items()},
                "voices": {self.keys[f"voice@{name}"]: asdict(one) for name, one in self.voices.items()},
                "missing": dict(self.missing)}


Look = Callable[[str, NaturalClip], Any]  # observer name ('emotion@whisper', ...) and clip to what was observed


def clips_of_pairs(pairs: Iterable[Pair]) -> list[NaturalClip]:
    """The distinct natural recordings of a protocol: sources, references and parallel ones, with what is known of them."""
    found: dict[Path, NaturalClip] = {}
    for pair in pairs:
        sides = [NaturalClip(pair.source, pair.source_speaker, pair.source_emotion, pair.language),
                 NaturalClip(pair.reference, pair.reference_speaker, pair.emotion, pair.language)]
        if pair.parallel is not None:
            sides.append(NaturalClip(pair.parallel, pair.source_speaker, pair.emotion, pair.language))
        for clip in sides:
            found.setdefault(clip.path, clip)
    return list(found.values())


def clips_of_manifest(path: Path, split: str = "dev") -> list[NaturalClip]:
    """The labelled clips of one split of a manifest.

    Raises:
        ZestError: the manifest cannot be read, or the split has no clips.
    """
    from pipelines.training.data.manifest_check import read_checked_manifest

    clips = [clip for clip in read_checked_manifest(path, (split,)) if clip.split == split]
    if not clips:
        raise ZestError(f"{path} has no clips of the split '{split}'.")
    return [NaturalClip(clip.path, clip.speaker, clip.emotion, clip.language) for clip in clips]


def measure_natural_reference(clips: Sequence[NaturalClip], look: Look, keys: Mapping[str, str],
                              seed: int = 0) -> NaturalReference:
    """Everything that labels allow.

    Args:
        look: what an observer observed of a clip, None where nothing.
        keys: observer names ('emotion@...', 'voice@...'; others are passed over) to the observers' keys.
        seed: of the choice of pairs.
    """
    judges, voices, missing = {}, {}, {}
    for name in keys:
        kind, _, model = name.partition("@")
        try:
            if kind == "emotion":
                judges[model] = judge_reference([(clip.emotion, look(name, clip)) for clip in clips])
            elif kind == "voice":
                voices[model] = voice_reference([(clip, look(name, clip)) for clip in clips if clip.speaker], seed)
        except ZestError as error:
            missing[name] = str(error)
    return NaturalReference(judges, voices, dict(keys), missing)


def judge_reference(judged: Iterable[tuple[str, Mapping[str, float] | None]]) -> JudgeReference:
    """(label, posteriors) of natural clips to accuracy and confusions; unknown emotions are passed over.

    Raises:
        ZestError: no clip has a label that the judge knows.
    """
    confusion: dict[str, dict[str, int]] = {}
    for label, posteriors in judged:
        if posteriors and label in posteriors:
            row = confusion.setdefault(label, dict.fromkeys(posteriors, 0))
            row[max(posteriors, key=posteriors.__getitem__)] += 1
    if not confusion:
        raise ZestError("No natural recording has an emotion label that this judge knows.")
    shares = [row[label] / sum(row.values()) for label, row in confusion.items()]
    return JudgeReference(100 * float(np.mean(shares)), sum(sum(row.values()) for row in confusion.values()), confusion)


def voice_reference(observed: Sequence[tuple[NaturalClip, Sequence[float] | None]], seed: int = 0) -> VoiceReference:
    """Embeddings of clips with labelled speakers to the reference of one embedding.

    Raises:
        ZestError: fewer than two speakers, or no speaker with two clips.
    """
    known = [(clip, _unit(np.asarray(vector, dtype=float))) for clip, vector in observed if vector]
    speakers: dict[str, list[int]] = {}
    for index, (clip, _) in enumerate(known):
        speakers.setdefault(clip.speaker, []).append(index)
    random = np.random.default_rng(seed)
    same, different = _same_pairs(speakers, random), _different_pairs(speakers, random)
    if not len(same) or not len(different):
        raise ZestError("The equal-error threshold needs natural recordings of two labelled speakers, two of one of them.")
    vectors = np.stack([vector for _, vector in known])
    different = different[:max(len(same), 1)]
    threshold, rate = equal_error(_cosines(vectors, same), _cosines(vectors, different))
    cross = _cosines(vectors, _cross_emotion_pairs(speakers, [clip.emotion for clip, _ in known], random))
    sums = {name: vectors[indices].sum(0).round(5).tolist() for name, indices in speakers.items()}
    return VoiceReference(threshold, 100 * rate, len(same) + len(different), _spread(cross),
                     Centroids(sums, {name: len(indices) for name, indices in speakers.items()}))


def equal_error(same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
    """Cosines of pairs of one speaker and of two speakers to (threshold, equal error rate, 0 to 1).

    A pair is accepted from the threshold on. Both errors are steps, so the point where they are nearest is taken, and
    among equally near ones the one with the fewest errors; the threshold lies half way to the next lower cosine.
    """
    from sklearn.metrics import roc_curve

    labels = np.repeat([1, 0], [len(same), len(different)])
    scores = np.concatenate([same, different])
    accepted_wrongly, accepted_rightly, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    refused_wrongly = 1 - accepted_rightly
    best = int(np.lexsort((accepted_wrongly + refused_wrongly, np.abs(accepted_wrongly - refused_wrongly)))[0])
    lower = scores[scores < thresholds[best]]
    threshold = (thresholds[best] + lower.max()) / 2 if lower.size and np.isfinite(thresholds[best]) else float(scores.max())
    return float(threshold), float((accepted_wrongly[best] + refused_wrongly[best]) / 2)


def _same_pairs(speakers: Mapping[str, list[int]], random: np.random.Generator) -> np.ndarray:
    """(pairs, 2) indices of clips of one speaker."""
    return _stack([_some(list(combinations(indices, 2)), SAME_PER_SPEAKER, random) for indices in speakers.values()])


def _different_pairs(speakers: Mapping[str, list[int]], random: np.random.Generator) -> np.ndarray:
    """(pairs, 2) indices of clips of two speakers, every couple of speakers alike, in random order."""
    couples = list(combinations(speakers.values(), 2))
    each = max(1, SAME_PER_SPEAKER * len(speakers) // max(1, len(couples)))
    drawn = [np.unique(np.stack([random.choice(one, each), random.choice(other, each)], axis=1), axis=0)
             for one, other in couples]
    return random.permutation(_stack(drawn), axis=0)


def _cross_emotion_pairs(speakers: Mapping[str, list[int]], emotions: Sequence[str], random: np.random.Generator) -> np.ndarray:
    """(pairs, 2) indices of a neutral and an emotional clip of one speaker."""
    found = []
    for indices in speakers.values():
        calm = [index for index in indices if emotions[index] == NEUTRAL]
        moved = [index for index in indices if emotions[index] not in (NEUTRAL, *WITHOUT_LABEL)]
        found.append(_some([(one, other) for one in calm for other in moved], CROSS_PER_SPEAKER, random))
    return _stack(found)


def _some(pairs: list[tuple[int, int]], most: int, random: np.random.Generator) -> np.ndarray:
    chosen = random.permutation(len(pairs))[:most]
    return np.array([pairs[index] for index in chosen], dtype=int).reshape(-1, 2)


def _stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros((0, 2), dtype=int)


def _cosines(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(1)


def _spread(cosines: np.ndarray) -> dict[str, float] | None:
    if not len(cosines):
        return None
    low, high = np.percentile(cosines, [5, 95])
    return {"mean": float(cosines.mean()), "p5": float(low), "p95": float(high), "pairs": len(cosines)}


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows, or one vector, at length 1; a vector of zeros stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
