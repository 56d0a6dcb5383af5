"""The published networks that the paper uses, at their published sizes and with random weights.

They serve what depends on sizes alone, such as the cost of a recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from pipelines.errors import RecipeError

PLACES = (("hubert", "pretrained"), ("ease", "xvector"), ("sace", "front_end"))  # where a recipe names one


def with_random_weights(tables: dict[str, dict], folder: Path) -> dict[str, dict]:
    """The recipe's tables with folders in place of hub ids; folders that it names itself stay.

    Raises:
        RecipeError: the sizes of a hub id are not known here. CheckpointError: SpeechBrain is needed and not installed.
    """
    changed = {name: dict(table) for name, table in tables.items()}
    for table, key in PLACES:
        source = changed.get(table, {}).get(key)
        if source and not Path(source).is_dir():
            changed[table][key] = str(_write(source, folder / table))
    return changed


def _write(hub_id: str, folder: Path) -> Path:
    if hub_id not in KNOWN:
        raise RecipeError(f"The sizes of {hub_id} are not known here, only those of {', '.join(KNOWN)}; name a folder with "
                          "it instead.")
    folder.mkdir(parents=True)
    KNOWN[hub_id](folder)
    return folder


def _hubert_base(folder: Path) -> None:
    from transformers import HubertConfig, HubertModel

    HubertModel(HubertConfig()).save_pretrained(folder)


def _wav2vec_large(folder: Path) -> None:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    Wav2Vec2Model(Wav2Vec2Config(
        hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096, feat_extract_norm="layer",
        do_stable_layer_norm=True, conv_bias=True)).save_pretrained(folder)


def _ecapa(folder: Path) -> None:
    from pipelines.checkpoints.speechbrain import FILES
    from pipelines.networks.speaker import EmbeddingSizes, PublishedEmbedding

    network = {"input_size": 80, "channels": [1024, 1024, 1024, 1024, 3072], "kernel_sizes": [5, 3, 3, 3, 1],
               "dilations": [1, 2, 3, 4, 1], "attention_channels": 128, "lin_neurons": 192}
    embedding = PublishedEmbedding(EmbeddingSizes("ECAPA_TDNN", network, {"n_mels": 80}))
    lines = ["compute_features: !new:speechbrain.lobes.features.Fbank", "    n_mels: 80",
             "embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN"]
    (folder / FILES[0]).write_text("\n".join(lines + [f"    {name}: {value}" for name, value in network.items()]) + "\n")
    torch.save(embedding.network.state_dict(), folder / FILES[1])


KNOWN: dict[str, Callable[[Path], None]] = {
    "facebook/hubert-base-ls960": _hubert_base, "facebook/wav2vec2-large-robust": _wav2vec_large,
    "speechbrain/spkrec-ecapa-voxceleb": _ecapa}
