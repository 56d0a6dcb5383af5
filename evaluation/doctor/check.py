"""A recording is read, measured and checked, and what is doubtful comes back as findings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.doctor.findings import Finding, findings_of, refused, synthetic, too_long, warned
from evaluation.doctor.measures import Measures, measure
from pipelines.errors import AudioError
from pipelines.features.audio import MAX_SECONDS, Recording, from_array
from pipelines.features.decoding import decode
from pipelines.features.inputs import recording_of
from pipelines.features.mark import read_mark

LISTENED = 60.0  # s of a longer recording that are measured
BEYOND = 1.0  # s that are read behind the longest recording, to see that there is more


@dataclass(frozen=True)
class CheckUp:
    """What is known of one recording.

    Attributes:
        name: of the file. seconds: its length, at most a little more than can be converted at once; 0 where it cannot be read.
        rate: Hz. findings: the worst first; empty where nothing is doubtful. measures: None where nothing was measured.
    """

    name: str
    seconds: float
    rate: int
    findings: tuple[Finding, ...]
    measures: Measures | None = None

    @property
    def usable(self) -> bool:
        """Whether it can be converted at all."""
        return not any(one.prevents for one in self.findings)

    def document(self) -> dict[str, Any]:
        """Ready for JSON; values that are not finite are None."""
        measures = {} if self.measures is None else asdict(self.measures)
        return {"name": self.name, "seconds": round(self.seconds, 2), "rate": self.rate, "usable": self.usable,
                "findings": [asdict(one) for one in self.findings],
                "measures": {key: round(value, 4) if np.isfinite(value) else None for key, value in measures.items()}}


def check(given: Any, sample_rate: float | None = None) -> CheckUp:
    """Check a recording: a path, an array with its rate, or a recording. What cannot be read is a finding, and no error.

    Of a recording that is too long for one conversion, the first minute is measured.
    """
    name = Path(given).name if isinstance(given, (str, Path)) else getattr(given, "name", "recording")
    try:
        recording, whole = _read(given, sample_rate)
    except AudioError as error:
        return CheckUp(name, 0.0, 0, (refused(str(error)),))
    measured = measure(recording.samples, recording.full)
    found = findings_of(measured)
    found = [*warned(recording.warnings, [one.code for one in found]), *found]
    mark = read_mark(given) if isinstance(given, (str, Path)) else None
    found = [*found, *([synthetic(mark)] if mark else [])]
    found = found if whole else [too_long(MAX_SECONDS), *found]
    return CheckUp(name, recording.seconds, recording.rate, tuple(found), measured)


def _read(given: Any, sample_rate: float | None) -> tuple[Recording, bool]:
    """The recording, or its first minute, and whether that is all of it. Raises AudioError."""
    if not isinstance(given, (str, Path)):
        return recording_of(given, sample_rate), True
    path = Path(given)
    decoded = decode(path, MAX_SECONDS + BEYOND)
    if len(decoded.samples) <= MAX_SECONDS * decoded.rate:
        return recording_of(path), True
    return from_array(decoded.samples[:int(LISTENED * decoded.rate)], decoded.rate, path.name), False
