"""The one loaded checkpoint that all tabs share."""

from __future__ import annotations

import os
from functools import lru_cache

from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import Converter

CHECKPOINT_VARIABLE = "ZEST_CHECKPOINT"  # another folder or hub id for the workbench
MODEL_QUEUE = "model"  # concurrency id of every event that runs a model: one at a time


@lru_cache(maxsize=1)
def converter() -> Converter:
    """Load on first use and keep. A failure is not kept: mend the checkpoint and click again. Raises CheckpointError."""
    return Converter.from_pretrained(os.environ.get(CHECKPOINT_VARIABLE) or DEFAULT_CHECKPOINT)
