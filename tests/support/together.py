"""What each process of test_distributed.py runs: a small task, trained by the one loop, and the weights it ended with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipelines.training.loop import distributed
from pipelines.training.loop.optim import Update
from pipelines.training.loop.trainer import Run, train

BATCH = 4  # of each process


class Regression:
    """One linear layer and AdamW; its loss is a mean over rows."""

    def __init__(self):
        self.networks = nn.ModuleDict({"network": nn.Linear(3, 2)})
        self.optimisers = {"all": torch.optim.AdamW(self.networks.parameters(), 0.1)}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        return self.learn(*self.draw(random), update)

    def draw(self, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        given, target = random.normal(0, 3, (BATCH, 3)), random.normal(0, 3, (BATCH, 2))
        return torch.from_numpy(given.astype(np.float32)), torch.from_numpy(target.astype(np.float32))

    def learn(self, given: torch.Tensor, target: torch.Tensor, update: Update) -> dict[str, torch.Tensor]:
        loss = (self.networks["network"](given) - target).square().mean()
        update.apply(loss, self.optimisers["all"])
        return {"loss": loss.detach()}


class Normalised(Regression):
    """With statistics that each process takes of its own rows and that decide every second step, and with dropout."""

    def __init__(self):
        self.networks = nn.ModuleDict({"network": nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.3), nn.Linear(3, 2))})
        self.optimisers = {"all": torch.optim.AdamW(self.networks.parameters(), 0.1)}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        self.networks["network"][0].train(number % 2 == 0)
        return super().step(number, random, update)


def train_task(task_class: type[Regression], folder: Path, steps: int, stop_after_seconds: float = float("inf")) -> None:
    """Train in FOLDER/run and write the weights of this process into FOLDER/weights-RANK.pt."""
    with distributed.joined("cpu") as device:
        torch.manual_seed(7 + distributed.rank())  # so that only the first one's weights are right
        task = task_class()
        train(task, Run(folder / "run", steps, device=device, stop_after_seconds=stop_after_seconds))
        torch.save(dict(task.networks.state_dict()), folder / f"weights-{distributed.rank()}.pt")
