"""Factors of the training clips, by the networks of earlier stages: units, hidden states that SACE reads, EASE vectors.

Where SACE reads waveforms, these are kept in place of hidden states.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from tqdm import tqdm

from pipelines.networks.layers import pad_stack
from pipelines.networks.sace import Sace, WaveSace
from pipelines.networks.speaker import PublishedEmbedding, PublishedSpeaker, SpeakerEncoder, unit_size
from pipelines.networks.units import HOP, UnitEncoder
from pipelines.networks.whisper_front import WhisperFront
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import read_all, read_samples
from pipelines.training.data.examples import Example, Window


@dataclass(frozen=True)
class FactorStore:
    """One entry per example, cut to its length.

    Attributes:
        units: (frames,) uint8 or int. ease: (128,) float32.
        hidden: (layers, frames, width) float16, of HuBERT or of SACE's own front end; empty where SACE reads waveforms, or
            where its front end reads them batch by batch.
        content: (frames, width) float16, of the layer that units come from.
        audio: (samples,) int16 where hidden is empty.
    """

    units: list[np.ndarray]
    hidden: list[np.ndarray]
    ease: list[np.ndarray]
    unit_count: int
    audio: list[np.ndarray] = field(default_factory=list)
    content: list[np.ndarray] = field(default_factory=list)

    def stack_units(self, windows: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, time) int64 and the mask."""
        return pad_stack([torch.from_numpy(self.units[w.index][w.start:w.stop].astype(np.int64)) for w in windows])

    def stack_hidden(self, windows: list[Window]) -> torch.Tensor:
        """(batch, layers, time, width) float32."""
        pieces = [torch.from_numpy(self.hidden[w.index][:, w.start:w.stop].astype(np.float32)) for w in windows]
        return pad_stack([piece.transpose(0, 1) for piece in pieces])[0].transpose(1, 2)

    def stack_audio(self, windows: list[Window]) -> torch.Tensor:
        """(batch, samples) float32, 16 kHz, of the windows: k frames need at most 320 k - 1 samples."""
        pieces = [torch.from_numpy(self.audio[w.index][HOP * w.start:HOP * w.stop - 1] / np.float32(32767)) for w in windows]
        return pad_stack(pieces)[0]

    def emotion_frames_of(self, sace: Sace | WaveSace, windows: list[Window], features: torch.Tensor,
                      mask: torch.Tensor) -> torch.Tensor:
        """(batch, time, 128): SACE frames of the windows, on the device of their features (batch, time, 43) and mask."""
        if isinstance(sace, WaveSace):
            return sace(self.stack_audio(windows).to(mask.device), mask)
        if not self.hidden:
            assert sace.front is not None
            return sace(sace.front(self.stack_audio(windows).to(mask.device))[:, :, :mask.shape[1]], features, mask)
        return sace(self.stack_hidden(windows).to(mask.device), features, mask)

    def stack_ease(self, indices: list[int]) -> torch.Tensor:
        """(batch, 128)."""
        return torch.from_numpy(np.stack([self.ease[index] for index in indices]))


def weights_hash(module: torch.nn.Module) -> str:
    """Twelve hex digits that change when any weight does."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:12]


def content_of(examples: list[Example], encoder: UnitEncoder, cache: FeatureCache, all_layers: bool = True) -> tuple[list, list]:
    """Units and hidden states of all examples. States are cached by the HuBERT's weights, so that codebooks share them.

    all_layers: False keeps the states of the units' own layer alone, (1, frames, width), since all layers of HuBERT base fill
        1 MB per second of speech. Where an earlier stage has stored all layers, the own one is read from these.
    Returns:
        (frames,) int16 units and (layers, frames, width) float16 states of every example.
    """
    every = f"hidden-{weights_hash(encoder.encoder)}"
    own = f"{every}-{encoder.layer}"
    device, layer = encoder.centroids.device, encoder.layer if all_layers else 0
    units, hidden = [], []

    def compute(example: Example) -> dict[str, np.ndarray]:
        states = encoder.encode(read_samples(example.clip)).hidden
        return {"hidden": (states if all_layers else states[encoder.layer][None]).astype(np.float16)}

    for example in tqdm(examples, desc="content", unit="clip", mininterval=5):
        variant, path = example.clip.variant, example.clip.path
        there = all_layers or cache.file(every + variant, path).exists()
        stored = cache.get((every if there else own) + variant, path, partial(compute, example))
        states = stored["hidden"][:, :example.frames]
        if there and not all_layers:
            states = states[encoder.layer][None].copy()  # a view would keep all of them in memory
        nearest = encoder.quantise(torch.from_numpy(states[layer].astype(np.float32)).to(device))
        units.append(nearest.cpu().numpy().astype(np.int16))
        hidden.append(states)
    return units, hidden


def read_factors(examples: list[Example], encoder: UnitEncoder, speaker: SpeakerEncoder | PublishedSpeaker,
                 sace: Sace | WaveSace, cache: FeatureCache, store_states: bool = True) -> FactorStore:
    """Units, EASE, and what this SACE reads, of every example.

    store_states: False leaves it to SACE's own front end to read waveforms batch by batch: they fill less memory than its states.
    """
    front = None if isinstance(sace, WaveSace) else sace.front
    waveforms = isinstance(sace, WaveSace) or (front is not None and not store_states)
    units, hidden = content_of(examples, encoder, cache, all_layers=not waveforms and front is None)
    content = [states[encoder.layer if len(states) > 1 else 0] for states in hidden]
    if front is not None and not waveforms:
        hidden = front_states(examples, front, cache)
    audio = read_all([example.clip for example in examples]) if waveforms else []
    ease = ease_of(examples, speaker, cache)
    return FactorStore(units, [] if waveforms else hidden, ease, len(encoder.centroids), audio, content)


@torch.inference_mode()
def front_states(examples: list[Example], front: WhisperFront, cache: FeatureCache) -> list[np.ndarray]:
    """(layers, frames, width) float16 of every example, by SACE's own front end; cached by its weights."""
    kind, device = f"front-{weights_hash(front)}", front.mel_filters.device

    def compute(example: Example) -> dict[str, np.ndarray]:
        states = front(torch.from_numpy(read_samples(example.clip))[None].to(device))
        return {"hidden": states[0].half().cpu().numpy()}

    stored = (cache.get(kind + example.clip.variant, example.clip.path, partial(compute, example))["hidden"]
              for example in tqdm(examples, desc="front end", unit="clip", mininterval=5))
    return [states[:, :example.frames] for states, example in zip(stored, examples)]


@torch.inference_mode()
def voices_of(examples: list[Example], encoder: SpeakerEncoder | PublishedSpeaker, cache: FeatureCache) -> list[np.ndarray]:
    """x-vector of every example, (width,) each."""
    encoder.eval()
    if isinstance(encoder, PublishedSpeaker):
        return [unit_size(torch.from_numpy(vector)).numpy() for vector in embeddings_of(examples, encoder.embedding, cache)]
    return [encoder.voice(torch.from_numpy(example.features)[None], torch.ones(1, example.frames))[0].numpy()
            for example in examples]


@torch.inference_mode()
def ease_of(examples: list[Example], encoder: SpeakerEncoder | PublishedSpeaker, cache: FeatureCache) -> list[np.ndarray]:
    """EASE vector of every example, cached by the encoder's weights."""
    encoder.eval()
    device = next(encoder.parameters()).device
    if isinstance(encoder, PublishedSpeaker):
        return [encoder.ease(torch.from_numpy(vector)[None].to(device))[0].cpu().numpy()
                for vector in embeddings_of(examples, encoder.embedding, cache)]
    kind = f"ease-{weights_hash(encoder)}"

    def compute(example: Example) -> dict[str, np.ndarray]:
        features, mask = torch.from_numpy(example.features)[None].to(device), torch.ones(1, example.frames, device=device)
        return {"vector": encoder(features, mask)[0].cpu().numpy()}

    return [cache.get(kind + example.clip.variant, example.clip.path, partial(compute, example))["vector"]
            for example in examples]


@torch.inference_mode()
def embeddings_of(examples: list[Example], embedding: PublishedEmbedding, cache: FeatureCache) -> list[np.ndarray]:
    """A published speaker embedding of every example, (width,) float32, cached by its weights."""
    kind, device = f"voice-{weights_hash(embedding)}", next(embedding.parameters()).device

    def compute(example: Example) -> dict[str, np.ndarray]:
        waveform = torch.from_numpy(read_samples(example.clip))[None].to(device)
        return {"vector": embedding(waveform)[0].float().cpu().numpy()}

    return [cache.get(kind + example.clip.variant, example.clip.path, partial(compute, example))["vector"]
            for example in tqdm(examples, desc="voices", unit="clip", mininterval=5)]
