"""The paper's decoder: nothing of the source's sound is kept, the checkpoint's generator renders all of it from factors.

The generator is of this project's own design (networks/generator.py) or of the paper's (networks/factor_decoder.py). Strength s
lies between source and target in all that tells emotion: SACE is the source's own at 0 and the target's at 1, F0 and timing
are those of the transfer. Only the level is taken from the source, since no factor tells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.decoders.base import Decoder
from pipelines.decoders.residual_frames import FINE as WORLD_FINE
from pipelines.decoders.residual_frames import changed_f0
from pipelines.factors import Transferred
from pipelines.features.audio import NOMINAL, speech_level
from pipelines.features.pitch import fill_unvoiced

if TYPE_CHECKING:
    import torch

    from pipelines.checkpoints.loading import Models
    from pipelines.features.vocoder_features import VocoderFeatures
    from pipelines.networks.factor_decoder import FactorDecoder
    from pipelines.networks.generator import FactorGenerator


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz; both designs end 10 ms behind the last unit frame."""
    from pipelines.decoders.rendering import render, render_factors
    from pipelines.networks.factor_decoder import FactorDecoder
    from pipelines.networks.units import HOP

    generator, device = models.generator, models.device
    if isinstance(generator, FactorDecoder):
        samples = render_factors(generator, units_of(transferred, generator), *f0_and_voicing(transferred, WORLD_FINE),
                                 *global_condition(transferred, device))
        samples = samples[:len(samples) - HOP // 2]
    else:
        assert generator is not None  # Decoder.missing has told
        samples = render(generator.vocoder, features(transferred, generator, device), device)
    return samples * (speech_level(transferred.source.recording.samples) / NOMINAL)


def features(transferred: Transferred, generator: FactorGenerator, device: str = "cpu") -> VocoderFeatures:
    """What the generator's mel predictor predicts from the factors, at the nominal level, every 10 ms."""
    from pipelines.decoders.rendering import predict_mel
    from pipelines.features.vocoder_features import VocoderFeatures
    from pipelines.networks.generator import FINE

    f0, voiced = f0_and_voicing(transferred, WORLD_FINE // FINE)
    mel = predict_mel(generator.trunk, units_of(transferred, generator), f0, voiced, *global_condition(transferred, device))
    return VocoderFeatures(mel, f0, voiced)


def f0_and_voicing(transferred: Transferred, every: int) -> tuple[np.ndarray, np.ndarray]:
    """F0 in Hz at every frame, and voicing, 0 or 1; (frames,) float32 each, every so many of WORLD's frames."""
    hz = changed_f0(transferred)[::every]
    return fill_unvoiced(hz).astype(np.float32), (hz > 0).astype(np.float32)


def global_condition(transferred: Transferred, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """EASE of the source, and SACE between its own and the target's; (1, 128) each."""
    import torch

    own, target = transferred.source.emotion.utterance, transferred.emotion.utterance
    sace = own + transferred.strength * (target - own)
    ease, sace = (torch.from_numpy(part.astype(np.float32))[None].to(device) for part in (transferred.source.ease, sace))
    return ease, sace


def units_of(transferred: Transferred, generator: FactorGenerator | FactorDecoder) -> np.ndarray:
    """(frames,) int, or (frames, units) float32 for a generator of soft units, in the new timing."""
    if generator.temperature == 0:
        return transferred.units.astype(np.int64)
    soft = transferred.source.soft_units
    assert soft is not None  # of a checkpoint with such a generator
    positions = np.clip(transferred.positions, 0, len(soft) - 1)
    low = np.floor(positions).astype(int)
    part = (positions - low)[:, None]
    return (soft[low] * (1 - part) + soft[np.minimum(low + 1, len(soft) - 1)] * part).astype(np.float32)


DECODER = Decoder("generate", "From factors alone, the paper's way",
                  "Renders all sound from factors, as the paper does; less of the voice stays.",
                  ("generator",), decode)
