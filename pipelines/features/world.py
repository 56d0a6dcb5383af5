"""WORLD analysis and synthesis (Morise et al., 2016), and changes of the spectral envelope on mel bands.

The source's full-resolution envelope is never re-coded. Differences are predicted on 40 mel bands at 50 Hz, decoded to full
resolution, and added to the untouched envelope.

pyworld runs on several cores, and the result never depends on how many there are: the recording alone fixes the pieces.
CheapTrick and D4C look at every frame by itself, so their frames are divided among threads (pyworld releases the
interpreter's lock). Synthesis is one long run of pulses. It is divided only where nothing is voiced, so that no period is cut.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.mel_bands import band_to_bin, band_weights
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, PitchTrack, track

BANDS = 40
FLOOR = 1e-12  # power below which an envelope is silence
FRAME_SECONDS = 0.005
FRAME_SAMPLES = int(FRAME_SECONDS * SAMPLE_RATE)
FFT_SIZE = 1024  # CheapTrick's at 16 kHz
THREADS = min(4, os.cpu_count() or 1)
COARSE = 4  # frames of envelope to one of aperiodicity
ANALYSED = 300  # frames of a piece of analysis, 1.5 s
SYNTHESISED = 500  # frames of a piece of synthesis, about; 2.5 s
SEARCH = 150  # frames on both sides in which a seam is looked for
FADE = 3  # frames on both sides of a seam in which two pieces are mixed
UNVOICED = 2 * FADE  # frames on both sides of a seam without voice


Analysis = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
Spectra = Callable[[slice], tuple[np.ndarray, np.ndarray]]  # of frames: envelope and aperiodicity, (frames, 513) each


@cache
def import_pyworld() -> Any:
    """The package, imported late: a training on stored features does without it."""
    with warnings.catch_warnings():  # pyworld 0.3.5 imports pkg_resources, whose notice is not the user's business
        warnings.simplefilter("ignore")
        import pyworld
    return pyworld


@dataclass(frozen=True)
class WorldFrames:
    """A recording in WORLD's parameters, 200 frames a second.

    Attributes:
        f0: (frames,) Hz, 0 where unvoiced.
        envelope: (frames, 513) power.
        take_aperiodicity: computes `aperiodicity` when that is first asked for: only WORLD's own synthesis needs it.
    """

    f0: np.ndarray
    envelope: np.ndarray
    take_aperiodicity: Callable[[], np.ndarray]

    @cached_property
    def aperiodicity(self) -> np.ndarray:
        """(frames, 513) 0..1."""
        return self.take_aperiodicity()


def analyse(samples: np.ndarray, pitch: PitchTrack | None = None) -> WorldFrames:
    """Full-resolution analysis, 200 frames a second.

    D4C runs at 20 ms and is repeated to 5 ms: a quarter of the time, no audible loss (docs/lab-notes/world-and-f0.md).

    Args:
        samples: (n,) at 16 kHz.
        pitch: its track with 5 ms steps, if there is one.
    """
    pitch = track(samples, FRAME_SECONDS) if pitch is None else pitch
    contour = pitch.contour(SYNTHESIS_CONFIDENCE).hz
    return WorldFrames(contour, _in_pieces(import_pyworld().cheaptrick, samples, contour, FRAME_SECONDS),
                       partial(_aperiodicity, samples, contour))


def _aperiodicity(samples: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """(frames, 513) 0..1 by D4C. f0: (frames,) Hz at 5 ms steps."""
    coarse = _in_pieces(import_pyworld().d4c, samples, f0[::COARSE], COARSE * FRAME_SECONDS)
    return np.repeat(coarse, COARSE, axis=0)[:len(f0)]


def envelope(samples: np.ndarray, f0: np.ndarray, step: float) -> np.ndarray:
    """(frames, 513) power by CheapTrick in one piece, for features of training and of references.

    Args:
        samples: (n,) at 16 kHz. f0: (frames,) Hz, `step` seconds apart, 0 where unvoiced.
    """
    return import_pyworld().cheaptrick(_doubles(samples), _doubles(f0), np.arange(len(f0)) * step, SAMPLE_RATE)


def synthesise(frames: WorldFrames) -> np.ndarray:
    """(80 * frames,) float32 at 16 kHz."""
    return synthesise_pieces(frames.f0, lambda inside: (frames.envelope[inside], frames.aperiodicity[inside]))


def synthesise_pieces(f0: np.ndarray, spectra: Spectra) -> np.ndarray:
    """As `synthesise`, of spectra that are computed piece by piece, so that memory stays flat: a minute of them fills 100 MB.

    Args:
        f0: (frames,) Hz at 5 ms steps, 0 where unvoiced. spectra: asked for one piece at a time.
    """
    edges = [0, *seams(f0, spectra), len(f0)]
    spans = [(max(0, start - FADE), min(len(f0), stop + FADE)) for start, stop in zip(edges, edges[1:])]

    world = import_pyworld()

    def piece(span: tuple[int, int]) -> np.ndarray:
        inside = slice(*span)
        return world.synthesize(_doubles(f0[inside]), *map(_doubles, spectra(inside)), SAMPLE_RATE, FRAME_SECONDS * 1000)

    with ThreadPoolExecutor(THREADS) as pool:
        return _join(list(pool.map(piece, spans)), 2 * FADE * FRAME_SAMPLES).astype(np.float32)


def seams(f0: np.ndarray, spectra: Spectra) -> list[int]:
    """The quietest unvoiced frame near every 2.5 s; none where speech goes on without a pause."""
    count = max(1, round(len(f0) / SYNTHESISED))
    voiced = np.convolve(f0 > 0, np.ones(2 * UNVOICED + 1), mode="same") > 0.5
    found = []
    for target in np.arange(1, count) * len(f0) // count:
        near = np.arange(target - SEARCH, target + SEARCH)
        near = near[~voiced[near]]
        if near.size:
            power = spectra(slice(near[0], near[-1] + 1))[0].sum(axis=1)
            found.append(int(near[np.argmin(power[near - near[0]])]))
    return found


def compact(samples: np.ndarray, f0_10ms: np.ndarray) -> np.ndarray:
    """Log mel-band energies of the WORLD envelope at 50 Hz, for training the acoustic model.

    Args:
        f0_10ms: (frames,) Hz at 10 ms steps, 0 where unvoiced.
    Returns:
        (frames at 20 ms, 40) natural-log power.
    """
    return to_bands(envelope(samples, f0_10ms, 0.01))[::2]


def to_bands(power: np.ndarray) -> np.ndarray:
    """(frames, 513) power to (frames, 40) log mel-band power."""
    return np.log(power @ band_weights(BANDS, FFT_SIZE // 2 + 1).T + FLOOR).astype(np.float32)


def add_difference(frames: WorldFrames, difference: np.ndarray) -> WorldFrames:
    """Add a log-power difference on mel bands to the envelope.

    Args:
        difference: (frames, 40), on the frames' own 5 ms grid.
    """
    gain = np.exp(difference.astype(np.float32) @ band_to_bin(BANDS, FFT_SIZE // 2 + 1).T.astype(np.float32))
    return replace(frames, envelope=np.maximum(frames.envelope * gain, FLOOR))


def at_times(frames: WorldFrames, position: np.ndarray) -> WorldFrames:
    """Frames at fractional positions (for tempo): nearest for F0 and voicing edges, linear in log power otherwise.

    Args:
        position: (new frames,) fractional indices into the frames.
    """
    position = np.clip(position, 0, len(frames.f0) - 1)
    low = np.floor(position).astype(int)
    if np.array_equal(low, position):  # whole frames, as without tempo
        return WorldFrames(frames.f0[low], frames.envelope[low], partial(_between, frames, low))
    high = np.minimum(low + 1, len(frames.f0) - 1)
    part = (position - low)[:, None].astype(np.float32)  # float32 halves the time and is inaudible
    first, last = int(low.min()), int(high.max()) + 1
    log_envelope = np.log(np.maximum(frames.envelope[first:last], FLOOR), dtype=np.float32)
    envelope = np.exp(log_envelope[low - first] * (1 - part) + log_envelope[high - first] * part)
    return WorldFrames(frames.f0[np.rint(position).astype(int)], envelope, partial(_between, frames, low, high, part))


def _between(frames: WorldFrames, low: np.ndarray, high: np.ndarray | None = None, part: np.ndarray | float = 0.0) -> np.ndarray:
    """(new frames, 513) aperiodicity at frames, or a part of the way from them to others."""
    own = frames.aperiodicity
    return own[low] if high is None else own[low] * (1 - part) + own[high] * part


def _in_pieces(analysis: Analysis, samples: np.ndarray, f0: np.ndarray, step: float) -> np.ndarray:
    """(frames, 513), piece by piece on several cores. step: seconds from frame to frame."""
    samples, f0 = _doubles(samples), _doubles(f0)
    times = np.arange(len(f0)) * step
    cuts = [slice(cut, cut + ANALYSED) for cut in range(0, len(f0), ANALYSED)]
    with ThreadPoolExecutor(THREADS) as pool:
        pieces = [pool.submit(analysis, samples, _doubles(f0[cut]), _doubles(times[cut]), SAMPLE_RATE) for cut in cuts]
        return np.concatenate([piece.result() for piece in pieces])


def _join(pieces: list[np.ndarray], overlap: int) -> np.ndarray:
    """Mix the ends of neighbours at equal power: what is unvoiced is noise, and their noises are not the same."""
    rise = np.sqrt((np.arange(overlap) + 0.5) / overlap)
    for before, after in zip(pieces, pieces[1:]):
        after[:overlap] = before[-overlap:] * rise[::-1] + after[:overlap] * rise
    return np.concatenate([piece[:-overlap] for piece in pieces[:-1]] + [pieces[-1]])


def _doubles(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)
