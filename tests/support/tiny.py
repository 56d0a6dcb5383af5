"""A tiny corpus of synthetic voices and all stages trained on it for a few steps: real weights of no quality,
for contracts that hold whatever was learnt."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from pipelines.features.audio import save
from pipelines.labels import EMOTIONS
from pipelines.networks.whisper_front import WhisperEncoder, WhisperSizes
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import COLUMNS, read_manifest
from pipelines.training.data.stored_features import TEACHER_STATES
from pipelines.training.stages.registry import STAGES
from pipelines.training.stages.running import run_stage
from tests.support.session import once_a_session
from tests.support.speech import Voice, in_emotion, speak

TEACHER_WIDTH = 512
STEPS = 6
PLOTTED = "vocoder"
SPEAKERS = {"anna": (Voice(mean_hz=205.0, tract=1.18), "train"), "bert": (Voice(mean_hz=110.0), "train"),
            "dora": (Voice(mean_hz=180.0, tract=1.1), "dev")}
SIZES = {
    "hubert": {"width": 32, "layers": 2, "steps": STEPS, "batch": 2, "crop_seconds": 0.6},
    "units": {"clusters": 20, "soft_clusters": 30, "layer": 2, "clips": 6},
    "ease": {"xvector_steps": STEPS // 2, "ease_steps": STEPS // 2, "batch": 8, "longest_frames": 40},
    "critics": {"steps": STEPS, "batch": 4, "longest_frames": 50},
    "sace": {"steps": STEPS, "batch": 4, "longest_frames": 50},
    "acoustic": {"read_steps": STEPS // 2, "convert_steps": STEPS // 2, "batch": 4, "longest_frames": 50},
    "tempo": {"steps": STEPS, "batch": 4},
    "vocoder": {"width": 16, "blocks": 1, "warmup_steps": STEPS // 2, "gan_steps": STEPS // 2, "batch": 2, "crop_frames": 24,
                "discriminator_width": 4},
    "generate": {"width": 16, "blocks": 1, "fine_blocks": 1, "trunk_steps": STEPS // 3, "warmup_steps": STEPS // 3,
                 "gan_steps": STEPS // 3, "batch": 2, "window_frames": 20, "crop_frames": 24, "discriminator_width": 4},
    "f0_codes": {"codes": 5, "width": 8, "code_width": 4, "steps": STEPS, "batch": 4, "window_frames": 40},
    "polyak": {"width": 16, "blocks": 1, "fine_blocks": 1, "trunk_steps": STEPS // 3, "warmup_steps": STEPS // 3,
               "gan_steps": STEPS // 3, "batch": 2, "window_frames": 20, "crop_frames": 24, "discriminator_width": 4},
    "vawgan": {"width": 8, "steps": STEPS, "batch": 4, "frames": 4},
}


@dataclass(frozen=True)
class Tiny:
    """Where the tiny training lies; recipe.toml names the folders runs, cache and checkpoint beside it."""

    folder: Path

    @property
    def manifest(self) -> Path:
        return self.folder / "corpus" / "manifest.csv"

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe.toml"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    def train(self, stage: str, plots: bool = False, **options) -> bool:
        """plots: whether the loss plot is drawn, which takes longer than the training itself."""
        with nullcontext() if plots else without_plots():
            return run_stage(stage, self.recipe, self.manifest, **options)


def without_plots() -> AbstractContextManager:
    """A block in which training draws no loss plots, and leaves the file `loss.asked` where it would."""
    return patch("pipelines.training.loop.trainer.plot_log", lambda folder: (folder / "loss.asked").touch())


def write_corpus(folder: Path) -> Path:
    """One clip a speaker and emotion, two of neutral, and the manifest that lists them."""
    folder.mkdir(parents=True)
    rows = []
    for speaker, (voice, split) in SPEAKERS.items():
        for take, emotion in enumerate((*EMOTIONS, "neutral")):
            name = f"{speaker}-{emotion}-{take}.wav"
            samples = speak(in_emotion(voice, emotion), 0.9 + 0.1 * take, seed=len(rows))
            save(folder / name, samples)
            rows.append((name, "synthetic", speaker, emotion, "xx", str(take), "", len(samples) / 16_000, split))
    write_manifest(folder / "manifest.csv", rows)
    return folder / "manifest.csv"


def write_manifest(path: Path, rows: list[tuple], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def manifest_elsewhere(path: Path) -> Path:
    """The manifest of the shared corpus, in another folder than its recordings."""
    own = tiny_corpus() / "corpus" / "manifest.csv"
    with own.open(newline="") as file:
        columns, *rows = csv.reader(file)
    return write_manifest(path, [(str(own.parent / row[0]), *row[1:]) for row in rows], tuple(columns))


def write_recipe(tiny: Tiny, cache: Path, seed: int = 0, sizes: dict[str, dict] = SIZES) -> Path:
    general = {"seed": seed, "runs": str(tiny.runs), "cache": str(cache), "checkpoint": str(tiny.checkpoint),
               "virtual_voices": [0.9]}
    tiny.recipe.write_text(toml({"general": general, **sizes}))
    return tiny.recipe


def toml(tables: dict[str, dict]) -> str:
    """Tables of a recipe."""
    lines = []
    for table, values in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]  # JSON's values are TOML's, too
    return "\n".join(lines) + "\n"


def pretend_teacher(cache: FeatureCache, manifest: Path) -> None:
    """Random teacher frames in the cache, so that no test needs Whisper's weights."""
    for number, clip in enumerate(read_manifest(manifest)):
        random = np.random.default_rng(number)
        frames = random.standard_normal((int(clip.seconds * 50), TEACHER_WIDTH)).astype(np.float16)
        cache.get(TEACHER_STATES, clip.path, lambda frames=frames: {"frames": frames})


def pretend_whisper(width: int = 32, blocks: int = 3) -> WhisperEncoder:
    """A random encoder of Whisper's design."""
    torch.manual_seed(0)
    encoder = WhisperEncoder(WhisperSizes(width, 2, blocks)).eval()
    for block in encoder.blocks:  # torch's own initial values let a block do next to nothing
        torch.nn.init.normal_(block.attn.value.weight, std=0.3)
        torch.nn.init.normal_(block.mlp[2].weight, std=0.3)
    return encoder


@lru_cache(maxsize=1)
def tiny_corpus() -> Path:
    """The folder with corpus/manifest.csv and a feature cache that all tiny trainings of this session share."""
    with once_a_session("tiny") as (folder, is_there):
        if not is_there:
            pretend_teacher(FeatureCache(folder / "cache"), write_corpus(folder / "corpus"))
    return folder


def new_tiny(folder: Path, seed: int = 0, copy_of: Tiny | None = None) -> Tiny:
    """A training in a folder of its own on the shared corpus, untrained or going on from another one's checkpoint."""
    shared = tiny_corpus()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus").symlink_to(shared / "corpus")
    tiny = Tiny(folder)
    write_recipe(tiny, shared / "cache", seed)
    if copy_of is not None:
        shutil.copytree(copy_of.checkpoint, tiny.checkpoint)
    return tiny


@lru_cache(maxsize=1)
def trained_tiny() -> Tiny:
    """Every stage, trained once a session; the loss plot of PLOTTED is drawn, which stands for the others'."""
    with once_a_session("trained-tiny") as (folder, is_there):
        if is_there:
            return Tiny(folder)
        tiny = new_tiny(folder)
        for stage in STAGES:
            assert tiny.train(stage, plots=stage == PLOTTED), stage
    return tiny
