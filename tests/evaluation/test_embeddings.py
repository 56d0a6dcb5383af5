"""`zest embeddings`: probes that find what is there and nothing else, and a picture and a JSON that say the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evaluation.embeddings import Vectors, report, write_embeddings
from evaluation.embeddings.probes import Probe, cross_validated
from evaluation.embeddings.report import project
from pipelines.errors import RecipeError, ZestError
from pipelines.labels import EMOTIONS
from tests.support.tiny import new_tiny
from workbench.cli import exit_codes

SPEAKERS = ("anna", "bert", "carl", "dora")


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """An x-vector that tells speaker and, less well, emotion; an EASE that tells the speaker only, a SACE the emotion only."""
    random = np.random.default_rng(0)
    rows = [(emotion, speaker, take) for speaker in SPEAKERS for emotion in EMOTIONS for take in range(8)]
    emotions, speakers, takes = (np.array(column) for column in zip(*rows, strict=True))
    emotion, speaker = (np.eye(len(names))[[names.index(name) for name in column]]
                        for names, column in ((list(EMOTIONS), emotions), (SPEAKERS, speakers)))
    noise = {name: 0.15 * random.standard_normal((len(rows), 12)) for name in ("x-vector", "EASE", "SACE")}
    noise["x-vector"][:, :4] += speaker
    noise["x-vector"][:, 4:9] += 0.5 * emotion
    noise["EASE"][:, :4] += speaker
    noise["SACE"][:, :5] += emotion
    return Vectors(noise, emotions, speakers, np.full(len(rows), "made"), takes.astype(str))


@pytest.fixture(scope="module")
def known(vectors) -> dict[str, dict[str, Probe]]:
    """What each probe finds in each factor."""
    return {name: {factor: probe(vectors, factor) for factor in vectors.values} for name, probe in report.PROBES.items()}


@pytest.mark.slow
def test_probes_find_what_a_factor_tells_and_nothing_that_it_does_not(known):
    emotion, speaker = known["emotion"], known["speaker"]
    assert emotion["SACE"].accuracy > 95 and emotion["x-vector"].accuracy > 60
    assert emotion["EASE"].accuracy < 35
    assert speaker["EASE"].accuracy > 95
    assert speaker["SACE"].accuracy < 40
    assert emotion["SACE"].chance == 20 and speaker["SACE"].chance == 25


def test_a_probe_is_never_scored_on_a_speaker_that_it_was_fitted_on(vectors):
    """Emotions that are another code for each speaker cannot be told of an unseen one."""
    private = np.eye(20)[[SPEAKERS.index(s) * 5 + EMOTIONS.index(e) for s, e in zip(vectors.speakers, vectors.emotions)]]
    assert cross_validated(private, vectors.emotions, vectors.speakers, "emotions", "speakers").accuracy < 35


def test_too_little_speech_for_a_probe_is_a_sentence(vectors):
    one = vectors.speakers == "anna"
    with pytest.raises(RecipeError, match="A probe for emotions needs two emotions and two speakers at least; here are 5 and 1."):
        cross_validated(vectors.values["SACE"][one], vectors.emotions[one], vectors.speakers[one], "emotions", "speakers")
    few = np.arange(len(one)) % 8 == 0
    with pytest.raises(RecipeError, match="needs 6 recordings of each; there are 4 of 'angry'."):
        cross_validated(vectors.values["SACE"][few], vectors.emotions[few], vectors.speakers[few], "emotions", "speakers")


def test_a_projection_keeps_neighbours_together_and_repeats(vectors):
    places = project(vectors.values["SACE"], seed=1)
    assert places.shape == (len(vectors.emotions), 2)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert np.mean(vectors.emotions[distance.argmin(1)] == vectors.emotions) > 0.95
    np.testing.assert_array_equal(places, project(vectors.values["SACE"], seed=1))


@pytest.mark.slow
def test_picture_and_numbers_are_written(vectors, known, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PROBES", {name: lambda _, factor, own=own: own[factor] for name, own in known.items()})
    picture = write_embeddings(vectors, tmp_path / "new", {"split": "dev"})
    document = json.loads((tmp_path / "new" / "embeddings.json").read_text())
    assert picture.read_bytes().startswith(b"\x89PNG") and 20_000 < picture.stat().st_size < 400_000
    assert document["probes"]["SACE"]["emotion"] == {"accuracy": pytest.approx(98, abs=3), "chance": 20.0, "folds": 4}
    assert document["split"] == "dev" and document["clips"] == 160 and document["speakers"] == list(SPEAKERS)


def test_umap_without_its_package_and_unknown_methods_are_told(vectors, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(ZestError, match="UMAP needs the package umap-learn; install it with 'pip install umap-learn'"):
        project(vectors.values["SACE"], "umap")
    with pytest.raises(ZestError, match="There is no projection 'pca'; choose one of tsne, umap."):
        project(vectors.values["SACE"], "pca")


def test_command_line_hears_recordings_and_tells_when_there_are_too_few(zest_here, tmp_path):
    """The tiny corpus has two recordings of an emotion in each speaker: enough for a vector, too few for a probe."""
    tiny = new_tiny(tmp_path / "tiny")
    refused = zest_here("embeddings", "--manifest", tiny.manifest, "-o", "out", "--split", "train")
    assert refused.returncode == exit_codes.BAD_INPUT
    assert refused.stderr.strip().splitlines()[-1].startswith("A probe for emotions needs 6 recordings of each; there are 2 of")
    assert not (tmp_path / "out" / "embeddings.json").exists()
    missing = zest_here("embeddings", "--manifest", tiny.manifest, "-o", "out", "--split", "test")
    assert missing.returncode == exit_codes.BAD_INPUT and "has no clip of split 'test'" in missing.stderr
