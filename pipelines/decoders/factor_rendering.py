"""Factors to waveform with the paper's decoder: all of them encoded at once, then upsampled in pieces.

The BiLSTMs hear the whole phrase, so encoding cannot be cut; at 50 Hz and 512 values it need not be (10 minutes: 61 MB). What
takes memory is upsampling. Pieces overlap by what the generator hears, so that they are what the whole is
(tests/training/test_generate_hifigan.py) while memory stays flat.
"""

from __future__ import annotations

import numpy as np
import torch

from pipelines.decoders.vocoding import pieces
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.hifigan import context
from pipelines.networks.units import HOP

PIECE = 500  # frames upsampled at once, 10 s


@torch.inference_mode()
def render_factors(decoder: FactorDecoder, units: np.ndarray, f0: np.ndarray, voiced: np.ndarray, *whole: torch.Tensor,
                   piece: int = PIECE) -> np.ndarray:
    """(frames * 320,) float32 at 16 kHz.

    Args:
        units: (frames,) int, or (frames, units) float32. f0: (frames,) Hz at every frame, or codes. voiced: (frames,) 0..1. All
            at 50 Hz.
        whole: EASE and SACE, (1, 128) each, or what else the decoder was trained with, on its device.
    """
    frame_wise = (torch.from_numpy(part)[None].to(whole[0].device) for part in (units, f0, voiced))
    heard = decoder.encode(*frame_wise, *whole)
    made = []
    for first, start, stop, last in pieces(len(units), piece, context(decoder.sizes)):
        samples = decoder.generator(heard[:, first:last])[0]
        made.append(samples[(start - first) * HOP:(stop - first) * HOP].float().cpu().numpy())
    return np.concatenate(made)
