"""Training that is carried to another machine: a run's networks in 16 or 8 bits, step and log, in one small file.

Exact resume needs the optimisers' moments in full precision, several times the size. A training that goes on from a carried state
begins those anew; everything else (step, schedule, log, data position) goes on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from pipelines.checkpoints.eight_bits import restored, rounded
from pipelines.errors import RecipeError
from pipelines.files import check_ending, make_folder, whole_file, write_whole
from pipelines.outputs import check_outputs, check_result_folder

AVERAGE = "average.module."  # of a moving average of weights; it is carried in place of the weights


def pack(run: Path, file: Path, eight_bits: bool = False) -> int:
    """Write the state of a run's folder and its log; returns the step it is at.

    Args:
        eight_bits: matrices are rounded to 255 levels a row, which halves the file again.
    Raises:
        RecipeError: there is no state. OutputError: the file is one of the run's, or cannot be written.
    """
    check_ending(file, (".safetensors",), "carried trainings")
    check_outputs([path for path in run.glob("*") if path.is_file()], [file], new_folders=True)
    state = read_state(run)
    weights = state["parts"]
    trained = next((name.split(".")[0] for name in weights if AVERAGE + name.partition(".")[2] in weights), "")
    kept = {name: value for name, value in weights.items() if not trained or not name.startswith(f"{trained}.")}
    smaller = rounded if eight_bits else _in_16_bits
    kept = {small: tensor for name, value in kept.items() for small, tensor in smaller(name, value).items()}
    log = (run / "log.jsonl").read_text() if (run / "log.jsonl").is_file() else ""
    about = {"number": str(state["number"]), "spent": repr(state["spent"]), "own": trained, "log": log}
    make_folder(file.parent)
    write_whole(file, save({name: value.contiguous() for name, value in kept.items()}, about))
    return state["number"]


def unpack(file: Path, run: Path) -> int:
    """Make a run's folder of a carried state; the stage goes on there. Returns the step.

    Raises:
        RecipeError: there is no such file, or it is none. OutputError: the folder has a state already.
    """
    check_result_folder(run, ("state.pt", "log.jsonl"), "this training")
    try:
        with safe_open(file, "pt") as handle:
            about = handle.metadata() or {}
            stored = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118, not a dictionary
        number, spent, trained = int(about["number"]), float(about["spent"]), about["own"]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise RecipeError(f"{file} is no carried training state.") from error
    weights = restored(stored)
    if trained:
        averaged = [name for name in weights if name.startswith(AVERAGE)]
        weights |= {f"{trained}.{name[len(AVERAGE):]}": weights[name].clone() for name in averaged}
    make_folder(run)
    lines = [line for line in about["log"].splitlines() if json.loads(line)["step"] <= number]
    write_whole(run / "log.jsonl", "".join(f"{line}\n" for line in lines).encode())
    write_state(run, number, spent, weights)
    return number


def read_state(run: Path) -> dict[str, Any]:
    """A run's state as the training loop saved it. Raises RecipeError: there is none."""
    try:
        return torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    except OSError as error:
        raise RecipeError(f"{run} has no training state; name the folder of a stage below the recipe's runs.") from error


def write_state(run: Path, number: int, spent: float, weights: dict[str, torch.Tensor]) -> None:
    """A state whose optimisers begin anew. number: of steps. spent: seconds."""
    with whole_file(run / "state.pt") as partial:
        torch.save({"number": number, "spent": spent, "parts": weights, "optimisers": {}}, partial)


def _in_16_bits(name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: value.half() if value.is_floating_point() else value}
