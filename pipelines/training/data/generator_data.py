"""What a generator is trained on: waveforms, the vocoder's features and all factors of the training clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_sace, load_speaker, load_unit_encoder
from pipelines.features.audio import NOMINAL, speech_level
from pipelines.features.vocoder_features import VocoderFeatures
from pipelines.networks.units import UnitEncoder
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import read_all
from pipelines.training.data.examples import Draw, Example
from pipelines.training.data.factors import read_factors
from pipelines.training.data.presets import utterance_embeddings
from pipelines.training.data.stored_features import stored_features


@dataclass(frozen=True)
class GeneratorData:
    """One entry per example.

    Attributes:
        audio: (n,) int16. gains: to bring it to the nominal level (`speech_level`). features: 100 Hz.
        soft_units: (frames, units) float16, 50 Hz.
        voice: (128,) EASE, or another vector that tells the speaker; float32. sace: (128,) float32; None without SACE.
        codes: (frames,) int64, 50 Hz, of F0, and their number; None where F0 is given in Hz.
    """

    audio: list[np.ndarray]
    gains: list[float]
    features: list[VocoderFeatures]
    soft_units: list[np.ndarray]
    voice: list[np.ndarray]
    sace: list[np.ndarray] | None = None
    codes: list[np.ndarray] | None = None
    code_count: int = 0

    @property
    def width(self) -> int:
        """Of the global condition."""
        return len(self.voice[0]) + (len(self.sace[0]) if self.sace else 0)

    def global_condition(self, indices: list[int], others: list[int], device: str) -> tuple[torch.Tensor, ...]:
        """Voice of `others` and, where there is SACE, SACE of `indices`; (batch, 128) each."""
        chosen = [(self.voice, others)] + ([(self.sace, indices)] if self.sace else [])
        return tuple(torch.from_numpy(np.stack([vectors[index] for index in clips])).to(device) for vectors, clips in chosen)

    def f0(self, index: int) -> np.ndarray:
        """(frames,) at 50 Hz: Hz, or codes where there are codes."""
        return self.features[index].f0[::2].astype(np.float32) if self.codes is None else self.codes[index]

    def samples(self, index: int, first: int, count: int) -> np.ndarray:
        """(count,) float32 at the nominal level; silence behind the clip's end."""
        inside = self.audio[index][first:first + count] / np.float32(32767) * self.gains[index]
        return np.pad(inside, (0, count - len(inside))).astype(np.float32)


def draw_clips(draw: Draw, batch: int, all_speakers: float, random: np.random.Generator) -> tuple[list[int], list[int]]:
    """Indices of a batch, and for each the index of another recording of the speaker in another emotion, which gives its EASE.

    all_speakers: share of the batch in which each speaker is as likely as any other; in the rest each emotion is.
    """
    everybody = round(all_speakers * batch)
    indices = draw.by_emotions(random, batch - everybody) + draw.by_speakers(random, everybody)
    return indices, [draw.same_speaker_other_emotion(index, random) for index in indices]


def pad_to(frames: np.ndarray, count: int) -> np.ndarray:
    """(frames, ...) to (count, ...): the last frame is repeated."""
    return np.pad(frames, [(0, count - len(frames))] + [(0, 0)] * (frames.ndim - 1), mode="edge")


def read_generator_data(examples: list[Example], checkpoint: Folder, temperature: float, cache: FeatureCache,
                device: str = "cpu") -> GeneratorData:
    """By the encoders of the checkpoint; temperature: of soft units. Hidden states are not kept, since they fill gigabytes."""
    encoder, speaker, sace = (load(checkpoint).to(device) for load in (load_unit_encoder, load_speaker, load_sace))
    store = read_factors(examples, encoder, speaker, sace, cache, store_states=not device.startswith("cuda"))
    audio, gains = levelled(examples)
    utterances = utterance_embeddings(sace, examples, store)
    features = stored_features([example.clip for example in examples], cache)
    return GeneratorData(audio, gains, features, soft_units_of(encoder.cpu(), store.content, temperature), store.ease, utterances)


@torch.inference_mode()
def soft_units_of(encoder: UnitEncoder, content: list[np.ndarray], temperature: float) -> list[np.ndarray]:
    """(frames, units) float16 of every clip's (frames, width), states of the layer that units come from."""
    return [encoder.soft_units(torch.from_numpy(states.astype(np.float32)), temperature).half().numpy() for states in content]


def levelled(examples: list[Example]) -> tuple[list[np.ndarray], list[float]]:
    """Audio, and the gain that brings it to the nominal level, of every clip."""
    audio = read_all([example.clip for example in examples])
    return audio, [NOMINAL / speech_level(samples / np.float32(32767)) for samples in audio]
