"""Hub models are loaded and used through the same classes as the published ones: here small ones with random weights."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.instruments import speaker_similarity
from evaluation.judges import hub
from pipelines.errors import ZestError
from tests.support import hub_folders
from tests.support.speech import MAN, WOMAN, speak

pytest.importorskip("speechbrain")

# Of the published file, but nothing to be fetched: the network stays as it begins.
ECAPA = hub_folders.ECAPA.partition("    loadables:")[0]

# The published judge's three modules; its wav2vec 2.0 is replaced by a pointwise layer on frames of 100 samples.
JUDGE = """
wav2vec2: !new:tests.pipelines.test_hub_models.Frames
avg_pool: !new:speechbrain.nnet.pooling.StatisticsPooling
    return_std: False
output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: 100
    n_neurons: 4
    bias: False
modules:
    wav2vec2: !ref <wav2vec2>
    avg_pool: !ref <avg_pool>
    output_mlp: !ref <output_mlp>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        label_encoder: !ref <label_encoder>
    paths:
        label_encoder: FOLDER/label_encoder.txt
"""
LABELS = """'neu' => 0
'ang' => 1
'hap' => 2
'sad' => 3
================
'starting_index' => 0
"""


class Frames(torch.nn.Module):
    """(batch, samples) to (batch, frames, 100)."""

    def forward(self, samples: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        return samples[:, :samples.shape[1] // 100 * 100].reshape(len(samples), -1, 100)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)  # SpeechBrain links what it loads into the current folder
    warnings.simplefilter("ignore")
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def test_ecapa_gives_one_vector_of_length_one_a_voice(folder, monkeypatch):
    (folder / "hyperparams.yaml").write_text(ECAPA)
    model = speaker_similarity.load_ecapa(str(folder))
    monkeypatch.setattr(speaker_similarity, "load_ecapa", lambda: model)
    man, again, woman = (speaker_similarity.speaker_embedding(speak(voice, 0.8), "ecapa") for voice in (MAN, MAN, WOMAN))
    assert man.shape == (24,) and np.linalg.norm(man) == pytest.approx(1, abs=1e-5)
    assert man @ again == pytest.approx(1, abs=1e-5) and man @ woman < 0.9999


def test_the_speechbrain_judge_names_emotions_as_its_label_file_does(folder):
    (folder / "hyperparams.yaml").write_text(JUDGE.replace("FOLDER", str(folder)))
    (folder / "label_encoder.txt").write_text(LABELS)
    judge = hub.load_hub_judge(hub.IEMOCAP, str(folder))
    rows = judge.posteriors([speak(MAN, 0.6), speak(WOMAN, 0.8)])
    assert judge.emotions == ("neutral", "angry", "happy", "sad")
    assert rows.shape == (2, 4) and rows.sum(1) == pytest.approx([1, 1], abs=1e-5)


def test_a_folder_that_holds_no_model_is_one_sentence(folder):
    with pytest.raises(ZestError, match="could not be loaded"):
        speaker_similarity.load_ecapa(str(folder))
    with pytest.raises(ZestError, match="could not be loaded"):
        hub.load_hub_judge(hub.IEMOCAP, str(folder))
    with pytest.raises(ZestError, match="no speaker embedding called 'ears'"):
        speaker_similarity.speaker_embedding(speak(MAN, 0.6), "ears")
