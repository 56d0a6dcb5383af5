"""SACE on a published wav2vec 2.0: frames on the grid, padding that changes nothing, what is fine-tuned and what is not."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.hub import load_wav2vec
from pipelines.checkpoints.loading import load_sace
from pipelines.errors import CheckpointError
from pipelines.networks.sace import WaveSace
from pipelines.networks.units import HOP
from pipelines.training.loop.run_log import read_log
from pipelines.training.stages.sace import SaceRecipe, new_sace
from tests.support import hub_folders, tiny
from tests.support.hub_folders import recipe_with, refused

pytestmark = pytest.mark.slow


@pytest.fixture
def sace(tmp_path) -> WaveSace:
    return WaveSace(load_wav2vec(str(hub_folders.wav2vec_large(tmp_path / "wav2vec")), "unused")).eval()


@pytest.fixture
def run(tmp_path) -> tiny.Tiny:
    return tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())


@pytest.mark.parametrize("samples", [3 * HOP - 1, 3 * HOP, 7001])
def test_a_frame_every_20_ms(sace, samples):
    frames = sace(torch.randn(1, samples), torch.ones(1, samples // HOP + 1))
    assert frames.shape == (1, samples // HOP + 1, 128) and frames.abs().max() <= 3


def test_what_stands_behind_a_row_s_end_is_not_heard(sace):
    short, long = torch.randn(12 * HOP - 1), torch.randn(30 * HOP - 1)
    mask = torch.zeros(2, 30)
    mask[0, :12], mask[1] = 1, 1
    both = torch.stack([torch.nn.functional.pad(short, (0, len(long) - len(short))), long])
    alone = sace(short[None], torch.ones(1, 12))
    together = sace(both, mask)
    torch.testing.assert_close(together[0, :12], alone[0], rtol=1e-3, atol=1e-4)
    assert together[0, 12:].abs().max() == 0


def test_how_loud_a_recording_is_changes_nothing(sace):
    waveform, mask = torch.randn(1, 6000), torch.ones(1, 6000 // HOP + 1)
    torch.testing.assert_close(sace(0.2 * waveform, mask), sace(waveform, mask), rtol=0.01, atol=0.01)


def test_dropout_is_on_while_it_is_fine_tuned_and_gradients_end_before_the_convolutions(tmp_path):
    sace = new_sace(SaceRecipe(front_end=str(hub_folders.wav2vec_large(tmp_path / "wav2vec"))), None, None)
    waveform, mask = torch.randn(1, 6000), torch.ones(1, 6000 // HOP + 1)
    first, second = sace(waveform, mask), sace(waveform, mask)
    assert not torch.equal(first, second)
    first.sum().backward()
    learning = {name for name, weight in sace.front.named_parameters() if weight.grad is not None}
    assert learning and not any(name.startswith("feature_extractor.") for name in learning)


def test_the_stage_fine_tunes_all_but_the_convolutions_and_resumes_exactly(run, tmp_path):
    folder = hub_folders.wav2vec_large(tmp_path / "wav2vec")
    settings = {"front_end": str(folder), "pitch_in_hertz": True, "constant_rate": True, "learning_rate": 1e-3,
                "emotion_weight": 1000.0, "speaker_weight": 1000.0, "pitch_weight": 1.0}
    recipe_with(run, sace=settings)
    assert not run.train("sace", stop_after_seconds=0)
    assert run.train("sace")
    pieces = load_file(run.checkpoint / "sace.safetensors")
    (line,) = [line for line in read_log(run.runs / "sace") if line["step"] == tiny.STEPS]
    assert 0 < line["pitch_hertz"] < 400
    exact = recipe_with(tiny.new_tiny(tmp_path / "exact", copy_of=tiny.trained_tiny()), sace=settings)
    assert exact.train("sace")
    again = load_file(exact.checkpoint / "sace.safetensors")
    assert pieces.keys() == again.keys() and all(torch.equal(pieces[name], again[name]) for name in pieces)
    before = load_file(folder / "model.safetensors")
    own = {name.removeprefix("wav2vec2."): value for name, value in before.items() if name.startswith("wav2vec2.")}
    moved = {name for name, value in own.items() if not torch.equal(value.half(), pieces[f"front.{name}"])}
    assert not any(name.startswith("feature_extractor.") for name in moved)
    assert {"feature_projection.projection.weight", "encoder.layers.0.attention.q_proj.weight"} <= moved


def test_later_stages_and_conversion_hear_the_waveform(run, tmp_path, recording):
    from pipelines.conversion import Converter

    recipe_with(run, sace={"front_end": str(hub_folders.wav2vec_large(tmp_path / "wav2vec"))})
    for stage in ("sace", "tempo", "generate"):
        assert run.train(stage), stage
    converter = Converter.from_pretrained(run.checkpoint)
    factors = converter.encode(recording, synthesis=False)
    sace = load_sace(Folder(run.checkpoint))
    with torch.inference_mode():
        mask = torch.ones(1, len(factors.units))
        expected = sace(torch.from_numpy(recording.samples)[None, :HOP * len(factors.units) - 1], mask)
    torch.testing.assert_close(torch.from_numpy(factors.emotion.utterance), expected.mean(1)[0], rtol=1e-3, atol=1e-4)
    assert set(converter.presets) == {"neutral", "angry", "happy", "sad", "surprised"}


def test_a_front_end_that_cannot_be_had_is_one_sentence(run, monkeypatch):
    hub_folders.unreachable(monkeypatch)
    recipe_with(run, sace={"front_end": "someone/wav2vec-nobody-made"})
    refused(run, "sace", CheckpointError, r"could not deliver 'someone/wav2vec-nobody-made'; name a folder with it as \[sace\]")
    recipe_with(run, sace={"front_end": str(run.folder)})
    refused(run, "sace", CheckpointError, "holds no Wav2Vec2Model in the hub's format")
