"""Trained networks to samples and mel spectrograms, in pieces, so that memory stays flat however long a recording is.

Pieces overlap by what the network and its Fourier transforms see, and each goes on with the phase of the one before. A recording
in pieces and as a whole is therefore the same (tests/pipelines/test_neural_decoder.py, tests/training/test_generate_hifigan.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from pipelines.features.vocoder_features import VocoderFeatures
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FINE, Trunk
from pipelines.networks.hifigan import context
from pipelines.networks.units import HOP as UNIT_HOP
from pipelines.networks.vocoder import HOP, Vocoder, phase_of_frames

PIECE = 1000  # vocoder frames rendered at once, 10 s
CONTEXT = 48  # frames seen on both sides, more than the network's field and two Fourier windows
UNIT_PIECE = PIECE // FINE  # unit frames whose mel spectrogram is predicted at once
WINDOW_REACH = 2  # unit frames to either side that a window of the excitation's transform sees, rounded up
UPSAMPLED_PIECE = 500  # unit frames upsampled at once, 10 s


@torch.inference_mode()
def render(vocoder: Vocoder, features: VocoderFeatures, device: str = "cpu", seed: int = 0, piece: int = PIECE) -> np.ndarray:
    """(frames * 160,) float32 at 16 kHz; the same seed gives the same noise and the same samples."""
    mel, f0, voiced = (torch.from_numpy(part.astype(np.float32)) for part in (features.mel, features.f0, features.voiced))
    phase, noise = phase_of_frames(f0[None], HOP)[0], torch.randn(len(f0) * HOP, generator=torch.Generator().manual_seed(seed))
    rendered = []
    for first, start, stop, last in pieces(len(f0), piece, CONTEXT):
        inside = slice(first, last)
        inputs = (part[inside][None].to(device) for part in (mel, f0, voiced))
        samples = vocoder(*inputs, noise[first * HOP:last * HOP][None].to(device), phase[first:first + 1].to(device))[0]
        rendered.append(samples[(start - first) * HOP:(stop - first) * HOP].float().cpu().numpy())
    return np.concatenate(rendered)


@torch.inference_mode()
def render_factors(decoder: FactorDecoder, units: np.ndarray, f0: np.ndarray, voiced: np.ndarray,
                   *global_condition: torch.Tensor, seed: int = 0, piece: int = UPSAMPLED_PIECE) -> np.ndarray:
    """(frames * 320,) float32 at 16 kHz by the paper's design.

    All factors are encoded at once, since the BiLSTMs see the whole phrase; at 50 Hz and 512 values, 10 minutes take 61 MB.
    Only upsampling goes in pieces.

    Args:
        units: (frames,) int, or (frames, units) float32. f0: (frames,) Hz at every frame, or codes. voiced: (frames,) 0..1. All
            at 50 Hz.
        global_condition: EASE and SACE, (1, 128) each, or what else the decoder was trained with, on its device.
    """
    device = global_condition[0].device
    what, hertz, voicing = (torch.from_numpy(part)[None].to(device) for part in (units, f0, voiced))
    encoded = decoder.encode(what, hertz, voicing, *global_condition)
    count = encoded.shape[1]
    excited = decoder.excited
    noise = torch.randn(1, count * UNIT_HOP, generator=torch.Generator().manual_seed(seed)).to(device) if excited else None
    phase = phase_of_frames(hertz, UNIT_HOP)[0] if excited else None
    rendered = []
    for first, start, stop, last in pieces(count, piece, context(decoder.sizes) + (WINDOW_REACH if excited else 0)):
        excitation = None
        if noise is not None and phase is not None:
            excitation = decoder.excitation(encoded[:, first:last], hertz[:, first:last], voicing[:, first:last],
                                            noise[:, first * UNIT_HOP:last * UNIT_HOP], phase[first:first + 1])
        samples = decoder.generator(encoded[:, first:last], excitation)[0]
        rendered.append(samples[(start - first) * UNIT_HOP:(stop - first) * UNIT_HOP].float().cpu().numpy())
    return np.concatenate(rendered)


@torch.inference_mode()
def predict_mel(trunk: Trunk, units: np.ndarray, f0: np.ndarray, voiced: np.ndarray, *global_condition: torch.Tensor,
                piece: int = UNIT_PIECE) -> np.ndarray:
    """(frames, 80) float32, every 10 ms, by this project's design.

    Args:
        units: (time,) or (time, units), 50 Hz. f0, voiced: (frames,) at 100 Hz. piece: unit frames.
        global_condition: EASE and SACE, (1, 128) each, or what else the trunk was trained with, on its device.
    """
    device, predicted = global_condition[0].device, []
    for first, start, stop, last in pieces(len(units), piece, trunk.reach):
        contour = (torch.from_numpy(part[FINE * first:FINE * last])[None].to(device) for part in (f0, voiced))
        mel = trunk(torch.from_numpy(units[first:last])[None].to(device), *contour, *global_condition)[0]
        predicted.append(mel[FINE * (start - first):FINE * (stop - first)].cpu().numpy())
    return np.concatenate(predicted)


def pieces(frames: int, piece: int, context: int) -> Iterator[tuple[int, int, int, int]]:
    """(first frame seen, first rendered, end of rendered, end of seen); context: frames seen on both sides."""
    for start in range(0, frames, piece):
        stop = min(start + piece, frames)
        yield max(0, start - context), start, stop, min(frames, stop + context)
