"""Build each part of a checkpoint from its config and fill it with its weights."""

from __future__ import annotations

import torch

from pipelines.acoustic import AcousticModel
from pipelines.checkpoint import Folder
from pipelines.emotion import Sace
from pipelines.hubert import Hubert, read_sizes
from pipelines.pitch_predictor import PitchPredictor
from pipelines.speaker import SpeakerEncoder
from pipelines.tempo import TempoPredictor
from pipelines.units import ContentEncoder, UnitEncoder


def load_content_encoder(folder: Folder) -> ContentEncoder:
    encoder = ContentEncoder(Hubert(read_sizes(folder.config("hubert"))))
    folder.fill(encoder.hubert, "hubert")
    return encoder.eval()


def load_unit_encoder(folder: Folder) -> UnitEncoder:
    layer = folder.config("units")["layer"]
    return UnitEncoder(load_content_encoder(folder), folder.tensors("units")["centroids"], layer).eval()


def load_speaker(folder: Folder) -> SpeakerEncoder:
    return folder.fill(SpeakerEncoder(), "speaker")


def load_sace(folder: Folder) -> Sace:
    config = folder.config("sace")
    return folder.fill(Sace(config["hidden_layers"], config["hidden_width"]), "sace")


def load_pitch(folder: Folder) -> PitchPredictor:
    return folder.fill(PitchPredictor(folder.config("pitch")["units"]), "pitch")


def load_acoustic(folder: Folder) -> AcousticModel:
    return folder.fill(AcousticModel(folder.config("acoustic")["units"]), "acoustic")


def load_tempo(folder: Folder) -> TempoPredictor:
    return folder.fill(TempoPredictor(folder.config("tempo")["units"]), "tempo")


def load_presets(folder: Folder) -> dict[str, torch.Tensor]:
    """Name of the emotion to (windows, 128) pooled SACE frames, in the order of the config."""
    tensors = folder.tensors("presets")
    return {name: tensors[name] for name in folder.config("presets")["names"]}
