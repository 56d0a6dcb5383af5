"""One folder of weights: a safetensors file (fp16) and a JSON config per part. Loads from a folder or a hub id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from pipelines.checkpoints.hub import downloaded, is_hub_id
from pipelines.errors import CheckpointError

DEFAULT_CHECKPOINT = Path(__file__).resolve().parents[2] / "checkpoints" / "zest-mini"
OFFLINE = "use the offline checkpoint 'checkpoints/zest-mini'"


def find_folder(source: str | Path) -> Path:
    """A folder as it is, or a hub id downloaded.

    Raises:
        CheckpointError: neither a folder nor a reachable hub id.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    if not is_hub_id(str(source)) or str(source).startswith("checkpoints/"):
        raise CheckpointError(f"There is no checkpoint folder at {source}; {OFFLINE}.")
    return downloaded(str(source), ("*.json", "*.safetensors"), OFFLINE)


@dataclass(frozen=True)
class Folder:
    """Reads and writes the parts of a checkpoint folder."""

    path: Path

    def has(self, part: str) -> bool:
        """Whether the part is there at all."""
        return (self.path / f"{part}.json").exists() or (self.path / f"{part}.safetensors").exists()

    def config(self, part: str) -> dict:
        """`<part>.json`. Raises CheckpointError when it is missing or damaged."""
        file = self.path / f"{part}.json"
        try:
            return json.loads(file.read_text())
        except FileNotFoundError as error:
            raise CheckpointError(
                f"The checkpoint file {file} is missing; restore it with 'git checkout' or {OFFLINE}.") from error
        except (OSError, ValueError) as error:
            raise CheckpointError(f"The checkpoint file {file} is damaged; restore it with 'git checkout'.") from error

    def setting(self, part: str, key: str) -> Any:
        """One value of `<part>.json`. Raises CheckpointError when the file or the value is missing."""
        config = self.config(part)
        if key not in config:
            raise CheckpointError(f"The checkpoint file {self.path / part}.json has no '{key}'; restore it with 'git checkout'.")
        return config[key]

    def tensors(self, part: str) -> dict[str, torch.Tensor]:
        """`<part>.safetensors` as float32 (integers as they are). Raises CheckpointError when missing or damaged."""
        file = self.path / f"{part}.safetensors"
        if not file.is_file():
            raise CheckpointError(f"The checkpoint file {file} is missing; restore it with 'git checkout' or {OFFLINE}.")
        try:
            stored = load_file(file)
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(f"The checkpoint file {file} is damaged; restore it with 'git checkout'.") from error
        return {name: value.float() if value.is_floating_point() else value for name, value in stored.items()}

    def fill(self, module: nn.Module, part: str) -> nn.Module:
        """Load a part's weights into a module, in eval mode. Raises CheckpointError when they do not fit."""
        try:
            module.load_state_dict(self.tensors(part), strict=True)
        except RuntimeError as error:
            raise self.misfit(part) from error
        return module.eval()

    def fitting(self, module: nn.Module, part: str) -> nn.Module:
        """Load those of a part's weights that the module has by name and shape, for a training to begin with."""
        own = module.state_dict()
        learnt = {name: value for name, value in self.tensors(part).items() if name in own and value.shape == own[name].shape}
        module.load_state_dict(learnt, strict=False)
        return module

    def misfit(self, part: str) -> CheckpointError:
        """The error for weights of another shape or name than the config says."""
        return CheckpointError(f"The checkpoint file {self.path / part}.safetensors does not fit its config; "
                               "restore both with 'git checkout'.")

    def write(self, part: str, tensors: dict[str, torch.Tensor], config: dict) -> None:
        """Write both files, floats as fp16; each appears whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        small = {name: (value.detach().cpu().half() if value.is_floating_point() else value.detach().cpu()).contiguous().clone()
                 for name, value in tensors.items()}
        partial = self.path / f".{part}.part"
        save_file(small, partial)
        partial.chmod(0o644)  # safetensors' 0600 would hide the weights from everyone else
        partial.replace(self.path / f"{part}.safetensors")
        partial.write_text(json.dumps(config, indent=2) + "\n")
        partial.replace(self.path / f"{part}.json")
