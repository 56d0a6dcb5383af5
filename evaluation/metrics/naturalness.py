"""Natural? Predicted by models; listeners are asked elsewhere, and their scores never stand in one column with these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from evaluation.instruments import mos_packages, training_data
from evaluation.instruments.needs import version
from evaluation.metrics.base import Metric, Observer, Seen, Value, plain
from evaluation.metrics.subjects import NATURALNESS
from evaluation.pair import Pair


@dataclass(frozen=True)
class DistillMosObserver(Observer):
    """Predicted MOS, one number."""

    kind = "distillmos"
    task = "Predicting naturalness"
    packages = ("distillmos", "torchaudio")

    @property
    def key(self) -> str:
        return f"distillmos-{version('distillmos')}"

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        from evaluation.instruments.predicted_mos import predicted_mos

        return [round(predicted_mos(clip), 4) for clip in clips]


@dataclass(frozen=True)
class DnsMosObserver(Observer):
    """DNSMOS P.835: {"overall", "signal", "background"}."""

    kind = "dnsmos"
    task = "Predicting noise and signal quality"
    packages = ("speechmos", "onnxruntime")

    @property
    def key(self) -> str:
        return f"dnsmos-p835-speechmos-{version('speechmos')}"

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        from evaluation.instruments.predicted_mos import dnsmos

        return [{name: round(value, 4) for name, value in dnsmos(clip).items()} for clip in clips]


@dataclass(frozen=True)
class MosMetric(Metric):
    """What the metrics of this file share."""

    better = "higher"
    low, high, unit = 1.0, 5.0, "predicted MOS 1-5"
    subject = NATURALNESS

    def failed(self, pair: Pair) -> Value | None:
        """The worst on the scale."""
        return Value(1.0)


@dataclass(frozen=True)
class DistillMosScore(MosMetric):
    """DistillMOS 0.9.1."""

    base = "distillmos"
    question = "How natural does a predictor of listeners' scores find it?"
    source = "DistillMOS (arXiv 2502.05356)"
    libraries = ("distillmos",)
    training = training_data.DISTILLMOS
    observed_by = DistillMosObserver

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(seen.converted)


@dataclass(frozen=True)
class DnsMosOverall(MosMetric):
    """DNSMOS P.835, made for noisy calls: `sig_bak_ovr.onnx` of the package speechmos (MIT). A clip under 9 s is repeated until
    it fills the model's window, as the authors do."""

    base = "dnsmos-overall"
    question = "How natural as a whole, by a predictor made for noisy calls?"
    source = "DNSMOS P.835 (arXiv 2110.01763)"
    training = training_data.DNSMOS
    observed_by = DnsMosObserver
    scale: ClassVar[str] = "overall"

    def described_models(self) -> str:
        return f"sig_bak_ovr.onnx in speechmos {version('speechmos')} (MIT), onnxruntime {version('onnxruntime')}"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(seen.converted[self.scale]) if seen.converted else None


@dataclass(frozen=True)
class DnsMosSignal(DnsMosOverall):
    """Its score of the speech itself."""

    base, scale = "dnsmos-signal", "signal"
    question = "How undistorted the speech, by a predictor made for noisy calls?"


@dataclass(frozen=True)
class DnsMosBackground(DnsMosOverall):
    """Its score of the background."""

    base, scale = "dnsmos-background", "background"
    question = "How quiet the background, by a predictor made for noisy calls?"


@dataclass(frozen=True)
class PackageMosObserver(Observer):
    """Predicted MOS, one number, by a package that is installed on demand and fetches its weights once."""

    kind = "predicted-mos"
    task = "Predicting naturalness ({model})"

    @property
    def key(self) -> str:
        return f"{self.model}-{version(self.model)}"

    def unavailable(self) -> str | None:
        return mos_packages.PACKAGES[self.model].unavailable()

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        predict = mos_packages.load(self.model)
        return [round(predict(clip), 4) for clip in clips]


@dataclass(frozen=True)
class UtmosV2(MosMetric):
    """UTMOSv2, a system of the VoiceMOS Challenge 2024 for synthetic speech. Installed on demand."""

    base = "utmosv2"
    question = "How natural, by a predictor made for synthetic speech (UTMOSv2)?"
    source = "UTMOSv2 (arXiv 2409.09305)"
    libraries = ("utmosv2",)
    by_default = False
    training = training_data.UTMOS

    def observing(self) -> Observer:
        return PackageMosObserver(self.base)

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(seen.converted)


@dataclass(frozen=True)
class Scoreq(UtmosV2):
    """SCOREQ for synthetic speech, without a reference. Installed on demand."""

    base = "scoreq"
    question = "How natural, by a predictor made for synthetic speech (SCOREQ)?"
    source = "SCOREQ (Ragano et al., NeurIPS 2024)"
    libraries = ("scoreq",)
    training = training_data.SCOREQ


METRICS = (DistillMosScore, DnsMosOverall, DnsMosSignal, DnsMosBackground, UtmosV2, Scoreq)
