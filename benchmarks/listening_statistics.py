"""Whether a listening test's numbers can be believed: simulated studies whose truth is known.

    python -m benchmarks.listening_statistics --studies 500

Each study has 20 listeners: 15 careful ones who differ, 2 who always give the same vote, 3 who click at random. Intervals are
those of the answers left after screening by the study's own rules. Aims: intervals hold the truth in 93 to 97 %;
at least 90 % of random clickers are caught; at most 5 % of careful listeners are excluded.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.simulated_listeners import CAREFUL, CLICKER, LAZY, SYSTEMS, Crowd, simulate, simulated_study
from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.results import comparisons_of, opinions_of
from evaluation.listening.analysis.screening import screen
from evaluation.listening.design.study import Study
from pipelines.counting import counted

DRAWS = 1000
SCENARIOS = {
    "naturalness only": (("naturalness",), Crowd()),
    "naturalness only, listeners alike": (("naturalness",), Crowd(bias=0.2, item=0.2, taste=0.1, suits=0.1)),
    "naturalness only, listeners differ much": (("naturalness",), Crowd(bias=0.9)),
    "naturalness only, all careful": (("naturalness",), Crowd(careful=20, lazy=0, clickers=0)),
    "all five questions": (("naturalness", "emotion-similarity", "speaker-similarity", "emotion-choice", "preference"), Crowd()),
}


@dataclass
class Tally:
    """Hits and tries, by what was counted."""

    hits: Counter = field(default_factory=Counter)
    tries: Counter = field(default_factory=Counter)
    widths: dict = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, hit: bool) -> None:
        self.hits[name] += bool(hit)
        self.tries[name] += 1

    def percent(self, name: str) -> str:
        """With the binomial 95 % interval; studies share nothing, so it is right for one number a study."""
        if not self.tries[name]:
            return "-"
        test = stats.binomtest(self.hits[name], self.tries[name])
        interval = test.proportion_ci(0.95, method="wilson")
        return f"{100 * test.statistic:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def screened_answers(study: Study, crowd: Crowd, seed: int, tally: Tally) -> pd.DataFrame:
    """The answers of simulated listeners who pass the screening; the tally gets whom it left out, by kind of listener."""
    collected, kinds = simulate(study, crowd, seed)
    table = answer_table(study, collected)
    verdicts = screen(study.rules, collected, table)
    for verdict in verdicts:
        tally.add(kinds[verdict.listener], not verdict.counts)
    return table[table.listener.isin([verdict.listener for verdict in verdicts if verdict.counts])]


def one_study(study: Study, crowd: Crowd, seed: int, tally: Tally, draws: int) -> None:
    """Simulate, screen, analyse and compare with the truth."""
    left = screened_answers(study, crowd, seed, tally)
    left = left[(left.question == "naturalness") & left.condition.isin(SYSTEMS)]
    for opinion in opinions_of(study, left, draws, seed):
        truth = crowd.truth(opinion.condition)
        tally.add(f"mos of {opinion.condition}", opinion.mos.low <= truth <= opinion.mos.high)
        tally.add("in 1 to 5", 1 <= opinion.mos.low <= opinion.mos.value <= opinion.mos.high <= 5)
        tally.widths["mos"].append(opinion.mos.high - opinion.mos.low)
    for compared in comparisons_of(study, left, draws, seed):
        gap, truth = compared.difference, crowd.truth(compared.first) - crowd.truth(compared.second)
        clear = gap.low > 0 or gap.high < 0
        if (compared.first, compared.second) == ("middle", "twin"):
            tally.add("false alarm", clear)
            tally.add("false alarm of the test", compared.p is not None and compared.p < 0.05)
        elif compared.second == "middle":
            tally.add("difference", gap.low <= truth <= gap.high)
            tally.add("found", clear)
            tally.add("found by the test", compared.p is not None and compared.p < 0.05)


def scenario(questions: tuple[str, ...], crowd: Crowd, studies: int, draws: int = DRAWS, seconds: float = np.inf) -> Tally:
    """Many studies of one kind, each with a design of its own; fewer where the time is up."""
    tally, until = Tally(), time.monotonic() + seconds
    for seed in range(studies):
        if time.monotonic() > until:
            break
        one_study(simulated_study(questions, seed=seed), crowd, seed, tally, draws)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--minutes", type=float, default=np.inf, help="for all scenarios together")
    asked = parser.parse_args()
    rows = {"studies": "mos of best", "MOS intervals hold the truth, best system": "mos of best",
            "the same, middle system": "mos of middle", "the same, its twin": "mos of twin",
            "intervals within 1 to 5": "in 1 to 5", "interval of the planted difference holds it": "difference",
            "planted difference found (interval leaves 0 out)": "found",
            "the same, adjusted Wilcoxon p < 0.05": "found by the test",
            "difference claimed between equal systems": "false alarm", "the same, by Wilcoxon": "false alarm of the test",
            "random clickers caught": CLICKER, "lazy listeners caught": LAZY, "careful listeners excluded": CAREFUL}
    print(f"Percent, in brackets the 95 % interval of that percentage; {counted(asked.draws, 'resample')}.\n")
    seconds = 60 * asked.minutes / len(SCENARIOS)
    found = {}
    for name, (questions, crowd) in SCENARIOS.items():
        found[name] = scenario(questions, crowd, asked.studies, asked.draws, seconds)
    print("| | " + " | ".join(found) + " |\n" + "| --- " * (len(found) + 1) + "|")
    for label, key in rows.items():
        cells = [str(tally.tries[key]) if label == "studies" else tally.percent(key) for tally in found.values()]
        print(f"| {label} | " + " | ".join(cells) + " |")
    widths = [f"{np.mean(tally.widths['mos']):.2f}" for tally in found.values()]
    print("| mean width of a MOS interval, points | " + " | ".join(widths) + " |")


if __name__ == "__main__":
    main()
