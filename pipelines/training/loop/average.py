"""The mean of two networks' weights (Wortsman et al., ICML 2022), of checkpoint folders or of runs.

A network is named as its checkpoint file, or as a network inside one: `vocoder`, `generator.vocoder`. Of a run it is the
exponential moving average where the run has one.
"""

from __future__ import annotations

from pathlib import Path

import torch

from pipelines.checkpoints.folder import Folder
from pipelines.errors import OutputError, RecipeError
from pipelines.files import make_folder, write_whole
from pipelines.outputs import check_result_folder
from pipelines.training.loop.carried import AVERAGE, read_state, write_state


def average(first: Path, second: Path, output: Path, name: str, name_in_second: str = "", weight: float = 0.5) -> None:
    """Write the mean: a checkpoint's file where `first` is a checkpoint, a run at the step of `first` where it is a run.

    Of a run, the network and its moving average become the mean, and optimisers begin anew.

    Args:
        first, second: folders of a checkpoint, or of a stage's run. name: of the network; the first word is its checkpoint file.
        name_in_second: its name there, if another. weight: of the second, 0 to 1.
    Raises:
        RecipeError: the weight is out of range, or the networks do not have the same weights by name and shape.
        CheckpointError: a file is missing or damaged. OutputError: the output has the file already.
    """
    if not 0 <= weight <= 1:
        raise RecipeError(f"The weight of the second network must lie between 0 and 1, not {weight:g}.")
    one, other = network_weights(first, name), network_weights(second, name_in_second or name)
    if one.keys() != other.keys() or any(one[key].shape != other[key].shape for key in one):
        raise RecipeError(f"{name} in {first} and {name_in_second or name} in {second} are not of the same sizes.")
    mean = {key: torch.lerp(value, other[key], weight) if value.is_floating_point() else value for key, value in one.items()}
    if not is_run(first):
        file = name.partition(".")[0]
        folder = Folder(output)
        if folder.has(file):
            raise OutputError(f"{output} has a {file} already; name another folder.")
        tensors, inside = Folder(first).tensors(file), name.partition(".")[2]
        folder.write(file, tensors | {f"{inside}.{key}" if inside else key: value for key, value in mean.items()},
                     Folder(first).config(file))
        return
    if (output / "state.pt").exists():
        raise OutputError(f"{output} has a training state already; name another folder.")
    state = read_state(first)
    for prefix in _prefixes(name, state["parts"]):
        state["parts"] |= {prefix + key: value for key, value in mean.items()}
    check_result_folder(output, ("log.jsonl",), "this average")
    make_folder(output)
    if (first / "log.jsonl").is_file():
        write_whole(output / "log.jsonl", (first / "log.jsonl").read_bytes())
    write_state(output, state["number"], state["spent"], state["parts"])


def network_weights(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """Weights of a network, float32, by their names inside it.

    Raises:
        CheckpointError: the checkpoint's file is missing or damaged. RecipeError: there is no such network.
    """
    if is_run(folder):
        weights = read_state(folder)["parts"]
        prefix = _prefixes(name, weights)[-1]
    else:
        file, _, inside = name.partition(".")
        there = sorted(path.stem for path in Path(folder).glob("*.safetensors"))
        if there and file not in there:
            raise RecipeError(f"{folder} has no network '{name}'; it has {', '.join(there)}.")
        weights, prefix = Folder(folder).tensors(file), f"{inside}." if inside else ""
    found = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    if not found:
        raise RecipeError(f"{folder} has no network '{name}'.")
    return found


def is_run(folder: Path) -> bool:
    """Whether it is a stage's run, else a checkpoint."""
    return (folder / "state.pt").exists()


def _prefixes(name: str, weights: dict[str, torch.Tensor]) -> list[str]:
    """Of the network in a run's state: the trained one's, and its moving average's where there is one."""
    inside = name.partition(".")[2]
    averaged = AVERAGE + (f"{inside}." if inside else "")
    return [f"{name}.", *([averaged] if any(key.startswith(averaged) for key in weights) else [])]
