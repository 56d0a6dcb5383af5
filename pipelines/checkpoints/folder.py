"""A checkpoint folder: for each network a safetensors file (fp16) and a JSON config. It lies here or on the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from safetensors import SafetensorError

from pipelines.checkpoints.hub import downloaded, is_hub_id
from pipelines.errors import CheckpointError
from pipelines.files import whole_file
from pipelines.shipped import found, restored_by, shipped

if TYPE_CHECKING:  # torch is imported where weights are read: a report and a job need only know where a checkpoint lies
    import torch
    from torch import nn

DEFAULT_CHECKPOINT = shipped("checkpoints/zest-mini")
CONVERTING = ("acoustic", "hubert", "pitch", "presets", "sace", "speaker", "tempo", "units", "vocoder")  # of a default conversion
OFFLINE = "use the offline checkpoint 'checkpoints/zest-mini'"


def find_folder(source: str | Path) -> Path:
    """A folder as it is, one of checkpoints/ that comes with zest, or a hub id downloaded.

    Raises:
        CheckpointError: neither a folder nor a reachable hub id.
    """
    folder = found(source, "checkpoints")
    if folder.is_dir():
        return folder
    if not is_hub_id(str(source)) or str(source).startswith("checkpoints/"):
        raise CheckpointError(f"There is no checkpoint folder at {source}; {OFFLINE}.")
    return downloaded(str(source), ("*.json", "*.safetensors"), OFFLINE)


def folder_key(folder: Path, names: Sequence[str] = ()) -> str:
    """A hash of the files of a checkpoint folder. names: of networks; only their files count, or all if there are none.

    With CONVERTING, it tells which weights a measurement of default conversions belongs to.
    """
    found = hashlib.blake2b(digest_size=16)
    for path in sorted((*folder.glob("*.json"), *folder.glob("*.safetensors"))):
        if not names or path.stem in names:
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


Network = TypeVar("Network", bound="nn.Module")


@dataclass(frozen=True)
class Folder:
    """Reads and writes the files of a checkpoint folder, by the names of its networks."""

    path: Path

    def has(self, name: str) -> bool:
        """Whether there is any file of it."""
        return (self.path / f"{name}.json").exists() or (self.path / f"{name}.safetensors").exists()

    def config(self, name: str) -> dict:
        """`<name>.json`. Raises CheckpointError when it is missing or damaged."""
        file = self.path / f"{name}.json"
        try:
            return json.loads(file.read_text())
        except FileNotFoundError as error:
            raise CheckpointError(
                f"The checkpoint file {file} is missing; restore it with {restored_by()} or {OFFLINE}.") from error
        except (OSError, ValueError) as error:
            raise CheckpointError(f"The checkpoint file {file} is damaged; restore it with {restored_by()}.") from error

    def setting(self, name: str, key: str) -> Any:
        """One value of `<name>.json`. Raises CheckpointError when the file or the value is missing."""
        config = self.config(name)
        if key not in config:
            raise CheckpointError(f"The checkpoint file {self.path / name}.json has no '{key}'; restore it with {restored_by()}.")
        return config[key]

    def tensors(self, name: str) -> dict[str, torch.Tensor]:
        """`<name>.safetensors` as float32 (eight_bits.py). Raises CheckpointError when missing or damaged."""
        from safetensors.torch import load_file

        from pipelines.checkpoints.eight_bits import restored

        file = self.path / f"{name}.safetensors"
        if not file.is_file():
            raise CheckpointError(f"The checkpoint file {file} is missing; restore it with {restored_by()} or {OFFLINE}.")
        try:
            stored = load_file(file)
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(f"The checkpoint file {file} is damaged; restore it with {restored_by()}.") from error
        return restored(stored)

    def fill(self, module: Network, name: str) -> Network:
        """Load a network's weights into a module, in eval mode. Raises CheckpointError when they do not fit."""
        try:
            module.load_state_dict(self.tensors(name), strict=True)
        except RuntimeError as error:
            raise self.misfit(name) from error
        return module.eval()

    def fitting(self, module: nn.Module, name: str) -> nn.Module:
        """Load those of a network's weights that the module has by name and shape, for a training to begin with."""
        own = module.state_dict()
        learnt = {key: value for key, value in self.tensors(name).items() if key in own and value.shape == own[key].shape}
        module.load_state_dict(learnt, strict=False)
        return module

    def misfit(self, name: str) -> CheckpointError:
        """The error for weights of another shape or name than the config says."""
        return CheckpointError(f"The checkpoint file {self.path / name}.safetensors does not fit its config; "
                               f"restore both with {restored_by()}.")

    def write(self, name: str, tensors: dict[str, torch.Tensor], config: dict, eight_bits: str | None = None) -> None:
        """Write both files, floats as fp16; each appears whole or not at all.

        eight_bits: how the names of tensors begin that are stored in eight bits (eight_bits.py); "" is all of them.
        """
        from safetensors.torch import save_file

        from pipelines.checkpoints.eight_bits import rounded

        self.path.mkdir(parents=True, exist_ok=True)
        small: dict[str, torch.Tensor] = {}
        for key, tensor in tensors.items():
            value = tensor.detach().cpu()
            half = value.half() if value.is_floating_point() else value
            small |= rounded(key, value) if eight_bits is not None and key.startswith(eight_bits) else {key: half}
        small = {key: value.contiguous().clone() for key, value in small.items()}
        with whole_file(self.path / f"{name}.safetensors") as partial:
            save_file(small, partial)
            partial.chmod(0o644)  # safetensors' 0600 would hide the weights from everyone else
        with whole_file(self.path / f"{name}.json") as partial:
            partial.write_text(json.dumps(config, indent=2) + "\n")
