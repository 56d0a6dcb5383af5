"""States of Resemblyzer's speaker encoder (GE2E, Wan et al., 2018), pooled over a clip, for the judge `acoustic`."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np

from pipelines.features.audio import SAMPLE_RATE

MELS, WIDTH, LAYERS = 40, 256, 3
HOP, FFT = 160, 400  # samples
LEVEL = -30.0  # dB, to which the encoder's training speech was brought


def voice_states(samples: np.ndarray) -> np.ndarray:
    """(n,) float32 at 16 kHz to (1792,): mean and deviation over time of the three layers, and the last state."""
    import torch

    layers, bank, window = _encoder()
    wave = np.asarray(samples, dtype=np.float32)
    wave = wave * 10 ** ((LEVEL - 10 * np.log10(np.mean(wave**2) + 1e-12)) / 20)
    found = []
    with torch.inference_mode():
        power = torch.stft(torch.from_numpy(wave.astype(np.float32)), FFT, HOP, FFT, window, pad_mode="constant",
                           return_complex=True).abs() ** 2
        states = (bank @ power).T[None]
        for layer in layers:
            states = layer(states)[0]
            found += [states[0].mean(0), states[0].var(0, correction=0).clamp_min(1e-8).sqrt()]
        return torch.cat([*found, states[0, -1]]).numpy()


@lru_cache(maxsize=1)
def _encoder():
    """Its layers one by one, the mel filters of its front and their window."""
    import librosa
    import torch

    with warnings.catch_warnings():  # its voice detector imports pkg_resources, whose notice is not the user's business
        warnings.simplefilter("ignore")
        from resemblyzer import VoiceEncoder

    stored, layers = VoiceEncoder("cpu", verbose=False).lstm.state_dict(), []
    for index in range(LAYERS):
        layer = torch.nn.LSTM(MELS if index == 0 else WIDTH, WIDTH, batch_first=True)
        layer.load_state_dict({name: stored[f"{name[:-1]}{index}"] for name in layer.state_dict()})
        layers.append(layer.eval())
    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT, n_mels=MELS)
    return tuple(layers), torch.from_numpy(bank).float(), torch.hann_window(FFT)
