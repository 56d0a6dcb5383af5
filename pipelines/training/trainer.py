"""The one training loop: every stage is a Task; the loop counts steps, logs, saves and resumes.

Resume is exact because nothing random outlives a step: each step draws its batch and seeds torch from (seed, step, process).
Several processes (processes.py) take every step together; a step can take its batch in parts (arithmetic.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Protocol

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from pipelines.errors import RecipeError
from pipelines.training import arithmetic, processes

CHECKPOINT_SECONDS = 240.0
LOG_EVERY = 20


class Task(Protocol):
    """What a stage must offer to be trained.

    `parts` are the networks and `optimisers` their optimisers, both saved and resumed by name.
    `step` draws a batch with the given generator, does its own backward passes, and returns the losses to log.
    """

    parts: nn.ModuleDict
    optimisers: dict[str, torch.optim.Optimizer]

    def step(self, number: int, random: np.random.Generator) -> dict[str, torch.Tensor]: ...


@dataclass(frozen=True)
class Run:
    """Where and how long. folder keeps state.pt, log.jsonl and loss.png; stop_after_seconds ends a session early."""

    folder: Path
    steps: int
    seed: int = 0
    device: str = "cpu"
    stop_after_seconds: float = float("inf")


@dataclass(frozen=True)
class Validation:
    """Scores on held-out speech while a long stage trains.

    measure: names to numbers, of the parts as they are; the one called `score` is to be as high as possible.
    keep: called whenever `score` is higher than ever before in this run. seconds: of training between two looks.
    """

    measure: Callable[[], dict[str, float]]
    keep: Callable[[], None]
    seconds: float = 1800.0


def train(task: Task, run: Run, validation: Validation | None = None) -> bool:
    """Train until `run.steps`, continuing from the folder's state where there is one.

    Returns:
        True when all steps are done, False when time ran out first (state is saved; call again to go on).
    Raises:
        RecipeError: the folder's state is damaged or belongs to networks of other sizes.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    task.parts.to(run.device)
    leads = processes.rank() == 0
    scaler = arithmetic.new_scaler(run.device)
    first, spent = _resume(task, run, scaler)
    processes.begin_alike(task.parts)
    begun = saved = looked = time.monotonic()
    since: dict[str, list[float]] = {}  # values since the last log line
    bar = tqdm(total=run.steps, initial=first, desc=run.folder.name, unit="step", mininterval=5, disable=not leads)
    for number in range(first, run.steps):
        for losses in _parts_of_step(task, run, number, scaler):
            for name, value in losses.items():
                since.setdefault(name, []).append(float(value))
        processes.average_buffers(task.parts)
        bar.update()
        elapsed = spent + time.monotonic() - begun
        if (number + 1) % LOG_EVERY == 0 or number + 1 == run.steps:
            if leads:
                _log(run.folder, number + 1, elapsed, {name: np.mean(values) for name, values in since.items()})
            since = {}
        out_of_time = processes.agree(time.monotonic() - begun > run.stop_after_seconds, run.device)
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


def _parts_of_step(task: Task, run: Run, number: int, scaler: torch.amp.GradScaler | None) -> list[dict[str, torch.Tensor]]:
    """Take a step; gives the losses of each part of its batch. Every part draws with random numbers of its own."""
    how, logged = arithmetic.now(), []
    for part in range(how.parts):
        key = (run.seed, number, processes.rank())  # a last 0 changes nothing: one process draws what the first of many does
        key += (part,) if part else ()
        torch.manual_seed(hash_seed(*key))
        with arithmetic.computing(replace(how, part=part, scaler=scaler, descended=set())):
            logged.append(task.step(number, np.random.default_rng(key)))
    if scaler:
        scaler.update()
    return logged


def _look(task: Task, run: Run, validation: Validation, number: int, elapsed: float) -> None:
    """Measure, log, and keep the weights if they are the best so far."""
    best = max((line["dev_score"] for line in read_log(run.folder) if "dev_score" in line), default=-np.inf)
    task.parts.eval()
    values = validation.measure()
    task.parts.train()
    if values["score"] > best:
        validation.keep()
    _log(run.folder, number, elapsed, {f"dev_{name}": value for name, value in values.items()})


def hash_seed(*key: int) -> int:
    """A 63-bit torch seed for one step of one process."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)


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


def _save(task: Task, run: Run, number: int, spent: float, scaler: torch.amp.GradScaler | None) -> None:
    state = {"number": number, "spent": spent, "parts": task.parts.state_dict(),
             "optimisers": {name: optimiser.state_dict() for name, optimiser in task.optimisers.items()},
             "scaler": scaler.state_dict() if scaler else {}}
    partial = run.folder / "state.pt.part"
    torch.save(state, partial)
    partial.replace(run.folder / "state.pt")


def _resume(task: Task, run: Run, scaler: torch.amp.GradScaler | None) -> tuple[int, float]:
    file = run.folder / "state.pt"
    if not file.exists():
        return 0, 0.0
    try:
        state = torch.load(file, map_location=run.device, weights_only=True)
        task.parts.load_state_dict(state["parts"])
        for name, saved in state["optimisers"].items():  # a carried state has none (carried.py)
            task.optimisers[name].load_state_dict(saved)
        if scaler and state.get("scaler"):  # a state of another precision has none
            scaler.load_state_dict(state["scaler"])
    except (OSError, EOFError, UnpicklingError, RuntimeError, KeyError, ValueError) as error:
        raise RecipeError(f"The training state {file} is damaged or of another recipe; "
                          f"delete the folder {run.folder} to train this stage from the beginning.") from error
    if processes.rank() == 0:
        _forget_after(run.folder, state["number"])
    return state["number"], state["spent"]


def _forget_after(folder: Path, number: int) -> None:
    """Drop log lines of steps that a kill undid, so that the log stays one line a step."""
    log = folder / "log.jsonl"
    if log.exists():
        kept = [line for line in log.read_text().splitlines() if line and json.loads(line)["step"] <= number]
        log.write_text("".join(line + "\n" for line in kept))


def _log(folder: Path, number: int, spent: float, values: dict[str, float]) -> None:
    with open(folder / "log.jsonl", "a") as handle:
        rounded = {name: round(float(value), 5) for name, value in values.items()}
        handle.write(json.dumps({"step": number, "seconds": round(spent, 3), **rounded}) + "\n")


def read_log(folder: Path) -> list[dict[str, float]]:
    """The log lines of a run, oldest first."""
    log = folder / "log.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def plot_log(folder: Path) -> None:
    """Draw every logged value over steps into loss.png."""
    from matplotlib.figure import Figure

    lines = read_log(folder)
    names = sorted({name for line in lines for name in line} - {"step", "seconds"})
    if not names:
        return
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4 * columns, 2.6 * rows), layout="constrained")
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, index + 1)
        points = [(line["step"], line[name]) for line in lines if name in line]
        axes.plot(*zip(*points), linewidth=1)
        axes.set_title(name, fontsize=9)
    figure.savefig(folder / "loss.png", dpi=80)
