"""Checkpoint files: what is written is read back; what is missing, damaged or misfit is one sentence; nothing is a pickle."""

import json
import shutil

import pytest
import torch
from torch import nn

from pipelines.checkpoints.eight_bits import SCALE
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, Folder, find_folder
from pipelines.conversion import Converter
from pipelines.errors import CheckpointError, ZestError
from tests.support import tiny

PARTS = ("hubert", "units", "speaker", "sace", "pitch", "acoustic", "tempo", "presets")
LARGEST = 80e6  # bytes of the shipped folder


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "checkpoint")


@pytest.fixture
def damaged(tmp_path) -> Folder:
    """A complete copy of a checkpoint, to be broken."""
    shutil.copytree(tiny.trained_tiny().checkpoint, tmp_path / "damaged")
    return Folder(tmp_path / "damaged")


def refused(source, match: str) -> None:
    with pytest.raises(CheckpointError, match=match) as caught:
        Converter.from_pretrained(source)
    assert str(caught.value).count("\n") == 0 and str(caught.value).endswith(".")


def test_floats_are_kept_as_half_and_integers_as_they_are(folder):
    values = {"weight": torch.randn(3, 4), "count": torch.tensor([70_000])}
    folder.write("part", values, {"units": 5})
    read = folder.tensors("part")
    assert read["weight"].dtype == torch.float32
    torch.testing.assert_close(read["weight"], values["weight"].half().float(), rtol=0, atol=0)
    assert read["count"].tolist() == [70_000]
    assert folder.config("part") == {"units": 5}
    assert (folder.path / "part.safetensors").stat().st_size < 500


def test_a_network_comes_back(folder):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    folder.write("part", network.state_dict(), {})
    torch.manual_seed(1)
    again = folder.fill(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), "part")
    x = torch.randn(5, 4)
    torch.testing.assert_close(again(x), network.eval()(x), rtol=1e-2, atol=1e-2)
    assert not again.training


def test_writing_again_replaces_and_leaves_no_scraps(folder):
    for value in (1.0, 2.0):
        folder.write("part", {"weight": torch.tensor([value])}, {"value": value})
    assert folder.tensors("part")["weight"].item() == folder.config("part")["value"] == 2.0
    assert sorted(path.name for path in folder.path.iterdir()) == ["part.json", "part.safetensors"]


FILES = [f"{part}.{suffix}" for part in PARTS for suffix in ("json", "safetensors")]


@pytest.mark.parametrize("name", FILES)
def test_missing_file(damaged, name):
    (damaged.path / name).unlink()
    refused(damaged.path, rf"{name} is missing; restore it with 'git checkout'")


@pytest.mark.parametrize("part", PARTS)
def test_cut_off_weights(damaged, part):
    file = damaged.path / f"{part}.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    refused(damaged.path, rf"{part}\.safetensors is damaged; restore it with 'git checkout'")


@pytest.mark.parametrize("content", ["", "{", "not json", "\x00\xff"])
def test_damaged_config(damaged, content):
    (damaged.path / "sace.json").write_bytes(content.encode("latin-1"))
    refused(damaged.path, r"sace\.json is damaged; restore it with 'git checkout'")


@pytest.mark.parametrize(("part", "change"), [
    ("sace", {"hidden_width": 17}), ("pitch", {"units": 3}), ("acoustic", {"units": 3}), ("tempo", {"units": 3}),
    ("hubert", {"hidden_size": 64}),
])
def test_weights_that_do_not_fit_their_config(damaged, part, change):
    file = damaged.path / f"{part}.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    refused(damaged.path, rf"{part}\.safetensors does not fit its config")


@pytest.mark.parametrize(("part", "key"), [
    ("units", "layer"), ("sace", "hidden_layers"), ("pitch", "units"), ("presets", "names")])
def test_a_config_that_lacks_a_key(damaged, part, key):
    file = damaged.path / f"{part}.json"
    file.write_text(json.dumps({name: value for name, value in json.loads(file.read_text()).items() if name != key}))
    refused(damaged.path, rf"{part}\.json has no '{key}'")


def test_a_preset_without_its_embedding(damaged):
    file = damaged.path / "presets.json"
    file.write_text(json.dumps({"names": ["neutral", "furious"]}))
    refused(damaged.path, "presets.safetensors does not fit its config")


@pytest.mark.parametrize("source", ["nowhere", "checkpoints/nowhere", "./a/b", "/nowhere/at/all", "a/b/c"])
def test_no_such_folder(source):
    refused(source, "There is no checkpoint folder at .*; use the offline checkpoint")


def test_unreachable_hub(monkeypatch):
    """The hub's address is replaced by a port of this machine that nothing listens on."""
    import huggingface_hub.constants
    import huggingface_hub.file_download

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
    refused("someone/zest-nobody-made-this", "The Hugging Face hub could not deliver .*; use the offline checkpoint")


def test_a_folder_is_taken_as_it_is(tmp_path):
    assert find_folder(tmp_path) == tmp_path


def test_no_cuda_here():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ZestError, match="No CUDA device is available"):
        Converter.from_pretrained(tiny.trained_tiny().checkpoint, device="cuda")


# The shipped checkpoint


def test_the_shipped_checkpoint_is_whole_small_and_has_no_pickle():
    files = [path for path in DEFAULT_CHECKPOINT.rglob("*") if path.is_file()]
    assert {path.stem for path in files if path.suffix == ".safetensors"} >= set(PARTS)
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md"}
    assert sum(path.stat().st_size for path in files) < LARGEST
    for path in files:
        assert path.read_bytes()[:2] not in (b"PK", b"\x80\x02", b"\x80\x04"), path  # zip of torch.save, plain pickles


def test_the_shipped_weights_are_small_and_finite():
    """In half precision, or in eight bits with a scale for each row."""
    from safetensors.torch import load_file

    for path in DEFAULT_CHECKPOINT.glob("*.safetensors"):
        for name, value in load_file(path).items():
            assert not value.is_floating_point() or value.dtype == torch.float16 or name.endswith(SCALE), (path.name, name)
            assert torch.isfinite(value.float()).all(), (path.name, name)


def test_the_shipped_hubert_is_a_transformers_hubert():
    """Loadable by transformers itself, but for the table of positions, with the same states up to the layer above it."""
    from transformers import HubertConfig, HubertModel

    from pipelines.checkpoints.loading import load_content_encoder

    folder = Folder(DEFAULT_CHECKPOINT)
    original = HubertModel(HubertConfig(**folder.config("hubert"))).eval()
    weights = folder.tensors("hubert")
    assert weights.pop("encoder.positions").shape == (folder.setting("hubert", "positions"), original.config.hidden_size)
    original.load_state_dict(weights)
    trained = folder.setting("hubert", "positions_before")
    waveform = torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = original(waveform, output_hidden_states=True).hidden_states
        got = load_content_encoder(folder).hubert(waveform).hidden_states
    assert len(got) == len(expected) > trained
    for one, other in zip(got[:trained], expected):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
