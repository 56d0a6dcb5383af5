"""How far a conversion moves what the networks predict: chosen after training and stored beside the acoustic model."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

STORED_AS = {"f0": "melody_gain", "envelope": "envelope_gain"}


@dataclass(frozen=True)
class Gains:
    """Those of one checkpoint; the defaults are those of a checkpoint that stores none.

    Attributes:
        f0: factor of the predicted change of F0 at strength 1.
        envelope: the same for the envelope.
        envelope_seconds: see `smooth_change`, as the next.
        envelope_fast: the same.
        reference_clarity: share, see `pipelines/clarity.py`.
    """

    f0: float = 1.0
    envelope: float = 1.0
    envelope_seconds: float = 0.0
    envelope_fast: float = 0.0
    reference_clarity: float = 0.0

    @classmethod
    def stored(cls, config: dict[str, Any]) -> Gains:
        """Out of the acoustic model's keys; what is missing there has its default."""
        keys = {field.name: STORED_AS.get(field.name, field.name) for field in fields(cls)}
        return cls(**{name: float(config[key]) for name, key in keys.items() if key in config})

    def key(self) -> str:
        """The same where conversions are alike."""
        return " ".join(map(str, astuple(self)))
