"""The paper's decoder: nothing of the source's sound is kept, all of it is made from factors (generator.py).

Strength s lies between source and target in everything that tells emotion: SACE is the source's own at 0 and the wanted one at
1, F0 and timing are those of the transfer. Only the level is taken from the source, since no factor tells it.
"""

from __future__ import annotations

import numpy as np
import torch

from pipelines.decoders.changed_frames import changed_f0
from pipelines.errors import CheckpointError
from pipelines.factors import Transferred
from pipelines.generator import FINE, FactorGenerator, Trunk
from pipelines.level import NOMINAL, speech_level
from pipelines.models import Models
from pipelines.pitch import fill_unvoiced
from pipelines.vocoder_features import VocoderFeatures
from pipelines.vocoding import PIECE, pieces, render

MISSING = "This checkpoint has no generator; use the decoder 'transfer', or train one with 'zest train generate'."


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz. Raises CheckpointError: the checkpoint has no generator."""
    if models.generator is None:
        raise CheckpointError(MISSING)
    samples = render(models.generator.vocoder, features(transferred, models.generator, models.device), models.device)
    return samples * (speech_level(transferred.source.recording.samples) / NOMINAL)


def features(transferred: Transferred, generator: FactorGenerator, device: str = "cpu") -> VocoderFeatures:
    """What the trunk makes of the factors, at the nominal level; every second of WORLD's frames: the vocoder's run at 10 ms."""
    hz = changed_f0(transferred)[::2]
    f0, voiced = fill_unvoiced(hz).astype(np.float32), (hz > 0).astype(np.float32)
    own, wanted = transferred.source.emotion.utterance, transferred.emotion.utterance
    sace = own + transferred.strength * (wanted - own)
    whole = (torch.from_numpy(part.astype(np.float32))[None].to(device) for part in (transferred.source.ease, sace))
    return VocoderFeatures(predict_mel(generator.trunk, units_of(transferred, generator), f0, voiced, *whole), f0, voiced)


def units_of(transferred: Transferred, generator: FactorGenerator) -> np.ndarray:
    """(frames,) int, or (frames, units) float32 for a generator of soft units, in the new timing."""
    if generator.temperature == 0:
        return transferred.units.astype(np.int64)
    posterior = transferred.source.posterior
    positions = np.clip(transferred.positions, 0, len(posterior) - 1)
    low = np.floor(positions).astype(int)
    part = (positions - low)[:, None]
    return (posterior[low] * (1 - part) + posterior[np.minimum(low + 1, len(posterior) - 1)] * part).astype(np.float32)


@torch.inference_mode()
def predict_mel(trunk: Trunk, units: np.ndarray, f0: np.ndarray, voiced: np.ndarray, ease: torch.Tensor, sace: torch.Tensor,
                piece: int = PIECE // FINE) -> np.ndarray:
    """(frames, 80) float32 in pieces that overlap by what the trunk sees, so that memory stays flat.

    Args:
        units: (time,) or (time, units), 50 Hz. f0, voiced: (frames,) at 100 Hz. ease, sace: (1, 128). piece: unit frames.
    """
    made = []
    for first, start, stop, last in pieces(len(units), piece, trunk.reach):
        melody = (torch.from_numpy(part[FINE * first:FINE * last])[None].to(ease.device) for part in (f0, voiced))
        mel = trunk(torch.from_numpy(units[first:last])[None].to(ease.device), *melody, ease, sace)[0]
        made.append(mel[FINE * (start - first):FINE * (stop - first)].cpu().numpy())
    return np.concatenate(made)
