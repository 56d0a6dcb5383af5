"""Decoders by name: each turns `Transferred` factors into samples. `generate` (HiFi-GAN) takes its place here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.decoders.world_transfer import decode as world_transfer
from pipelines.errors import ZestError
from pipelines.factors import Transferred

Decoder = Callable[[Transferred], np.ndarray]

DECODERS: dict[str, Decoder] = {"transfer": world_transfer}


def decoder(name: str) -> Decoder:
    """Raises ZestError for a name that is not there."""
    if name not in DECODERS:
        raise ZestError(f"There is no decoder '{name}'; choose one of {', '.join(DECODERS)}.")
    return DECODERS[name]
