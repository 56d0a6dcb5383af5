"""The paper's decoder: nothing of the source's sound is kept, all of it is made from factors, by the checkpoint's generator:
this project's own design (generator.py) or the paper's (factor_decoder.py).

Strength s lies between source and target in everything that tells emotion: SACE is the source's own at 0 and the wanted one at
1, F0 and timing are those of the transfer. Only the level is taken from the source, since no factor tells it.
"""

from __future__ import annotations

import numpy as np
import torch

from pipelines.checkpoints.loading import Models
from pipelines.decoders.factor_rendering import render_factors
from pipelines.decoders.residual_frames import FINE as WORLD_FINE
from pipelines.decoders.residual_frames import changed_f0
from pipelines.decoders.vocoding import PIECE, pieces, render
from pipelines.errors import CheckpointError
from pipelines.factors import Transferred
from pipelines.features.audio import NOMINAL, speech_level
from pipelines.features.pitch import fill_unvoiced
from pipelines.features.vocoder_features import VocoderFeatures
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FINE, FactorGenerator, Trunk
from pipelines.networks.units import HOP

MISSING = "This checkpoint has no generator; use the decoder 'transfer', or train one with 'zest train generate'."


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz. Raises CheckpointError: the checkpoint has no generator."""
    if models.generator is None:
        raise CheckpointError(MISSING)
    samples = _rendered(transferred, models.generator, models.device)
    return samples * (speech_level(transferred.source.recording.samples) / NOMINAL)


def _rendered(transferred: Transferred, generator: FactorGenerator | FactorDecoder, device: str) -> np.ndarray:
    """At the nominal level, by either design; both end 10 ms behind the last unit frame."""
    if isinstance(generator, FactorDecoder):
        samples = render_factors(generator, units_of(transferred, generator), *melody_of(transferred, WORLD_FINE),
                                 *whole_of(transferred, device))
        return samples[:len(samples) - HOP // 2]
    return render(generator.vocoder, features(transferred, generator, device), device)


def features(transferred: Transferred, generator: FactorGenerator, device: str = "cpu") -> VocoderFeatures:
    """What the trunk makes of the factors, at the nominal level; every second of WORLD's frames: the vocoder's run at 10 ms."""
    f0, voiced = melody_of(transferred, WORLD_FINE // FINE)
    mel = predict_mel(generator.trunk, units_of(transferred, generator), f0, voiced, *whole_of(transferred, device))
    return VocoderFeatures(mel, f0, voiced)


def melody_of(transferred: Transferred, every: int) -> tuple[np.ndarray, np.ndarray]:
    """F0 in Hz at every frame, and voicing, 0 or 1; (frames,) float32 each, every so many of WORLD's frames."""
    hz = changed_f0(transferred)[::every]
    return fill_unvoiced(hz).astype(np.float32), (hz > 0).astype(np.float32)


def whole_of(transferred: Transferred, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """EASE of the source, and SACE between its own and the wanted one; (1, 128) each."""
    own, wanted = transferred.source.emotion.utterance, transferred.emotion.utterance
    sace = own + transferred.strength * (wanted - own)
    ease, sace = (torch.from_numpy(part.astype(np.float32))[None].to(device) for part in (transferred.source.ease, sace))
    return ease, sace


def units_of(transferred: Transferred, generator: FactorGenerator | FactorDecoder) -> np.ndarray:
    """(frames,) int, or (frames, units) float32 for a generator of soft units, in the new timing."""
    if generator.temperature == 0:
        return transferred.units.astype(np.int64)
    posterior = transferred.source.posterior
    positions = np.clip(transferred.positions, 0, len(posterior) - 1)
    low = np.floor(positions).astype(int)
    part = (positions - low)[:, None]
    return (posterior[low] * (1 - part) + posterior[np.minimum(low + 1, len(posterior) - 1)] * part).astype(np.float32)


@torch.inference_mode()
def predict_mel(trunk: Trunk, units: np.ndarray, f0: np.ndarray, voiced: np.ndarray, *whole: torch.Tensor,
                piece: int = PIECE // FINE) -> np.ndarray:
    """(frames, 80) float32 in pieces that overlap by what the trunk sees, so that memory stays flat.

    Args:
        units: (time,) or (time, units), 50 Hz. f0, voiced: (frames,) at 100 Hz. piece: unit frames.
        whole: EASE and SACE, (1, 128) each, or what else the trunk was trained with, on its device.
    """
    made = []
    for first, start, stop, last in pieces(len(units), piece, trunk.reach):
        melody = (torch.from_numpy(part[FINE * first:FINE * last])[None].to(whole[0].device) for part in (f0, voiced))
        mel = trunk(torch.from_numpy(units[first:last])[None].to(whole[0].device), *melody, *whole)[0]
        made.append(mel[FINE * (start - first):FINE * (stop - first)].cpu().numpy())
    return np.concatenate(made)
