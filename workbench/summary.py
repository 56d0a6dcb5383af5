"""A conversion in numbers: one document that the command line prints as JSON and the Convert tab as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipelines.conversion import Conversion
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import F0Contour, statistics, track


def remeasure(conversion: Conversion) -> F0Contour:
    """F0 of the converted audio as a listener's tracker hears it, not as it was asked for."""
    return track(conversion.samples).contour()


def document(conversion: Conversion, remeasured: F0Contour) -> dict[str, Any]:
    """Everything worth keeping about one conversion, ready for JSON.

    `f0` holds one entry each for source, reference (None with a preset), predicted and converted; an entry is None
    where nothing is voiced. `seconds` are wall seconds per stage.
    """
    contours = {"source": conversion.source, "reference": conversion.reference,
                "predicted": conversion.predicted, "converted": remeasured}
    return {
        "target": conversion.target,
        "settings": asdict(conversion.settings),
        "source_seconds": round(conversion.source_seconds, 3),
        "converted_seconds": round(len(conversion.samples) / SAMPLE_RATE, 3),
        "f0": {name: _describe(contour) for name, contour in contours.items()},
        "seconds": {stage: round(seconds, 4) for stage, seconds in conversion.seconds.items()},
        "real_time_factor": round(conversion.real_time_factor, 4),
        "notes": list(conversion.notes),
    }


def _describe(contour: F0Contour | None) -> dict[str, float] | None:
    numbers = None if contour is None else statistics(contour)
    return None if numbers is None else {key: round(value, 3) for key, value in asdict(numbers).items()}
