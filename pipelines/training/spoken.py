"""What the stage `generate` hears of the training clips: waveforms, the vocoder's features, and all factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pipelines.checkpoint import Folder
from pipelines.level import NOMINAL, speech_level
from pipelines.parts import load_sace, load_speaker, load_unit_encoder
from pipelines.training.audio_store import read_all
from pipelines.training.cache import FeatureCache
from pipelines.training.examples import Draw, Example
from pipelines.training.factors import FactorStore, content_of, ease_of
from pipelines.training.presets import utterance_embeddings
from pipelines.training.vocoder_store import stored_features
from pipelines.vocoder_features import VocoderFeatures


@dataclass(frozen=True)
class Spoken:
    """One entry per example.

    Attributes:
        audio: (n,) int16. gains: to bring it to the nominal level (level.py). features: 100 Hz.
        posterior: (frames, units) float16, 50 Hz. ease, sace: (128,) float32.
    """

    audio: list[np.ndarray]
    gains: list[float]
    features: list[VocoderFeatures]
    posterior: list[np.ndarray]
    ease: list[np.ndarray]
    sace: list[np.ndarray]

    def whole(self, indices: list[int], others: list[int], device: str) -> tuple[torch.Tensor, torch.Tensor]:
        """EASE of `others` and SACE of `indices`, (batch, 128) each."""
        ease, sace = ([of[index] for index in chosen] for of, chosen in ((self.ease, others), (self.sace, indices)))
        return torch.from_numpy(np.stack(ease)).to(device), torch.from_numpy(np.stack(sace)).to(device)

    def samples(self, index: int, first: int, count: int) -> np.ndarray:
        """(count,) float32 at the nominal level; silence behind the clip's end."""
        inside = self.audio[index][first:first + count] / np.float32(32767) * self.gains[index]
        return np.pad(inside, (0, count - len(inside))).astype(np.float32)


def draw_clips(draw: Draw, batch: int, all_speakers: float, random: np.random.Generator) -> tuple[list[int], list[int]]:
    """Clips of a batch, emotions in turn, the share `all_speakers` of them from all speakers alike; and for each another
    recording of the speaker, in another emotion, whose EASE it gets."""
    everybody = round(all_speakers * batch)
    indices = draw.by_emotions(random, batch - everybody) + draw.by_speakers(random, everybody)
    return indices, [draw.same_speaker_other_emotion(index, random) for index in indices]


def held(frames: np.ndarray, count: int) -> np.ndarray:
    """The first size filled up to `count` with the last frame."""
    return np.pad(frames, [(0, count - len(frames))] + [(0, 0)] * (frames.ndim - 1), mode="edge")


def read_spoken(examples: list[Example], checkpoint: Folder, temperature: float, cache: FeatureCache) -> Spoken:
    """By the encoders of the checkpoint; temperature: of soft units. Hidden states are forgotten, since they fill gigabytes."""
    encoder = load_unit_encoder(checkpoint)
    units, hidden = content_of(examples, encoder, cache)
    store = FactorStore(units, hidden, ease_of(examples, load_speaker(checkpoint)), len(encoder.centroids))
    sace = utterance_embeddings(load_sace(checkpoint), examples, store)
    with torch.inference_mode():
        posterior = [encoder.posterior(torch.from_numpy(states[encoder.layer].astype(np.float32)), temperature).half().numpy()
                     for states in hidden]
    clips = [example.clip for example in examples]
    audio = read_all(clips)
    gains = [NOMINAL / speech_level(samples / np.float32(32767)) for samples in audio]
    return Spoken(audio, gains, stored_features(clips, cache), posterior, store.ease, sace)
