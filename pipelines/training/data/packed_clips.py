"""Recordings as a pack brings them: raw int16 samples at 16 kHz, in a file that is named by the content hash of the recording.

Nothing must be decoded, and features that were stored of the recording are found under the same name (cache.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipelines.errors import RecipeError

SUFFIX = ".int16"
FULL_SCALE = 32767


def is_packed(path: Path) -> bool:
    return path.suffix == SUFFIX


def packed_path(content_hash: str) -> Path:
    """Where the samples lie in an unpacked folder, relative to it."""
    return Path("audio") / content_hash[:2] / f"{content_hash}{SUFFIX}"


def to_int16(samples: np.ndarray) -> np.ndarray:
    """(n,) float, full scale 1."""
    return (np.clip(samples, -1, 1) * FULL_SCALE).astype(np.int16)


def read_packed(path: Path) -> np.ndarray:
    """(n,) int16. Raises RecipeError: the samples were not packed."""
    try:
        return np.fromfile(path, "<i2")
    except OSError as error:
        raise RecipeError(f"The pack has no audio of the clip {path.name}; pack again with 'zest train pack' for this stage and "
                          "recipe.") from error
