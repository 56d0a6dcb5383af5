"""Recordings in and out: everything inside the workbench is mono float32 at 16 kHz."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipelines.errors import AudioError

SAMPLE_RATE = 16_000  # Hz
MIN_SECONDS, MAX_SECONDS = 0.5, 60.0
LIMITS = (f"WAV, FLAC, MP3, OGG or M4A, {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds, "
          "8 to 96 kHz; stereo is mixed to mono")
SILENCE_DB = -60.0  # dBFS of the loudest 25 ms; below it there is nothing to convert
CLIPPED_SHARE = 0.01  # share of samples at full scale from which a warning is given


@dataclass(frozen=True)
class Recording:
    """A checked recording.

    Attributes:
        samples: (n,) float32 at 16 kHz, mono, within [-1, 1].
        name: the file's name, for messages and plots.
        warnings: plain sentences about what is doubtful (clipping) but does not prevent conversion.
    """

    samples: np.ndarray
    name: str = "recording"
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def load(path: Path | str) -> Recording:
    """Read a recording of any rate, width, channel count and common format.

    Raises:
        AudioError: unreadable, not audio, truncated to nothing, empty, silent, NaN, too short or too long.
    """
    path = Path(path)
    samples, rate = _decode(path)
    return from_array(samples, rate, path.name)


def from_array(samples: np.ndarray, rate: int, name: str = "recording") -> Recording:
    """Check samples, mix to mono and resample to 16 kHz.

    Args:
        samples: (n,) or (n, channels); integers are scaled to [-1, 1].
        rate: Hz.
    Raises:
        AudioError: as `load`.
    """
    samples = _as_float_mono(np.asarray(samples))
    if samples.size == 0:
        raise AudioError(f"{name} is empty: it has no samples; choose another recording.")
    if not np.isfinite(samples).all():
        raise AudioError(f"{name} has samples that are not numbers (NaN or infinite); export it again and retry.")
    if not 4_000 <= rate <= 192_000:
        raise AudioError(f"{name} has a sample rate of {rate} Hz; use 8 to 96 kHz.")
    seconds = len(samples) / rate
    if seconds < MIN_SECONDS:
        raise AudioError(f"{name} is {seconds:.2f} s long; at least {MIN_SECONDS:g} s of speech are needed.")
    if seconds > MAX_SECONDS:
        raise AudioError(f"{name} is {seconds:.1f} s long; cut it to at most {MAX_SECONDS:g} s.")
    warnings = _clipping_warning(samples, name)
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE, quality="HQ")
    _refuse_silence(samples, name)
    peak = np.abs(samples).max()
    samples = samples / max(1.0, peak)  # float files and resampling may exceed full scale
    return Recording(samples.astype(np.float32), name, warnings)


def save(path: Path | str, samples: np.ndarray) -> Path:
    """Write 16-bit WAV at 16 kHz; the file appears whole or not at all.

    Raises:
        AudioError: the folder is missing or not writable, or the disk is full.
    """
    path = Path(path)
    peak = float(np.abs(samples).max(initial=0.0))
    samples = samples if peak <= 0.999 else samples * (0.999 / peak)
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}-", suffix=".wav", delete=False) as handle:
            partial = Path(handle.name)
            soundfile.write(handle, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(partial, 0o644)
        partial.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(f"Cannot write {path}: {reason}; choose another place with -o or free some space.") from error
    return path


def _decode(path: Path) -> tuple[np.ndarray, int]:
    if not path.exists():
        raise AudioError(f"There is no file at {path}; check the path.")
    if path.is_dir():
        raise AudioError(f"{path} is a folder; name one recording.")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path} cannot be read: permission denied.")
    if path.stat().st_size == 0:
        raise AudioError(f"{path.name} is empty: it has no samples; choose another recording.")
    try:
        info = soundfile.info(str(path))
        if info.duration > 10 * MAX_SECONDS:  # do not read an hour of audio only to refuse it
            raise AudioError(f"{path.name} is {info.duration:.0f} s long; cut it to at most {MAX_SECONDS:g} s.")
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        return samples, rate
    except PermissionError as error:
        raise AudioError(f"{path} cannot be read: permission denied.") from error
    except (soundfile.LibsndfileError, OSError, RuntimeError):
        return _decode_container(path)


def _decode_container(path: Path) -> tuple[np.ndarray, int]:
    """M4A and other containers that libsndfile does not know, through PyAV's own FFmpeg."""
    import av

    refusal = AudioError(f"{path.name} is not a recording that can be read; use WAV, FLAC, MP3, OGG or M4A.")
    chunks, seconds = [], 0.0
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise refusal
            stream = container.streams.audio[0]
            rate = stream.rate
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            for frame in container.decode(stream):
                for plain in resampler.resample(frame):
                    chunks.append(plain.to_ndarray()[0])
                    seconds += len(chunks[-1]) / rate
                if seconds > 2 * MAX_SECONDS:
                    break
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise refusal from error
    if not chunks:
        raise refusal
    return np.concatenate(chunks)[:, None], rate


def _as_float_mono(samples: np.ndarray) -> np.ndarray:
    if np.issubdtype(samples.dtype, np.integer):
        samples = samples.astype(np.float64) / np.iinfo(samples.dtype).max
    samples = samples.astype(np.float64)
    return samples.mean(axis=1) if samples.ndim == 2 else samples.reshape(-1)


def _clipping_warning(samples: np.ndarray, name: str) -> tuple[str, ...]:
    peak = np.abs(samples).max()
    if peak < 0.9:
        return ()
    share = float((np.abs(samples) > 0.999 * peak).mean())
    if share < CLIPPED_SHARE:
        return ()
    return (f"{name} is clipped ({100 * share:.0f} % of its samples are at full scale); the result may sound harsh.",)


def _refuse_silence(samples: np.ndarray, name: str) -> None:
    window = SAMPLE_RATE // 40
    frames = samples[:len(samples) // window * window].reshape(-1, window)
    loudest = 10 * np.log10(np.max((frames**2).mean(axis=1)) + 1e-12)
    if loudest < SILENCE_DB:
        raise AudioError(f"{name} is silent; record it again with the microphone closer or louder.")
