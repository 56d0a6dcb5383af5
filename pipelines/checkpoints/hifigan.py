"""Released HiFi-GAN generators: the files of github.com/jik876/hifi-gan, a `config.json` beside a generator's weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from pipelines.errors import CheckpointError
from pipelines.networks.hifigan import HifiganGenerator, HifiganSizes, without_weight_norm


def load_released_generator(weights: Path | str) -> HifiganGenerator:
    """A released generator in eval mode, without weight norm; its sizes are those of `config.json` in the same folder.

    Raises:
        CheckpointError: a file is missing or damaged, or the weights do not fit the config.
    """
    weights = Path(weights)
    config = weights.with_name("config.json")
    try:
        sizes = released_sizes(json.loads(config.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{config} is missing or names no sizes of a HiFi-GAN; put it beside {weights.name}.") from error
    try:
        stored = torch.load(weights, map_location="cpu", weights_only=True)
        return read_released_state(stored["generator"], sizes)
    except (OSError, EOFError, UnpicklingError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{weights} is missing or damaged, or no generator of HiFi-GAN; download it again.") from error


def released_sizes(config: Mapping[str, Any]) -> HifiganSizes:
    """Sizes by the names that the released `config.json` gives them."""
    return HifiganSizes(channels=config["upsample_initial_channel"], kernels=tuple(config["resblock_kernel_sizes"]),
                        dilations=tuple(tuple(dilations) for dilations in config["resblock_dilation_sizes"]),
                        block=int(config["resblock"]), rates=tuple(config["upsample_rates"]),
                        rate_kernels=tuple(config["upsample_kernel_sizes"]))


def read_released_state(state: Mapping[str, torch.Tensor], sizes: HifiganSizes) -> HifiganGenerator:
    """A generator from a state dict in the published layout, with weight norm (`weight_g`, `weight_v`) or without.

    Raises:
        CheckpointError: names or shapes are of other sizes.
    """
    normed = "conv_pre.weight_v" in state
    first = state.get("conv_pre.weight_v" if normed else "conv_pre.weight")
    if first is None or first.dim() != 3:
        raise CheckpointError("These weights are no generator of HiFi-GAN: they have no convolution 'conv_pre'.")
    generator = HifiganGenerator(sizes, inputs=first.shape[1])
    try:
        (generator if normed else without_weight_norm(generator)).load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError("These weights of a HiFi-GAN do not fit the sizes that their config names.") from error
    return without_weight_norm(generator).eval()
