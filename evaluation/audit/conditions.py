"""What an audit does to natural speech before a judge observes it: a vocoder, a level, a band, noise, a codec.

None of these changes the emotion, so a judge whose decisions follow them judges the recording and not the emotion.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import soundfile

from pipelines import baselines
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.resampling import resample

NATURAL = "natural"
PEAK = 0.99
SOFT = 20.0  # dB below the recording
NOISES = (20.0, 10.0)  # dB of speech above noise
TELEPHONE = (300.0, 3400.0)  # Hz
CODECS = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS")}
COMPRESSION = 0.9  # libsndfile's level, 0 to 1: about 33 kbit/s of MP3 and 28 of Opus for speech


@dataclass(frozen=True)
class Condition:
    """One change.

    Attributes:
        name: as in --condition. group: what is tried, one word or two. about: what is done, in words.
        change: (samples at 16 kHz, name of the clip, checkpoint) to samples at 16 kHz.
        unavailable: why it cannot be had here, as a sentence, or None.
    """

    name: str
    group: str
    about: str
    change: Callable[[np.ndarray, str, str], np.ndarray]
    unavailable: Callable[[str], str | None] = lambda checkpoint: None


def _copied(kind: str, samples: np.ndarray, name: str, checkpoint: str) -> np.ndarray:
    return baselines.render(kind, baselines.Request(samples, None, ""), checkpoint).samples


def _no_vocoder(checkpoint: str) -> str | None:
    try:
        baselines.loaded("copy-neural", checkpoint, "cpu")
    except ZestError as error:
        return str(error)
    return None


def _softer(samples: np.ndarray, name: str, checkpoint: str) -> np.ndarray:
    return samples * 10 ** (-SOFT / 20)


def _louder(samples: np.ndarray, name: str, checkpoint: str) -> np.ndarray:
    return samples / max(float(np.abs(samples).max()), 1e-6) * PEAK


def _telephone(samples: np.ndarray, name: str, checkpoint: str) -> np.ndarray:
    from scipy.signal import butter, sosfiltfilt

    return sosfiltfilt(butter(4, TELEPHONE, "bandpass", fs=SAMPLE_RATE, output="sos"), samples)


def _noisy(above: float, samples: np.ndarray, name: str, checkpoint: str) -> np.ndarray:
    """White noise, drawn from the clip's name."""
    noise = np.random.default_rng(zlib.crc32(name.encode(errors="surrogateescape"))).normal(size=len(samples))
    level = np.sqrt(np.mean(samples**2) / np.mean(noise**2)) * 10 ** (-above / 20)
    mixed = samples + noise * level
    return mixed * min(1.0, PEAK / np.abs(mixed).max())


def _coded(codec: str, samples: np.ndarray, name: str, checkpoint: str) -> np.ndarray:
    kind, subtype = CODECS[codec]
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(file, "w", SAMPLE_RATE, 1, format=kind, subtype=subtype,
                                 compression_level=COMPRESSION) as writer:
            writer.write(samples)
        file.seek(0)
        decoded, rate = soundfile.read(file, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ZestError(f"The installed libsndfile cannot write {codec.upper()}: {error.error_string}") from error
    return decoded if rate == SAMPLE_RATE else resample(decoded, rate, SAMPLE_RATE)


def _no_codec(codec: str, checkpoint: str) -> str | None:
    kind, subtype = CODECS[codec]
    if subtype in soundfile.available_subtypes(kind):
        return None
    return f"The installed libsndfile ({soundfile.__libsndfile_version__}) has no {codec.upper()}; install 1.1 or later."


CONDITIONS: dict[str, Condition] = {one.name: one for one in (
    Condition("copy-neural", "vocoder", "copy-synthesis by the checkpoint's neural vocoder", partial(_copied, "copy-neural"),
              _no_vocoder),
    Condition("copy", "vocoder", "copy-synthesis by WORLD", partial(_copied, "copy")),
    Condition("softer", "loudness", f"{SOFT:g} dB softer", _softer),
    Condition("louder", "loudness", f"as loud as it can be without clipping, peak {PEAK:g}", _louder),
    Condition("telephone", "bandwidth", f"{TELEPHONE[0]:g} to {TELEPHONE[1]:g} Hz", _telephone),
    *(Condition(f"noise-{above:g}", "noise", f"white noise {above:g} dB below the speech", partial(_noisy, above))
      for above in NOISES),
    *(Condition(codec, "codec", f"{codec.upper()}, about 30 kbit/s", partial(_coded, codec),
                partial(_no_codec, codec)) for codec in CODECS),
)}


def find_conditions(names: Sequence[str] | None) -> tuple[Condition, ...]:
    """By name, each once; all if None. Raises ZestError: there is no such condition."""
    unknown = next((name for name in names or () if name not in (*CONDITIONS, NATURAL)), None)
    if unknown is not None:
        raise ZestError(f"There is no condition '{unknown}'; choose from {', '.join(CONDITIONS)}.")
    return tuple(CONDITIONS[name] for name in dict.fromkeys(CONDITIONS if names is None else names) if name != NATURAL)


def changed(condition: Condition, samples: Any, name: str, checkpoint: str) -> np.ndarray:
    """(n,) float32 at 16 kHz of (n,) samples, within full scale."""
    return np.clip(condition.change(np.asarray(samples, dtype=np.float32), name, checkpoint), -1, 1).astype(np.float32)
