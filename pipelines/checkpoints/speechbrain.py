"""SpeechBrain's published speaker embeddings: the sizes that `hyperparams.yaml` names, and the weights.

`hyperparams.yaml` is a program that builds objects. Here only its sizes are read, and the classes are built by name.
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from pipelines.checkpoints.hub import published_folder
from pipelines.errors import CheckpointError
from pipelines.networks.speaker import WIDTHS, EmbeddingSizes, PublishedEmbedding

FILES = ("hyperparams.yaml", "embedding_model.ckpt")


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
        network, bands = document["embedding_model"], document["compute_features"]
        kind = network.pop("class").rpartition(".")[2]
        bands.pop("class")
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder} holds no speaker embedding of SpeechBrain: its {FILES[0]} is missing or names no "
                              "embedding_model.") from error
    if kind not in WIDTHS:
        raise CheckpointError(f"{folder} holds a speaker embedding of the kind {kind}; only {' and '.join(WIDTHS)} are known.")
    return EmbeddingSizes(kind, *(_resolved(arguments, document) for arguments in (network, bands)))


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
