"""Recordings in and out: everything inside the workbench is mono float32 at 16 kHz."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipelines.errors import AudioError
from pipelines.features.writing import encoded
from pipelines.files import write_whole

SAMPLE_RATE = 16_000  # Hz
MIN_SECONDS, MAX_SECONDS = 0.5, 60.0
MIN_RATE, MAX_RATE = 8_000, 96_000  # Hz
FORMATS = "WAV, FLAC, MP3, OGG or M4A"
LIMITS = f"{FORMATS}, {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds, 8 to 96 kHz; stereo is mixed to mono"
SILENCE_DB = -60.0  # dBFS of the loudest 25 ms; below it there is nothing to convert
CLIPPED_SHARE = 0.01  # share of samples at full scale from which a warning is given
NOMINAL = 0.1  # amplitude of speech whose level is not to be learnt, -20 dBFS
WHOLE_SHARE = 0.95  # a file that holds less of what its header promises was cut off


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
        raise _empty(name)
    if not np.isfinite(samples).all():
        raise AudioError(f"{name} has samples that are not numbers (NaN or infinite); export it again and retry.")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"{name} has a sample rate of {rate} Hz; use 8 to 96 kHz.")
    _refuse_length(len(samples) / rate, name)
    warnings = _clipping_warning(samples, name)
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE, quality="HQ")
    _refuse_silence(samples, name)
    peak = np.abs(samples).max()
    samples = samples / max(1.0, peak)  # float files and resampling may exceed full scale
    return Recording(samples.astype(np.float32), name, warnings)


def save(path: Path | str, samples: np.ndarray) -> Path:
    """Write 16 kHz in the format that the name asks for (writing.py), 16-bit WAV by default; whole or not at all.

    Args:
        samples: (n,) float; scaled down where it would clip.
    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or such a format is not written.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    samples = samples if peak <= 0.999 else samples * (0.999 / peak)
    return write_whole(path, encoded(samples, SAMPLE_RATE, path))


def speech_level(samples: np.ndarray) -> float:
    """Root mean square amplitude of the loud frames (20 ms) of (n,) samples at 16 kHz, at least 1e-4 (-80 dBFS).

    Loud frames are those at the 90th percentile, so that pauses do not count, however long.
    """
    frame = SAMPLE_RATE // 50
    frames = np.pad(samples.astype(np.float32), (0, -len(samples) % frame)).reshape(-1, frame)
    return max(1e-4, float(np.percentile(np.sqrt(np.square(frames).mean(axis=1)), 90)))


def _decode(path: Path) -> tuple[np.ndarray, int]:
    """(n, channels) float32 and the rate, by libsndfile or, for what it does not know, by FFmpeg."""
    _refuse_unreadable(path)
    head = _head(path)
    _refuse_cut_off_wav(path, head)
    if path.suffix.lower() == ".mp3" or head[:3] == b"ID3":  # libsndfile's MP3 reader talks to stderr by itself
        return _decode_container(path, promises_length=b"Xing" in head or b"Info" in head)
    try:
        info = soundfile.info(str(path))
        if info.duration > MAX_SECONDS:  # before reading: an hour of audio is not read only to be refused
            _refuse_length(info.duration, path.name)
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError):
        return _decode_container(path)
    _refuse_cut_off(len(samples) / rate, info.duration, path.name)
    return samples, rate


def _decode_container(path: Path, promises_length: bool = True) -> tuple[np.ndarray, int]:
    """MP3, M4A and other containers, through PyAV's own FFmpeg.

    Args:
        promises_length: the header states the length; without it FFmpeg guesses from the bit rate, often wrongly.
    """
    import av  # imported late: 60 ms that most recordings do not need

    av.logging.set_level(av.logging.PANIC)  # FFmpeg's own complaints are not sentences for users
    try:
        with av.open(str(path)) as container:
            samples, rate = _decode_stream(container, path)
            promised = container.duration / av.time_base if container.duration else 0.0
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise _not_audio(path) from error
    if promises_length:
        _refuse_cut_off(len(samples) / rate, promised, path.name)
    return samples, rate


def _decode_stream(container, path: Path) -> tuple[np.ndarray, int]:
    import av

    if not container.streams.audio:
        raise _not_audio(path)
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
    chunks, count = [], 0
    for frame in container.decode(stream):
        for plain in resampler.resample(frame):
            chunks.append(plain.to_ndarray()[0])
            count += len(chunks[-1])
        if count > MAX_SECONDS * stream.rate:
            _refuse_length(count / stream.rate, path.name)
    if not chunks:
        raise _not_audio(path)
    return np.concatenate(chunks)[:, None], stream.rate


def _refuse_unreadable(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise AudioError(f"There is no file at {path}; check the path.") from None
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a closed folder, a NUL inside
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(f"{str(path)[:80]} cannot be read: {reason[:1].lower()}{reason[1:]}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(f"{path} is a folder; name one recording.")
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{path} is not a file; save the recording to a file first.")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path} cannot be read: permission denied.")
    if status.st_size == 0:
        raise _empty(path.name)


def _head(path: Path) -> bytes:
    """The first 64 KB, where formats introduce themselves."""
    try:
        with path.open("rb") as file:
            return file.read(1 << 16)
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}.") from error


def _refuse_cut_off_wav(path: Path, head: bytes) -> None:
    """libsndfile silently reads what is there of a cut-off WAV, so compare the RIFF header with the file's size."""
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return
    promised, present = int.from_bytes(head[4:8], "little") + 8, path.stat().st_size
    streamed = promised <= 8 or promised >= 0x7FFF0000  # written to a pipe: the size was never filled in
    if not streamed and present < WHOLE_SHARE * promised:
        raise AudioError(f"{path.name} is cut off: {present} of {promised} bytes are there; copy or export it again.")


def _refuse_cut_off(seconds: float, promised: float, name: str) -> None:
    if seconds < WHOLE_SHARE * promised:
        raise AudioError(f"{name} is cut off: {seconds:.1f} of {promised:.1f} s can be read; copy or export it again.")


def _refuse_length(seconds: float, name: str) -> None:
    if seconds < MIN_SECONDS:
        raise AudioError(f"{name} is {seconds:.2f} s long; at least {MIN_SECONDS:g} s of speech are needed.")
    if seconds > MAX_SECONDS:
        raise AudioError(f"{name} is longer than {MAX_SECONDS:g} s ({seconds:.1f} s); cut it to at most {MAX_SECONDS:g} s.")


def _empty(name: str) -> AudioError:
    return AudioError(f"{name} is empty: it has no samples; choose another recording.")


def _not_audio(path: Path) -> AudioError:
    return AudioError(f"{path.name} is not a recording that can be read, or it is damaged; use {FORMATS}.")


def _as_float_mono(samples: np.ndarray) -> np.ndarray:
    """(n,) float64 of (n,) or (n, channels); integers are scaled, unsigned ones (8-bit WAV) centred first."""
    if np.issubdtype(samples.dtype, np.integer):
        limits = np.iinfo(samples.dtype)
        centre = (int(limits.max) + int(limits.min) + 1) / 2
        samples = (samples.astype(np.float64) - centre) / (int(limits.max) - centre + 1)
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
    loudest = 10 * np.log10(np.max(frames.var(axis=1)) + 1e-12)  # variance: a constant offset is silence too
    if loudest < SILENCE_DB:
        raise AudioError(f"{name} is silent; record it again with the microphone closer or louder.")
