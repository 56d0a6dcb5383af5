"""Factors of the training clips that earlier stages made: units, hidden states of the HuBERT, EASE vectors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from tqdm import tqdm

from pipelines.layers import pad_stack
from pipelines.speaker import SpeakerEncoder
from pipelines.training.audio_store import read_samples
from pipelines.training.cache import FeatureCache
from pipelines.training.examples import Example, Window
from pipelines.units import UnitEncoder


@dataclass(frozen=True)
class FactorStore:
    """One entry per example, cut to its length.

    Attributes:
        units: (frames,) uint8 or int. hidden: (layers, frames, width) float16. ease: (128,) float32.
    """

    units: list[np.ndarray]
    hidden: list[np.ndarray]
    ease: list[np.ndarray]
    unit_count: int

    @property
    def hidden_layers(self) -> int:
        return self.hidden[0].shape[0]

    @property
    def hidden_width(self) -> int:
        return self.hidden[0].shape[2]

    def stack_units(self, windows: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, time) int64 and the mask."""
        return pad_stack([torch.from_numpy(self.units[w.index][w.start:w.stop].astype(np.int64)) for w in windows])

    def stack_hidden(self, windows: list[Window]) -> torch.Tensor:
        """(batch, layers, time, width) float32."""
        pieces = [torch.from_numpy(self.hidden[w.index][:, w.start:w.stop].astype(np.float32)) for w in windows]
        return pad_stack([piece.transpose(0, 1) for piece in pieces])[0].transpose(1, 2)

    def stack_ease(self, indices: list[int]) -> torch.Tensor:
        """(batch, 128)."""
        return torch.from_numpy(np.stack([self.ease[index] for index in indices]))


def weights_hash(module: torch.nn.Module) -> str:
    """Twelve hex digits that change when any weight does."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:12]


def content_of(examples: list[Example], encoder: UnitEncoder, cache: FeatureCache) -> tuple[list, list]:
    """Units and hidden states of all examples, cached by the encoder's weights."""
    kind = f"content-{weights_hash(encoder)}"
    units, hidden = [], []

    def compute(example: Example) -> dict[str, np.ndarray]:
        content = encoder.encode(read_samples(example.clip))
        return {"units": content.units.astype(np.int16), "hidden": content.hidden.astype(np.float16)}

    for example in tqdm(examples, desc="content", unit="clip", mininterval=5):
        stored = cache.get(kind + example.clip.variant, example.clip.path, partial(compute, example))
        units.append(stored["units"][:example.frames])
        hidden.append(stored["hidden"][:, :example.frames])
    return units, hidden


@torch.inference_mode()
def voices_of(examples: list[Example], encoder: SpeakerEncoder) -> list[np.ndarray]:
    """x-vector of every example, (192,) each."""
    encoder.eval()
    return [encoder.voice(torch.from_numpy(example.features)[None], torch.ones(1, example.frames))[0].numpy()
            for example in examples]


@torch.inference_mode()
def ease_of(examples: list[Example], encoder: SpeakerEncoder) -> list[np.ndarray]:
    """EASE vector of every example."""
    encoder.eval()
    return [encoder(torch.from_numpy(example.features)[None], torch.ones(1, example.frames))[0].numpy() for example in examples]
