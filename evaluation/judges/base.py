"""What an emotion judge is: how it is listed before anything is loaded, and what it answers when it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from evaluation.instruments.needs import version
from evaluation.instruments.training_data import TrainingData


class Judge(Protocol):
    """A judge in memory: anything that gives probabilities of emotions."""

    @property
    def name(self) -> str: ...

    @property
    def emotions(self) -> tuple[str, ...]: ...

    def posteriors(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """(clips, emotions) probabilities; a clip is (n,) float32 at 16 kHz."""
        ...


@dataclass(frozen=True)
class EmotionJudge:
    """A judge as registry.py lists it; nothing is loaded before `load`.

    Attributes:
        name: as in `emotion@<name>`. emotions: those that it knows; of others it is not asked.
        library: package that computes what it looks at. source: who trained it, or the page that says it.
        aliases: other names, such as a hub id.
        shares: which features it has in common with a converter of this repository, one sentence; '' where nobody said.
        training: what it learnt from; None where nobody said.
        default: it belongs to the metrics that are measured unless others are asked for.
    """

    name: str
    emotions: tuple[str, ...]
    library: str
    source: str
    aliases: tuple[str, ...] = ()
    shares: str = ""
    training: TrainingData | None = None

    default: ClassVar[bool] = False

    @property
    def where(self) -> str:
        """Where its weights lie: a hub id or a path in the repository."""
        raise NotImplementedError

    @property
    def card(self) -> Path | None:
        """The page that says what it was trained on; None where this repository has none."""
        return None

    def digest(self) -> str:
        """Names the weights, safe in a file name: another digest is another judge."""
        raise NotImplementedError

    def unavailable(self) -> str | None:
        """Why it cannot be used here, as a sentence; None where it can. Loads no weights."""
        raise NotImplementedError

    def load(self) -> Judge:
        """Raises ZestError: a package is missing, or the weights cannot be had."""
        raise NotImplementedError

    def described_models(self) -> str:
        """Weights and library, for MetricInfo.models."""
        return f"{self.where} ({self.digest()}), {self.library} {version(self.library)}"
