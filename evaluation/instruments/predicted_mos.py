"""Does it sound natural? Predictors of listeners' scores: not mean opinion scores, and never printed as such.

DistillMOS (Stahl & Gamper, 2025) and DNSMOS P.835 (Reddy et al., 2022); both carry their weights in their packages.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.quiet import quiet


def predicted_mos(samples: np.ndarray) -> float:
    """DistillMOS of (n,) float32 at 16 kHz, about 1 to 5."""
    import torch

    with torch.no_grad():
        return float(_distillmos()(torch.from_numpy(np.asarray(samples, dtype=np.float32))[None])[0, 0])


def dnsmos(samples: np.ndarray) -> dict[str, float]:
    """DNSMOS P.835 of (n,) float32 at 16 kHz: overall, signal and background, about 1 to 5.

    A clip under 9 s is repeated until it fills the model's window, as its authors do.
    """
    found = _dnsmos()(np.clip(np.asarray(samples, dtype=np.float32), -1, 1), SAMPLE_RATE, False)
    return {"overall": float(found["ovrl_mos"]), "signal": float(found["sig_mos"]), "background": float(found["bak_mos"])}


@lru_cache(maxsize=1)
def _distillmos():
    with quiet("distillmos"):  # it announces its weights
        import distillmos

        return distillmos.ConvTransformerSQAModel().eval()


@lru_cache(maxsize=1)
def _dnsmos():
    """speechmos' own object, on one thread that does not spin: shards run beside each other."""
    with quiet("speechmos"):
        import onnxruntime
        from speechmos import dnsmos as package

    folder = Path(package.__file__).parent / "dnsmos_models"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = package.DNSMOS(str(folder / "sig_bak_ovr.onnx"), str(folder / "model_v8.onnx"))
    for name, file in (("onnx_sess", "sig_bak_ovr.onnx"), ("p808_onnx_sess", "model_v8.onnx")):
        setattr(model, name, onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"]))
    return model
