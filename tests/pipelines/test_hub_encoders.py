"""Encoders that others have published stand in for those that are trained here, from a folder or the hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_content_encoder, load_unit_encoder
from pipelines.errors import CheckpointError, RecipeError
from pipelines.networks.units import HOP
from tests.support import hub_folders, tiny
from tests.support.hub_folders import recipe_with, refused


@pytest.fixture
def run(tmp_path) -> tiny.Tiny:
    return tiny.new_tiny(tmp_path / "run")


# HuBERT


@pytest.mark.parametrize("published", [hub_folders.hubert_base, lambda folder: hub_folders.as_published_in_2021(
    hub_folders.hubert_base(folder))], ids=["safetensors", "bin"])
def test_a_published_hubert_gives_its_own_states_on_the_grid_of_units(run, tmp_path, published):
    from transformers import HubertModel

    folder = published(tmp_path / "hubert")
    recipe_with(run, hubert={"pretrained": str(folder)})
    assert run.train("hubert")
    encoder, waveform = load_content_encoder(Folder(run.checkpoint)), torch.randn(1, 5000)
    level = waveform.pow(2).mean().sqrt() + 1e-4
    padded = torch.nn.functional.pad(waveform / level, (200, 200))  # half of what one frame of the published front end sees
    with torch.inference_mode():
        expected = HubertModel.from_pretrained(folder).eval()(padded, output_hidden_states=True).hidden_states
        got = encoder(waveform)
    assert len(got) == len(expected) == 4 and got[0].shape == (1, 5000 // HOP + 1, 32)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02)  # the checkpoint keeps half precision


def test_units_are_clusters_of_the_layer_of_a_published_hubert(run, tmp_path):
    recipe_with(run, hubert={"pretrained": str(hub_folders.hubert_base(tmp_path / "hubert"))}, units={"layer": 3, "clusters": 7})
    assert run.train("hubert") and run.train("units")
    encoder = load_unit_encoder(Folder(run.checkpoint))
    content = encoder.encode(np.random.default_rng(0).standard_normal(8000).astype(np.float32))
    assert encoder.layer == 3 and encoder.centroids.shape == (7, 32) and content.units.max() < 7
    recipe_with(run, units={"layer": 4})
    refused(run, "units", RecipeError, r"The content encoder has 3 layers; \[units\] layer must lie between 0 and 3, not 4.")


def test_a_published_hubert_that_cannot_be_used_is_one_sentence(run, tmp_path):
    for source, match in ((tmp_path / "none", "There is no folder at .*; name a folder with it as"),
                          (tmp_path, "holds no HubertModel in the hub's format"),
                          (without_a_weight(hub_folders.hubert_base(tmp_path / "half")), "is no whole HubertModel"),
                          (hub_folders.hubert_base(tmp_path / "other", hidden_act="relu"), "has hidden_act")):
        recipe_with(run, hubert={"pretrained": str(source)})
        refused(run, "hubert", CheckpointError, match)


def without_a_weight(folder: Path) -> Path:
    weights = load_file(folder / "model.safetensors")
    weights.pop(next(name for name in weights if "layers.1" in name))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def test_without_the_hub_the_sentence_names_what_to_do(run, monkeypatch):
    hub_folders.unreachable(monkeypatch)
    recipe_with(run, hubert={"pretrained": "someone/hubert-nobody-made"})
    refused(run, "hubert", CheckpointError, r"The Hugging Face hub could not deliver 'someone/hubert-nobody-made'; "
            r"name a folder with it as \[hubert\] pretrained, or leave that key out of the recipe to train a small one.")


def test_a_hub_id_is_downloaded_and_no_more_of_it_than_is_needed(run, tmp_path, monkeypatch):
    import huggingface_hub

    asked = {}

    def download(hub_id: str, allow_patterns: list[str]) -> str:
        asked[hub_id] = set(allow_patterns)
        return str(hub_folders.hubert_base(tmp_path / "cache"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    recipe_with(run, hubert={"pretrained": "someone/hubert-small"})
    assert run.train("hubert") and Folder(run.checkpoint).config("hubert")["hidden_size"] == 32
    assert asked == {"someone/hubert-small": {"config.json", "model.safetensors", "pytorch_model.bin"}}
