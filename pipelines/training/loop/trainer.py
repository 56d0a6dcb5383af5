"""The one training loop: every stage is a Task; the loop counts steps, logs, saves and resumes.

Resume is exact because nothing random outlives a step: each step draws its batch and seeds torch from (seed, step, process).
Several processes (distributed.py) take every step together; a step can take its batch in micro-batches (optim.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Protocol

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from pipelines.errors import RecipeError
from pipelines.files import whole_file
from pipelines.training.loop import distributed
from pipelines.training.loop.optim import Update
from pipelines.training.loop.precision import new_scaler
from pipelines.training.loop.run_log import forget_after, plot_log, read_log, write_log

CHECKPOINT_SECONDS = 240.0
LOG_EVERY = 20


class Task(Protocol):
    """What a stage must offer to be trained.

    `networks` and `optimisers` are saved in state.pt and resumed by name; the networks stand there under the key `parts`.
    `step` draws a micro-batch with the given generator, applies its losses by the given update, and returns what to log.
    """

    networks: nn.ModuleDict
    optimisers: dict[str, torch.optim.Optimizer]

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]: ...


@dataclass(frozen=True)
class Run:
    """Where, how long and how. folder keeps state.pt, log.jsonl and loss.png; stop_after_seconds ends a session early.

    precision, micro_batches: see Update.
    """

    folder: Path
    steps: int
    seed: int = 0
    device: str = "cpu"
    stop_after_seconds: float = float("inf")
    precision: str = "auto"
    micro_batches: int = 1


@dataclass(frozen=True)
class Validation:
    """Scores on held-out speech while a long stage trains.

    measure: names to numbers, of the networks as they are; the one called `score` is to be as high as possible.
    keep: called whenever `score` is higher than ever before in this run. seconds: of training between two looks.
    """

    measure: Callable[[], dict[str, float]]
    keep: Callable[[], None]
    seconds: float = 1800.0


def train(task: Task, run: Run, validation: Validation | None = None) -> bool:
    """Train until `run.steps`, continuing from the folder's state where there is one.

    Returns:
        True when all steps are done, False when time ran out first; the state is saved, and the next call goes on.
    Raises:
        RecipeError: the folder's state is damaged or belongs to networks of other sizes.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    task.networks.to(run.device)
    leads = distributed.rank() == 0
    scaler = new_scaler(run.precision, run.device)
    first, spent = _resume(task, run, scaler)
    distributed.begin_alike(task.networks)
    begun = saved = looked = time.monotonic()
    since: dict[str, list[torch.Tensor]] = {}  # values since the last log line
    bar = tqdm(total=run.steps, initial=first, desc=run.folder.name, unit="step", mininterval=5, disable=not leads)
    for number in range(first, run.steps):
        for losses in _micro_batches(task, run, number, scaler):
            for name, value in losses.items():
                since.setdefault(name, []).append(value)  # read with the log line alone: reading waits for a GPU
        distributed.average_buffers(task.networks)
        bar.update()
        elapsed = spent + time.monotonic() - begun
        if (number + 1) % LOG_EVERY == 0 or number + 1 == run.steps:
            if leads:
                write_log(run.folder, number + 1, elapsed, _means(since))
            since = {}
        out_of_time = distributed.agree(time.monotonic() - begun > run.stop_after_seconds, run.device)
        last = out_of_time or number + 1 == run.steps
        if leads and validation and (last or time.monotonic() - looked > validation.seconds):
            _look(task, run, validation, number + 1, elapsed)
            looked = time.monotonic()
        if leads and (last or time.monotonic() - saved > CHECKPOINT_SECONDS):
            _save(task, run, number + 1, elapsed, scaler)
            saved = time.monotonic()
        if out_of_time:
            break
    bar.close()
    if leads:
        plot_log(run.folder)
    return first >= run.steps or number + 1 == run.steps


def _means(since: dict[str, list[torch.Tensor]]) -> dict[str, float]:
    return {name: float(torch.stack([value.detach().float() for value in values]).mean()) for name, values in since.items()}


def _micro_batches(task: Task, run: Run, number: int, scaler: torch.amp.GradScaler | None) -> list[dict[str, torch.Tensor]]:
    """Take a step; gives the losses of each micro-batch. Each draws with random numbers of its own."""
    logged = []
    for index in range(run.micro_batches):
        key = (run.seed, number, distributed.rank())  # a last 0 changes nothing: one process draws what the first of many does
        key += (index,) if index else ()
        torch.manual_seed(hash_seed(*key))
        update = Update(run.device, run.precision, run.micro_batches, index, scaler)
        logged.append(task.step(number, np.random.default_rng(key), update))
    if scaler:
        scaler.update()
    return logged


def _look(task: Task, run: Run, validation: Validation, number: int, elapsed: float) -> None:
    """Measure, log, and keep the weights if they are the best so far."""
    best = max((line["dev_score"] for line in read_log(run.folder) if "dev_score" in line), default=-np.inf)
    task.networks.eval()
    values = validation.measure()
    task.networks.train()
    if values["score"] > best:
        validation.keep()
    write_log(run.folder, number, elapsed, {f"dev_{name}": value for name, value in values.items()})


def hash_seed(*key: int) -> int:
    """A 63-bit torch seed for one step of one process."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)


def _save(task: Task, run: Run, number: int, spent: float, scaler: torch.amp.GradScaler | None) -> None:
    state = {"number": number, "spent": spent, "parts": task.networks.state_dict(),
             "optimisers": {name: optimiser.state_dict() for name, optimiser in task.optimisers.items()},
             "scaler": scaler.state_dict() if scaler else {}}
    with whole_file(run.folder / "state.pt") as partial:
        torch.save(state, partial)


def _resume(task: Task, run: Run, scaler: torch.amp.GradScaler | None) -> tuple[int, float]:
    file = run.folder / "state.pt"
    if not file.exists():
        return 0, 0.0
    try:
        state = torch.load(file, map_location=run.device, weights_only=True)
        task.networks.load_state_dict(state["parts"])
        for name, saved in state["optimisers"].items():  # a carried state has none (carried.py)
            task.optimisers[name].load_state_dict(saved)
        if scaler and state.get("scaler"):  # a state of another precision has none
            scaler.load_state_dict(state["scaler"])
    except (OSError, EOFError, UnpicklingError, RuntimeError, KeyError, ValueError) as error:
        raise RecipeError(f"The training state {file} is damaged or of another recipe; "
                          f"delete the folder {run.folder} to train this stage from the beginning.") from error
    if distributed.rank() == 0:
        forget_after(run.folder, state["number"])
    return state["number"], state["spent"]
