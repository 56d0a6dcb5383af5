"""A checkpoint's networks made to read a SACE or units that are newer than they are (refit_units.py, refit_sace.py)."""

from __future__ import annotations

from pathlib import Path

import torch

from pipelines.checkpoints.folder import Folder
from pipelines.errors import OverwriteError, RecipeError
from pipelines.outputs import FileIdentity
from pipelines.training.data.corpus import Clip
from pipelines.training.refit_sace import LAYERS, refit_sace
from pipelines.training.refit_units import TABLES, refit_units


def refit(old: Path, new: Path, clips: list[Clip], cache: Path, temperature: float | None = None) -> list[tuple[str, str, float]]:
    """Rewrite the networks of the checkpoint `new` that were taken over from `old` as they are.

    Args:
        clips: training speech. cache: folder of stored features. temperature: as in `refit_units`.
    Returns:
        For each network that is rewritten its file, what it reads now, and the share of variance that its map explains.
    Raises:
        RecipeError: the checkpoints have the same units and the same SACE, or a network fits neither. CheckpointError: a file is
        missing or damaged. OverwriteError: the two checkpoints are one.
    """
    if FileIdentity().of(old) == FileIdentity().of(new):
        raise OverwriteError(f"{new} is both checkpoints; copy it first, since networks of the second one are rewritten.")
    of_sace, of_units = ([name for name in names if Folder(new).has(name) and not _differ(old, new, name)]
                         for names in (LAYERS, TABLES))
    rewritten = []
    if _differ(old, new, "hubert") or _differ(old, new, "units"):
        rewritten += [(name, "units", share) for name, share in refit_units(old, new, of_units, clips, temperature).items()]
    if _differ(old, new, "sace") and of_sace:
        share = refit_sace(old, new, of_sace, clips, cache)
        rewritten += [(name, "SACE", share) for name in of_sace]
    if not rewritten:
        raise RecipeError(f"{new} has the units and the SACE of {old}; nothing is to be refitted.")
    return rewritten


def _differ(old: Path, new: Path, name: str) -> bool:
    """Whether a file's tensors do; a file that only one of them has differs."""
    if not Folder(old).has(name):
        return True
    before, after = (Folder(path).tensors(name) for path in (old, new))
    return before.keys() != after.keys() or not all(torch.equal(before[key], after[key]) for key in before)
