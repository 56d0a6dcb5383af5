"""The recordings of a study: read from the run, copied through WORLD or damaged, and brought to one loudness.

Loudness is integrated loudness after ITU-R BS.1770-4 (package pyloudnorm). The files are 16 kHz, 16-bit WAV
under opaque names; they hold samples and nothing else.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile

from evaluation.listening.design.listening_checks import is_check, render_check
from evaluation.listening.design.questions import COPIES, DAMAGED, LOW_PASSES, SYSTEM
from evaluation.listening.design.trials import ClipContent
from evaluation.listening.errors import StudyError
from evaluation.pair import Pair
from evaluation.run.folder import EvaluationRun
from pipelines.errors import AudioError
from pipelines.features.audio import SAMPLE_RATE, Recording, load
from pipelines.features.lengths import stated_seconds
from pipelines.features.loudness import integrated_loudness
from pipelines.files import make_folder, write_whole

TARGET = -23.0  # LUFS, EBU R 128
LOWEST = -33.0  # LUFS; a study gets softer as a whole rather than clip one recording
PEAK = 0.99  # of full scale
STOP_DB, TRANSITION = 60.0, 500.0  # of the anchors' filter; Hz
MNRU_DB = 0.0  # signal to modulated noise of a damaged clip: as strong as the speech itself
Progress = Callable[[int, int], None]  # done, total
Told = Callable[[str], object]  # gets a sentence


def loudness(samples: np.ndarray) -> float:
    """LUFS of (n,) samples at 16 kHz; a clip that is shorter than one gating block is one block.

    Raises:
        StudyError: nothing above the gate of -70 LUFS.
    """
    found = integrated_loudness(samples)
    if not np.isfinite(found):
        raise StudyError("A recording is too soft to be brought to the loudness of the others.")
    return found


def common_target(measured: list[tuple[float, float]]) -> float:
    """LUFS that every clip can be brought to without clipping: -23, or lower for a study with sharp peaks.

    Args:
        measured: (LUFS, peak) of every clip.
    Raises:
        StudyError: one clip would push all below -33 LUFS.
    """
    highest = min(level + 20 * np.log10(PEAK / max(peak, 1e-6)) for level, peak in measured)
    if highest < LOWEST:
        raise StudyError("A recording has such sharp peaks (clicks) that all would become too soft; evaluate without that pair.")
    return round(float(min(TARGET, np.floor(10 * highest) / 10)), 1)


def at_loudness(samples: np.ndarray, level: float, target: float) -> np.ndarray:
    """(n,) float64 moved from `level` to `target` LUFS."""
    return np.asarray(samples, dtype=np.float64) * 10 ** ((target - level) / 20)


def write_clips(folder: Path, contents: Mapping[str, ClipContent], run: EvaluationRun,
                progress: Progress | None = None, told: Told = lambda note: None) -> tuple[dict, float]:
    """Write <clip id>.wav of every clip.

    Args:
        told: gets each note on a recording that listeners will hear, once.
    Returns:
        by clip id {"seconds", "sha256"}, and the common loudness in LUFS.
    Raises:
        StudyError: a recording cannot be read or brought to the common loudness. OutputError: the disk is full.
    """
    make_folder(folder)
    pairs = {pair.id: pair for pair in run.pairs}
    distinct = {content: None for content in contents.values()}
    samples: dict[ClipContent, np.ndarray] = {}
    notes: dict[str, None] = {}
    for index, content in enumerate(distinct):
        if is_check(content):
            samples[content] = render_check(content)
        else:
            recording = _recording(content, pairs[content.pair], run)
            notes |= dict.fromkeys(recording.warnings)
            samples[content] = _samples(content, recording.samples)
        if progress is not None:
            progress(index + 1, len(distinct))
    for note in notes:
        told(note)
    levels = {content: loudness(clip) for content, clip in samples.items()}
    target = common_target([(levels[content], float(np.abs(clip).max())) for content, clip in samples.items()])
    written: dict[ClipContent, bytes] = {}
    for content, clip in samples.items():
        wav = io.BytesIO()
        soundfile.write(wav, at_loudness(clip, levels[content], target), SAMPLE_RATE, format="WAV", subtype="PCM_16")
        written[content] = wav.getvalue()
    for name, content in contents.items():
        write_whole(folder / f"{name}.wav", written[content])
    return {name: {"seconds": round(len(samples[content]) / SAMPLE_RATE, 3),
                   "sha256": hashlib.sha256(written[content]).hexdigest()} for name, content in contents.items()}, target


def clip_lengths(contents: Mapping[str, ClipContent], run: EvaluationRun) -> dict[str, dict[str, float]]:
    """By clip id {"seconds"}, as `write_clips` will have it, from the headers of the recordings.

    Raises:
        StudyError: a recording is missing or cannot be read.
    """
    pairs = {pair.id: pair for pair in run.pairs}
    paths = {name: _path(content, pairs[content.pair], run) for name, content in contents.items()}
    lengths = {path: _seconds(path) for path in set(paths.values())}
    return {name: {"seconds": lengths[path]} for name, path in paths.items()}


def damaged(samples: np.ndarray, decibels: float = MNRU_DB) -> np.ndarray:
    """Speech with noise that follows its amplitude, ITU-T P.810's modulated noise reference unit: surely bad, yet speech.

    y = x (1 + 10^(-Q/20) n), n Gaussian with variance 1. The noise is the same every time.
    """
    noise = np.random.default_rng(0).standard_normal(len(samples))
    return samples * (1 + 10 ** (-decibels / 20) * noise)


def low_pass(samples: np.ndarray, passes: float) -> np.ndarray:
    """(n,) samples at 16 kHz without what lies above `passes` Hz: an anchor of ITU-R BS.1534.

    A linear-phase filter by Kaiser's window: within 0.1 dB up to `passes`, at least 60 dB down from half a kilohertz above it.
    The standard asks for 25 dB there, and for 50 dB one kilohertz above.
    """
    from scipy.signal import fftconvolve, firwin, kaiserord

    taps, beta = kaiserord(STOP_DB, 2 * TRANSITION / SAMPLE_RATE)
    taps |= 1  # of an odd number, so that the delay is whole
    window = firwin(taps, passes + TRANSITION / 2, window=("kaiser", beta), fs=SAMPLE_RATE)  # pyright: ignore[reportArgumentType]
    return fftconvolve(samples, window, mode="full")[taps // 2:taps // 2 + len(samples)]


def _seconds(path: Path) -> float:
    found = stated_seconds(path)
    if found is None:
        raise StudyError(f"{path.name} cannot be used in a listening test: it cannot be read, or nothing is in it.")
    return round(found, 3)


def _recording(content: ClipContent, pair: Pair, run: EvaluationRun) -> Recording:
    """That a clip is cut from. Raises StudyError: there is none, or it cannot be read."""
    path = _path(content, pair, run)
    try:
        return load(path)
    except AudioError as error:
        raise StudyError(f"{path.name} cannot be used in a listening test: {error}") from error


def _samples(content: ClipContent, samples: np.ndarray) -> np.ndarray:
    """(n,) float at 16 kHz, of the recording's samples."""
    if content.kind == DAMAGED:
        return damaged(samples)
    if content.kind in LOW_PASSES:
        return low_pass(samples, LOW_PASSES[content.kind])
    if content.kind in COPIES:
        from pipelines.baselines.copy_synthesis import copy_synthesis

        return copy_synthesis(samples)
    return samples


def _path(content: ClipContent, pair: Pair, run: EvaluationRun) -> Path:
    """The recording that a clip is cut from. Raises StudyError: there is none."""
    if content.kind == SYSTEM:
        path = run.wav(content.system, pair.id)
        if path is None:
            raise StudyError(f"The run has no conversion of {pair.id} by {content.system}.")
        return path
    recordings = {"source": pair.source, DAMAGED: pair.source, "reference": pair.reference, "parallel": pair.parallel}
    path = pair.source if content.kind in LOW_PASSES else recordings[COPIES.get(content.kind, content.kind)]
    if path is None:
        raise StudyError(f"The pair {pair.id} has no {content.kind} recording.")
    return path
