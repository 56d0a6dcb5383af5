"""How a step updates weights: in the recipe's precision, over all micro-batches of a batch and all processes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from pipelines.errors import RecipeError
from pipelines.training.loop import distributed
from pipelines.training.loop.precision import autocast


@dataclass(frozen=True)
class Update:
    """What a step of a task is given to compute its update with; the training loop makes one for each micro-batch.

    Attributes:
        device: of the networks. precision: of forward passes, as in the recipe (precision.py).
        micro_batches: in which a batch is taken, one after another, before optimisers take their step. index: of this one.
        scaler: of losses, for fp16. rehearsal: gradients are computed, and no optimiser takes a step.
        applied: ids of the optimisers that this micro-batch has been applied to.
    """

    device: str = "cpu"
    precision: str = "auto"
    micro_batches: int = 1
    index: int = 0
    scaler: torch.amp.GradScaler | None = None
    rehearsal: bool = False
    applied: set[int] = field(default_factory=set)

    @property
    def last(self) -> bool:
        """Whether optimisers take their step with this micro-batch."""
        return self.index == self.micro_batches - 1 and not self.rehearsal

    def autocast(self) -> AbstractContextManager:
        """Around a forward pass, in the recipe's precision."""
        return autocast(self.precision, self.device)

    def apply(self, loss: torch.Tensor, *optimisers: torch.optim.Optimizer, limit: float = 1.0) -> None:
        """Backward pass of one loss of one or several optimisers and, with the last micro-batch, their step.

        Gradients add up to the mean over micro-batches and are averaged over processes. Only these optimisers' parameters get
        gradients, so that other networks that the loss went through stay as they are.

        Args:
            loss: scalar. limit: of the gradient's norm, of each optimiser alone.
        Raises:
            RecipeError: an optimiser is given a second loss where a batch is taken in several micro-batches.
        """
        learning = {optimiser: [weight for group in optimiser.param_groups for weight in group["params"] if weight.requires_grad]
                    for optimiser in optimisers}
        if self.index == 0:
            for optimiser in optimisers:
                optimiser.zero_grad(set_to_none=True)
        if self.micro_batches > 1:
            self._refuse_second_loss(optimisers)
            loss = loss / self.micro_batches
        loss = self.scaler.scale(loss) if self.scaler else loss
        loss.backward(inputs=[weight for weights in learning.values() for weight in weights])
        if not self.last:
            return
        for optimiser, weights in learning.items():
            distributed.average_gradients(weights)
            if self.scaler:
                self.scaler.unscale_(optimiser)
            nn.utils.clip_grad_norm_(weights, limit)
            self.scaler.step(optimiser) if self.scaler else optimiser.step()

    def _refuse_second_loss(self, optimisers: tuple[torch.optim.Optimizer, ...]) -> None:
        """The second loss would have to follow the first one's step, which waits for the last micro-batch."""
        own = {id(optimiser) for optimiser in optimisers}
        repeated = not own.isdisjoint(self.applied)
        self.applied.update(own)
        if repeated:
            raise RecipeError("This stage lets one of its networks learn several times a step, so that its batch cannot be taken "
                              "in parts; set [general] accumulate to 1.")


def set_learning_rate(optimiser: torch.optim.Optimizer, peak: float, number: int, steps: int, warmup: int = 200) -> None:
    """Linear warm-up, then a cosine down to 2 % of the peak."""
    rise = min(1.0, (number + 1) / warmup)
    fall = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, number / max(1, steps))))
    for group in optimiser.param_groups:
        group["lr"] = float(peak * rise * fall)  # a numpy number would make the saved state unreadable without pickle
