"""EASE on a published speaker embedding, as the paper has it (section 3.2): SpeechBrain's ECAPA-TDNN (192 values) or x-vector
(512) hears the waveform.

Its `hyperparams.yaml` is a program that builds objects; here only its sizes are read and the two classes are built by name.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from pipelines.checkpoints.hub import published_folder
from pipelines.errors import CheckpointError
from pipelines.networks.speaker import Ease, unit_size

FILES = ("hyperparams.yaml", "embedding_model.ckpt")
WIDTHS = {"ECAPA_TDNN": 192, "Xvector": 512}  # by class, where lin_neurons is not named


@dataclass(frozen=True)
class EmbeddingSizes:
    """kind: SpeechBrain's class. network, bands: arguments of that class and of its filter bank."""

    kind: str
    network: dict[str, Any]
    bands: dict[str, Any]

    @property
    def width(self) -> int:
        return self.network.get("lin_neurons", WIDTHS[self.kind])


class PublishedEmbedding(nn.Module):
    """Filter bank without the recording's mean, then the network; as SpeechBrain's `EncoderClassifier.encode_batch`."""

    def __init__(self, sizes: EmbeddingSizes):
        super().__init__()
        self.features = _speechbrain("speechbrain.lobes.features", "Fbank")(**sizes.bands)
        self.network = _speechbrain(f"speechbrain.lobes.models.{sizes.kind}", sizes.kind)(**sizes.network)
        self.requires_grad_(False)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) at 16 kHz, all of one length, to (batch, width)."""
        heard = self.features(waveform)
        return self.network(heard - heard.mean(dim=1, keepdim=True))[:, 0]


class PublishedSpeaker(nn.Module):
    """The published embedding, frozen, then EASE."""

    def __init__(self, embedding: PublishedEmbedding, width: int):
        super().__init__()
        self.embedding, self.ease = embedding, Ease(width)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) to (batch, 128)."""
        return self.ease(self.embedding(waveform))

    def voice(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) to (batch, width): the embedding alone, of the length that EASE has, for networks that hear it."""
        return unit_size(self.embedding(waveform))


def load_published(source: str) -> tuple[PublishedEmbedding, EmbeddingSizes]:
    """From a local folder or a hub id, in eval mode. Raises CheckpointError: it cannot be had or is of another kind."""
    folder = published_folder(source, FILES, "name a folder with it as [ease] xvector, or leave that key out of the recipe to "
                                             "train a small one")
    sizes = read_sizes(folder)
    try:
        embedding = PublishedEmbedding(sizes)
        embedding.network.load_state_dict(torch.load(folder / FILES[1], map_location="cpu", weights_only=True))
    except (OSError, EOFError, UnpicklingError, RuntimeError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{folder / FILES[1]} is missing, damaged or of other sizes than {FILES[0]} says; "
                              "download it again.") from error
    return embedding.eval(), sizes


def read_sizes(folder: Path) -> EmbeddingSizes:
    """Of `hyperparams.yaml`. Raises CheckpointError: it is missing, or names another network than the two known here."""
    import yaml

    try:
        document = yaml.load((folder / FILES[0]).read_text(), _sizes_loader(yaml))
        made, heard = document["embedding_model"], document["compute_features"]
        kind = made.pop("class").rpartition(".")[2]
        heard.pop("class")
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder} holds no speaker embedding of SpeechBrain: its {FILES[0]} is missing or names no "
                              "embedding_model.") from error
    if kind not in WIDTHS:
        raise CheckpointError(f"{folder} holds a speaker embedding of the kind {kind}; only {' and '.join(WIDTHS)} are known.")
    return EmbeddingSizes(kind, *(_resolved(arguments, document) for arguments in (made, heard)))


def _sizes_loader(yaml) -> type:
    """A safe loader that builds nothing: `!new:a.B` becomes its arguments and its class's name, what is no value is left out."""

    class Sizes(yaml.SafeLoader):
        pass

    def arguments(loader, tag: str, node):
        if isinstance(node, yaml.MappingNode):
            return {**loader.construct_mapping(node, deep=True), "class": tag.partition(":")[2]}
        return loader.construct_scalar(node) if tag == "ref" else None

    Sizes.add_multi_constructor("!", arguments)
    return Sizes


def _resolved(arguments: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Values in place of `<name>` references; activations, which have no value here, keep their class's default."""
    values = {name: document.get(value.strip("<>")) if isinstance(value, str) else value for name, value in arguments.items()}
    return {name: value for name, value in values.items() if value is not None}


def _speechbrain(module: str, name: str) -> type:
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise CheckpointError("This speaker embedding needs SpeechBrain; run 'pip install -r requirements-hub.txt'.") from error
