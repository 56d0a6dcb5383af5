"""SACE's own front end: Whisper's lower blocks in plain torch, stored in eight bits, read by recordings of any length."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import whisper
from whisper.model import AudioEncoder

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_sace
from pipelines.networks import whisper_front
from pipelines.networks.sace import SACE_WIDTH, emotion_frames
from pipelines.networks.units import HOP
from pipelines.networks.whisper_front import LONGEST, WhisperEncoder, WhisperFront, WhisperSizes, front_of
from pipelines.training.loop.run_log import read_log
from pipelines.training.stages import sace as sace_stage
from pipelines.training.stages.sace import SaceRecipe, new_sace
from tests.support import tiny
from tests.support.hub_folders import recipe_with

WIDTH, BLOCKS = 32, 2


@pytest.fixture(scope="module")
def teacher():
    """A random Whisper of three blocks, whose blocks change what they are given."""
    torch.manual_seed(0)
    encoder = AudioEncoder(n_mels=80, n_ctx=LONGEST, n_state=WIDTH, n_head=2, n_layer=3).eval()
    for block in encoder.blocks:
        torch.nn.init.normal_(block.attn.value.weight, std=0.3)
        torch.nn.init.normal_(block.mlp[2].weight, std=0.3)
    return SimpleNamespace(encoder=encoder)


@pytest.fixture
def front(teacher) -> WhisperFront:
    return front_of(ours(teacher, BLOCKS))


def ours(teacher, blocks: int) -> WhisperEncoder:
    """The teacher's first blocks without openai-whisper."""
    encoder = WhisperEncoder(WhisperSizes(WIDTH, 2, 3)).eval()
    encoder.load_state_dict(teacher.encoder.state_dict(), strict=True)
    return encoder.first(blocks)


@pytest.fixture
def waveform() -> torch.Tensor:
    return 0.1 * torch.randn(1, 40 * HOP, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_its_states_are_whispers(teacher, front, waveform):
    padded = torch.nn.functional.pad(waveform, (0, HOP))  # a frame more, which is centred on the end
    encoder, gelu = teacher.encoder, torch.nn.functional.gelu
    mel = whisper.log_mel_spectrogram(padded)
    x = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).permute(0, 2, 1)
    x = x + encoder.positional_embedding[:x.shape[1]]
    states = front(waveform)
    assert states.shape == (1, BLOCKS + 1, 41, WIDTH)
    for number in range(BLOCKS + 1):
        torch.testing.assert_close(states[:, number], x, rtol=1e-3, atol=1e-3)
        x = encoder.blocks[number](x)


@torch.no_grad()
@pytest.mark.parametrize("samples", [HOP - 1, HOP, 7 * HOP + 13])
def test_it_has_a_frame_every_20_ms(front, samples):
    assert front(torch.randn(2, samples)).shape == (2, BLOCKS + 1, samples // HOP + 1, WIDTH)


@torch.no_grad()
def test_a_recording_longer_than_its_positions_is_read_in_pieces(front, monkeypatch):
    monkeypatch.setattr(whisper_front, "LONGEST", 16)
    states = front(0.1 * torch.randn(1, 40 * HOP))
    assert states.shape[2] == 41 and states.isfinite().all()


@pytest.fixture
def run(tmp_path, teacher, monkeypatch) -> tiny.Tiny:
    """A tiny training whose SACE is to read Whisper's lower blocks."""
    monkeypatch.setattr(sace_stage, "teacher_encoder", lambda cache, blocks: ours(teacher, blocks))
    run = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    recipe_with(run, sace={"front_end": "whisper", "blocks": BLOCKS, "width": 64})
    return run


@pytest.mark.slow
def test_the_stage_stores_it_in_eight_bits_and_loads_what_it_trained_with(run, front, waveform):
    assert run.train("sace")
    assert {"emotion", "pitch_semitones"} <= read_log(run.runs / "sace")[-1].keys()
    stored = Folder(run.checkpoint).path / "sace.safetensors"
    sace = load_sace(Folder(run.checkpoint))
    assert stored.stat().st_size < 2 * sum(weight.numel() for weight in sace.parameters())
    trained = new_sace(SaceRecipe(front_end="whisper", blocks=BLOCKS, width=64), None, None)
    for name, weight in trained.front.state_dict().items():
        torch.testing.assert_close(sace.front.state_dict()[name], weight, rtol=0, atol=0)
    for name, weight in front.state_dict().items():
        np.testing.assert_allclose(sace.front.state_dict()[name], weight, atol=float(weight.abs().max()) / 200)
    mask = torch.ones(1, waveform.shape[1] // HOP + 1)
    frames = emotion_frames(sace, waveform, torch.zeros(0), torch.zeros(1, mask.shape[1], 43), mask)
    assert frames.shape == (1, mask.shape[1], SACE_WIDTH)
    assert (sace.spread != 1).any()  # states are standardised by the training speech


@pytest.mark.slow
def test_later_stages_read_the_front_end_from_the_checkpoint(run, monkeypatch):
    assert run.train("sace")
    monkeypatch.setattr(sace_stage, "teacher_encoder", None)  # it must not be asked for again
    assert run.train("tempo") and run.train("generate")
