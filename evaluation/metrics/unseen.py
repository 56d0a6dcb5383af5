"""Did any emotion move, known to the judge or not? What a judge hears in a recording, compared as a whole.

A judge of five emotions cannot say "fearful", but it hears fearful speech in its own way, some of it sad, some of it surprised. A
conversion that took over a fearful reference's emotion must be heard more like that reference than like its source.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.spatial.distance import jensenshannon

from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.emotion import models_of, source_of
from evaluation.metrics.scores import percent
from evaluation.pair import Pair


@dataclass(frozen=True)
class NearerToReference:
    """Share of conversions whose posteriors are nearer to the reference's than to the source's (Jensen-Shannon distance)."""

    judge: str
    base = "emotion-nearer"

    @property
    def observer(self) -> str:
        return f"emotion@{self.judge}"

    @property
    def info(self) -> MetricInfo:
        question = f"In how many conversions does the judge {self.judge} hear more of the reference than of the source?"
        return MetricInfo(f"{self.base}@{self.judge}", question, "higher", 0.0, 100.0, "%",
                          f"Lin 1991 (distance); {source_of(self.judge)}", models_of(self.judge))

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where the judge heard one of the three not at all, or source and reference alike."""
        if not (seen.source and seen.reference and seen.converted) or seen.source == seen.reference:
            return None
        return percent(_distance(seen.converted, seen.reference) < _distance(seen.converted, seen.source))

    def failed(self, pair: Pair) -> Value | None:
        return percent(False)


def _distance(one: dict[str, float], other: dict[str, float]) -> float:
    return float(jensenshannon([one[name] for name in one], [other[name] for name in one]))
