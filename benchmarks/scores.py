"""The numbers of benchmark tables: an evaluation in a folder that goes again, and the set values of its systems.

Systems are rendered anew every time, but each distinct clip is listened to once: observations are kept, so natural speech is
measured with the first benchmark only, and an interrupted one goes on where it stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from evaluation.instruments.f0 import jumps
from evaluation.pair import Pair
from evaluation.protocol.settings import TARGETS
from evaluation.report.results import Matrix, matrix_of
from evaluation.report.statistics import estimates, resample, set_value
from evaluation.report.tables import Counts, confusion
from evaluation.run import EvaluationRun, evaluate
from evaluation.run.folder import ScoreRecord
from evaluation.run.observing import RunObservations
from evaluation.run.systems import System
from pipelines.files import make_folder
from workbench.cli.progress import stage_bars

ENGLISH = "en"
NOTHING = float("nan")


@dataclass(frozen=True)
class QualityScores:
    """An evaluation's numbers, by system and metric; NaN where nothing was measured."""

    run: EvaluationRun

    @cached_property
    def matrix(self) -> Matrix:
        return matrix_of(self.run)

    @cached_property
    def observed(self) -> RunObservations:
        return RunObservations(self.run)

    @cached_property
    def lines(self) -> dict[tuple[str, str], ScoreRecord]:
        """By (system, pair id), every metric's (value, weight)."""
        return self.run.files.scores()

    @cached_property
    def english(self) -> np.ndarray:
        """(pairs,) whose words are compared: the recogniser's errors differ too much between languages for one column."""
        return np.array([pair.language == ENGLISH for pair in self.matrix.pairs])

    @cached_property
    def has_text(self) -> np.ndarray:
        """(pairs,) whose text somebody wrote down."""
        return np.array([pair.text != "" for pair in self.matrix.pairs])

    def value(self, system: str, metric: str, chosen: np.ndarray | None = None) -> float:
        """Of all pairs, or of those where `chosen`, (pairs,) bool, is true."""
        if metric not in self.matrix.metrics:
            return NOTHING
        rows = self.matrix.rows() if chosen is None else np.flatnonzero(chosen)
        value = set_value(self.matrix.scores(system, metric, rows))
        return NOTHING if value is None else value

    def interval(self, system: str, metric: str) -> tuple[float, float]:
        """95 %, over source speakers and their pairs."""
        if metric not in self.matrix.metrics:
            return NOTHING, NOTHING
        rows = self.matrix.rows()
        found, = estimates([self.matrix.scores(system, metric, rows)], self._resamples, len(rows))
        return (NOTHING, NOTHING) if found is None or found.low is None else (found.low, found.high)

    def per_emotion(self, system: str, metric: str) -> dict[str, float]:
        """By target emotion."""
        targets = np.array([pair.emotion for pair in self.matrix.pairs])
        return {emotion: self.value(system, metric, targets == emotion) for emotion in TARGETS}

    def recognised_as(self, system: str, judge: str) -> Counts:
        """Target emotion to the emotion that a judge took it for to how many pairs; empty where the judge could not be asked."""
        key = self.run.record.observer_keys.get(f"emotion@{judge}")
        return {} if key is None else confusion(self.matrix, system, key, self.observed)

    def of_conversion(self, system: str, pair: Pair, metric: str) -> Any:
        """What the observer of a metric observed of a conversion, None where nothing was."""
        key = self.run.record.observer_keys.get(metric)
        return None if key is None else self.observed.of_conversion(key, pair, system)

    def of_source(self, pair: Pair, metric: str) -> Any:
        """What the observer of a metric observed of a source, None where nothing was."""
        key = self.run.record.observer_keys.get(metric)
        return None if key is None else self.observed.of_clip(key, pair.source, pair.language)

    def octave_jumps(self, system: str) -> float:
        """Percent of predicted contours with a jump."""
        contours = [self.run.predicted(system, pair.id) for pair in self.matrix.pairs]
        jumping = [jumps(contour) > 0 for contour in contours if contour is not None]
        return 100 * float(np.mean(jumping)) if jumping else NOTHING

    def seconds_ratio(self, system: str) -> float:
        """Mean length over the source's, silence included; needs a metric of the observer `clock`."""
        found = [(self.of_conversion(system, pair, "duration-ratio"), self.of_source(pair, "duration-ratio"))
                 for pair in self.matrix.pairs]
        ratios = [ours["seconds"] / source["seconds"] for ours, source in found if ours and source]
        return float(np.mean(ratios)) if ratios else NOTHING

    def failures(self, system: str) -> list[str]:
        """The sentences of failed pairs."""
        outcomes = [self.run.conversions[system, pair.id].failed for pair in self.matrix.pairs]
        return [sentence for sentence in outcomes if sentence is not None]

    @cached_property
    def _resamples(self) -> np.ndarray:
        return resample(self.matrix.speakers)


@contextmanager
def scored(pairs: Sequence[Pair], systems: Sequence[System], metrics: Iterable[str], cache: Path) -> Iterator[QualityScores]:
    """Convert and measure; the conversions can be looked at until the block ends. What could not be measured is told on stderr.

    Args:
        metrics: names, as in `zest metrics`. cache: folder of observations.
    Raises:
        ZestError: a system cannot be loaded, or the cache cannot be written.
    """
    kept = make_folder(cache).resolve()
    with TemporaryDirectory(prefix="zest-benchmark-") as folder:
        (Path(folder) / "observations").symlink_to(kept, target_is_directory=True)
        with stage_bars() as bars:
            run = evaluate(pairs, systems, folder, list(metrics), hook=bars)
        for metric, sentence in run.not_measured.items():
            print(f"{metric} was not measured: {sentence}", file=sys.stderr)
        yield QualityScores(run)
