"""Training examples in memory: prosody, units and labels of every clip, and balanced ways of drawing them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch

from pipelines.features.pitch import VOICED_CONFIDENCE, PitchTrack
from pipelines.features.prosody import Prosody, from_track, network_features, octaves, speech_bands
from pipelines.labels import EMOTIONS, NEUTRAL, OUTSIDE_EMOTIONS
from pipelines.networks.layers import pad_stack
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import emotions_by_corpus
from pipelines.training.data.corpus import Clip
from pipelines.training.data.stored_features import PROSODY, stored


@dataclass(frozen=True)
class Example:
    """One clip at 50 Hz. features: (frames, 43) float32, `network_features`. speaker: its index.

    emotion: an index into EMOTIONS, or -1 for unlabelled speech and for other emotions (fear, disgust).
    """

    clip: Clip
    prosody: Prosody
    features: np.ndarray
    speaker: int
    emotion: int

    @property
    def frames(self) -> int:
        return len(self.features)


def read_examples(clips: list[Clip], cache: FeatureCache) -> list[Example]:
    """Prosody of every clip, in order; from the cache where it is stored."""
    speakers = {name: index for index, name in enumerate(sorted({clip.speaker for clip in clips}))}
    return [_example(clip, cache, speakers[clip.speaker]) for clip in clips]


def _example(clip: Clip, cache: FeatureCache, speaker: int) -> Example:
    found = stored(PROSODY, clip, cache)
    pitch = PitchTrack(found["f0"].astype(np.float32), found["confidence"].astype(np.float32), 0.02)
    prosody = from_track(pitch, found["bands"].astype(np.float32))
    emotion = EMOTIONS.index(clip.emotion) if clip.emotion in EMOTIONS else OUTSIDE_EMOTIONS
    return Example(clip, prosody, network_features(prosody), speaker, emotion)


class Draw:
    """Draws example indices so that small corpora, speakers and emotions are drawn as often as large ones."""

    def __init__(self, examples: list[Example]):
        self.by_speaker: dict[int, list[int]] = defaultdict(list)
        self.by_group: dict[tuple[int, int], list[int]] = defaultdict(list)  # (speaker, emotion)
        self.by_emotion: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for index, example in enumerate(examples):
            self.by_speaker[example.speaker].append(index)
            self.by_group[example.speaker, example.emotion].append(index)
        for group in sorted(self.by_group):
            self.by_emotion[group[1]].append(group)
        self.chances = {emotion: self._chances(groups, examples) for emotion, groups in self.by_emotion.items()}
        self.speakers = sorted(self.by_speaker)
        self.emotional = [emotion for emotion in sorted(self.by_emotion) if emotion != OUTSIDE_EMOTIONS]
        self.examples = examples

    def by_speakers(self, random: np.random.Generator, count: int) -> list[int]:
        """Each speaker as likely as any other."""
        chosen = random.choice(len(self.speakers), count)
        return [self._one(self.by_speaker[self.speakers[index]], random) for index in chosen]

    def by_emotions(self, random: np.random.Generator, count: int, neutral: float = 0.0) -> list[int]:
        """Each emotion as likely as any other; within it a corpus, and within that a speaker, by the root of the clips.

        neutral: share of neutral speech on top, since users convert mostly neutral speech.
        """
        chosen = []
        emotions = random.choice(self.emotional, count)
        if EMOTIONS.index(NEUTRAL) in self.by_emotion:
            emotions = np.where(random.random(count) < neutral, EMOTIONS.index(NEUTRAL), emotions)
        for emotion in emotions:
            groups = self.by_emotion[emotion]
            group = groups[random.choice(len(groups), p=self.chances[emotion])]
            chosen.append(self._one(self.by_group[group], random))
        return chosen

    def same_speaker_and_emotion(self, index: int, random: np.random.Generator) -> int:
        """Another clip of the same speaker in the same emotion; the clip itself where there is none."""
        example = self.examples[index]
        return self._one(self.by_group[example.speaker, example.emotion], random)

    def same_emotion(self, index: int, random: np.random.Generator) -> int:
        """A clip of any speaker in the same emotion, each speaker as likely as any other."""
        groups = self.by_emotion[self.examples[index].emotion]
        return self._one(self.by_group[groups[int(random.integers(len(groups)))]], random)

    def same_speaker_other_emotion(self, index: int, random: np.random.Generator) -> int:
        """Another clip of the same speaker, in another emotion where there is one."""
        example = self.examples[index]
        candidates = self.by_speaker[example.speaker]
        for _ in range(6):
            other = self._one(candidates, random)
            if self.examples[other].emotion != example.emotion:
                return other
        return other

    def _chances(self, groups: list[tuple[int, int]], examples: list[Example]) -> np.ndarray:
        """(groups,) probabilities of an emotion's speakers."""
        clips: dict[str, int] = defaultdict(int)
        roots: dict[str, float] = defaultdict(float)
        corpora = [examples[self.by_group[group][0]].clip.corpus for group in groups]
        for group, corpus in zip(groups, corpora):
            clips[corpus] += len(self.by_group[group])
            roots[corpus] += len(self.by_group[group])**0.5
        chance = np.array([clips[corpus]**0.5 * len(self.by_group[group])**0.5 / roots[corpus]
                           for group, corpus in zip(groups, corpora)])
        return chance / chance.sum()

    @staticmethod
    def _one(indices: list[int], random: np.random.Generator) -> int:
        return indices[int(random.integers(len(indices)))]


@dataclass(frozen=True)
class Window:
    """Which frames of which example."""

    index: int
    start: int
    stop: int


def window(examples: list[Example], index: int, longest: int, random: np.random.Generator) -> Window:
    """All of the clip, or a random piece of `longest` frames of 20 ms."""
    frames = examples[index].frames
    start = int(random.integers(0, max(1, frames - longest + 1)))
    return Window(index, start, min(frames, start + longest))


def stack_features(examples: list[Example], windows: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    """Prosody features (batch, time, 43) and their mask (batch, time)."""
    return pad_stack([torch.from_numpy(examples[w.index].features[w.start:w.stop]) for w in windows])


def stack_contours(examples: list[Example], windows: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    """Octaves above 100 Hz and the mask of voiced frames, (batch, time) each."""
    pieces = [(examples[w.index].prosody, slice(w.start, w.stop)) for w in windows]
    f0 = [torch.from_numpy(octaves(prosody.f0[inside]).astype(np.float32)) for prosody, inside in pieces]
    voiced = [torch.from_numpy((prosody.voicing[inside] >= VOICED_CONFIDENCE).astype(np.float32)) for prosody, inside in pieces]
    return pad_stack(f0)[0], pad_stack(voiced)[0]


def stack_bands(examples: list[Example], windows: list[Window]) -> torch.Tensor:
    """(batch, time, 40) natural-log power."""
    return pad_stack([torch.from_numpy(examples[w.index].prosody.bands[w.start:w.stop]) for w in windows])[0]


def stack_speech_bands(examples: list[Example], windows: list[Window]) -> torch.Tensor:
    """(batch, time, 40), prosody.speech_bands of whole clips, then the windows."""
    return pad_stack([torch.from_numpy(speech_bands(examples[w.index].prosody.bands)[w.start:w.stop]) for w in windows])[0]


def speaker_means(examples: list[Example]) -> dict[tuple[int, int], np.ndarray]:
    """(speaker, emotion) to (41,): mean bands (natural-log power) and octaves above 100 Hz over voiced frames."""
    sums: dict[tuple[int, int], list[np.ndarray]] = defaultdict(list)
    for example in examples:
        voiced = example.prosody.voicing >= VOICED_CONFIDENCE
        if voiced.any():
            frames = np.concatenate([example.prosody.bands[voiced], octaves(example.prosody.f0[voiced])[:, None]], axis=1)
            sums[example.speaker, example.emotion].append(frames.mean(axis=0))
    return {key: np.mean(value, axis=0).astype(np.float32) for key, value in sums.items()}


def speaker_baselines(examples: list[Example]) -> np.ndarray:
    """(speakers, 41): the neutral mean, or the mean of the emotions there are where a speaker has no neutral speech."""
    means = speaker_means(examples)
    neutral = EMOTIONS.index(NEUTRAL)
    speakers = 1 + max(example.speaker for example in examples)
    baselines = np.zeros((speakers, means[next(iter(means))].size), np.float32)
    for speaker in range(speakers):
        own = [value for (who, _), value in means.items() if who == speaker]
        if own:
            baselines[speaker] = means.get((speaker, neutral), np.mean(own, axis=0))
    return baselines


class Shifts:
    """How a speaker's mean bands and F0 change from one emotion to another: the mean of the speaker's own change and everybody's.

    For a speaker who lacks one of the two emotions, it is everybody's change.
    """

    def __init__(self, examples: list[Example]):
        self.means = speaker_means(examples)
        speakers = {speaker for speaker, _ in self.means}
        pairs = {(a, b): [self.means[s, b] - self.means[s, a] for s in speakers if (s, a) in self.means and (s, b) in self.means]
                 for a in range(len(EMOTIONS)) for b in range(len(EMOTIONS))}
        width = next(iter(self.means.values())).size
        self.everybody = {pair: np.mean(moves, axis=0) if moves else np.zeros(width, np.float32) for pair, moves in pairs.items()}

    def __call__(self, speakers: list[int], before: list[int], after: list[int]) -> torch.Tensor:
        """(batch, 41) float32: nepers of power, and octaves in the last place. before, after: indices of emotions."""
        return torch.from_numpy(np.stack([self._one(*row) for row in zip(speakers, before, after)]).astype(np.float32))

    def _one(self, speaker: int, before: int, after: int) -> np.ndarray:
        common = self.everybody[before, after]
        if (speaker, before) not in self.means or (speaker, after) not in self.means:
            return common
        return (common + self.means[speaker, after] - self.means[speaker, before]) / 2


def stack_baselines(examples: list[Example], baselines: np.ndarray, windows: list[Window]) -> torch.Tensor:
    """(batch, 41): each window's speaker's."""
    return torch.from_numpy(np.stack([baselines[examples[w.index].speaker] for w in windows]))


def labels(examples: list[Example], windows: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    """Speaker and emotion indices, (batch,) each; emotion -1 where unlabelled."""
    return (torch.tensor([examples[w.index].speaker for w in windows]),
            torch.tensor([examples[w.index].emotion for w in windows]))


def possible_emotions(examples: list[Example]) -> torch.Tensor:
    """(examples, emotions) bool: which of the emotions an example's corpus has.

    A network that need not tell an emotion from those that the corpus lacks does not learn to recognise the corpus.
    """
    emotions = emotions_by_corpus([example.clip for example in examples])
    return torch.tensor([[name in emotions[example.clip.corpus] or name == example.clip.emotion for name in EMOTIONS]
                         for example in examples])


def perturb(features: torch.Tensor, random: np.random.Generator, shift_octaves: float = 0.15) -> torch.Tensor:
    """Random equaliser, gain and key per row, so that neither microphone nor the speaker's usual F0 tells the emotion.

    (batch, time, 43) in and out.
    """
    batch, bands = features.shape[0], features.shape[2] - 3
    knots = torch.from_numpy(random.normal(0, 0.12, (batch, 1, 6)).astype(np.float32))
    curve = torch.nn.functional.interpolate(knots, bands, mode="linear", align_corners=True)
    key = torch.from_numpy(random.uniform(-shift_octaves, shift_octaves, (batch, 1, 1)).astype(np.float32))
    extra = torch.cat([key, torch.zeros(batch, 1, 2)], dim=2)
    return features + torch.cat([curve, extra], dim=2)
