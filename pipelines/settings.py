"""How to convert: what users choose, and what is out of range."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.decoders import decoder
from pipelines.errors import ZestError
from pipelines.features.contour import PREDICTED, check_f0_origin

MAX_STRENGTH = 1.5


@dataclass(frozen=True)
class Settings:
    """How to convert.

    strength: 0 (copy-synthesis) to 1.5. tempo: move durations too. decoder: a name from pipelines/decoders, or '':
    the best that the checkpoint has weights for.
    seed: 0 takes the emotion as it is on average; any other draws a variant of it from the reference's half seconds.
    f0: where the melody comes from: 'predicted' by the pitch predictor, or, without it, the 'source' or the 'reference'
        (melody.py).
    """

    strength: float = 1.0
    tempo: bool = True
    decoder: str = ""
    seed: int = 0
    f0: str = PREDICTED

    def __post_init__(self):
        if not 0 <= self.strength <= MAX_STRENGTH:
            raise ZestError(f"Strength must lie between 0 and {MAX_STRENGTH:g}, not {self.strength:g}.")
        if self.seed < 0:
            raise ZestError(f"The seed must be 0 or a positive whole number, not {self.seed}.")
        check_f0_origin(self.f0)
        if self.decoder:
            decoder(self.decoder)
