"""Natural? Predicted by models; listeners are asked elsewhere, and their scores never stand in one column with these."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.needs import version
from evaluation.metrics.scores import plain
from evaluation.pair import Pair

PARTS = {"overall": "How natural as a whole", "signal": "How undistorted the speech", "background": "How quiet the background"}


@dataclass(frozen=True)
class DistillMosScore:
    """DistillMOS of the conversion."""

    observer = "distillmos"

    @property
    def info(self) -> MetricInfo:
        return MetricInfo("distillmos", "How natural does a predictor of listeners' scores find it?", "higher", 1.0, 5.0,
                          "predicted MOS 1-5", "DistillMOS (arXiv 2502.05356)", f"distillmos {version('distillmos')}")

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(seen.converted)

    def failed(self, pair: Pair) -> Value | None:
        """The worst on the scale."""
        return Value(1.0)


@dataclass(frozen=True)
class DnsMosScore:
    """One of the three DNSMOS P.835 scores of the conversion. part: 'overall', 'signal' or 'background'."""

    part: str = "overall"
    observer = "dnsmos"

    @property
    def info(self) -> MetricInfo:
        return MetricInfo(f"dnsmos-{self.part}", f"{PARTS[self.part]}, by a predictor made for noisy calls?", "higher", 1.0, 5.0,
                          "predicted MOS 1-5", "DNSMOS P.835 (arXiv 2110.01763)",
                          f"sig_bak_ovr.onnx in speechmos {version('speechmos')} (MIT), onnxruntime {version('onnxruntime')}")

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(seen.converted[self.part]) if seen.converted else None

    def failed(self, pair: Pair) -> Value | None:
        """The worst on the scale."""
        return Value(1.0)
