"""Training that is carried to another machine: a run's networks in 16 or 8 bits, step and log, in one small file.

Exact resume needs the optimisers' moments in full precision, several times the size. A training that goes on from a carried state
begins those anew; everything else (step, schedule, log, data position) goes on.
"""

from __future__ import annotations

import glob
import json
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from pipelines.checkpoints.eight_bits import restored, rounded
from pipelines.errors import OutputError, RecipeError
from pipelines.files import check_ending, make_folder, whole_file, write_whole
from pipelines.outputs import check_outputs, check_result_folder

HEAD = 300  # bytes that a file's head takes at most for a tensor
AVERAGE = "average.module."  # of a moving average of weights; it is carried in place of the weights


def pack(run: Path, file: Path, eight_bits: bool = False, piece_megabytes: float = float("inf")) -> int:
    """Write the state of a run's folder and its log; returns the step it is at.

    Args:
        eight_bits: matrices are rounded to 255 levels a row, which halves the file again.
        piece_megabytes: what is larger, in 10^6 bytes, becomes several files beside `file`: NAME-1of3.safetensors and so on.
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
    pieces = _divided(kept, piece_megabytes * 1e6, len(log.encode()))
    names = [file] if len(pieces) == 1 else [_piece(file, number, len(pieces)) for number in range(1, len(pieces) + 1)]
    _refuse_older(file, names)
    check_outputs([path for path in run.glob("*") if path.is_file()], names, new_folders=True)
    make_folder(file.parent)
    for name, tensors in zip(names, pieces, strict=True):
        write_whole(name, save({key: value.contiguous() for key, value in tensors.items()}, about))
        about = about | {"log": ""}  # the first piece has it
    return state["number"]


def pieces_of(file: Path) -> list[Path]:
    """The file, or its pieces in order if it was written in several. Raises RecipeError: a piece is missing."""
    if file.exists():
        return [file]
    found = _pieces_there(file)
    if not found:
        return [file]
    total = int(found[0].stem.rpartition("of")[2])
    pieces = [_piece(file, number, total) for number in range(1, total + 1)]
    missing = [piece.name for piece in pieces if not piece.is_file()]
    if missing:
        raise RecipeError(f"The carried training {file} lacks {', '.join(missing)}; bring it along.")
    return pieces


def _pieces_there(file: Path) -> list[Path]:
    return [path for path in sorted(file.parent.glob(f"{glob.escape(file.stem)}-*of*{file.suffix}"))
            if re.fullmatch(r"-\d+of\d+", path.stem.removeprefix(file.stem))]


def _refuse_older(file: Path, names: list[Path]) -> None:
    """Raises OutputError: files of an older packing by this name, of another number, would be taken for parts of this one."""
    older = next((path for path in (file, *_pieces_there(file)) if path.exists() and path not in names), None)
    if older is not None:
        raise OutputError(f"{older} is of an older packing in another number of files; delete that one, or choose another name.")


def unpack(file: Path, run: Path) -> int:
    """Make a run's folder of a carried state; the stage goes on there. Returns the step.

    Raises:
        RecipeError: there is no such file, or it is none. OutputError: the folder has a state already.
    """
    check_result_folder(run, ("state.pt", "log.jsonl"), "this training")
    try:
        about, stored = _read(pieces_of(file))
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


def _read(files: list[Path]) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """What the first file says of itself, and the tensors of all."""
    about, stored = {}, {}
    for file in files:
        with safe_open(file, "pt") as handle:
            about = about or handle.metadata() or {}
            stored |= {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118, not a dictionary
    return about, stored


def _divided(tensors: dict[str, torch.Tensor], limit: float, log: int) -> list[dict[str, torch.Tensor]]:
    """In order, so that no piece exceeds the limit in bytes. log: bytes of the first piece that its log takes."""
    pieces, size = [{}], HEAD + 2 * log  # JSON may double it
    for name, tensor in tensors.items():
        own = tensor.numel() * tensor.element_size() + HEAD
        if pieces[-1] and size + own > limit:
            pieces.append({})
            size = HEAD
        pieces[-1][name] = tensor
        size += own
    return pieces


def _piece(file: Path, number: int, total: int) -> Path:
    return file.with_stem(f"{file.stem}-{number}of{total}")


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
