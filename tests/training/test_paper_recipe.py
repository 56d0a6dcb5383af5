"""The paper's recipe from end to end, on the CPU: ESD as it is published, encoders as the hub has them, every stage in one call,
a conversion by the paper's decoder. Only sizes and lengths of training are smaller; all audio and all weights are made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.corpora.manifest import read_corpus, write_manifest
from pipelines.conversion import NO_TEMPO, Converter
from pipelines.features.audio import Recording, save
from pipelines.training.loop.recipe import read_recipe
from pipelines.training.stages.whole_recipe import run_recipe
from tests.support import corpus_trees, hub_folders
from tests.support.speech import Voice, in_emotion, speak
from tests.support.tiny import without_plots

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "paper.toml"
SPEAKERS = {"0011": Voice(mean_hz=115.0), "0015": Voice(mean_hz=210.0, tract=1.15)}
NAMES = {"neutral": "Neutral", "angry": "Angry", "happy": "Happy", "sad": "Sad", "surprised": "Surprise"}  # as folders are called
SMALLER = {
    "units": {"clusters": 12, "layer": 3},
    "ease": {"epochs": 2, "batch": 4},
    "sace": {"steps": 2, "batch": 4, "longest_frames": 40},
    "generate": {"size": "V3", "channels": 32, "steps": 2, "batch": 2, "period_width": 2, "scale_width": 16},
    "f0_codes": {"steps": 2, "batch": 2}, "polyak": {"size": "V3", "channels": 32, "steps": 2, "batch": 2, "period_width": 2,
                                                     "scale_width": 16},
}


def published_esd(root: Path) -> Path:
    """Two English speakers with one sentence of the training part and one of the test part, in every emotion."""
    for speaker, voice in SPEAKERS.items():
        corpus_trees.esd(root, speaker, (30, 60), "utf-8", {30: "The nine the eggs I keep.", 60: "Tom could hardly speak."})
        for seed, path in enumerate(sorted((root / speaker).rglob("*.wav"))):
            emotion = next(name for name, folder in NAMES.items() if folder in path.parts)
            save(path, speak(in_emotion(voice, emotion), 0.9, seed=seed))
    return root


def smaller(folder: Path) -> dict[str, dict]:
    """The shipped recipe with folders in place of hub ids and less of everything, computed as on a GPU that has little memory."""
    tables = read_recipe(RECIPE)
    folders = {name: str(folder / name) for name in ("runs", "cache", "checkpoint")}
    tables["general"] |= {**folders, "precision": "bf16", "accumulate": 2}
    tables["hubert"]["pretrained"] = str(hub_folders.as_published_in_2021(hub_folders.hubert_base(folder / "hubert")))
    tables["ease"]["xvector"] = str(hub_folders.speaker_embedding(folder / "ecapa"))
    tables["sace"]["front_end"] = str(hub_folders.wav2vec_large(folder / "wav2vec"))
    for table, values in SMALLER.items():
        tables[table] |= values
    return tables


def test_the_paper_s_recipe_from_published_layouts_to_a_conversion(tmp_path):
    pytest.importorskip("speechbrain")
    write_manifest(tmp_path / "manifest.csv", read_corpus("esd", published_esd(tmp_path / "ESD")))
    told: list[str] = []
    with without_plots():
        assert run_recipe(smaller(tmp_path), tmp_path / "manifest.csv", tell=told.append)
    stages = ("hubert", "units", "ease", "sace", "generate", "f0_codes", "polyak")
    assert told == [f"Stage {stage} is finished." for stage in stages]
    converter = Converter.from_pretrained(tmp_path / "checkpoint")
    source, reference = (Recording(speak(in_emotion(voice, emotion), 1.0, seed=9))
                         for voice, emotion in zip(SPEAKERS.values(), ("neutral", "angry"), strict=True))
    assert converter.decoders == ("generate",)
    conversion = converter.convert(source, reference)
    assert len(conversion.samples) == pytest.approx(16_000, abs=320) and np.isfinite(conversion.samples).all()
    assert conversion.notes[-1] == NO_TEMPO and np.abs(conversion.samples).max() > 0
    other = converter.convert(source, emotion="sad")
    assert other.target == "sad" and not np.array_equal(other.samples, conversion.samples)
