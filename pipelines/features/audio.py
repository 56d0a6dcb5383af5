"""Recordings in and out: everything inside the workbench is mono float32 at 16 kHz."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipelines.errors import AudioError
from pipelines.features.channels import to_mono
from pipelines.features.decoding import FORMATS, decode, empty
from pipelines.features.resampling import resample
from pipelines.features.writing import AudioForm, encoded
from pipelines.files import write_whole

SAMPLE_RATE = 16_000  # Hz
MIN_SECONDS, MAX_SECONDS = 0.5, 60.0
MIN_RATE, MAX_RATE = 8_000, 96_000  # Hz
LIMITS = f"{FORMATS}, {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds, 8 to 96 kHz; stereo is mixed to mono"
SILENCE_DB = -60.0  # dBFS of the loudest 25 ms; below it there is nothing to convert
CLIPPED_SHARE = 0.01  # share of samples at full scale from which a warning is given
HIGHEST_RATE = 48_000  # Hz of results
NOMINAL = 0.1  # amplitude of speech whose level is not to be learnt, -20 dBFS


class SilenceError(AudioError):
    """There is nothing in a recording that could be converted."""


class LengthError(AudioError):
    """The recording is longer than what is converted at once."""


@dataclass(frozen=True)
class Recording:
    """A checked recording.

    Attributes:
        samples: (n,) float32 at 16 kHz, mono, within [-1, 1].
        name: the file's name, for messages and plots.
        full: (n,) float32, mono, at `rate` Hz and the same level, where the file has a rate above 16 kHz; at most 48 kHz.
        warnings: plain sentences about what is doubtful (clipping, hum, a damaged stretch, a channel that was left out) but does
            not prevent conversion.
        path: the file that it was read from, None of an array.
    """

    samples: np.ndarray
    name: str = "recording"
    warnings: tuple[str, ...] = ()
    full: np.ndarray | None = None
    rate: int = SAMPLE_RATE
    path: Path | None = None

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    def part(self, start: float, stop: float) -> Recording:
        """The seconds from `start` to `stop`, at both rates. Warnings stay with the whole."""
        full = None if self.full is None else self.full[round(start * self.rate):round(stop * self.rate)]
        return Recording(self.samples[round(start * SAMPLE_RATE):round(stop * SAMPLE_RATE)], self.name, (), full, self.rate)


def load(path: Path | str) -> Recording:
    """Read a recording of any rate, width, channel count and common format, to its real end.

    What was lost or left out (a damaged stretch, a silent channel) stands in the recording's warnings.

    Raises:
        AudioError: unreadable, not audio, empty, silent, NaN, too short or too long.
    """
    path = Path(path)
    decoded = decode(path, MAX_SECONDS)
    return replace(_checked(decoded.samples, decoded.rate, path.name, decoded.notes), path=path)


def load_samples(path: Path | str) -> np.ndarray:
    """The (n,) samples at 16 kHz that `load` gives, read faster, because nothing is noted. Raises AudioError as `load`."""
    path = Path(path)
    decoded = decode(path, MAX_SECONDS)
    return _checked(decoded.samples, decoded.rate, path.name, (), noted=False).samples


def is_long(path: Path | str) -> bool:
    """Whether a recording is longer than what is converted at once. Raises AudioError: as `load`, for any other reason."""
    try:
        load(path)
    except LengthError:
        return True
    return False


def from_array(samples: np.ndarray, rate: int, name: str = "recording") -> Recording:
    """Check samples, mix to mono and resample to 16 kHz.

    Args:
        samples: (n,) or (n, channels); integers are scaled to [-1, 1].
        rate: Hz.
    Raises:
        AudioError: as `load`.
    """
    return _checked(_as_float(np.asarray(samples)), rate, name, ())


def _checked(samples: np.ndarray, rate: int, name: str, notes: tuple[str, ...], noted: bool = True) -> Recording:
    """(n, channels) float samples as a recording; notes: of the reader; noted: also hum and offset are looked for."""
    if samples.size == 0:
        raise empty(name)
    if not np.isfinite(samples).all():
        raise not_numbers(name)
    refuse_rate(rate, name)
    _refuse_length(len(samples) / rate, name)
    mono, said = to_mono(samples, rate)
    notes += (f"{name}: {said}",) * bool(said)
    notes += _clipping_warning(mono, name)
    full, full_rate = _full_band(mono, rate)
    if rate != SAMPLE_RATE:
        mono = resample(mono, rate, SAMPLE_RATE)
    _refuse_silence(mono, name)
    notes += _inaudible_notes(mono, name) if noted else ()
    divisor = max(1.0, np.abs(mono).max())  # float files and resampling may exceed full scale
    full = None if full is None else (full / divisor).astype(np.float32)
    return Recording((mono / divisor).astype(np.float32), name, notes, full, full_rate)


def _inaudible_notes(mono: np.ndarray, name: str) -> tuple[str, ...]:
    from pipelines.features.inaudible import notes_on  # imported late: a help page need not wait for scipy

    return notes_on(mono, name)


def _full_band(mono: np.ndarray, rate: int) -> tuple[np.ndarray | None, int]:
    """What lies above 16 kHz's band: samples at the recording's own rate, at most 48 kHz, and that rate."""
    if rate <= SAMPLE_RATE:
        return None, SAMPLE_RATE
    return (mono, rate) if rate <= HIGHEST_RATE else (resample(mono, rate, HIGHEST_RATE), HIGHEST_RATE)


def save(path: Path | str, samples: np.ndarray) -> Path:
    """Write 16 kHz in the format that the name asks for (writing.py), 16-bit WAV by default; whole or not at all.

    Args:
        samples: (n,) float; scaled down where it would clip.
    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or such a format is not written.
    """
    return write_whole(path, as_file(samples, path))


def as_file(samples: np.ndarray, path: Path | str, rate: int = SAMPLE_RATE, form: AudioForm = AudioForm(),
            mark: str = "") -> bytes:
    """What `save` writes to a path; mark: what the metadata say. Raises OutputError: such a format is not written."""
    peak = float(np.abs(samples).max(initial=0.0))
    samples = samples if peak <= 0.999 else samples * (0.999 / peak)
    return encoded(samples, rate, path, form, mark)


def speech_level(samples: np.ndarray, rate: int = SAMPLE_RATE) -> float:
    """Root mean square amplitude of the loud frames (20 ms) of (n,) samples at `rate` Hz, at least 1e-4 (-80 dBFS).

    Loud frames are those at the 90th percentile, so that pauses do not count, however long.
    """
    frame = rate // 50
    frames = np.pad(samples.astype(np.float32), (0, -len(samples) % frame)).reshape(-1, frame)
    return max(1e-4, float(np.percentile(np.sqrt(np.square(frames).mean(axis=1)), 90)))


def _refuse_length(seconds: float, name: str) -> None:
    refuse_short(seconds, name)
    if seconds > MAX_SECONDS:
        raise LengthError(f"{name} is longer than {MAX_SECONDS:g} s; cut it to at most {MAX_SECONDS:g} s. As a source, "
                          "'zest plan' and 'zest convert' take it whole.")


def refuse_short(seconds: float, name: str) -> None:
    """Raises AudioError: there is too little of it."""
    if seconds < MIN_SECONDS:
        raise AudioError(f"{name} is {seconds:.2f} s long; at least {MIN_SECONDS:g} s of speech are needed.")


def refuse_rate(rate: int, name: str) -> None:
    """Raises AudioError: its rate, Hz, is none that is taken."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"{name} has a sample rate of {rate} Hz; use 8 to 96 kHz.")


def not_numbers(name: str) -> AudioError:
    return AudioError(f"{name} has samples that are not numbers (NaN or infinite); export it again and retry.")


def _as_float(samples: np.ndarray) -> np.ndarray:
    """(n, channels) float64 of (n,) or (n, channels); integers are scaled, unsigned ones (8-bit WAV) centred first."""
    if np.issubdtype(samples.dtype, np.integer):
        limits = np.iinfo(samples.dtype)
        centre = (int(limits.max) + int(limits.min) + 1) / 2
        samples = (samples.astype(np.float64) - centre) / (int(limits.max) - centre + 1)
    samples = samples.astype(np.float64)
    return samples if samples.ndim == 2 else samples.reshape(-1, 1)


def _clipping_warning(samples: np.ndarray, name: str) -> tuple[str, ...]:
    peak = np.abs(samples).max()
    return clipped(float((np.abs(samples) > 0.999 * peak).mean()), name) if peak >= 0.9 else ()


def clipped(share: float, name: str) -> tuple[str, ...]:
    """A warning where more than a small share of samples is at full scale."""
    if share < CLIPPED_SHARE:
        return ()
    return (f"{name} is clipped ({100 * share:.0f} % of its samples are at full scale); the result may sound harsh.",)


def _refuse_silence(samples: np.ndarray, name: str) -> None:
    window = SAMPLE_RATE // 40
    frames = samples[:len(samples) // window * window].reshape(-1, window)
    loudest = 10 * np.log10(np.max(frames.var(axis=1)) + 1e-12)  # variance: a constant offset is silence too
    if loudest < SILENCE_DB:
        raise silent(name)


def silent(name: str) -> SilenceError:
    return SilenceError(f"{name} is silent; record it again with the microphone closer or louder.")
