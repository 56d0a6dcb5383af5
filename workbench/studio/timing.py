"""Where a track stands when another one stands at some moment: the tempo map of a conversion as a few breakpoints."""

from __future__ import annotations

import numpy as np

from pipelines.features.pitch import FRAME_SECONDS

TOLERANCE = 0.004  # s; between breakpoints the map is a line that is off by at most so much

Breakpoints = tuple[tuple[float, ...], tuple[float, ...]]  # seconds of the track, and of the source, both increasing


def straight(seconds: float, source_seconds: float) -> Breakpoints:
    """The map of a track that is stretched evenly from end to end: a kept timing, or a reference, which says something else."""
    return (0.0, round(seconds, 4)), (0.0, round(source_seconds, 4))


def breakpoints(timing: np.ndarray | None, seconds: float, source_seconds: float) -> Breakpoints:
    """The tempo map of a conversion, from end to end, strictly increasing on both sides.

    Args:
        timing: (frames,) seconds of the source that each 20 ms frame shows (`Conversion.timing`); None where it is kept.
        seconds: of the converted recording. source_seconds: of its source.
    """
    if timing is None or len(timing) < 2:
        return straight(seconds, source_seconds)
    own, source = np.arange(len(timing)) * FRAME_SECONDS, np.asarray(timing, dtype=np.float64)
    inside = (own < seconds) & (source < source_seconds)
    own, source = np.append(own[inside], seconds), np.append(source[inside], source_seconds)
    rising = np.append(True, np.diff(np.maximum.accumulate(source)) > 1e-4)  # of equal ones the first
    rising[-1] = True
    own, source = own[rising], source[rising]
    kept = _corners(own, source, TOLERANCE)
    return tuple(own[kept].round(4).tolist()), tuple(source[kept].round(4).tolist())


def source_time(points: Breakpoints, seconds: np.ndarray) -> np.ndarray:
    """Seconds of the source at these seconds of the track; beyond the ends the ends."""
    return np.interp(seconds, *points)


def _corners(x: np.ndarray, y: np.ndarray, tolerance: float) -> np.ndarray:
    """Indices of the points that a broken line needs to pass within `tolerance` of all (Ramer, Douglas and Peucker)."""
    kept, waiting = {0, len(x) - 1}, [(0, len(x) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        inside = slice(first + 1, last)
        off = np.abs(y[inside] - np.interp(x[inside], x[[first, last]], y[[first, last]]))
        worst = first + 1 + int(off.argmax())
        if off[worst - first - 1] > tolerance:
            kept.add(worst)
            waiting += [(first, worst), (worst, last)]
    return np.array(sorted(kept))
