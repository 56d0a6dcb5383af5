"""Emotion moved? What independent judges hear. Their accuracy on natural speech stands beside it (natural_marks.py)."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.needs import version
from evaluation.metrics.scores import percent
from evaluation.pair import Pair
from pipelines.labels import EMOTIONS

LIBRARIES = {"whisper": "openai-whisper", "egemaps": "opensmile", "superb": "transformers", "iemocap": "speechbrain",
             "emotion2vec": "funasr"}


@dataclass(frozen=True)
class Accuracy:
    """Share of conversions in which a judge hears the wanted emotion before all others that it knows."""

    judge: str
    base = "emotion"

    @property
    def observer(self) -> str:
        return f"emotion@{self.judge}"

    @property
    def info(self) -> MetricInfo:
        question = f"In how many conversions does the judge {self.judge} hear the wanted emotion?"
        return MetricInfo(f"{self.base}@{self.judge}", question, "higher", 0.0, 100.0, "%", source_of(self.judge),
                          models_of(self.judge))

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where the judge does not know the emotion."""
        heard = seen.converted
        if not heard or pair.emotion not in heard:
            return None
        return percent(max(heard, key=heard.__getitem__) == pair.emotion)

    def failed(self, pair: Pair) -> Value | None:
        """A miss, where the judge knows the emotion."""
        return percent(False) if pair.emotion in emotions_of(self.judge) else None


@dataclass(frozen=True)
class Posterior:
    """Probability that a judge gives to the wanted emotion."""

    judge: str
    base = "target-posterior"

    @property
    def observer(self) -> str:
        return f"emotion@{self.judge}"

    @property
    def info(self) -> MetricInfo:
        question = f"How probable does the judge {self.judge} find the wanted emotion?"
        return MetricInfo(f"{self.base}@{self.judge}", question, "higher", 0.0, 1.0, "probability", source_of(self.judge),
                          models_of(self.judge))

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where the judge does not know the emotion."""
        return Value(seen.converted[pair.emotion]) if seen.converted and pair.emotion in seen.converted else None

    def failed(self, pair: Pair) -> Value | None:
        return Value(0.0) if pair.emotion in emotions_of(self.judge) else None


def emotions_of(judge: str) -> tuple[str, ...]:
    """Which emotions a judge knows, without loading it."""
    if judge in ("whisper", "egemaps"):
        return EMOTIONS
    return EMOTIONS[:4] if judge in ("superb", "iemocap") else (*EMOTIONS, "fearful", "disgusted")


def models_of(judge: str) -> str:
    """For MetricInfo.models."""
    from evaluation.judges.registry import HUB, digest

    where = HUB[judge].hub_id if judge in HUB else f"checkpoints/judge-mini/{judge}"
    return f"{where} ({digest(judge)}), {LIBRARIES[judge]} {version(LIBRARIES[judge])}"


def source_of(judge: str) -> str:
    """For MetricInfo.source."""
    from evaluation.judges.registry import HUB

    return HUB[judge].source if judge in HUB else "checkpoints/judge-mini/JUDGE_CARD.md"
