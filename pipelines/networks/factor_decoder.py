"""The paper's decoder: units, F0, EASE and SACE condition a HiFi-GAN, which generates speech from these factors alone
(arXiv 2401.04511, speech reconstruction).

Without encoders and SACE, and with codes of F0 in place of Hz, it is the decoder of Polyak et al., on which the paper's is built.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from pipelines.features.audio import NOMINAL
from pipelines.features.mel_bands import band_to_bin
from pipelines.features.vocoder_features import MELS
from pipelines.networks.generator import FINE, Trunk, twice_as_fine
from pipelines.networks.hifigan import V1, HifiganGenerator, HifiganSizes
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH
from pipelines.networks.units import HOP
from pipelines.networks.vocoder import BINS, CENTRE, FFT, LOG_GAINS, SCALE, pulses
from pipelines.networks.vocoder import HOP as FINE_HOP

LAYERS = 2  # of each BiLSTM


class ConvLstm(nn.Module):
    """Convolutions with ReLU, then a BiLSTM: the paper's encoder of units and of F0. Every frame sees its neighbours.

    The BiLSTM is the paper's word; the authors' released code has a GRU of the same size in its place.
    """

    def __init__(self, inputs: int, widths: tuple[int, ...], kernel: int):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(a, b, kernel, padding=kernel // 2) for a, b in pairwise((inputs, *widths)))
        self.lstm = nn.LSTM(widths[-1], widths[-1] // 2, LAYERS, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, inputs) to (batch, time, widths[-1])."""
        x = x.transpose(1, 2)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.lstm(x.transpose(1, 2))[0]


class FactorDecoder(nn.Module):
    """Factors at 50 Hz to a waveform at 16 kHz.

    The four are concatenated in every frame, 4 x 128 = 512 values, as in resynthesis from units (Polyak et al., Interspeech
    2021). Kernels and widths are those of the authors' released code. Differs from the paper in how F0 is given: octaves and
    voicing on two channels instead of Hz with zeros on one, as everywhere in this project.

    temperature: of the soft units that it was trained with (UnitEncoder.soft_units); 0 means hard ones, as in the paper.
    unit_encoder, f0_encoder: False leaves that encoder out, for ablations: a unit's embedding, or octaves and voicing on their
        two channels, then reach the generator as they are.
    global_condition: width of what conditions every frame alike.
    trunk: a mel predictor of the other design, whose bands join the features, two frames of 10 ms to each; None, the paper's.
    excited: each upsampled stage is multiplied by F0's pulses and noise (HifiganGenerator). With a trunk, the same two with the
        envelope of its bands are added, as diffusion is given them in SpecGrad (Koizumi et al., Interspeech 2022). False, the
        paper's.
    f0_codes: how many codes (f0_codes.py) stand for F0 in place of Hz; 0: none. Each has an embedding, which no encoder reads.
    """

    def __init__(self, sizes: HifiganSizes = V1, units: int = 100, width: int = 128, temperature: float = 0.0,
                 unit_encoder: bool = True, f0_encoder: bool = True, global_condition: int = EASE_WIDTH + SACE_WIDTH,
                 f0_codes: int = 0, trunk: Trunk | None = None, excited: bool = False):
        super().__init__()
        self.sizes, self.temperature = sizes, temperature
        self.embed = nn.Embedding(units, width)
        self.unit_encoder = ConvLstm(width, (width, width, width), kernel=5) if unit_encoder else nn.Identity()
        if f0_codes:
            self.f0_embed = nn.Embedding(f0_codes, width)
        else:
            self.f0_encoder = ConvLstm(2, (width // 16, width // 8, width // 4, width), 3) if f0_encoder else nn.Identity()
        self.f0_codes, self.trunk, self.excited = f0_codes, trunk, excited
        inputs = width + (width if f0_codes or f0_encoder else 2) + global_condition + (FINE * MELS if trunk else 0)
        self.generator = HifiganGenerator(sizes, inputs, 2 if excited else 0, 2 if excited and trunk else 0)
        self.shaping = Shaping() if excited and trunk else None

    def forward(self, units: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor,
                *global_condition: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Waveform.

        Args:
            units: (batch, time) int, or soft: (batch, time, units) float (UnitEncoder.soft_units).
            f0: (batch, time) Hz at every frame, or int, the codes that last for these frames. voiced: (batch, time) 0..1; codes
                tell it themselves.
            global_condition: EASE of the source (batch, 128) and SACE of the reference (batch, 128), the utterance's mean; or
                others of that width together.
            noise: (batch, time * 320) standard normal, of an excited decoder; the caller draws it.
        Returns:
            (batch, time * 320), within -1 and 1.
        """
        encoded = self.encode(units, f0, voiced, *global_condition)
        return self.generator(encoded, self.excitation(encoded, f0, voiced, noise))

    def encode(self, units: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor,
               *global_condition: torch.Tensor) -> torch.Tensor:
        """The generator's features, (batch, time, 512), or 386 without F0 encoder, 160 more with a trunk; arguments as above.

        By the BiLSTMs every frame depends on all others.
        """
        known = torch.cat(global_condition, dim=-1)[:, None].expand(-1, f0.shape[1], -1)
        bands = [bands_of(self.trunk, units, f0, voiced, *global_condition)] if self.trunk else []
        return torch.cat([self.encode_units(units), self.encode_f0(f0, voiced), known, *bands], dim=-1)

    def excitation(self, encoded: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor, noise: torch.Tensor | None,
                   phase: torch.Tensor | None = None) -> torch.Tensor | None:
        """F0's pulses and noise, and with a trunk the two again with its bands' envelope: (batch, 2 or 4, time * 320).

        None where the decoder is not excited.

        Args:
            encoded: the generator's features. phase: (batch,) cycles to go on from, where this is a piece of something longer.
        """
        if not self.excited:
            return None
        flat = torch.stack([pulses(f0, voiced, HOP, phase)[0], noise], dim=1)
        if self.shaping is None:
            return flat
        bands = encoded[..., -FINE * MELS:].detach()  # the trunk is not trained by way of the excitation
        mel = bands.unflatten(-1, (FINE, MELS)).flatten(1, 2) * SCALE + CENTRE
        return torch.cat([flat, self.shaping(flat, mel)], dim=1)

    def encode_units(self, units: torch.Tensor) -> torch.Tensor:
        """Hard (batch, time) int or soft (batch, time, units) float to (batch, time, width)."""
        embedded = units @ self.embed.weight if units.is_floating_point() else self.embed(units)
        return self.unit_encoder(embedded)

    def encode_f0(self, f0: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
        """(batch, time) Hz, or codes, and (batch, time) 0..1 to (batch, time, width), or 2 where Hz meet no F0 encoder."""
        if self.f0_codes:
            return self.f0_embed(f0)
        octaves = torch.log2(f0.clamp(min=20.0) / 100.0)
        return self.f0_encoder(torch.stack([octaves * voiced, voiced], dim=-1))


class Shaping(nn.Module):
    """Gives signals the envelope of mel bands, by a short-time Fourier transform. It has no weights."""

    def __init__(self):
        super().__init__()
        self.register_buffer("window", torch.hann_window(FFT), persistent=False)
        self.register_buffer("to_bins", torch.from_numpy(band_to_bin(MELS, BINS).astype("float32")), persistent=False)

    def forward(self, flat: torch.Tensor, mel: torch.Tensor) -> torch.Tensor:
        """(batch, signals, frames * 160) of unit power and (batch, frames, 80) natural-log power to signals of the same shape.

        Speech at the nominal level gets unit power again.
        """
        gains = torch.exp((mel.float() @ self.to_bins.T / 2).clamp(*LOG_GAINS)) / NOMINAL
        gains = torch.cat([gains, gains[:, -1:]], dim=1).transpose(1, 2)[:, None]  # a centred transform has a frame more
        spectrum = torch.stft(flat.flatten(0, 1), FFT, FINE_HOP, window=self.window, return_complex=True)
        shaped = (spectrum.unflatten(0, flat.shape[:2]) * gains).flatten(0, 1)
        return torch.istft(shaped, FFT, FINE_HOP, window=self.window, length=flat.shape[2]).unflatten(0, flat.shape[:2])


def bands_of(trunk: Trunk, units: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor,
             *global_condition: torch.Tensor) -> torch.Tensor:
    """A trunk's mel bands, standardised as the vocoder's input is; (batch, time, 160), from factors at 50 Hz."""
    mel, _, _ = predicted_bands(trunk, units, f0, voiced, *global_condition)
    return ((mel - CENTRE) / SCALE).unflatten(1, (-1, FINE)).flatten(2)


def predicted_bands(trunk: Trunk, units: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor,
                    *global_condition: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A trunk's mel bands (batch, 2 time, 80), and F0 and voicing (batch, 2 time) at 100 Hz, from factors at 50 Hz."""
    f0, voiced = twice_as_fine(torch.stack([f0, voiced], dim=-1), FINE * f0.shape[1]).unbind(-1)
    return trunk(units, f0, voiced, *global_condition), f0, voiced
