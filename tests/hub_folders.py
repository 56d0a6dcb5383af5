"""Published networks in the hub's format, small and with random weights, of the same classes as the ones that the paper takes."""

from __future__ import annotations

from pathlib import Path

import torch

SMALL = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=48, conv_dim=(16,) * 7,
             num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)


def hubert_base(folder: Path, seed: int = 0, **different) -> Path:
    """As facebook/hubert-base-ls960: a normalisation over time in the first convolution, weights in model.safetensors."""
    from transformers import HubertConfig, HubertModel

    torch.manual_seed(seed)
    HubertModel(HubertConfig(**SMALL | different)).save_pretrained(folder)
    return folder


def as_published_in_2021(folder: Path) -> Path:
    """The same weights in pytorch_model.bin with the names of that time, as most of the hub still has them."""
    from safetensors.torch import load_file

    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = load_file(folder / "model.safetensors")
    for new, old in names.items():
        weights = {name.replace(new, old): value for name, value in weights.items()}
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder
