"""One optimiser step, in the recipe's precision, over all parts of a batch (arithmetic.py) and all processes (processes.py)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import nn

from pipelines.errors import RecipeError
from pipelines.training.loop import distributed as processes
from pipelines.training.loop import precision as arithmetic


def descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor, limit: float = 1.0) -> None:
    """One optimiser step with the gradient's norm clipped to `limit`; the gradient is the mean over all processes."""
    descend_together([optimiser], loss, limit)


def descend_together(optimisers: Sequence[torch.optim.Optimizer], loss: torch.Tensor, limit: float = 1.0) -> None:
    """The same for one loss of several optimisers, each with a norm of its own.

    Where a batch is taken in parts, gradients add up to the mean over the parts, and the step is taken with the last one. Only
    these optimisers' parameters get gradients, so that what else the loss went through adds nothing to another optimiser's.
    """
    how = arithmetic.now()
    learning = {optimiser: [weight for group in optimiser.param_groups for weight in group["params"] if weight.requires_grad]
                for optimiser in optimisers}
    if how.part == 0:
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
    if how.parts > 1:
        _refuse_second_step(optimisers, how.descended)
    loss = loss / how.parts if how.parts > 1 else loss
    loss = how.scaler.scale(loss) if how.scaler else loss
    loss.backward(inputs=[weight for weights in learning.values() for weight in weights])
    if not how.last:
        return
    for optimiser, weights in learning.items():
        processes.average_gradients(weights)
        if how.scaler:
            how.scaler.unscale_(optimiser)
        nn.utils.clip_grad_norm_(weights, limit)
        how.scaler.step(optimiser) if how.scaler else optimiser.step()


def _refuse_second_step(optimisers: Sequence[torch.optim.Optimizer], descended: set[int]) -> None:
    """A second descent in one part would have to come after the first one's step, which waits for the last part."""
    own = {id(optimiser) for optimiser in optimisers}
    again = not own.isdisjoint(descended)
    descended |= own
    if again:
        raise RecipeError("This stage lets one of its networks learn several times a step, so that its batch cannot be taken in "
                          "parts; set [general] accumulate to 1.")


def autocast(device: str) -> AbstractContextManager:
    """Around a forward pass, in the recipe's precision (arithmetic.py); nothing at all where that is fp32."""
    kind = device.split(":")[0]
    dtype = arithmetic.now().dtype(kind)
    return nullcontext() if dtype is None else torch.autocast(kind, dtype)


def set_learning_rate(optimiser: torch.optim.Optimizer, peak: float, number: int, steps: int, warmup: int = 200) -> None:
    """Linear warm-up, then a cosine down to 2 % of the peak."""
    rise = min(1.0, (number + 1) / warmup)
    fall = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, number / max(1, steps))))
    for group in optimiser.param_groups:
        group["lr"] = float(peak * rise * fall)  # a numpy number would make the saved state unreadable without pickle
