"""Noise taken out of a recording before it is converted, by spectral gating (package noisereduce, Sainburg & Zorea, 2024)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.errors import OutputError
from pipelines.features.audio import SAMPLE_RATE, Recording
from pipelines.features.long_recording import LongRecording
from pipelines.quiet import quiet

SHARE = 0.9  # of the noise that is taken out; all of it would leave musical tones
PAUSES = 10  # percentile of the level, below which there is noise alone
FRAME = 0.05  # s
WINDOW = 0.032  # s
DEVIATIONS = 1.0  # standard deviations over the noise, in dB, up to which a bin is noise
SAID = "Noise was taken out of {} first."
MOST_NOISE = 600  # frames of noise that a long recording's spectrum is measured on, 30 s
BLOCK, AROUND = 10.0, 0.5  # s of a long recording that are denoised at once, and of their neighbours that are seen


def denoised(recording: Recording) -> Recording:
    """The recording with less steady noise, at both of its rates, and a note that says so. The length stays.

    White noise 10 dB under speech is 15 dB under it afterwards, and 11 dB where it was 5 dB.
    """
    own, full = recording.samples, recording.full
    cleaned = None if full is None else _denoised(full, recording.rate, _quietest(full, recording.rate))
    return replace(recording, samples=_denoised(own, SAMPLE_RATE, _quietest(own, SAMPLE_RATE)), full=cleaned,
                   warnings=(*recording.warnings, SAID.format(recording.name)))


@contextmanager
def denoised_long(recording: LongRecording, folder: Path | None = None) -> Iterator[LongRecording]:
    """The same of a long recording, block by block: memory stays flat. One spectrum of noise holds for all of it.

    Args:
        folder: where the samples lie meanwhile, as for `long_recording`.
    Raises:
        OutputError: the disk is full.
    """
    noise, size, around = _quietest_of(recording), round(BLOCK * recording.rate), round(AROUND * recording.rate)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for start in range(0, recording.count, size):
                before = min(around, start)
                cleaned = _denoised(recording.read(start - before, start + size + around), recording.rate, noise)
                file.write(cleaned[before:before + size].tobytes())
            file.flush()
            yield replace(recording, file=file, scale=1.0, warnings=(*recording.warnings, SAID.format(recording.name)))
    except OSError as error:
        raise OutputError(f"{recording.name} cannot be kept on disk while it is converted: {error.strerror or error}; free some "
                          "space.") from error


def _denoised(samples: np.ndarray, rate: int, noise: np.ndarray) -> np.ndarray:
    """noise: (m,) whose spectrum is taken out."""
    with quiet("noisereduce"):
        import noisereduce  # imported late: it is an option

        cleaned = noisereduce.reduce_noise(y=samples, sr=rate, y_noise=noise, stationary=True,
                                           prop_decrease=SHARE, n_fft=round(WINDOW * rate), n_std_thresh_stationary=DEVIATIONS,
                                           freq_mask_smooth_hz=200)
    return np.asarray(cleaned, dtype=np.float32)


def _quietest(samples: np.ndarray, rate: int) -> np.ndarray:
    """The quietest frames, one after the other."""
    size = int(FRAME * rate)
    frames = samples[:len(samples) // size * size].reshape(-1, size)
    level = np.square(frames).mean(axis=1)
    return frames[level <= np.percentile(level, PAUSES)].reshape(-1)


def _quietest_of(recording: LongRecording) -> np.ndarray:
    """The same of a long recording, evenly spread where there are many."""
    size = int(FRAME * recording.rate)
    blocks = (block[:len(block) // size * size].reshape(-1, size) for block in recording.blocks(100 * size / recording.rate))
    level = np.concatenate([np.square(block).mean(axis=1) for block in blocks])
    places = np.flatnonzero(level <= np.percentile(level, PAUSES))
    places = places[np.linspace(0, len(places) - 1, min(MOST_NOISE, len(places))).astype(int)]
    return np.concatenate([recording.read(place * size, (place + 1) * size) for place in places])
