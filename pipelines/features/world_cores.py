"""pyworld over several cores. Results never depend on how many there are: the pieces are fixed by the recording alone.

CheapTrick and D4C look at every frame by itself, so their frames are divided among threads (pyworld lets go of the
interpreter's lock). Synthesis is one long run of pulses; it is divided only where nothing is voiced, and so no period is cut.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipelines.features.audio import SAMPLE_RATE

with warnings.catch_warnings():  # pyworld 0.3.5 imports pkg_resources, whose notice is not the user's business
    warnings.simplefilter("ignore")
    import pyworld

FRAME_SECONDS = 0.005
FRAME_SAMPLES = int(FRAME_SECONDS * SAMPLE_RATE)
FFT_SIZE = pyworld.get_cheaptrick_fft_size(SAMPLE_RATE)
THREADS = min(4, os.cpu_count() or 1)
COARSE = 4  # frames of envelope to one of aperiodicity
ANALYSED = 300  # frames of a piece of analysis, 1.5 s
SYNTHESISED = 500  # frames of a piece of synthesis, about; 2.5 s
SEARCH = 150  # frames on both sides in which a seam is looked for
FADE = 3  # frames on both sides of a seam in which two pieces are mixed
UNVOICED = 2 * FADE  # frames on both sides of a seam without voice

Analysis = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
Spectra = Callable[[slice], tuple[np.ndarray, np.ndarray]]  # of frames: envelope and aperiodicity, (frames, 513) each


def analyse(samples: np.ndarray, f0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Envelope and aperiodicity, (frames, 513) each, at 5 ms.

    D4C runs at 20 ms and is repeated to 5 ms: a quarter of the time, no audible loss (docs/lab-notes/world-and-f0.md).

    Args:
        samples: (n,) at 16 kHz. f0: (frames,) Hz at 5 ms steps, 0 where unvoiced.
    """
    samples, f0 = _doubles(samples), _doubles(f0)
    times = np.arange(len(f0)) * FRAME_SECONDS
    with ThreadPoolExecutor(THREADS) as pool:
        envelope = _submit(pool, pyworld.cheaptrick, samples, f0, times)
        coarse = _submit(pool, pyworld.d4c, samples, f0[::COARSE], times[::COARSE])
        aperiodicity = np.repeat(np.concatenate([piece.result() for piece in coarse]), COARSE, axis=0)[:len(f0)]
        return np.concatenate([piece.result() for piece in envelope]), aperiodicity


def envelope(samples: np.ndarray, f0: np.ndarray, step: float) -> np.ndarray:
    """(frames, 513) power by CheapTrick in one piece, as training features are made.

    Args:
        samples: (n,) at 16 kHz. f0: (frames,) Hz, `step` seconds apart, 0 where unvoiced.
    """
    return pyworld.cheaptrick(_doubles(samples), _doubles(f0), np.arange(len(f0)) * step, SAMPLE_RATE)


def synthesise(f0: np.ndarray, spectra: Spectra) -> np.ndarray:
    """(80 * frames,) float64 at 16 kHz.

    Args:
        f0: (frames,) Hz at 5 ms steps, 0 where unvoiced. spectra: asked for one piece at a time, so that it can be made then;
            a minute of it fills 100 MB.
    """
    edges = [0, *seams(f0, spectra), len(f0)]
    spans = [(max(0, start - FADE), min(len(f0), stop + FADE)) for start, stop in zip(edges, edges[1:])]

    def piece(span: tuple[int, int]) -> np.ndarray:
        inside = slice(*span)
        return pyworld.synthesize(_doubles(f0[inside]), *map(_doubles, spectra(inside)), SAMPLE_RATE, FRAME_SECONDS * 1000)

    with ThreadPoolExecutor(THREADS) as pool:
        return _join(list(pool.map(piece, spans)), 2 * FADE * FRAME_SAMPLES)


def seams(f0: np.ndarray, spectra: Spectra) -> list[int]:
    """The quietest unvoiced frame near every 2.5 s; none where somebody speaks on without a pause."""
    count = max(1, round(len(f0) / SYNTHESISED))
    voiced = np.convolve(f0 > 0, np.ones(2 * UNVOICED + 1), mode="same") > 0.5
    found = []
    for wanted in np.arange(1, count) * len(f0) // count:
        near = np.arange(wanted - SEARCH, wanted + SEARCH)
        near = near[~voiced[near]]
        if near.size:
            power = spectra(slice(near[0], near[-1] + 1))[0].sum(axis=1)
            found.append(int(near[np.argmin(power[near - near[0]])]))
    return found


def _submit(pool: ThreadPoolExecutor, analysis: Analysis, samples: np.ndarray, f0: np.ndarray, times: np.ndarray) -> list:
    """Futures of (frames of the piece, 513), in order."""
    cuts = range(0, len(f0), ANALYSED)
    return [pool.submit(analysis, samples, _doubles(f0[cut:cut + ANALYSED]), _doubles(times[cut:cut + ANALYSED]), SAMPLE_RATE)
            for cut in cuts]


def _join(pieces: list[np.ndarray], overlap: int) -> np.ndarray:
    """Mix the ends of neighbours at equal power: what is unvoiced is noise, and their noises are not the same."""
    rise = np.sqrt((np.arange(overlap) + 0.5) / overlap)
    for before, after in zip(pieces, pieces[1:]):
        after[:overlap] = before[-overlap:] * rise[::-1] + after[:overlap] * rise
    return np.concatenate([piece[:-overlap] for piece in pieces[:-1]] + [pieces[-1]])


def _doubles(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)
