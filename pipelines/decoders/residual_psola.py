"""The residual decoder on the waveform: the source's own periods at the predicted F0, filtered by what the emotion changes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipelines.decoders.base import Decoder
from pipelines.decoders.overlap_add import Change, moved
from pipelines.decoders.residual_frames import changed_f0, finer
from pipelines.factors import Transferred
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.mel_bands import band_to_bin
from pipelines.features.pitch_marks import PitchMarks
from pipelines.features.spectral_gain import filtered
from pipelines.features.world import BANDS, FFT_SIZE, FRAME_SAMPLES

if TYPE_CHECKING:
    from pipelines.checkpoints.loading import Models

PER_FRAME = 4  # WORLD's frames to one of the factors
BELOW = 0.6  # of the new F0: no voice has partials there, and what is found there is left of the old F0
BINS = FFT_SIZE // 2 + 1
QUIETER = 30.0  # decibels by which that is lowered
EVERY = 2  # of WORLD's frames: the filter's are 10 ms


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""
    frames, samples = transferred.source.world, transferred.source.recording.samples
    assert frames is not None  # a reference alone is encoded without
    f0, places = changed_f0(transferred), PER_FRAME * finer(transferred, transferred.positions)
    own = frames.f0[np.clip(np.rint(places).astype(int), 0, len(frames.f0) - 1)]
    ratio = np.where((own > 0) & (f0 > 0), f0 / np.maximum(own, 1.0), 1.0)
    result = moved(samples, PitchMarks.of(samples, frames.f0), Change(places * FRAME_SAMPLES, ratio))
    return filtered(result, partial(_gains, transferred, f0))


def _gains(transferred: Transferred, f0: np.ndarray, inside: slice) -> np.ndarray:
    """(frames, 513) factors of amplitude, 100 a second. f0: (frames,) Hz of the result, 200 a second."""
    inside = slice(EVERY * inside.start, EVERY * inside.stop, EVERY)
    difference = np.stack([finer(transferred, band, inside) for band in transferred.difference.T], axis=1)
    gains = np.exp(difference.astype(np.float32) @ band_to_bin(BANDS, BINS).T.astype(np.float32) / 2)
    hertz = np.arange(BINS) * SAMPLE_RATE / FFT_SIZE
    below = np.clip((BELOW * f0[inside, None] - hertz) * FFT_SIZE / SAMPLE_RATE / 2, 0, 1)
    return gains[:len(below)] * 10 ** (-QUIETER / 20 * below)


DECODER = Decoder("residual_psola", "The source's own waveform",
                  "Moves the periods of the source's own waveform, and filters it by the emotion's difference.",
                  ("acoustic",), decode)
