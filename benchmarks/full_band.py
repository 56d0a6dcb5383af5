"""What a result at the source's rate keeps above 8 kHz, and how far its loudness moves.

python -m benchmarks.full_band RECORDING... [--emotions neutral,angry,sad]

For recordings of more than 16 kHz. `copy` is a conversion of strength 0 in its own tempo: its log-spectral distance (LSD) to the
source above 8 kHz, at the source's rate and as 16 kHz resampled. `delay` is that of the lower band against the upper one.
For emotions, `level` is the level above 8 kHz against the source, and `loudness` the change after BS.1770.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.signal import correlate, stft

from pipelines.conversion import Converter
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.features.loudness import integrated_loudness
from pipelines.features.resampling import resample

BAND = 8000.0  # Hz
FLOOR_DB = 60.0  # below the loudest bin of the source; nobody hears what is softer


def main(
    recordings: Annotated[list[Path], typer.Argument(help="recordings of more than 16 kHz")],
    emotions: Annotated[str, typer.Option(help="presets, with commas")] = "neutral,angry,happy,sad,surprised",
) -> None:
    """Print one line per recording and conversion."""
    converter = Converter.from_pretrained()
    for path in recordings:
        recording = load(path)
        if recording.full is None:
            raise ZestError(f"{path} has no band above 8 kHz.")
        rate, factors = recording.rate, converter.encode(recording)
        copy = converter.convert(factors, emotion="neutral", strength=0.0, tempo=False)
        narrow = resample(copy.samples, SAMPLE_RATE, rate)
        delay = 1000 * lag(copy.samples, recording.samples) / SAMPLE_RATE
        print(f"{path.name} ({rate} Hz): copy LSD {distance(copy.at_rate(), recording.full, rate):.1f} dB, as 16 kHz "
              f"{distance(narrow, recording.full, rate):.1f} dB; delay {delay:+.1f} ms")
        for emotion in emotions.split(","):
            one = converter.convert(factors, emotion=emotion)
            level = upper_level(one.at_rate(), rate) - upper_level(recording.full, rate)
            loudness = integrated_loudness(one.samples) - integrated_loudness(recording.samples)
            print(f"  {emotion:10} level above 8 kHz {level:+.1f} dB, loudness {loudness:+.1f} dB")


def spectrum(samples: np.ndarray, rate: int) -> np.ndarray:
    """(bins, frames) power above BAND, in 20 ms."""
    frequencies, _, bins = stft(samples, rate, nperseg=rate // 50)
    return np.square(np.abs(bins[frequencies > BAND]))


def distance(samples: np.ndarray, source: np.ndarray, rate: int) -> float:
    """LSD in dB above BAND; the floor is FLOOR_DB under the source's loudest bin."""
    count = min(len(samples), len(source))
    one, other = spectrum(samples[:count], rate), spectrum(source[:count], rate)
    floor = other.max() * 10 ** (-FLOOR_DB / 10)
    difference = 10 * np.log10(np.maximum(one, floor) / np.maximum(other, floor))
    return float(np.sqrt(np.square(difference).mean(axis=0)).mean())


def upper_level(samples: np.ndarray, rate: int) -> float:
    """dB of the mean power above BAND."""
    return float(10 * np.log10(spectrum(samples, rate).mean() + 1e-12))


def lag(samples: np.ndarray, source: np.ndarray) -> int:
    """Samples by which the envelope of one lies behind that of the other."""
    count = min(len(samples), len(source))
    one, other = (np.abs(part[:count]) - np.abs(part[:count]).mean() for part in (samples, source))
    middle, reach = count - 1, SAMPLE_RATE // 20
    found = correlate(one, other, method="fft")[middle - reach:middle + reach + 1]
    return int(np.argmax(found)) - reach


if __name__ == "__main__":
    typer.run(main)
