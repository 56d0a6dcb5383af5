"""How often the report's 95 % intervals hold the truth, by number of speakers and how much they differ.

    python -m benchmarks.interval_coverage

Speakers are drawn from a normal distribution with the standard deviation of a column, their pairs around them with 1;
the truth is 0. With few speakers that differ much, intervals are too narrow: the table says by how much.
"""

from __future__ import annotations

import numpy as np

from evaluation.report.statistics import MetricScores, estimates, resample

SPEAKERS, PAIRS, BETWEEN, TRIALS, DRAWS = (2, 3, 4, 5, 8, 10, 20, 40), 10, (0.0, 0.3, 1.0), 1000, 1000


def coverage(speakers: int, between: float, seed: int = 0) -> float:
    """Percent of intervals that hold 0."""
    random = np.random.default_rng(seed)
    values = random.normal(0, between, (TRIALS, speakers, 1)) + random.normal(0, 1, (TRIALS, speakers, PAIRS))
    sides = [MetricScores(trial.ravel(), np.ones(trial.size)) for trial in values]
    names = [str(speaker) for speaker in range(speakers) for _ in range(PAIRS)]
    found = estimates(sides, resample(names, DRAWS, seed), speakers * PAIRS)
    return 100 * float(np.mean([each.low <= 0 <= each.high for each in found]))


def main() -> None:
    print(f"Intervals that hold the truth, %; {PAIRS} pairs a speaker, {TRIALS} sets, {DRAWS} resamples.\n")
    print("| speakers | " + " | ".join(f"speakers differ by {between:g}" for between in BETWEEN) + " |")
    print("| --- " * (len(BETWEEN) + 1) + "|")
    for speakers in SPEAKERS:
        print(f"| {speakers} | " + " | ".join(f"{coverage(speakers, between):.1f}" for between in BETWEEN) + " |")


if __name__ == "__main__":
    main()
