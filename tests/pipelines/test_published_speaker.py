"""EASE on SpeechBrain's speaker embeddings: the published numbers, no code of the file that describes them, plain mistakes."""

from __future__ import annotations

import sys
import warnings

import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_speaker
from pipelines.errors import CheckpointError
from pipelines.training.loop.run_log import read_log
from tests.support import hub_folders, tiny
from tests.support.hub_folders import recipe_with, refused

pytest.importorskip("speechbrain")
from pipelines.checkpoints.speechbrain import load_published


@pytest.fixture
def run(tmp_path) -> tiny.Tiny:
    return tiny.new_tiny(tmp_path / "run")


@pytest.mark.parametrize("hyperparams", [hub_folders.ECAPA, hub_folders.XVECTOR], ids=["ecapa", "x-vector"])
def test_the_embedding_is_the_one_that_speechbrain_itself_computes(tmp_path, monkeypatch, hyperparams):
    from speechbrain.inference.speaker import EncoderClassifier

    monkeypatch.chdir(tmp_path)  # SpeechBrain links what it loads into the current folder
    folder = hub_folders.speaker_embedding(tmp_path / "voice", hyperparams)
    embedding, sizes = load_published(str(folder))
    waveform = torch.randn(1, 9000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        features = embedding.features(waveform)
        got = embedding(waveform)
        if hyperparams is hub_folders.ECAPA:
            whole = hyperparams.replace("speechbrain/spkrec-ecapa-voxceleb", str(folder)).replace("label_encoder:", "unused:")
            (folder / "hyperparams.yaml").write_text(whole)
            expected = EncoderClassifier.from_hparams(source=str(folder), savedir=tmp_path / "saved").encode_batch(waveform)[0]
        else:
            expected = embedding.network(features - features.mean(1, keepdim=True))[:, 0]
    assert got.shape == (1, 24) == (1, sizes.width)
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-3)


def test_ease_is_trained_on_it_and_converts_by_it(run, tmp_path):
    folder = hub_folders.speaker_embedding(tmp_path / "voice")
    recipe_with(run, ease={"xvector": str(folder), "epochs": 2, "learning_rate": 1e-4})
    assert not run.train("ease", stop_after_seconds=0)
    assert run.train("ease")
    line = read_log(run.runs / "ease")[-1]
    assert line["step"] == 2 * 12 // 8 and line["speaker"] > 0  # two epochs of 12 clips in batches of 8
    speaker, (embedding, _) = load_speaker(Folder(run.checkpoint)), load_published(str(folder))
    waveform = torch.randn(1, 9000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(speaker.embedding(waveform), embedding(waveform), rtol=0.02, atol=0.02)
        assert speaker(waveform).norm() == pytest.approx(128**0.5, rel=1e-3)


def test_nothing_that_the_description_asks_to_run_is_run(tmp_path):
    """hyperparams.yaml of SpeechBrain can call any function of any module."""
    folder = hub_folders.speaker_embedding(tmp_path / "voice")
    trap = tmp_path / "trap"
    (folder / "hyperparams.yaml").write_text(hub_folders.ECAPA + f"evil: !apply:pathlib.Path.touch [{trap}]\n")
    assert load_published(str(folder))[1].width == 24 and not trap.exists()


class Evil:
    """Unpickled, it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_an_embedding_that_cannot_be_used_is_one_sentence(run, tmp_path):
    def voice(name: str):
        return hub_folders.speaker_embedding(tmp_path / name)

    other, cut, evil, resnet = voice("other"), voice("cut"), voice("evil"), voice("resnet")
    (other / "hyperparams.yaml").write_text(hub_folders.ECAPA.replace("lin_neurons: 24", "lin_neurons: 12"))
    (cut / "embedding_model.ckpt").write_bytes((cut / "embedding_model.ckpt").read_bytes()[:500])
    torch.save(Evil(str(tmp_path / "written")), evil / "embedding_model.ckpt")
    (resnet / "hyperparams.yaml").write_text(hub_folders.ECAPA.replace("ECAPA_TDNN.ECAPA_TDNN", "ResNet.ResNet"))
    for source, match in ((tmp_path / "none", "There is no folder at"), (tmp_path, "no speaker embedding of SpeechBrain"),
                          (other, "is missing, damaged or of other sizes"), (cut, "is missing, damaged or of other sizes"),
                          (evil, "is missing, damaged or of other sizes"), (resnet, "of the kind ResNet; only ECAPA_TDNN and")):
        recipe_with(run, ease={"xvector": str(source)})
        refused(run, "ease", CheckpointError, match)
    assert not (tmp_path / "written").exists()


def test_without_the_hub_the_sentence_names_what_to_do(run, monkeypatch):
    hub_folders.unreachable(monkeypatch)
    recipe_with(run, ease={"xvector": "someone/voice-nobody-made"})
    refused(run, "ease", CheckpointError, r"could not deliver 'someone/voice-nobody-made'; name a folder with it as \[ease\]")


def test_without_speechbrain_the_sentence_says_how_to_get_it(run, tmp_path, monkeypatch):
    recipe_with(run, ease={"xvector": str(hub_folders.speaker_embedding(tmp_path / "voice"))})
    monkeypatch.setitem(sys.modules, "speechbrain.lobes.features", None)
    refused(run, "ease", CheckpointError, r"needs SpeechBrain; run 'pip install -r requirements-hub.txt'.")
