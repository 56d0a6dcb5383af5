"""F0 as a few discrete codes a second: the quantiser of resynthesis from units (Polyak et al., Interspeech 2021, section 2.2).

A vector-quantising autoencoder (van den Oord et al., NeurIPS 2017) on standardised F0, which no longer tells the speaker:
octaves, less the recording's mean, over its deviation. The paper's statistics are the speaker's. Here they are the recording's,
since nothing is known of an unseen speaker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from pipelines.features.pitch import F0_CEIL, F0_FLOOR, VOICED_CONFIDENCE
from pipelines.features.prosody import Prosody, octaves
from pipelines.networks.layers import ConvStack

DOWN = 4  # frames of 20 ms a code: 12.5 codes a second, as in the paper's released code
LEAST_SPREAD = 0.03  # octaves: a monotone recording has no deviation to divide by
FURTHEST = 4.0  # deviations from the mean; what lies further is an error of the tracker
DILATIONS = (1, 3)


@dataclass(frozen=True)
class Standardised:
    """F0 of a recording without its height and range, 50 Hz.

    contour: (frames,) float32, deviations from the mean, interpolated where unvoiced. voiced: (frames,) float32, 0 or 1.
    mean, spread: of octaves above 100 Hz over voiced frames.
    """

    contour: np.ndarray
    voiced: np.ndarray
    mean: float
    spread: float

    def octaves(self, contour: np.ndarray) -> np.ndarray:
        """Any standardised contour at this recording's height and range, octaves above 100 Hz."""
        return self.mean + self.spread * contour


def standardised(prosody: Prosody) -> Standardised:
    """F0 of a recording in its own deviations; without voiced frames the contour is 0 throughout."""
    voiced = prosody.voicing >= VOICED_CONFIDENCE
    track = octaves(prosody.f0)
    known = track[voiced] if voiced.any() else np.zeros(1)
    mean, spread = float(known.mean()), max(LEAST_SPREAD, float(known.std()))
    contour = np.clip((track - mean) / spread, -FURTHEST, FURTHEST) if voiced.any() else np.zeros(len(track))
    return Standardised(contour.astype(np.float32), voiced.astype(np.float32), mean, spread)


class F0Codes(nn.Module):
    """Encoder, codebook, decoder. Frames are filled up with the last one to a multiple of DOWN."""

    def __init__(self, codes: int = 20, width: int = 64, code_width: int = 128):
        super().__init__()
        self.enter = nn.Linear(2, width)
        self.down = nn.ModuleList(nn.Conv1d(width, width, 4, stride=2, padding=1) for _ in range(2))
        self.fine, self.coarse = (nn.ModuleList(ConvStack(width, DILATIONS) for _ in range(2)) for _ in range(2))
        self.leave = nn.Linear(width, code_width)
        self.register_buffer("codebook", torch.zeros(codes, code_width))
        self.begin = nn.Linear(code_width, width)
        self.up = nn.ModuleList(nn.ConvTranspose1d(width, width, 4, stride=2, padding=1) for _ in range(2))
        self.out = nn.Linear(width, 2)

    def embed(self, contour: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
        """What is quantised: (batch, frames) twice, frames a multiple of DOWN, to (batch, frames / DOWN, code width)."""
        x = self.enter(torch.stack([contour * voiced, voiced], dim=-1))
        for down, stack in zip(self.down, self.fine, strict=True):
            x = stack(down(x.transpose(1, 2)).transpose(1, 2))
        return self.leave(x).float()

    def nearest(self, embedded: torch.Tensor) -> torch.Tensor:
        """(..., code width) to (...) indices."""
        return torch.cdist(embedded.flatten(0, -2), self.codebook).argmin(-1).reshape(embedded.shape[:-1])

    def restore(self, quantised: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, codes, code width) to a contour and logits of voicing, (batch, codes * DOWN) each."""
        x = self.begin(quantised)
        for stack, up in zip(self.coarse, self.up, strict=True):
            x = up(stack(x).transpose(1, 2)).transpose(1, 2)
        contour, voicing = self.out(x).float().unbind(-1)
        return contour, voicing

    @torch.inference_mode()
    def encode(self, f0: Standardised) -> np.ndarray:
        """(ceil(frames / DOWN),) int64."""
        short = -len(f0.contour) % DOWN
        rows = (torch.from_numpy(np.pad(part, (0, short), mode="edge"))[None].to(self.codebook.device)
                for part in (f0.contour, f0.voiced))
        return self.nearest(self.embed(*rows))[0].cpu().numpy()

    @torch.inference_mode()
    def decode(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) codes to a contour (n * DOWN,), in deviations, and voicing, 0 to 1."""
        indices = torch.from_numpy(codes).to(self.codebook.device)
        contour, voicing = self.restore(self.codebook[indices][None])
        return contour[0].cpu().numpy(), voicing[0].sigmoid().cpu().numpy()


def frame_codes(codes: np.ndarray, frames: int) -> np.ndarray:
    """(n,) codes to (frames,) at 50 Hz: each code is repeated for its duration."""
    return np.repeat(codes, DOWN)[:frames]


def hertz(network: F0Codes, codes: np.ndarray, speaker: Standardised, frames: int, finer: int = 1) -> np.ndarray:
    """F0 that codes stand for, at the height and range of a speaker's recording.

    Returns:
        (frames,) float32 Hz at every frame, 50 x finer frames a second.
    """
    contour = speaker.octaves(network.decode(codes)[0])
    octaves = np.interp(np.arange(frames) / finer, np.arange(len(contour)), contour)
    return np.clip(100.0 * 2.0**octaves, F0_FLOOR, F0_CEIL).astype(np.float32)


def stretched(codes: np.ndarray, count: int) -> np.ndarray:
    """`count` codes, each the one that lies at the same share of the sequence; `count` codes already are left as they are."""
    places = (np.arange(count) + 0.5) * len(codes) / max(1, count)
    return codes[np.minimum(places.astype(int), len(codes) - 1)]


def code_count(frames: int) -> int:
    """Codes of so many frames at 50 Hz, the last one filled up."""
    return -(-frames // DOWN)
