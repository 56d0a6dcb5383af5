"""All networks of a checkpoint, loaded together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pipelines.checkpoints import parts
from pipelines.checkpoints.folder import Folder
from pipelines.device import check_device
from pipelines.networks.acoustic import AcousticModel
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FactorGenerator
from pipelines.networks.pitch_predictor import PitchPredictor
from pipelines.networks.published_speaker import PublishedSpeaker
from pipelines.networks.sace import Sace
from pipelines.networks.speaker import SpeakerEncoder
from pipelines.networks.tempo import TempoPredictor
from pipelines.networks.units import UnitEncoder
from pipelines.networks.vocoder import Vocoder
from pipelines.networks.wave_sace import WaveSace


@dataclass(frozen=True)
class Models:
    """Networks in eval mode on one device; presets stay on the CPU, name to (windows, 128)."""

    units: UnitEncoder
    speaker: SpeakerEncoder | PublishedSpeaker
    sace: Sace | WaveSace
    pitch: PitchPredictor
    presets: dict[str, torch.Tensor]
    device: str
    acoustic: AcousticModel | None = None
    tempo: TempoPredictor | None = None
    vocoder: Vocoder | None = None
    generator: FactorGenerator | FactorDecoder | None = None
    melody_gain: float = 1.0  # what strength 1 multiplies the predicted change of F0 with
    envelope_gain: float = 1.0

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """On the networks' device; what is float64 becomes float32."""
        return torch.as_tensor(array.astype(np.float32) if array.dtype == np.float64 else array, device=self.device)


def load_models(folder: Folder, device: str = "cpu") -> Models:
    """Raises CheckpointError: a file is missing or damaged. ZestError: there is no such device."""
    check_device(device)
    networks = {name: getattr(parts, f"load_{loader}")(folder) for name, loader in (
        ("units", "unit_encoder"), ("speaker", "speaker"), ("sace", "sace"), ("pitch", "pitch"), ("acoustic", "acoustic"),
        ("tempo", "tempo"), ("vocoder", "vocoder"), ("generator", "generator"))}
    gains = folder.config("acoustic") if folder.has("acoustic") else {}
    return Models(**{name: None if network is None else network.to(device) for name, network in networks.items()},
                  presets=parts.load_presets(folder), device=device,
                  **{gain: float(gains.get(gain, 1.0)) for gain in ("melody_gain", "envelope_gain")})
