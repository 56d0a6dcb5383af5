"""Weights in eight bits: matrices are rounded to 255 levels a row, each row with a scale of its own."""

from __future__ import annotations

from collections.abc import Mapping

import torch

SCALE = ".scale_of_8_bits"  # of each row of a weight that is stored in 8 bits


def rounded(name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    """A tensor's name and itself as it is stored: a matrix as int8 and its rows' scales, a vector in 16 bits."""
    if not value.is_floating_point():
        return {name: value}
    if value.dim() < 2:
        return {name: value.half()}
    scale = value.flatten(1).abs().amax(1).clamp(min=1e-12) / 127
    levels = (value / _by_row(scale, value)).round()
    return {name: levels.to(torch.int8), name + SCALE: scale}


def restored(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """All floats as float32, those stored in eight bits too; integers as they are."""
    weights = {name: value for name, value in stored.items() if not name.endswith(SCALE)}
    return {name: _full(value, stored.get(name + SCALE)) for name, value in weights.items()}


def _full(value: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
    if scale is not None:
        return value.float() * _by_row(scale.float(), value)
    return value.float() if value.is_floating_point() else value


def _by_row(scale: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return scale.view(-1, *[1] * (value.dim() - 1))
