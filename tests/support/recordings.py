"""Recordings with something wrong, and recordings in every format: each writes one file and returns its path."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import soundfile

from tests.support.speech import MAN, RATE, speak

SECONDS = 1.5


def speech() -> np.ndarray:
    return speak(MAN, SECONDS)


def write(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def write_m4a(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """AAC in an MP4 container, by PyAV."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def write_webm(path: Path, samples: np.ndarray) -> Path:
    """Opus in WebM, as browsers record it; 16 kHz."""
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32_767).astype(np.int16)[None], format="s16", layout="mono")
        frame.rate = RATE
        resampled = av.AudioResampler(format="s16", layout="mono", rate=48_000).resample(frame)
        for packet in (packet for each in (*resampled, None) for packet in stream.encode(each)):
            container.mux(packet)
    return path


def half_of(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])
    return path


def with_nan() -> np.ndarray:
    samples = speech()
    samples[1000] = np.nan
    return samples


def loop(path: Path) -> Path:
    os.symlink(path.name, path)
    return path


def blank(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# name: (how to make it, words that the sentence must hold)
BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "missing.wav", "There is no file"),
    "a folder": (lambda folder: folder, "is a folder"),
    "a loop of links": (lambda folder: loop(folder / "loop.wav"), "cannot be read"),
    "a name too long": (lambda folder: folder / ("x" * 300), "cannot be read"),
    "a device": (lambda folder: Path("/dev/zero"), "is not a file"),
    "no bytes": (lambda folder: blank(folder / "nothing.wav", b""), "is empty"),
    "no samples": (lambda folder: write(folder / "no-samples.wav", np.zeros(0)), "is empty"),
    "silent": (lambda folder: write(folder / "silent.wav", np.zeros(RATE)), "is silent"),
    "constant offset": (lambda folder: write(folder / "offset.wav", np.full(RATE, 0.5)), "is silent"),
    "too short": (lambda folder: write(folder / "short.wav", speech()[:RATE // 4]), "at least 0.5 s"),
    "too long": (lambda folder: write(folder / "long.flac", np.tile(speech(), 41)), "at most 60 s"),
    "too long, m4a": (lambda folder: write_m4a(folder / "long.m4a", np.tile(speech(), 41)), "at most 60 s"),
    "too low a rate": (lambda folder: write(folder / "low.wav", speech()[::4], RATE // 4), "8 to 96 kHz"),
    "too high a rate": (lambda folder: write(folder / "high.wav", np.repeat(speech(), 12), RATE * 12), "8 to 96 kHz"),
    "NaN": (lambda folder: write(folder / "nan.wav", with_nan(), subtype="FLOAT"), "not numbers"),
    "text": (lambda folder: blank(folder / "text.wav", b"This is not a recording. " * 99), "is not a recording"),
    "noise as MP3": (lambda folder: blank(folder / "noise.mp3", np.random.default_rng(0).bytes(20_000)), "is not a recording"),
    "cut-off M4A": (lambda folder: half_of(write_m4a(folder / "cut.m4a", speech())), "damaged"),
}

# Half of a file: what is there can be read.
CUT_OFF: dict[str, Callable[[Path], Path]] = {
    "WAV": lambda folder: half_of(write(folder / "cut.wav", speech())),
    "FLAC": lambda folder: half_of(write(folder / "cut.flac", speech())),
    "MP3": lambda folder: half_of(write(folder / "cut.mp3", speech(), subtype="MPEG_LAYER_III")),
    "OGG": lambda folder: half_of(write(folder / "cut.ogg", np.tile(speech(), 8), subtype="VORBIS")),
}

GOOD: dict[str, Callable[[Path], Path]] = {
    "WAV": lambda folder: write(folder / "plain.wav", speech()),
    "stereo": lambda folder: write(folder / "stereo.wav", np.stack([speech(), 0.9 * speech()], axis=1)),
    "8 kHz": lambda folder: write(folder / "8k.wav", speech()[::2], RATE // 2),
    "96 kHz": lambda folder: write(folder / "96k.wav", np.repeat(speech(), 6), RATE * 6),
    "8 bit": lambda folder: write(folder / "8bit.wav", speech(), subtype="PCM_U8"),
    "24 bit": lambda folder: write(folder / "24bit.wav", speech(), subtype="PCM_24"),
    "float": lambda folder: write(folder / "float.wav", 3 * speech(), subtype="FLOAT"),
    "FLAC": lambda folder: write(folder / "speech.flac", speech()),
    "OGG": lambda folder: write(folder / "speech.ogg", speech(), subtype="VORBIS"),
    "MP3": lambda folder: write(folder / "speech.mp3", speech(), subtype="MPEG_LAYER_III"),
    "M4A": lambda folder: write_m4a(folder / "speech.m4a", speech()),
}
