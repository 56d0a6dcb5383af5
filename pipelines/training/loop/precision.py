"""How a step computes: in which precision, and in how many parts a batch is taken.

The recipe says it once for all stages, and the loop sets it around each step (trainer.py), as torch.autocast is set around a
forward pass; stages know of neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch

DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
AUTOCAST = {"cuda": torch.bfloat16}  # what auto means, by kind of device


@dataclass(frozen=True)
class Arithmetic:
    """precision: of forward passes; auto is bf16 on CUDA devices that have it, else fp32. parts: in which a batch is taken, one
    after another, before optimisers take their step; part: which one it is, from 0. scaler: of losses, with fp16. descended: the
    optimisers that have learnt from this part.
    """

    precision: str = "auto"
    parts: int = 1
    part: int = 0
    scaler: torch.amp.GradScaler | None = None
    descended: set[int] | None = None
    rehearsal: bool = False  # gradients are computed, and nobody learns from them

    @property
    def last(self) -> bool:
        """Whether optimisers take their step now."""
        return self.part == self.parts - 1 and not self.rehearsal

    def dtype(self, kind: str) -> torch.dtype | None:
        """Of forward passes on a kind of device; None where nothing is cast."""
        if self.precision != "auto":
            return DTYPES[self.precision]
        emulated = kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
        return None if emulated else AUTOCAST.get(kind)


_NOW: ContextVar[Arithmetic | None] = ContextVar("arithmetic", default=None)


def now() -> Arithmetic:
    """What holds here."""
    return _NOW.get() or Arithmetic()


@contextmanager
def computing(arithmetic: Arithmetic) -> Iterator[None]:
    """Inside, it holds."""
    before = _NOW.set(arithmetic)
    try:
        yield
    finally:
        _NOW.reset(before)


def new_scaler(device: str) -> torch.amp.GradScaler | None:
    """For fp16, whose small gradients would vanish; other precisions need none."""
    return torch.amp.GradScaler(device.split(":")[0]) if now().precision == "fp16" else None
