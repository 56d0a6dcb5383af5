"""Published networks in the format of the Hugging Face hub: from a local folder, or downloaded by their hub id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import CheckpointError

if TYPE_CHECKING:
    from transformers import HubertModel, Wav2Vec2Model

TRANSFORMERS = ("config.json", "model.safetensors", "pytorch_model.bin")


def published_folder(source: str, files: Sequence[str], instead: str) -> Path:
    """A local folder as it is, or the files of a hub id, downloaded or from the hub's cache.

    instead: what to do without the hub, the end of the error's sentence.

    Raises:
        CheckpointError: neither a folder nor a hub id that can be had here.
    """
    if Path(source).is_dir():
        return Path(source)
    if not is_hub_id(source):
        raise CheckpointError(f"There is no folder at {source}; {instead}.")
    return downloaded(source, files, instead)


def is_hub_id(source: str) -> bool:
    """Whether it can be one: 'owner/name', and no path."""
    return not Path(source).is_absolute() and source.count("/") == 1 and not source.startswith((".", "~"))


def downloaded(hub_id: str, files: Sequence[str], instead: str) -> Path:
    """The folder in the hub's cache. Raises CheckpointError: the hub cannot be reached, or has no such thing."""
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(files)))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, httpx.HTTPError, OSError) as error:
        raise CheckpointError(f"The Hugging Face hub could not deliver '{hub_id}'; {instead}.") from error


def load_hubert(source: str, instead: str) -> HubertModel:
    """`transformers.HubertModel` in float32 and eval mode. Raises CheckpointError: it is not there, or is no HuBERT."""
    from transformers import HubertModel

    return _pretrained(HubertModel, source, instead)


def load_wav2vec(source: str, instead: str) -> Wav2Vec2Model:
    """`transformers.Wav2Vec2Model`, likewise."""
    from transformers import Wav2Vec2Model

    return _pretrained(Wav2Vec2Model, source, instead)


def _pretrained(kind: type, source: str, instead: str):
    import torch

    folder = published_folder(source, TRANSFORMERS, instead)
    try:  # transformers reads .bin files with weights_only
        model, report = kind.from_pretrained(folder, local_files_only=True, output_loading_info=True, dtype=torch.float32)
    except Exception as error:  # noqa: BLE001 - it raises errors of files, JSON, safetensors and pickles alike
        raise CheckpointError(f"{source} holds no {kind.__name__} in the hub's format (config.json with model.safetensors or "
                              "pytorch_model.bin), or it is damaged; download it again.") from error
    if report["missing_keys"]:  # transformers would begin these at random
        raise CheckpointError(f"{source} is no whole {kind.__name__}: it has no weights '{sorted(report['missing_keys'])[0]}'.")
    return model.eval()
