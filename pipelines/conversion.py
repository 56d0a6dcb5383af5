"""Speech in, speech out: the Converter and its three verbs, encode, transfer, synthesise."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipelines.audio import Recording, load
from pipelines.errors import ZestError
from pipelines.hooks import Hook, Timings, silent
from pipelines.pitch import F0Contour

MAX_STRENGTH = 1.5
DEFAULT_CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "zest-mini"


@dataclass(frozen=True)
class Settings:
    """How to convert. strength: 0 (copy-synthesis) to 1.5; tempo: move durations too; decoder: see pipelines/decoders."""

    strength: float = 1.0
    tempo: bool = True
    decoder: str = "transfer"
    seed: int = 0


@dataclass(frozen=True)
class Conversion:
    """What came out of one conversion.

    Attributes:
        samples: (n,) float32, 16 kHz.
        source: F0 of the source. reference: F0 of the reference, None with a preset.
        predicted: the F0 that the pitch predictor asked for, on the converted audio's time axis.
        target: name of the reference recording or of the preset.
        seconds: wall seconds per stage. notes: plain sentences the user should read (clipping, whispered source).
    """

    samples: np.ndarray
    source: F0Contour
    reference: F0Contour | None
    predicted: F0Contour
    target: str
    settings: Settings
    source_seconds: float
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of source."""
        return sum(self.seconds.values()) / self.source_seconds


class Converter:
    """Loads a checkpoint once and converts as often as wanted.

    Converter.from_pretrained("checkpoints/zest-mini").convert("me.wav", emotion="angry").save("out.wav")
    """

    @classmethod
    def from_pretrained(cls, source: str | Path = DEFAULT_CHECKPOINT, device: str = "cpu") -> "Converter":
        """Load from a folder or a hub id. Raises CheckpointError with one plain sentence."""
        raise NotImplementedError

    @property
    def presets(self) -> tuple[str, ...]:
        """Names of the stored emotions, e.g. ('neutral', 'angry', 'happy', 'sad', 'surprised')."""
        raise NotImplementedError

    def convert(self, source: Recording | str | Path, reference: Recording | str | Path | None = None,
                emotion: str | None = None, settings: Settings = Settings(), hook: Hook = silent) -> Conversion:
        """Convert one recording; give exactly one of `reference` and `emotion`.

        Raises:
            AudioError: a recording cannot be used. ZestError: unknown preset or setting out of range.
        """
        raise NotImplementedError
