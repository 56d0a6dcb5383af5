"""All networks of a checkpoint, loaded together."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pipelines import parts
from pipelines.acoustic import AcousticModel
from pipelines.checkpoint import Folder
from pipelines.device import check_device
from pipelines.emotion import Sace
from pipelines.factor_decoder import FactorDecoder
from pipelines.generator import FactorGenerator
from pipelines.pitch_predictor import PitchPredictor
from pipelines.speaker import SpeakerEncoder
from pipelines.tempo import TempoPredictor
from pipelines.units import UnitEncoder
from pipelines.vocoder import Vocoder


@dataclass(frozen=True)
class Models:
    """Networks in eval mode on one device; presets stay on the CPU, name to (windows, 128)."""

    units: UnitEncoder
    speaker: SpeakerEncoder
    sace: Sace
    pitch: PitchPredictor
    acoustic: AcousticModel
    tempo: TempoPredictor
    presets: dict[str, torch.Tensor]
    device: str
    vocoder: Vocoder | None = None
    generator: FactorGenerator | FactorDecoder | None = None
    melody_gain: float = 1.0  # what strength 1 multiplies the predicted change of F0 with
    envelope_gain: float = 1.0


def load_models(folder: Folder, device: str = "cpu") -> Models:
    """Raises CheckpointError: a file is missing or damaged. ZestError: there is no such device."""
    check_device(device)
    networks = {name: getattr(parts, f"load_{loader}")(folder) for name, loader in (
        ("units", "unit_encoder"), ("speaker", "speaker"), ("sace", "sace"), ("pitch", "pitch"),
        ("acoustic", "acoustic"), ("tempo", "tempo"))}
    optional = {"vocoder": parts.load_vocoder(folder), "generator": parts.load_generator(folder)}
    return Models(**{name: network.to(device) for name, network in networks.items()},
                  presets=parts.load_presets(folder), device=device,
                  **{name: None if network is None else network.to(device) for name, network in optional.items()},
                  **{gain: float(folder.config("acoustic").get(gain, 1.0)) for gain in ("melody_gain", "envelope_gain")})
