"""How often the input doctor finds what is there, and what is not there.

python -m benchmarks.doctor --manifest MANIFEST [--clips 200] [--fresh] [--json doctor.json] [--music FILE...]

Clean recordings are those of the manifest's corpora but CREMA-D, which is noisy. Damaged ones are made of them: white and
pink noise, reverberation by exponentially decaying noise, hum, clipping, a telephone's band, a second speaker, whispering by
WORLD, and synthesised music and noises. `found` counts the finding that was made, `clean` those with any finding.
Thresholds were set on the default draw. `--fresh` draws from speakers of whom nothing is in that draw.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.signal import butter, fftconvolve, sosfilt

from benchmarks import JsonFile, write_json
from evaluation.doctor.findings import findings_of
from evaluation.doctor.measures import Measures, measure
from pipelines.features import world
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.features.resampling import resample
from pipelines.training.data.corpus import Clip, read_manifest

NOISY = ("cremad",)
DAMAGED = 20  # clips of each kind
SET_ON = 204  # clips that thresholds were set on: the first draw
RNG = np.random.default_rng(0)


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv")],
    clips: Annotated[int, typer.Option(help="clean recordings")] = 200,
    fresh: Annotated[bool, typer.Option("--fresh", help="of other speakers than thresholds were set on")] = False,
    music: Annotated[list[Path] | None, typer.Option(help="recordings of music")] = None,
    json_file: JsonFile = None,
) -> None:
    """Print false alarms and hits."""
    known = [clip for clip in read_manifest(manifest) if clip.corpus not in NOISY and 1.0 < clip.seconds < 15]
    chosen = evenly(others(known) if fresh else known, clips)
    count = Counter(clip.corpus for clip in chosen)
    print(f"{len(chosen)} recordings of {len({clip.speaker for clip in chosen})} speakers: "
          + ", ".join(f"{name} {number}" for name, number in sorted(count.items())))
    sounds = [load(clip.path).samples for clip in chosen]
    rows = {"clean": [measure(one) for one in sounds]}
    told = [findings_of(one) for one in rows["clean"]]
    false = sum(bool(found) for found in told)
    print(f"clean: {false} of {len(told)} with a finding ({100 * false / len(told):.1f} %): "
          + ", ".join(sorted({one.code for found in told for one in found})))
    some = [one for one in sounds if len(one) > 1.5 * SAMPLE_RATE][:DAMAGED]
    reversed_ = some[::-1]
    for name, (code, damage) in DAMAGES.items():
        rows[name] = [measure(damage(one, other)) for one, other in zip(some, reversed_)]
        show(name, code, rows[name])
    if music:
        rows["music"] = [measure(load(path).samples) for path in music]
        show("music (recorded)", "music", rows["music"])
    if json_file is not None:
        write_json(json_file, {name: [asdict(one) for one in measured] for name, measured in rows.items()})


def evenly(clips: list[Clip], count: int) -> list[Clip]:
    """As many of each corpus as there are, in turn."""
    order = random.Random(0)
    by_corpus: dict[str, list[Clip]] = {}
    for clip in order.sample(clips, len(clips)):
        by_corpus.setdefault(clip.corpus, []).append(clip)
    rounds = [group[index] for index in range(count) for group in by_corpus.values() if index < len(group)]
    return rounds[:count]


def others(clips: list[Clip]) -> list[Clip]:
    """Those of speakers of whom thresholds have seen nothing."""
    seen = {clip.speaker for clip in evenly(clips, SET_ON)}
    return [clip for clip in clips if clip.speaker not in seen]


def show(name: str, code: str, measured: list[Measures]) -> None:
    hits = sum(code in {one.code for one in findings_of(numbers)} for numbers in measured)
    print(f"{name:22} {code:12} found in {hits} of {len(measured)}")


def noisy(decibels: float, slope: float = 0.0) -> Callable:
    """slope: 0 white, 1 pink."""

    def damage(samples: np.ndarray, _: np.ndarray) -> np.ndarray:
        noise = np.fft.rfft(RNG.normal(size=len(samples)))
        noise = np.fft.irfft(noise / np.maximum(1, np.arange(len(noise))) ** (slope / 2), len(samples))
        return samples + noise * level(samples) / level(noise) * 10 ** (-decibels / 20)

    return damage


def reverberant(seconds: float) -> Callable:
    def damage(samples: np.ndarray, _: np.ndarray) -> np.ndarray:
        times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        response = RNG.normal(size=len(times)) * 10 ** (-3 * times / seconds)
        response[0] = np.sqrt(np.square(response).sum() / 4)  # direct sound 6 dB below the room
        wet = fftconvolve(samples, response)[:len(samples) + len(times) // 2]
        return wet * level(samples) / level(wet)

    return damage


def humming(mains: float, decibels: float) -> Callable:
    """decibels: of the hum against the whole recording."""

    def damage(samples: np.ndarray, _: np.ndarray) -> np.ndarray:
        times = np.arange(len(samples)) / SAMPLE_RATE
        tone = sum(np.sin(2 * np.pi * mains * number * times) / number for number in (1, 2, 3, 4))
        return samples + tone * level(samples) / level(tone) * 10 ** (decibels / 20)

    return damage


def clipped(samples: np.ndarray, _: np.ndarray) -> np.ndarray:
    limit = np.percentile(np.abs(samples), 96)
    return np.clip(samples, -limit, limit)


def telephone(samples: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Through 8 kHz, as calls go."""
    narrow = sosfilt(butter(4, [300, 3400], "bandpass", fs=8000, output="sos"), resample(samples, SAMPLE_RATE, 8000))
    return resample(narrow, 8000, SAMPLE_RATE)


def two_speakers(samples: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, two = (np.tile(part, -(-4 * SAMPLE_RATE // len(part)))[:4 * SAMPLE_RATE] / level(part) for part in (samples, other))
    return 0.05 * np.concatenate([one, two])


def whispered(samples: np.ndarray, _: np.ndarray) -> np.ndarray:
    frames = world.analyse(samples.astype(np.float32))
    tilt = np.linspace(-2.0, 1.0, frames.envelope.shape[1])  # whispers have little below 1 kHz
    return world.synthesise(world.WorldFrames(np.zeros(len(frames.f0)), frames.envelope * np.exp(tilt),
                                              lambda: np.ones_like(frames.envelope)))


def tune(_: np.ndarray, __: np.ndarray) -> np.ndarray:
    """Four seconds of chords of decaying harmonics."""
    times = np.arange(int(0.5 * SAMPLE_RATE)) / SAMPLE_RATE
    notes = []
    for _number in range(8):
        root = 110 * 2 ** (RNG.integers(0, 24) / 12)
        chord = sum(np.sin(2 * np.pi * root * interval * number * times) / number**1.5
                    for interval in (1.0, 1.25, 1.5) for number in range(1, 8))
        notes.append(chord * np.exp(-3 * times) * np.minimum(1, times / 0.005))
    music = np.concatenate(notes)
    return 0.1 * music / level(music)


def noise_alone(_: np.ndarray, __: np.ndarray) -> np.ndarray:
    noise = RNG.normal(size=4 * SAMPLE_RATE)
    wind = sosfilt(butter(2, 800, fs=SAMPLE_RATE, output="sos"), noise)
    return 0.05 * wind / level(wind) * (1 + 0.5 * np.sin(np.arange(len(wind)) / SAMPLE_RATE * 3))


def knocks(_: np.ndarray, __: np.ndarray) -> np.ndarray:
    """Impulses with short decays over a soft floor."""
    samples = 0.0005 * RNG.normal(size=4 * SAMPLE_RATE)
    for start in RNG.integers(0, len(samples) - 3000, size=12):
        samples[start:start + 2400] += 0.3 * RNG.normal(size=2400) * np.exp(-np.arange(2400) / 300)
    return samples


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.square(samples).mean()) + 1e-9)


DAMAGES: dict[str, tuple[str, Callable]] = {
    "white noise, 10 dB": ("noise", noisy(10)), "pink noise, 10 dB": ("noise", noisy(10, 1.0)),
    "white noise, 5 dB": ("noise", noisy(5)), "reverberation, 0.8 s": ("reverberation", reverberant(0.8)),
    "reverberation, 1.5 s": ("reverberation", reverberant(1.5)), "hum, 50 Hz, -25 dB": ("hum", humming(50, -25)),
    "hum, 60 Hz, -15 dB": ("hum", humming(60, -15)), "clipping": ("clipping", clipped), "telephone": ("bandwidth", telephone),
    "two speakers": ("speakers", two_speakers), "whisper": ("whisper", whispered), "music": ("music", tune),
    "wind": ("no_speech", noise_alone), "knocks": ("no_speech", knocks)}

if __name__ == "__main__":
    typer.run(main)
