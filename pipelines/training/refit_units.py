"""Networks that were trained with one codebook of units, made to read another one.

Units enter a network through a table of embeddings alone. The new table is fitted by ridge regression on training clips: with
the new units of a frame it gives what the old table gave with the old units of the same frame. No step of training is needed,
but a training that begins there is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_unit_encoder
from pipelines.errors import RecipeError
from pipelines.networks.units import UnitEncoder
from pipelines.training.data.corpus import Clip, read_samples
from pipelines.training.stages.units import choose_clips

TABLES = {"pitch": "embed.weight", "acoustic": "embed.weight", "tempo": "embed.weight", "generator": "trunk.embed.weight",
          "polyak": "trunk.embed.weight"}  # file of the checkpoint to its table of units
BY_COLUMN = ("generator", "polyak")  # tables of soft units: (width, units) where the others are (units, width)
READ_THEM = ("trunk.enter", "trunk.pass_by")  # layers above a table of soft units: the first columns of their weights read it
EIGHT_BITS = {"acoustic": "", "generator": "", "polyak": ""}  # as `Folder.write` takes it
RIDGE = 1.0  # frames


@dataclass(frozen=True)
class FrameUnits:
    """Units of the same frames by two codebooks, (frames, units) float32 each."""

    old: torch.Tensor
    new: torch.Tensor


def refit_units(old: Path, new: Path, names: Sequence[str], clips: list[Clip], temperature: float | None = None,
                count: int = 400, seed: int = 0) -> dict[str, float]:
    """Rewrite the networks of the checkpoint `new` that were trained with the units of `old`.

    Args:
        names: their files, of TABLES. clips: training speech; `count` of them are read, in turn from every speaker. The first
            half of them is fitted to.
        temperature: of the soft units that the networks which read such units are given from now on; None: as before.
    Returns:
        By file, the share of the old embeddings' variance that the new ones explain in the other half, 0 to 1.
    Raises:
        RecipeError: a table fits the units of neither. CheckpointError: a file is missing or damaged.
    """
    folder, encoders = Folder(new), [load_unit_encoder(Folder(path)) for path in (old, new)]
    states = [_states(encoder, choose_clips(clips, count, seed)) for encoder in encoders]
    explained = {}
    for name in names:
        table, tensors, config = TABLES[name], folder.tensors(name), folder.config(name)
        before = float(config.get("temperature", 0.0))
        after = before if temperature is None or before == 0 else temperature
        frames = FrameUnits(*map(_units, encoders, states, (before, after)))
        if table not in tensors or config.get("units") != frames.old.shape[1]:
            raise RecipeError(f"The network {name} of {new} does not read the {frames.old.shape[1]} units of {old}.")
        if torch.equal(frames.old, frames.new):
            continue
        targets, half = frames.old @ (tensors[table].T if name in BY_COLUMN else tensors[table]), len(frames.old) // 2
        weights, offset = _fitted(frames.new[:half], targets[:half])
        explained[name] = _explained(targets[half:], frames.new[half:] @ weights + offset)
        weights, offset = _fitted(frames.new, targets)
        if after > 0 and encoders[1].head is not None:
            _add_offset(tensors, offset)
        else:
            weights = weights + offset  # units of a codebook sum to 1 in every frame
        tensors[table] = weights.T.contiguous() if name in BY_COLUMN else weights
        sizes = {"units": len(weights)} | ({"temperature": after} if before > 0 else {})
        folder.write(name, tensors, config | sizes, eight_bits=EIGHT_BITS.get(name))
    return explained


@torch.inference_mode()
def _states(encoder: UnitEncoder, clips: list[Clip]) -> torch.Tensor:
    """(frames, width) of the units' layer, of all clips one after the other."""
    return torch.cat([encoder.encoder(torch.from_numpy(read_samples(clip))[None])[encoder.layer][0] for clip in clips])


@torch.inference_mode()
def _units(encoder: UnitEncoder, states: torch.Tensor, temperature: float) -> torch.Tensor:
    return encoder.soft_units(states, temperature).float()


def _fitted(inputs: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(units, width) weights and (width,) offset, the mean of the targets, which a unit that never comes is given."""
    offset = targets.mean(0)
    ridge = RIDGE * torch.eye(inputs.shape[1], dtype=torch.float64)
    x, y = inputs.double(), (targets - offset).double()
    return torch.linalg.solve(x.T @ x + ridge, x.T @ y).float(), offset


def _add_offset(tensors: dict[str, torch.Tensor], offset: torch.Tensor) -> None:
    """To what layers above the table add, since the table itself adds nothing and a head's numbers have no constant sum."""
    for layer in READ_THEM:
        if f"{layer}.weight" in tensors:
            tensors[f"{layer}.bias"] = tensors[f"{layer}.bias"] + tensors[f"{layer}.weight"][:, :len(offset)] @ offset


def _explained(targets: torch.Tensor, predicted: torch.Tensor) -> float:
    return float(1 - (targets - predicted).square().sum() / (targets - targets.mean(0)).square().sum())
