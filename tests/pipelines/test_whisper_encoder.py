"""Whisper's encoder without openai-whisper: the same spectrogram and the same states, and its first blocks alone."""

from __future__ import annotations

import pytest
import torch
import whisper
from whisper.model import AudioEncoder

from pipelines.networks.whisper_front import WhisperEncoder, log_mel
from tests.support.tiny import pretend_whisper


@pytest.fixture(scope="module")
def waveform():
    torch.manual_seed(1)
    return torch.randn(2, 9600) * torch.tensor([[0.2], [0.01]])


def test_the_spectrogram_is_openai_whispers(waveform):
    torch.testing.assert_close(log_mel(waveform), whisper.log_mel_spectrogram(waveform), rtol=1e-5, atol=1e-5)


def test_full_precision_of_the_spectrogram_outlasts_autocast(waveform):
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(log_mel(waveform), log_mel(waveform.clone())) and log_mel(waveform).dtype == torch.float32
    torch.testing.assert_close(log_mel(waveform), whisper.log_mel_spectrogram(waveform), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_states_are_openai_whispers(waveform):
    own = pretend_whisper(width=32, blocks=3)
    other = AudioEncoder(n_mels=80, n_ctx=1500, n_state=32, n_head=2, n_layer=3).eval()
    other.load_state_dict(own.state_dict(), strict=True)
    x = torch.nn.functional.gelu(other.conv1(whisper.log_mel_spectrogram(waveform)))
    expected = [torch.nn.functional.gelu(other.conv2(x)).permute(0, 2, 1)]
    expected[0] = expected[0] + other.positional_embedding[:expected[0].shape[1]]
    for block in other.blocks:
        expected.append(block(expected[-1]))
    states = own(waveform)
    assert len(states) == 4
    for state, target in zip(states, expected, strict=True):
        torch.testing.assert_close(state, target, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_its_first_blocks_stand_alone(waveform):
    encoder: WhisperEncoder = pretend_whisper(width=32, blocks=3)
    first = encoder.first(2)
    assert len(first.blocks) == 2 and torch.equal(first(waveform)[2], encoder(waveform)[2])
    assert torch.equal(first.ln_post.weight, encoder.blocks[2].attn_ln.weight)
    assert sum(map(torch.numel, first.state_dict().values())) < sum(map(torch.numel, encoder.state_dict().values()))
    assert encoder.first(3) is encoder
