"""A long recording as a file of samples on disk, mono and at one rate, from which pieces are read: memory stays flat.

It is a copy, so what becomes of the source's file afterwards does not matter. Channels are mixed by the rule of channels.py,
from the loudest second of each minute.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipelines.errors import AudioError, OutputError
from pipelines.features.audio import SAMPLE_RATE, SILENCE_DB, clipped, not_numbers, refuse_rate, refuse_short, silent
from pipelines.features.channels import to_mono
from pipelines.features.decoding import decoding, empty
from pipelines.features.resampling import resample
from pipelines.features.sinks import CountingSink, Stretch

MAX_MINUTES = 60
MAX_SECONDS = 60.0 * MAX_MINUTES
EACH_SECOND = 60  # from this second on, one second of each minute is kept
BYTES = 4  # of a sample
FIRST = 60.0  # s in which offset and hum are looked for
ROUNDING = 1e-3  # s by which a sum of lengths may be wrong


@dataclass(frozen=True)
class LongRecording:
    """A recording of up to an hour.

    Attributes:
        name: of its file. rate: Hz. count: samples. scale: what they are divided by, where the source exceeds full scale.
        warnings: as of a Recording. file: (count,) float32.
    """

    name: str
    rate: int
    count: int
    scale: float
    warnings: tuple[str, ...]
    file: BinaryIO

    @property
    def seconds(self) -> float:
        return self.count / self.rate

    def read(self, start: int, stop: int) -> np.ndarray:
        """(stop - start,) float32 within [-1, 1]; less where that exceeds either end."""
        start, stop = max(0, start), min(self.count, stop)
        self.file.seek(BYTES * start)
        samples = np.frombuffer(self.file.read(BYTES * max(0, stop - start)), dtype=np.float32)
        return samples if self.scale == 1.0 else (samples / self.scale).astype(np.float32)

    def blocks(self, seconds: float = 30.0) -> Iterator[np.ndarray]:
        """All of it, in pieces."""
        size = round(seconds * self.rate)
        for start in range(0, self.count, size):
            yield self.read(start, start + size)


@contextmanager
def long_recording(path: Path | str, folder: Path | None = None, rate: int | Callable[[int], int] = SAMPLE_RATE,
                   longest: float = MAX_SECONDS) -> Iterator[LongRecording]:
    """Read a recording of any rate, width, number of channels and common format, to its real end.

    Args:
        folder: where the samples lie meanwhile, 4 bytes each; the system's for temporary files if None.
        rate: Hz, of the samples, or what tells it from the source's own. longest: seconds.
    Raises:
        AudioError: unreadable, empty, silent, NaN, too short, too long, or changed by somebody meanwhile.
        OutputError: the disk is full.
    """
    path = Path(path)
    try:
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed below; errors of the caller are not ours)
    except OSError as error:
        raise _no_space(path, error) from error
    with file:
        yield _copied(path, file, rate, longest)


def _copied(path: Path, file: BinaryIO, rate: int | Callable[[int], int], longest: float) -> LongRecording:
    before = _state(path)
    with decoding(path, _Survey, longest + 1) as found:
        if found.seconds > longest + ROUNDING:
            raise AudioError(f"{path.name} is longer than {longest / 60:g} minutes; cut it into parts of at most "
                             f"{longest / 60:g} minutes.")
        surveys = [sound.sink for sound in found.sounds if isinstance(sound.sink, _Survey)]
        _refuse(found.seconds, surveys, path.name)
        hertz = rate if isinstance(rate, int) else rate(max(sound.rate for sound in found.sounds))
        copy, said = _Copy(file, hertz), []
        try:
            for sound, survey in zip(found.sounds, surveys, strict=True):
                mixes = survey.mixes()
                said += [f"{path.name}: {note}" for _, note in mixes if note]
                copy.next_sound([weights for weights, _ in mixes])
                sound.again(copy)
            copy.finish()
        except OSError as error:
            raise _no_space(path, error) from error
        counted = sum(sound.count for sound in found.sounds)
    if _state(path) != before or copy.count != counted:
        raise AudioError(f"{path.name} changed while it was read; wait until it is complete, then start again.")
    if copy.loudest < SILENCE_DB:
        raise silent(path.name)
    notes = (*found.notes, *dict.fromkeys(said), *clipped(copy.clipped_share, path.name))
    copied = LongRecording(path.name, hertz, copy.written, max(1.0, copy.peak), notes, file)
    return replace(copied, warnings=(*notes, *_inaudible(copied)))


def _inaudible(recording: LongRecording) -> tuple[str, ...]:
    """Notes on offset and hum of its first minute."""
    from pipelines.features.inaudible import notes_on  # imported late, as in audio.py

    samples = recording.read(0, round(FIRST * recording.rate))
    return notes_on(samples if recording.rate == SAMPLE_RATE else resample(samples, recording.rate, SAMPLE_RATE), recording.name)


def _state(path: Path) -> tuple[int, int, int] | None:
    """Which file it is, and when it last changed."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _no_space(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path.name} cannot be kept on disk while it is converted: {error.strerror or error}; free some space.")


def _refuse(seconds: float, sinks: list[_Survey], name: str) -> None:
    if seconds == 0:
        raise empty(name)
    if any(sink.invalid for sink in sinks):
        raise not_numbers(name)
    for rate in (stretch.rate for sink in sinks for stretch in sink.stretches):
        refuse_rate(rate, name)
    refuse_short(seconds, name)


class _Survey(CountingSink):
    """What must be known of a recording before its channels can be mixed. invalid: a sample is no number."""

    def __init__(self):
        super().__init__()
        self.invalid = False
        self._loudest: list[dict[int, tuple[float, np.ndarray]]] = []  # by stretch and place: mean power, samples

    def take(self, block: np.ndarray, stretch: Stretch) -> None:
        self.invalid = self.invalid or not np.isfinite(block).all()
        if len(self._loudest) < len(self.stretches):
            self._loudest.append({})
        if stretch.channels == 1 or self.invalid:
            return
        loudest = self._loudest[-1]
        for start in range(0, len(block), max(1, stretch.rate)):
            some = block[start:start + stretch.rate]
            second = (stretch.count - len(block) + start) // max(1, stretch.rate)
            place, power = second if second < EACH_SECOND else EACH_SECOND * (second // 60 + 1), float(np.square(some).mean())
            if place not in loudest or power > loudest[place][0]:
                loudest[place] = power, some.copy()

    def mixes(self) -> list[tuple[np.ndarray, str]]:
        """For each stretch: (channels,) weights, and what a user should know of them."""
        return [_mix(stretch, [samples for _, samples in loudest.values()])
                for stretch, loudest in zip(self.stretches, self._loudest, strict=True)]


def _mix(stretch: Stretch, excerpts: list[np.ndarray]) -> tuple[np.ndarray, str]:
    if not excerpts:
        return np.full(stretch.channels, 1 / stretch.channels), ""
    excerpt = np.concatenate(excerpts).astype(np.float64)
    mono, note = to_mono(excerpt, stretch.rate)
    return np.round(np.linalg.lstsq(excerpt, mono, rcond=None)[0], 9), note


class _Copy(CountingSink):
    """Mixes, resamples and writes. peak: of what was written. loudest: dB of the variance of the loudest 25 ms."""

    def __init__(self, file: BinaryIO, rate: int):
        super().__init__()
        self.written, self.peak, self.loudest = 0, 0.0, -np.inf
        self._file, self._rate, self._mixes, self._stretch = file, rate, [], None
        self._resampler, self._rest, self._at_peak = None, np.zeros(0, np.float32), 0

    @property
    def clipped_share(self) -> float:
        return self._at_peak / max(1, self.written) if self.peak >= 0.9 else 0.0

    def next_sound(self, mixes: list[np.ndarray]) -> None:
        """mixes: (channels,) weights of each stretch of the sound that comes next."""
        self.finish()
        self._mixes, self._stretch = list(mixes), None

    def take(self, block: np.ndarray, stretch: Stretch) -> None:
        if stretch is not self._stretch:
            self._begin(stretch)
        mono = block[:, 0].astype(np.float64) if stretch.channels == 1 else block.astype(np.float64) @ self._weights
        self._write(mono if self._resampler is None else self._resampler.resample_chunk(mono))

    def add(self, block: np.ndarray, rate: int) -> None:
        if self._stretch is None:  # a sound of the same rate and channels as the one before begins all the same
            self.stretches.append(Stretch(rate, block.shape[1]))
        super().add(block, rate)

    def finish(self) -> None:
        """Write what the resampler holds back."""
        if self._resampler is not None:
            self._write(self._resampler.resample_chunk(np.zeros(0), last=True))
        self._resampler = None

    def _begin(self, stretch: Stretch) -> None:
        import soxr  # imported late, as in resampling.py

        self.finish()
        self._stretch, self._weights = stretch, self._mixes.pop(0)
        if stretch.rate != self._rate:
            self._resampler = soxr.ResampleStream(stretch.rate, self._rate, 1, dtype="float64", quality="HQ")

    def _write(self, samples: np.ndarray) -> None:
        samples = samples.astype(np.float32)
        samples.tofile(self._file)
        self._file.flush()
        self.written += len(samples)
        self._look_for_peaks(np.abs(samples))
        pending = np.concatenate([self._rest, samples])
        window = max(1, self._rate // 40)
        frames = pending[:len(pending) // window * window].reshape(-1, window)
        self._rest = pending[len(pending) // window * window:]
        if len(frames):
            self.loudest = max(self.loudest, 10 * np.log10(float(frames.astype(np.float64).var(axis=1).max()) + 1e-12))

    def _look_for_peaks(self, levels: np.ndarray) -> None:
        peak = float(levels.max(initial=0.0))
        if 0.999 * peak > self.peak:
            self._at_peak = 0
        self.peak = max(self.peak, peak)
        self._at_peak += int((levels > 0.999 * self.peak).sum())
