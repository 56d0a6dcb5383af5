"""What the page's contours show: F0 and energy of source, reference, predicted and converted, each on its own time axis."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluation.instruments.word_times import TimedWord
from pipelines.conversion import Conversion
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import F0Contour, semitones, statistics
from workbench.studio.timing import Breakpoints, breakpoints, source_time, straight

QUIETEST = -90.0  # dBFS; what is softer counts as this
MOST_FRAMES = 6000  # of a series on the page; two minutes at 50 Hz, longer ones get fewer frames a second
COLUMNS = ("contour", "seconds", "source_seconds", "f0_hz", "semitones", "energy_db")

SOURCE, REFERENCE, PREDICTED, CONVERTED = "source", "reference", "predicted", "converted"
TITLES = {SOURCE: "Source", REFERENCE: "Reference", PREDICTED: "Predicted", CONVERTED: "Converted"}


@dataclass(frozen=True)
class ContourSeries:
    """One recording's F0 and energy.

    Attributes:
        key: source, reference, predicted or converted.
        contour: its F0. energy: (frames,) dB of full scale at the same frames; None for what has no sound.
        seconds: its duration. timing: where it stands in the source, see `timing.breakpoints`. words: where they are known.
    """

    key: str
    contour: F0Contour
    energy: np.ndarray | None
    seconds: float
    timing: Breakpoints
    words: tuple[TimedWord, ...] = ()

    def about(self) -> str:
        """Mean and range in a few words."""
        numbers = statistics(self.contour)
        if numbers is None:
            return "no voiced frame"
        return f"mean {numbers.mean_hz:.0f} Hz, range {numbers.range_semitones:.1f} st"


def contour_series(conversion: Conversion, measured: F0Contour, source: np.ndarray | None = None,
                   reference: np.ndarray | None = None) -> list[ContourSeries]:
    """The series of a conversion: source, reference where there is one, predicted and converted.

    Args:
        measured: F0 tracked in the converted audio. source, reference: (n,) samples at 16 kHz, for their energy.
    """
    whole = conversion.source_seconds
    converted = len(conversion.samples) / SAMPLE_RATE
    moved = breakpoints(conversion.timing, converted, whole)
    series = [_series(SOURCE, conversion.source, source, whole, straight(whole, whole))]
    if conversion.reference is not None:
        given = conversion.reference
        seconds = len(given.hz) * given.step if reference is None else len(reference) / SAMPLE_RATE
        series.append(_series(REFERENCE, given, reference, seconds, straight(seconds, whole)))
    series.append(_series(PREDICTED, conversion.predicted, None, converted, moved))
    series.append(_series(CONVERTED, measured, conversion.samples, converted, moved))
    return series


def energy(samples: np.ndarray, contour: F0Contour) -> np.ndarray:
    """(frames,) root mean square around each frame of a contour, dB of full scale, at least -90."""
    half = max(1, round(contour.step * SAMPLE_RATE / 2))
    total = np.append(0.0, np.cumsum(np.square(samples, dtype=np.float64)))
    centres = np.rint(contour.seconds * SAMPLE_RATE).astype(int)
    low, high = (np.clip(centres + offset, 0, len(samples)) for offset in (-half, half))
    power = (total[high] - total[low]) / np.maximum(high - low, 1)
    return np.maximum(10 * np.log10(np.maximum(power, 1e-12)), QUIETEST)


def contours_value(series: Sequence[ContourSeries], alt: str, name: str) -> dict[str, Any]:
    """What the component of the contours is given.

    Args:
        alt: what the plot says, for those who do not see it. name: of downloads, without an ending.
    """
    return {"series": [_document(one) for one in series], "alt": alt, "name": name, "csv": csv_text(series)}


def with_words(value: Mapping[str, Any], words: Mapping[str, Sequence[TimedWord]]) -> dict[str, Any]:
    """The component's value with the words of these series, by their keys."""
    return {**value, "series": [{**one, "words": _words(words.get(one["key"], ()))} for one in value["series"]]}


def csv_text(series: Sequence[ContourSeries]) -> str:
    """A row for each frame of each contour; F0 and semitones above 55 Hz are empty where it is unvoiced."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for one in map(_thinned, series):
        levels = [""] * len(one.contour.hz) if one.energy is None else [f"{level:.1f}" for level in one.energy]
        places = source_time(one.timing, one.contour.seconds)
        for second, place, hz, above, level in zip(one.contour.seconds, places, one.contour.hz, semitones(one.contour.hz), levels,
                                                   strict=True):
            voiced = (f"{hz:.2f}", f"{above:.3f}") if hz > 0 else ("", "")
            rows.writerow((one.key, f"{second:.3f}", f"{place:.3f}", *voiced, level))
    return text.getvalue()


def _series(key: str, contour: F0Contour, samples: np.ndarray | None, seconds: float, timing: Breakpoints) -> ContourSeries:
    return ContourSeries(key, contour, None if samples is None else energy(samples, contour), seconds, timing)


def _thinned(one: ContourSeries) -> ContourSeries:
    """Every k-th frame, so that an hour does not fill the page."""
    every = -(-len(one.contour.hz) // MOST_FRAMES)
    if every <= 1:
        return one
    return replace(one, contour=F0Contour(one.contour.hz[::every], one.contour.step * every),
                   energy=None if one.energy is None else one.energy[::every])


def _document(one: ContourSeries) -> dict[str, Any]:
    one = _thinned(one)
    return {"key": one.key, "title": TITLES[one.key], "about": one.about(), "step": one.contour.step,
            "seconds": round(one.seconds, 4), "hz": one.contour.hz.astype(float).round(1).tolist(),
            "energy": None if one.energy is None else one.energy.astype(float).round(1).tolist(),
            "timing": [list(side) for side in one.timing], "words": _words(one.words)}


def _words(words: Sequence[TimedWord]) -> list[list[Any]]:
    return [[round(word.start, 3), round(word.end, 3), word.text] for word in words]
