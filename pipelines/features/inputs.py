"""What Python callers may give as a recording: a file's path, an array with its rate, or a recording that is read already."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pipelines.errors import AudioError
from pipelines.features.audio import Recording, from_array, load

MOST_CHANNELS = 8  # an array whose first size is at most this, and the second more, has its channels first

Given: TypeAlias = Recording | str | Path | np.ndarray | tuple[Any, int]


def recording_of(given: Any, sample_rate: float | None = None, name: str = "recording") -> Recording:
    """Read, or check, what a caller gives.

    Args:
        given: a path; (n,), (n, channels) or (channels, n) samples of any number type; (samples, rate); or a recording.
        sample_rate: Hz, of an array without a rate of its own. name: of an array, in messages.
    Raises:
        AudioError: it cannot be used, or an array has no rate.
    """
    if isinstance(given, Recording):
        return given
    if isinstance(given, (str, Path)):
        return load(given)
    if isinstance(given, tuple) and len(given) == 2 and np.ndim(given[1]) == 0:
        given, sample_rate = given
    samples = _samples(given, name)
    if sample_rate is None:
        raise AudioError(f"The {name} is an array of samples; say its rate in Hz, as in sample_rate=44100.")
    return from_array(samples, _rate(sample_rate, name), name)


def _samples(given: Any, name: str) -> np.ndarray:
    """(n,) or (n, channels)."""
    try:
        samples = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # rows of different length, a tensor of a GPU
        raise AudioError(f"The {name} cannot be read as an array of samples: {error}.") from error
    if samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2):
        raise AudioError(f"The {name} must be a path, or an array of numbers of the shape (n,) or (n, channels), not "
                         f"{_shape(given, samples)}.")
    return samples.T if samples.ndim == 2 and samples.shape[0] <= MOST_CHANNELS < samples.shape[1] else samples


def _shape(given: Any, samples: np.ndarray) -> str:
    return f"{samples.dtype} of the shape {samples.shape}" if samples.ndim else f"{given!r}"[:60]


def _rate(sample_rate: Any, name: str) -> int:
    try:
        rate = float(sample_rate)
    except (TypeError, ValueError):
        rate = float("nan")
    if not rate.is_integer():
        raise AudioError(f"The sample rate of the {name} must be a whole number of Hz, not {sample_rate!r}.")
    return int(rate)
