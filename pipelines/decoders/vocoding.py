"""Features to waveform with a trained vocoder: a seed for its noise, and pieces for long recordings.

Pieces overlap by what the network and its Fourier transforms see, and each goes on with the phase of the one before, so that
a recording in pieces and as a whole is the same one (tests/pipelines/test_neural_decoder.py) while memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from pipelines.features.vocoder_features import VocoderFeatures
from pipelines.networks.vocoder import HOP, Vocoder, phase_of_frames

PIECE = 1000  # frames rendered at once, 10 s
CONTEXT = 48  # frames seen on both sides, more than the network's field and two Fourier windows


@torch.inference_mode()
def render(vocoder: Vocoder, features: VocoderFeatures, device: str = "cpu", seed: int = 0, piece: int = PIECE) -> np.ndarray:
    """(frames * 160,) float32 at 16 kHz; the same seed gives the same samples."""
    mel, f0, voiced = (torch.from_numpy(part.astype(np.float32)) for part in (features.mel, features.f0, features.voiced))
    phase, noise = phase_of_frames(f0[None], HOP)[0], torch.randn(len(f0) * HOP, generator=torch.Generator().manual_seed(seed))
    made = []
    for first, start, stop, last in pieces(len(f0), piece, CONTEXT):
        inside = slice(first, last)
        inputs = (part[inside][None].to(device) for part in (mel, f0, voiced))
        samples = vocoder(*inputs, noise[first * HOP:last * HOP][None].to(device), phase[first:first + 1].to(device))[0]
        made.append(samples[(start - first) * HOP:(stop - first) * HOP].float().cpu().numpy())
    return np.concatenate(made)


def pieces(frames: int, piece: int, context: int) -> Iterator[tuple[int, int, int, int]]:
    """(first frame seen, first rendered, end of rendered, end of seen); context: frames seen on both sides."""
    for start in range(0, frames, piece):
        stop = min(start + piece, frames)
        yield max(0, start - context), start, stop, min(frames, stop + context)
