"""What arousal and valence of the judges are worth on natural speech: order, intensity, and what in the voice they follow.

    python -m benchmarks.affect --manifest manifest.csv [--observations AUDIT/observations] [--judge acoustic]

Speech of the split dev is judged. RAVDESS says each sentence with normal and with strong intensity, which no judge was told: of
one speaker, emotion, sentence and take, strong must be more aroused. Rank correlations (Spearman) are within speakers: with the
place of the label, with median F0, with energy above 500 Hz against that below, and with level. Intervals: bootstrap over pairs.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.audit.clips import read_clips
from evaluation.instruments.f0 import world_f0
from evaluation.judges import registry
from evaluation.metrics.affect import ANCHORS, AROUSAL, VALENCE, place_of
from evaluation.run.observations import Observations
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.training.data.corpus import Clip

RAVDESS, INTENSITY, STRONG = "ravdess", 3, "02"  # the third part of a name of RAVDESS's counts from 0
VOICE = ("f0", "high", "level")


@dataclass(frozen=True)
class Voiced:
    """One clip. f0: median, semitones. high: energy above 500 Hz over that below, dB. level: dB. places: by dimension."""

    clip: Clip
    f0: float
    high: float
    level: float
    places: Mapping[str, float]


def measured(clip: Clip, posteriors: Mapping[str, float]) -> Voiced:
    samples = load(clip.path).samples
    hz = world_f0(samples, 0.01)
    power = np.abs(np.fft.rfft(samples)) ** 2
    bins = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    above, below = power[(bins >= 500) & (bins < 4000)].sum(), power[(bins >= 80) & (bins < 500)].sum()
    f0 = 12 * float(np.log2(np.median(hz[hz > 0]))) if (hz > 0).any() else float("nan")
    return Voiced(clip, f0, 10 * float(np.log10(above / below)), 10 * float(np.log10(np.mean(samples**2))),
                  {name: place_of(posteriors, name) or 0.0 for name in (AROUSAL, VALENCE)})


def within_speakers(found: Sequence[Voiced], values: Sequence[float]) -> np.ndarray:
    """Values minus the mean of their speaker's."""
    values, speakers = np.array(values, dtype=float), np.array([one.clip.speaker for one in found])
    for speaker in set(speakers):
        values[speakers == speaker] -= np.nanmean(values[speakers == speaker])
    return values


def correlation(one: np.ndarray, other: np.ndarray) -> str:
    from scipy.stats import spearmanr

    known = np.isfinite(one) & np.isfinite(other)
    return f"{spearmanr(one[known], other[known]).statistic:+.2f}"


def intensities(found: Sequence[Voiced], of) -> dict[str, list[float]]:
    """Strong minus normal, by emotion, of the clips of RAVDESS that differ in nothing else. of: a clip's value."""
    sides: dict[tuple[str, ...], dict[str, Voiced]] = {}
    for one in found:
        fields = one.clip.path.stem.split("-")
        if one.clip.corpus == RAVDESS and len(fields) == 7:
            sides.setdefault((*fields[:INTENSITY], *fields[INTENSITY + 1:]), {})[fields[INTENSITY]] = one
    differences: dict[str, list[float]] = {}
    for pair in sides.values():
        if len(pair) == 2:
            strong, normal = pair[STRONG], next(one for key, one in pair.items() if key != STRONG)
            differences.setdefault(strong.clip.emotion, []).append(of(strong) - of(normal))
    return differences


def interval(values: Sequence[float], seed: int = 0) -> str:
    """Mean and share above 0, with the bootstrap's 95 % of the share."""
    above = 100 * (np.array(values) > 0)
    draws = np.random.default_rng(seed).choice(above, (2000, len(above))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{np.mean(values):+.2f}; {above.mean():.0f} % [{low:.0f}, {high:.0f}] of {len(above)}"


def report(found: Sequence[Voiced]) -> list[str]:
    """Lines for one judge."""
    lines = []
    for corpus in ("all", *sorted({one.clip.corpus for one in found})):
        own = [one for one in found if corpus in ("all", one.clip.corpus)]
        cells = [f"{corpus:10} {len(own):4} clips"]
        for dimension in (AROUSAL, VALENCE):
            places = within_speakers(own, [one.places[dimension] for one in own])
            labels = within_speakers(own, [ANCHORS[one.clip.emotion][dimension] for one in own])
            voices = {name: within_speakers(own, [getattr(one, name) for one in own]) for name in VOICE}
            cells += [f"{dimension}: label {correlation(places, labels)}",
                      *(f"{name} {correlation(places, values)}" for name, values in voices.items())]
        lines.append("  ".join(cells))
    differences = intensities(found, lambda one: one.places[AROUSAL])
    if differences:
        every = [value for values in differences.values() for value in values]
        lines.append(f"strong minus normal, arousal: {interval(every)}")
        lines += [f"  {emotion:10} {interval(values)}" for emotion, values in sorted(differences.items())]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--observations", type=Path, help="folder that keeps them; that of an audit of the same manifest")
    parser.add_argument("--judge", action="append", help="those that ship if left out")
    asked = parser.parse_args()
    clips = read_clips([asked.manifest])
    kept = Observations(asked.observations)
    for judge in asked.judge or registry.default_names():
        kept.observe(f"emotion@{judge}", [clip.path for clip in clips])
        observed = [(clip, kept.get(f"emotion@{judge}", clip.path)) for clip in clips]
        print("\n".join([f"judge {judge}", *report([measured(clip, one) for clip, one in observed if one]), ""]), flush=True)


if __name__ == "__main__":
    main()
