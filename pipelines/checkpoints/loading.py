"""Networks of a checkpoint: each is built from its config and filled with its weights, one by one or all together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pipelines.checkpoints.folder import Folder, folder_key
from pipelines.checkpoints.gains import Gains
from pipelines.device import check_device, keep_memory_flat
from pipelines.errors import CheckpointError
from pipelines.networks.acoustic import AcousticModel, EnvelopeChange
from pipelines.networks.f0_codes import F0Codes
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FactorGenerator, Trunk
from pipelines.networks.hifigan import SIZES, sizes_of, without_weight_norm
from pipelines.networks.hubert import Hubert, read_sizes
from pipelines.networks.pitch_predictor import PitchPredictor
from pipelines.networks.sace import Sace, WaveSace
from pipelines.networks.speaker import EmbeddingSizes, PublishedEmbedding, PublishedSpeaker, SpeakerEncoder
from pipelines.networks.tempo import TempoPredictor
from pipelines.networks.units import ContentEncoder, UnitEncoder
from pipelines.networks.vawgan import VawGan
from pipelines.networks.vocoder import Vocoder
from pipelines.networks.whisper_front import WhisperFront, WhisperSizes


@dataclass(frozen=True)
class Models:
    """Networks in eval mode on one device; presets stay on the CPU, name to (windows, 128)."""

    units: UnitEncoder
    speaker: SpeakerEncoder | PublishedSpeaker
    sace: Sace | WaveSace
    pitch: PitchPredictor
    presets: dict[str, torch.Tensor]
    device: str
    acoustic: AcousticModel | EnvelopeChange | None = None
    tempo: TempoPredictor | None = None
    vocoder: Vocoder | None = None
    generator: FactorGenerator | FactorDecoder | None = None
    gains: Gains = Gains()
    folder: Path | None = None  # of the checkpoint that they were loaded from

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """On the networks' device; what is float64 becomes float32."""
        return torch.as_tensor(array.astype(np.float32) if array.dtype == np.float64 else array, device=self.device)


    @cached_property
    def files_key(self) -> str:
        """A hash of the checkpoint's files, or of the networks where they come from none."""
        return self.key() if self.folder is None else folder_key(self.folder)

    def key(self) -> str:
        """A hash of all weights and gains: equal where conversions are alike."""
        found = hashlib.blake2b(self.gains.key().encode(), digest_size=16)
        for name, part in sorted(vars(self).items()):
            tensors = part.state_dict() if isinstance(part, nn.Module) else part if name == "presets" else {}
            for own, tensor in tensors.items():
                found.update(f"{name}.{own}".encode())
                found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return found.hexdigest()


def load_models(folder: Folder, device: str = "cpu") -> Models:
    """Raises CheckpointError: a file is missing or damaged. ZestError: there is no such device."""
    check_device(device)
    keep_memory_flat()
    networks: dict[str, Any] = {name: load(folder) for name, load in LOADERS.items()}
    gains = Gains.stored(folder.config("acoustic")) if folder.has("acoustic") else Gains()
    return Models(**{name: None if network is None else network.to(device) for name, network in networks.items()},
                  presets=load_presets(folder), device=device, gains=gains, folder=folder.path)


def load_content_encoder(folder: Folder) -> ContentEncoder:
    encoder = ContentEncoder(Hubert(read_sizes(folder.config("hubert"))))
    folder.fill(encoder.hubert, "hubert")
    return encoder.eval()


def load_unit_encoder(folder: Folder) -> UnitEncoder:
    encoder, tensors = load_content_encoder(folder), folder.tensors("units")
    if "centroids" not in tensors:
        raise folder.misfit("units")
    head = (tensors["head_centre"], tensors["head"]) if "head" in tensors else None
    layer = folder.setting("units", "layer")
    return UnitEncoder(encoder, tensors["centroids"], layer, tensors.get("soft_centroids"), head).eval()


def load_speaker(folder: Folder) -> SpeakerEncoder | PublishedSpeaker:
    """Raises CheckpointError: also where it needs SpeechBrain, which is not installed."""
    embedding = folder.config("speaker").get("embedding")
    if embedding is None:
        return folder.fill(SpeakerEncoder(), "speaker")
    sizes = EmbeddingSizes(**embedding)
    return folder.fill(PublishedSpeaker(PublishedEmbedding(sizes), sizes.width), "speaker")


def load_sace(folder: Folder) -> Sace | WaveSace:
    front = folder.config("sace").get("wav2vec")
    if front is not None:
        from transformers import Wav2Vec2Config, Wav2Vec2Model  # imported late: other checkpoints do without

        return folder.fill(WaveSace(Wav2Vec2Model(Wav2Vec2Config(**front))), "sace")
    config = folder.config("sace")
    front = WhisperFront(WhisperSizes(**config["whisper"])) if "whisper" in config else None
    layers, hidden = (folder.setting("sace", f"hidden_{size}") for size in ("layers", "width"))
    return folder.fill(Sace(layers, hidden, config.get("width", 128), front), "sace")


def load_pitch(folder: Folder) -> PitchPredictor:
    return folder.fill(PitchPredictor(folder.setting("pitch", "units")), "pitch")


def load_acoustic(folder: Folder) -> AcousticModel | EnvelopeChange | None:
    """None where the checkpoint has none: `generate` can do without."""
    if not folder.has("acoustic"):
        return None
    config, units = folder.config("acoustic"), folder.setting("acoustic", "units")
    kind = EnvelopeChange if config.get("parallel", False) else AcousticModel
    return folder.fill(kind(units, config.get("width", 160)), "acoustic")


def load_tempo(folder: Folder) -> TempoPredictor | None:
    """None where the checkpoint has none: the source's timing is then kept."""
    if not folder.has("tempo"):
        return None
    return folder.fill(TempoPredictor(folder.setting("tempo", "units")), "tempo")


def load_f0_codes(folder: Folder) -> F0Codes:
    """Raises CheckpointError, with the command that trains them, where there are none."""
    if not folder.has("f0_codes"):
        raise CheckpointError("This checkpoint has no f0_codes, which the baseline polyak needs; "
                              "train them with 'zest train f0_codes'.")
    return folder.fill(F0Codes(*(folder.setting("f0_codes", size) for size in ("codes", "width", "code_width"))), "f0_codes")


def load_vocoder(folder: Folder) -> Vocoder | None:
    """None where the checkpoint has no vocoder: a conversion by WORLD can do without."""
    if not folder.has("vocoder"):
        return None
    sizes = {size: folder.setting("vocoder", size) for size in ("width", "blocks", "expand")}
    return folder.fill(Vocoder(**sizes), "vocoder")


def load_generator(folder: Folder, name: str = "generator") -> FactorGenerator | FactorDecoder | None:
    """In the design that its config names; None where the checkpoint has no generator: the residual decoders can do without.

    name: another network of that kind, as `polyak`, the baseline's.
    """
    if not folder.has(name):
        return None
    design = folder.config(name).get("design", "istft")  # configs older than the choice have no such key
    if design not in GENERATORS:
        raise folder.misfit(name)
    return folder.fill(GENERATORS[design](folder, name), name)


def _istft(folder: Folder, name: str) -> FactorGenerator:
    sizes = {size: folder.setting(name, size) for size in ("units", "width", "blocks", "fine_blocks", "expand")}
    head = (folder.setting(name, f"head_{size}") for size in ("width", "blocks", "expand"))
    trunk = Trunk(**sizes, **_optional(folder, name, CHOICES))
    return FactorGenerator(trunk, Vocoder(*head), folder.setting(name, "temperature"))


def _hifigan(folder: Folder, name: str) -> FactorDecoder:
    size, channels, units = (folder.setting(name, key) for key in ("size", "channels", "units"))
    if size not in SIZES:
        raise folder.misfit(name)
    chosen = _optional(folder, name, {**CHOICES, "f0_codes": "f0_codes", "excited": "excited"})
    if sizes := folder.config(name).get("trunk"):
        chosen["trunk"] = Trunk(units, **sizes, global_condition=folder.setting(name, "whole"))
    decoder = FactorDecoder(sizes_of(size, channels), units, temperature=folder.setting(name, "temperature"), **chosen)
    return without_weight_norm(decoder)  # weights are stored without it


def _optional(folder: Folder, name: str, keys: dict[str, str]) -> dict[str, Any]:
    """Arguments by stored key; configs older than a choice lack it, and are of its default."""
    config = folder.config(name)
    return {argument: config[key] for key, argument in keys.items() if key in config}


CHOICES = {"unit_encoder": "unit_encoder", "f0_encoder": "f0_encoder", "whole": "global_condition"}  # stored key to argument
GENERATORS = {"istft": _istft, "hifigan": _hifigan}


def load_vawgan(folder: Folder) -> VawGan:
    sizes = (folder.setting("vawgan", key) for key in ("width", "spectrum_latent", "melody_latent", "emotions"))
    return folder.fill(VawGan(*sizes), "vawgan")


def load_presets(folder: Folder) -> dict[str, torch.Tensor]:
    """Name of the emotion to (windows, 128) pooled SACE frames, in the order of the config."""
    tensors, names = folder.tensors("presets"), folder.setting("presets", "names")
    if not set(names) <= set(tensors):
        raise folder.misfit("presets")
    return {name: tensors[name] for name in names}


LOADERS: dict[str, Callable[[Folder], nn.Module | None]] = {  # by the name of Models; in the order of errors that users see
    "units": load_unit_encoder, "speaker": load_speaker, "sace": load_sace, "pitch": load_pitch, "acoustic": load_acoustic,
    "tempo": load_tempo, "vocoder": load_vocoder, "generator": load_generator}
