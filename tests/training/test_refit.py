"""Networks are made to read a new SACE or new units without training: they say the same as before."""

from __future__ import annotations

import shutil
from statistics import mode

import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_generator, load_models, load_unit_encoder
from pipelines.conversion import Converter
from pipelines.errors import RecipeError
from pipelines.features.audio import Recording, load
from pipelines.training.data.corpus import Clip, read_manifest, training_clips
from pipelines.training.refit import refit
from pipelines.training.refit_sace import refit_sace
from pipelines.training.refit_units import refit_units
from pipelines.training.stages.units import UnitsRecipe, linear_head, states_of, train_units
from tests.support import tiny

pytestmark = pytest.mark.slow


@pytest.fixture
def mirrored(tmp_path):
    """A checkpoint whose SACE gives every embedding with the other sign, and the one it was made of."""
    old = tiny.trained_tiny().checkpoint
    new = Folder(shutil.copytree(old, tmp_path / "mirrored"))
    tensors = new.tensors("sace")
    new.write("sace", tensors | {name: -tensors[name] for name in ("second.weight", "second.bias")}, new.config("sace"))
    return old, new


@torch.inference_mode()
def embedding_of(folder: Folder, clip: Clip) -> torch.Tensor:
    """(1, 128) SACE of a clip."""
    converter = Converter(load_models(folder))
    return torch.from_numpy(converter.encode(load(clip.path), synthesis=False).emotion.utterance)[None]


def test_a_generator_reads_embeddings_that_mean_the_same(mirrored, zest_here):
    old, new = mirrored
    corpus = tiny.tiny_corpus()
    result = zest_here("refit", old, new.path, "--manifest", corpus / "corpus" / "manifest.csv", "--cache", corpus / "cache")
    assert result.returncode == 0 and "variance" in result.stdout + result.stderr
    clips = training_clips(read_manifest(corpus / "corpus" / "manifest.csv"))
    embedding = embedding_of(Folder(old), clips[3])
    rest = (torch.zeros(1, 5, dtype=torch.int64), torch.full((1, 9), 120.0), torch.ones(1, 9), torch.randn(1, 128))
    with torch.no_grad():
        said = load_generator(Folder(old)).trunk(*rest, embedding)
        now, unfitted = (load_generator(folder).trunk(*rest, -embedding) for folder in (new, Folder(old)))
    assert (now - said).abs().mean() < 0.2 * (unfitted - said).abs().mean()


@pytest.fixture
def reordered(tmp_path):
    """A checkpoint whose units stand in the opposite order, and the one it was made of."""
    old = tiny.trained_tiny().checkpoint
    new = Folder(shutil.copytree(old, tmp_path / "reordered"))
    new.write("units", {"centroids": new.tensors("units")["centroids"].flip(0)}, new.config("units"))
    return old, new


@torch.inference_mode()
def test_networks_read_new_units_that_mean_the_same(reordered):
    old, new = reordered
    clips = training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))
    refit_units(old, new.path, ["pitch", "acoustic", "tempo"], clips)
    before, after = (Converter(load_models(folder)) for folder in (Folder(old), new))
    recording = load(clips[3].path)
    factors = [converter.encode(recording) for converter in (before, after)]
    assert (factors[0].units + factors[1].units == len(before.models.units.centroids) - 1).all()
    common = factors[0].units == mode(factors[0].units)
    for name in ("pitch", "acoustic", "tempo"):
        tables = [getattr(converter.models, name).embed.weight for converter in (before, after)]
        rows = [table[torch.from_numpy(one.units[common].astype("int64"))] for table, one in zip(tables, factors)]
        assert torch.allclose(*rows, atol=0.1 * float(tables[0].std())), name


def test_a_generator_reads_components_in_place_of_a_codebook(tmp_path):
    old = tiny.trained_tiny().checkpoint
    new = Folder(shutil.copytree(old, tmp_path / "components"))
    clips = training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))
    encoder = load_unit_encoder(new)
    states = states_of(clips, encoder.encoder, encoder.layer)
    new.write("units", new.tensors("units") | linear_head(states, 24), new.config("units"))
    explained = refit_units(old, new.path, ["generator"], clips)["generator"]
    recording = load(clips[3].path)
    assert 0.1 < explained < 1 and load_generator(new).trunk.embed.in_features == 24
    said, now = (_entering(folder, recording) for folder in (Folder(old), new))
    assert (now.mean(0) - said.mean(0)).norm() < 0.3 * said.mean(0).norm(), "what the codebook adds to every frame is not lost"


def test_units_are_as_many_clusters_and_components_as_the_recipe_asks_for():
    clips = training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))
    encoder = load_unit_encoder(Folder(tiny.trained_tiny().checkpoint)).encoder
    found = train_units(UnitsRecipe(clusters=7, head=5, layer=2), clips, encoder, seed=0)
    assert {name: tuple(values.shape) for name, values in found.items()} == {
        "centroids": (7, 32), "head_centre": (32,), "head": (32, 5)}
    assert "centroids" not in train_units(UnitsRecipe(head=5, layer=2, keep=True), clips, encoder, seed=0)
    with pytest.raises(RecipeError, match="States have 32 numbers; .units. head must lie between 0 and 32, not 33."):
        train_units(UnitsRecipe(head=33, layer=2), clips, encoder, seed=0)


@torch.inference_mode()
def _entering(folder: Folder, recording: Recording) -> torch.Tensor:
    """(frames, width): what the blocks of a trunk are given, without F0."""
    converter = Converter(load_models(folder))
    trunk, soft = converter.models.generator.trunk, torch.from_numpy(converter.encode(recording).soft_units)
    return trunk.enter(torch.nn.functional.pad(trunk.embed(soft), (0, 2)))


def test_checkpoints_that_read_the_same_need_no_refit(tmp_path):
    old = tiny.trained_tiny().checkpoint
    same = shutil.copytree(old, tmp_path / "same")
    with pytest.raises(RecipeError, match="nothing is to be refitted"):
        refit(old, same, [], tmp_path)


def test_a_generator_that_reads_no_sace_is_refused(mirrored):
    old, new = mirrored
    new.write("generator", {"trunk.modulate.weight": torch.zeros(4, 192)}, new.config("generator"))
    clips = training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))
    with pytest.raises(RecipeError, match="no layers that read EASE and SACE"):
        refit_sace(old, new.path, ["generator"], clips, tiny.tiny_corpus() / "cache")
