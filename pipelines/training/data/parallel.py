"""Parallel recordings: one speaker says one sentence in several emotions. They show what an emotion changes, frame by frame."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import torch

from pipelines.errors import RecipeError
from pipelines.features.pitch import VOICED_CONFIDENCE
from pipelines.features.prosody import level_of, octaves, speech_bands
from pipelines.labels import EMOTIONS, NEUTRAL
from pipelines.networks.layers import pad_stack
from pipelines.training.data.examples import Example, Window

LONGEST_RATIO = 1.8  # between the lengths of two recordings; beyond it one of them has a long pause or other words


@dataclass(frozen=True)
class Parallel:
    """Sources, and the same sentences in other emotions, in the sources' time. (batch, time), and (batch, time, 40) for bands.

    Attributes:
        windows: of the sources. targets: indices of the target recordings.
        bands, target_bands: natural-log power over the source's level (prosody.speech_bands).
        octaves, target_octaves: above 100 Hz. voiced, both_voiced: 0 or 1, of the source and of both. mask: 0 or 1.
    """

    windows: list[Window]
    targets: list[int]
    bands: torch.Tensor
    target_bands: torch.Tensor
    octaves: torch.Tensor
    target_octaves: torch.Tensor
    voiced: torch.Tensor
    both_voiced: torch.Tensor
    mask: torch.Tensor


@dataclass
class ParallelPairs:
    """Draws pairs of a speaker's recordings of one sentence, aligned by DTW on hidden states of the content encoder.

    states: (frames, width) of every example. Alignments are computed when they are first needed, and kept.
    """

    examples: list[Example]
    states: list[np.ndarray]
    neutral: float = 0.5  # share of pairs whose source is neutral, since users convert mostly neutral speech
    paths: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises RecipeError: no speaker says a sentence in two emotions."""
        sentences: dict[tuple, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, example in enumerate(self.examples):
            clip = example.clip
            if clip.text_id and example.emotion >= 0:
                sentences[clip.corpus, example.speaker, clip.text_id][example.emotion].append(index)
        self.sentences: dict[str, list[dict[int, list[int]]]] = defaultdict(list)
        for (corpus, _, _), emotions in sorted(sentences.items()):
            if len(emotions) > 1:
                self.sentences[corpus].append(dict(emotions))
        if not self.sentences:
            raise RecipeError("No training speaker says a sentence in two emotions; "
                              "set parallel = false in the recipe's [acoustic].")
        self.corpora = sorted(self.sentences)
        size = np.array([sum(len(emotions) for emotions in self.sentences[corpus]) for corpus in self.corpora], float)
        self.chance = size**0.5 / (size**0.5).sum()

    def draw(self, random: np.random.Generator, count: int, longest: int) -> Parallel:
        """`count` pairs, pieces of at most `longest` frames."""
        pairs = [self._pair(random) for _ in range(count)]
        windows, rows = [], []
        for source, target in pairs:
            frames = self.examples[source].frames
            start = int(random.integers(0, max(1, frames - longest + 1)))
            windows.append(Window(source, start, min(frames, start + longest)))
            rows.append(self._row(windows[-1], target))
        stacked = [pad_stack([torch.from_numpy(row[place]) for row in rows])[0] for place in range(len(rows[0]))]
        _, mask = pad_stack([torch.from_numpy(row[0]) for row in rows])
        return Parallel(windows, [target for _, target in pairs], *stacked, mask)

    def _pair(self, random: np.random.Generator) -> tuple[int, int]:
        """Each target emotion of a sentence as likely as any other."""
        while True:
            corpus = self.corpora[random.choice(len(self.corpora), p=self.chance)]
            emotions = self.sentences[corpus][random.integers(len(self.sentences[corpus]))]
            neutral = EMOTIONS.index(NEUTRAL)
            before = neutral if neutral in emotions and random.random() < self.neutral else random.choice(sorted(emotions))
            after = random.choice(sorted(emotions.keys() - {before}))
            source, target = (int(random.choice(emotions[emotion])) for emotion in (before, after))
            lengths = [self.examples[index].frames for index in (source, target)]
            if max(lengths) < LONGEST_RATIO * min(lengths):
                return source, target

    def _row(self, window: Window, target: int) -> tuple[np.ndarray, ...]:
        inside = slice(window.start, window.stop)
        places = self.path(window.index, target)[inside]
        own, other = self.examples[window.index].prosody, self.examples[target].prosody
        voiced, other_voiced = own.voicing[inside] >= VOICED_CONFIDENCE, other.voicing[places] >= VOICED_CONFIDENCE
        louder = level_of(other.bands) - level_of(own.bands)
        return (speech_bands(own.bands)[inside], speech_bands(other.bands)[places] + np.float32(louder),
                octaves(own.f0[inside]).astype(np.float32), octaves(other.f0[places]).astype(np.float32),
                voiced.astype(np.float32), (voiced & other_voiced).astype(np.float32))

    def path(self, source: int, target: int) -> np.ndarray:
        """(frames of the source,) frame of the target that says the same."""
        if (source, target) not in self.paths:
            frames = self.examples[source].frames, self.examples[target].frames
            self.paths[source, target] = aligned(self.states[source][:frames[0]], self.states[target][:frames[1]])
        return self.paths[source, target]


def aligned(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(frames,) int16: for every frame of the source the middle one of its frames of the target on the DTW path.

    source, target: (frames, width); the distance is the cosine's.
    """
    import librosa  # imported late: few trainings need it

    a, b = (centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)
            for centred in (states.astype(np.float32) - states.astype(np.float32).mean(0) for states in (source, target)))
    _, path = librosa.sequence.dtw(C=1 - a @ b.T)
    first, last = np.full(len(a), len(b)), np.zeros(len(a), int)
    np.minimum.at(first, path[:, 0], path[:, 1])
    np.maximum.at(last, path[:, 0], path[:, 1])
    return ((first + last) // 2).astype(np.int16)
