"""Training that is carried to another machine: a run's networks in half precision, small enough to be committed.

Exact resume needs the optimisers' moments in full precision, several times the size. Who goes on from a carried state starts
those anew; everything else (step, schedule, log, data position) goes on.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from pipelines.errors import OutputError, RecipeError
from pipelines.files import make_folder, write_whole

AVERAGE = "average.module."  # where there is a running mean, it stands for the weights that it is the mean of


def pack(run: Path, file: Path) -> int:
    """Write the state of a run's folder and its log; returns the step it is at. Raises RecipeError: there is no state."""
    try:
        state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    except OSError as error:
        raise RecipeError(f"{run} has no training state; name the folder of a stage below the recipe's runs.") from error
    parts = state["parts"]
    own = next((name.split(".")[0] for name in parts if AVERAGE + name.partition(".")[2] in parts), "")
    kept = {name: value.half() if value.is_floating_point() else value for name, value in parts.items()
            if not own or not name.startswith(f"{own}.")}
    log = (run / "log.jsonl").read_text() if (run / "log.jsonl").is_file() else ""
    about = {"number": str(state["number"]), "spent": repr(state["spent"]), "own": own, "log": log}
    make_folder(file.parent)
    write_whole(file, save({name: value.contiguous() for name, value in kept.items()}, about))
    return state["number"]


def unpack(file: Path, run: Path) -> int:
    """Make a run's folder of a carried state; the stage goes on there. Returns the step.

    Raises:
        RecipeError: there is no such file, or it is none. OutputError: the folder has a state already.
    """
    if (run / "state.pt").exists():
        raise OutputError(f"{run} has a training state already; move it away first.")
    try:
        with safe_open(file, "pt") as handle:
            about = handle.metadata() or {}
            parts = {name: _full(handle.get_tensor(name)) for name in handle.keys()}  # noqa: SIM118, not a dictionary
        number, spent, own = int(about["number"]), float(about["spent"]), about["own"]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise RecipeError(f"{file} is no carried training state.") from error
    if own:
        parts |= {f"{own}.{name[len(AVERAGE):]}": value.clone() for name, value in parts.items() if name.startswith(AVERAGE)}
    make_folder(run)
    lines = [line for line in about["log"].splitlines() if json.loads(line)["step"] <= number]
    (run / "log.jsonl").write_text("".join(f"{line}\n" for line in lines))
    torch.save({"number": number, "spent": spent, "parts": parts, "optimisers": {}}, run / "state.pt")
    return number


def _full(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
