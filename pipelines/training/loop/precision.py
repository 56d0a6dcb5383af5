"""Precision of forward passes: the recipe names it once for all stages."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
AUTOCAST = {"cuda": torch.bfloat16}  # what auto means, by kind of device


def autocast(precision: str, device: str) -> AbstractContextManager:
    """Around a forward pass. precision: auto, fp32, bf16 or fp16; auto is bf16 on CUDA devices that have it, else fp32.

    Does nothing where the precision is fp32.
    """
    kind = device.split(":")[0]
    dtype = _auto(kind) if precision == "auto" else DTYPES[precision]
    return nullcontext() if dtype is None else torch.autocast(kind, dtype)


def new_scaler(precision: str, device: str) -> torch.amp.GradScaler | None:
    """Of losses, for fp16, whose small gradients would vanish; None for other precisions."""
    return torch.amp.GradScaler(device.split(":")[0]) if precision == "fp16" else None


def _auto(kind: str) -> torch.dtype | None:
    emulated = kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    return None if emulated else AUTOCAST.get(kind)
