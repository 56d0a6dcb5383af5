"""How well pauses are found: clips joined with known silences, in noise of several levels.

python -m benchmarks.pauses MANIFEST [--talks 6] [--clips 30]

Two ways are compared: the voice activity detector of `pipelines/plan/speech.py`, and an adaptive threshold on the level alone.
Each cuts at the quietest 50 ms of the pauses that it finds. A cut is in speech where the clean recording is less than 25 dB below
its loud frames there. Clips are trimmed English, German and Polish `dev` recordings.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.ndimage import percentile_filter, uniform_filter1d
from scipy.signal import butter, sosfilt

from benchmarks import columns
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.plan.speech import STEP, Speech, find_speech, tidied

CORPORA = ("ravdess", "nemo", "emodb", "librispeech")
NOISE = (None, 25.0, 15.0, 10.0)  # dB of speech over noise
LEVEL = 0.08  # mean amplitude of a clip
LONGEST_PAUSE = 1.2  # s between clips, at least nothing
COUNTED = 0.2  # s; shorter pauses are none
IN_SPEECH = 25.0  # dB below loud frames
SHARE, LEAST, WINDOW = 0.35, 6.0, 20.0  # of the level between floor and loud frames; dB; s of both


def main(
    manifest: Annotated[Path, typer.Argument(help="manifest.csv with the recordings")],
    talks: Annotated[int, typer.Option(help="recordings for each level of noise")] = 6,
    clips: Annotated[int, typer.Option(help="in each of them")] = 30,
) -> None:
    """Print one row per level of noise and way."""
    with manifest.open(newline="") as file:
        chosen = [manifest.parent / row["path"] for row in csv.DictReader(file)
                  if row["corpus"] in CORPORA and row["split"] == "dev"]
    rows = []
    for noise in NOISE:
        made = [talk(chosen, clips, seed, noise) for seed in range(talks)]
        for name, find in (("detector", lambda samples: find_speech([samples])), ("level", by_level)):
            begun = time.process_time()
            found = [find(samples) for samples, _, _ in made]
            factor = (time.process_time() - begun) / sum(one.seconds for one in found)
            counts = np.sum([judge(one, pauses, clean) for one, (_, pauses, clean) in zip(found, made)], axis=0)
            rows.append(["none" if noise is None else f"{noise:g} dB", name, f"{counts[0]} of {counts[1]}",
                         f"{counts[2]} of {counts[3]}", f"{factor:.4f}"])
    print(columns(["speech over noise", "way", "pauses found", "cuts in speech", "real-time factor"], rows))


def talk(paths: Sequence[Path], clips: int, seed: int,
         noise: float | None) -> tuple[np.ndarray, list[tuple[float, float]], np.ndarray]:
    """(n,) samples, where the pauses are (s), and (frames,) dBFS of the clean recording."""
    random, parts, pauses, now = np.random.default_rng(seed), [], [], 0
    for _ in range(clips):
        speech = load(paths[random.integers(len(paths))]).samples
        speech = speech * (LEVEL * 10 ** (random.uniform(-5, 5) / 20) / max(1e-4, float(speech.std())))
        pause = round(SAMPLE_RATE * random.uniform(0, LONGEST_PAUSE))
        parts += [speech, np.zeros(pause, np.float32)]
        pauses.append(((now + len(speech)) / SAMPLE_RATE, (now + len(speech) + pause) / SAMPLE_RATE))
        now += len(speech) + pause
    clean = np.concatenate(parts).astype(np.float32)
    level = find_speech([clean]).level
    if noise is None:
        return clean, pauses, level
    white, other = random.standard_normal((2, len(clean)))
    room = sosfilt(butter(1, 500, "lowpass", fs=SAMPLE_RATE, output="sos"), white) + 0.1 * other
    return (clean + LEVEL * 10 ** (-noise / 20) * room / room.std()).astype(np.float32), pauses, level


def by_level(samples: np.ndarray) -> Speech:
    """Speech is where the level is far enough above the floor of the last and the next seconds."""
    speech = find_speech([samples])
    level = 10 * np.log10(uniform_filter1d(10 ** (speech.level / 10), 3))
    coarse, size = level[:len(level) // 20 * 20].reshape(-1, 20), round(WINDOW / (20 * STEP))
    loud = percentile_filter(coarse.max(axis=1), 80, size=size)
    floor = np.maximum(percentile_filter(np.percentile(coarse, 20, axis=1), 5, size=size), loud - 50)
    at, places = np.arange(len(level)) / 20, np.arange(len(coarse)) + 0.5
    floor, loud = np.interp(at, places, floor), np.interp(at, places, loud)
    return replace(speech, there=tidied(level > floor + np.maximum(LEAST, SHARE * (loud - floor))))


def judge(found: Speech, pauses: Sequence[tuple[float, float]], clean: np.ndarray) -> tuple[int, int, int, int]:
    """Pauses found, pauses, cuts in speech, cuts."""
    runs = found.runs()
    gaps = [(end, start) for (_, end), (start, _) in zip(runs, runs[1:]) if start - end >= COUNTED]
    known = [pause for pause in pauses[:-1] if pause[1] - pause[0] >= COUNTED]
    hits = sum(any(min(stop, end) - max(begin, start) > (end - start) / 2 for begin, stop in gaps) for start, end in known)
    loud = np.percentile(clean, 95)
    cuts = [round(found.quietest(*gap) / STEP) for gap in gaps]
    return hits, len(known), sum(clean[max(0, cut - 2):cut + 3].max() > loud - IN_SPEECH for cut in cuts), len(cuts)


if __name__ == "__main__":
    typer.run(main)
