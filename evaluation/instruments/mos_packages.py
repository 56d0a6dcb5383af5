"""Predictors of listeners' scores that are installed on demand: UTMOSv2 (Baba et al. 2024) and SCOREQ (Ragano et al. 2024).

Both fetch their weights with their first clip, UTMOSv2 by git from GitHub, SCOREQ from Zenodo.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from evaluation.instruments.needs import reachable
from pipelines.errors import ZestError
from pipelines.features.audio import save
from pipelines.packages import is_installed
from pipelines.quiet import quiet

INSTEAD = "distillmos"
Predictor = Callable[[np.ndarray], float]  # (n,) float32 at 16 kHz to a score of about 1 to 5


@dataclass(frozen=True)
class MosPackage:
    """module: to import. install: for pip. host: of its weights. cached: where they are kept. build: loads them."""

    module: str
    install: str
    host: str
    cached: Callable[[], Path]
    build: Callable[[], Predictor]

    def unavailable(self) -> str | None:
        """Why it cannot be used here, as a sentence; None where it can. Loads no weights."""
        missing = self.missing()
        if missing or self.cached().exists() or reachable(self.host):
            return missing
        return (f"The weights of {self.module} are not on this machine and cannot be downloaded now; try again with a network, "
                f"or use {INSTEAD}.")

    def missing(self) -> str | None:
        """A sentence where the package is not installed, else None."""
        if is_installed(self.module):
            return None
        return f"The package {self.module} is not installed; run 'pip install {self.install}' and try again."


def _utmosv2_cache() -> Path:
    return Path(os.environ.get("UTMOSV2_CHACHE", "~/.cache/utmosv2")).expanduser() / "models"  # the variable is spelt so


def _utmosv2() -> Predictor:
    import torch
    import utmosv2  # pyright: ignore[reportMissingImports]  # installed by who wants it

    model = utmosv2.create_model(pretrained=True)

    def predict(clip: np.ndarray) -> float:
        torch.manual_seed(0)  # it cuts pieces at random places
        np.random.seed(0)  # noqa: NPY002 - its own generator
        found = model.predict(data=np.asarray(clip, dtype=np.float32), device="cpu", num_workers=0, verbose=False)
        return float(np.ravel(found)[0])

    return predict


def _scoreq() -> Predictor:
    import scoreq  # pyright: ignore[reportMissingImports]  # installed by who wants it

    model = scoreq.Scoreq(data_domain="synthetic", mode="nr")

    def predict(clip: np.ndarray) -> float:
        with tempfile.TemporaryDirectory(prefix="zest-scoreq-") as folder:  # it takes files only
            path = Path(folder) / "clip.wav"
            save(path, np.asarray(clip, dtype=np.float32))
            return float(model.predict(test_path=str(path), ref_path=None))

    return predict


PACKAGES = {
    "utmosv2": MosPackage("utmosv2", "git+https://github.com/sarulab-speech/UTMOSv2.git", "https://github.com",
                          _utmosv2_cache, _utmosv2),
    "scoreq": MosPackage("scoreq", "scoreq", "https://zenodo.org",
                         lambda: Path("~/.cache/scoreq/onnx-models/adapt_nr_synthetic.onnx").expanduser(), _scoreq)}


@lru_cache(maxsize=2)
def load(name: str) -> Predictor:
    """Raises ZestError: the package is missing, or its weights cannot be had."""
    package = PACKAGES[name]
    reason = package.missing()
    if reason:
        raise ZestError(reason)
    try:
        with quiet(package.module):
            return package.build()
    except Exception as error:  # loaders raise network, file and configuration errors alike
        raise ZestError(f"{name} could not be loaded ({type(error).__name__}); check the network, or use {INSTEAD}.") from error
