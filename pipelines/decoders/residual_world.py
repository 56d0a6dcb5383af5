"""The residual decoder on WORLD: the source's own frames, changed by what the emotion changes, through WORLD's synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.decoders.base import Decoder
from pipelines.decoders.residual_frames import changed_f0, changed_frames
from pipelines.factors import Transferred
from pipelines.features import world

if TYPE_CHECKING:
    from pipelines.checkpoints.loading import Models


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""

    def spectra(inside: slice) -> tuple[np.ndarray, np.ndarray]:
        frames = changed_frames(transferred, inside)
        return frames.envelope, frames.aperiodicity

    return world.synthesise_pieces(changed_f0(transferred), spectra)


DECODER = Decoder("residual_world", "WORLD vocoder", "Adds the emotion's difference to the source's own sound, by WORLD.",
                  ("acoustic",), decode, aliases=("transfer",))
