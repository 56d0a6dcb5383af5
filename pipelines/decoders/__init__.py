"""Decoders by name: each turns `Transferred` factors into samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.checkpoints.loading import Models
from pipelines.decoders.generate import decode as generate
from pipelines.decoders.residual_neural import decode as neural_transfer
from pipelines.decoders.residual_world import decode as world_transfer
from pipelines.errors import ZestError
from pipelines.factors import Transferred

Decoder = Callable[[Transferred, Models], np.ndarray]

DECODERS: dict[str, Decoder] = {  # the best first, as measured (README's table): the first that a checkpoint has is its default
    "transfer_neural": neural_transfer, "transfer": world_transfer, "generate": generate}


def decoder(name: str) -> Decoder:
    """Raises ZestError for a name that is not there."""
    if name not in DECODERS:
        raise ZestError(f"There is no decoder '{name}'; choose one of {', '.join(DECODERS)}.")
    return DECODERS[name]
