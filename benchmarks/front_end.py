"""How near a HuBERT of the design `whisper_blocks` is to its teacher, and what it keeps of emotion.

    python -m benchmarks.front_end --manifest MANIFEST --run runs/blocks/hubert [--probe 2000]

Distances: cosine distance between the residual streams after each layer and each block, frame by frame, on recordings of
unseen speakers. Each side is centred: the teacher by its mean at each position (its position embedding is no part of speech),
the student by its mean. Plain: in the teacher's own units. Std.: each dimension over its deviation, as in training.
Words: the share of the variance of Whisper's last layer that a layer's states explain, frame by frame (benchmarks/words.py).
Probe: logistic regression on mean and deviation over time of one layer or of all, for five emotions; balanced accuracy on
unseen speakers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import cell, columns
from benchmarks.words import without_positions, words_explained, words_of
from pipelines.checkpoints.whisper import load_packaged_encoder
from pipelines.features.audio import SAMPLE_RATE
from pipelines.labels import EMOTIONS
from pipelines.networks.hubert import Hubert, read_sizes
from pipelines.networks.units import HOP, ContentEncoder
from pipelines.training.data.corpus import Clip, dev_clips, read_manifest, read_samples, training_clips
from pipelines.training.loop.average import network_weights
from pipelines.training.loop.recipe import read_recipe
from pipelines.training.stages.appended_blocks import position_table, with_appended
from pipelines.training.stages.hubert_blocks import TEACHER_LEVEL, HubertBlocksRecipe, HubertBlocksTask, Student, teacher_states
from pipelines.training.stages.registry import find_stage

CLIPS = 24  # of each corpus, for distances
SECONDS = 5.0  # of each, at most
PROBED = ("ravdess", "nemo", "emodb", "emovo", "tess")  # corpora with at least four of the five emotions


def level_crop(clip: Clip, seconds: float) -> torch.Tensor:
    """(1, samples) at the level that the teacher is given in training, a whole number of frames."""
    samples = read_samples(clip)[:int(seconds * SAMPLE_RATE)]
    samples = samples[:len(samples) // HOP * HOP]
    return torch.from_numpy((samples * (TEACHER_LEVEL / (np.sqrt((samples**2).mean()) + 1e-4))).astype(np.float32))[None]


def some_of_each_corpus(clips: list[Clip], count: int) -> dict[str, list[Clip]]:
    """Seeded, of at least a second."""
    random = np.random.default_rng(0)
    corpora = sorted({clip.corpus for clip in clips})
    long = {corpus: [clip for clip in clips if clip.corpus == corpus and clip.seconds >= 1] for corpus in corpora}
    return {corpus: [own[index] for index in random.permutation(len(own))[:count]] for corpus, own in long.items()}


@torch.inference_mode()
def distances(task: HubertBlocksTask, student: Student, clips: dict[str, list[Clip]]) -> list[list[str]]:
    """A row a corpus: number of clips, then plain and standardised distance of every layer."""
    layers, statistics = task.recipe.layers, task.statistics
    waves = {corpus: [level_crop(clip, SECONDS) for clip in own] for corpus, own in clips.items()}
    pairs = {corpus: [(teacher_states(task.teacher, wave, layers), student(wave)) for wave in own]
             for corpus, own in waves.items()}
    everything = torch.cat([own for both in pairs.values() for _, own in both], dim=2)
    own_mean = everything.mean((1, 2))
    rows = []
    for corpus, both in pairs.items():
        plain, standardised = [], []
        for teacher, own in both:
            frames = min(teacher.shape[2], own.shape[2], statistics.by_position.shape[1]) - 1
            centred = teacher[:, :, :frames] - statistics.by_position[:, None, :frames]
            mine = own[:, :, :frames] - own_mean[:, None, None]
            scale = statistics.scale[:, None, None]
            plain.append((1 - torch.cosine_similarity(mine, centred, dim=-1)).mean((1, 2)))
            standardised.append((1 - torch.cosine_similarity(mine / scale, centred / scale, dim=-1)).mean((1, 2)))
        values = [torch.stack(kind).mean(0).tolist() for kind in (plain, standardised)]
        rows.append([corpus, str(len(both)), *(cell(value, 3) for kind in values for value in kind)])
    return rows


def words_table(task: HubertBlocksTask, student: Student, clips: list[Clip]) -> str:
    """A row a layer: the share of variance explained, in percent, by the teacher's states and by the student's.

    Layers above the student's own are the teacher's blocks that the recipe appends.
    """
    recipe = task.recipe
    fitted, unseen = without_positions(*(words_of(part, task.teacher, count) for part, count in
                                         ((training_clips(clips), 300), (dev_clips(clips), 120))))
    kinds = {"teacher": lambda wave: teacher_states(task.teacher, wave, recipe.layers + recipe.appended),
             "student": _whole(task, student) if recipe.appended else student}
    rows = []
    for layer in range(1, recipe.layers + recipe.appended + 1):
        shares = [words_explained(partial(_layer_states, states, layer), fitted, unseen) for states in kinds.values()]
        rows.append([str(layer), *(cell(100 * share, 0) for share in shares)])
    return columns(["layer", *kinds], rows)


def _whole(task: HubertBlocksTask, student: Student) -> ContentEncoder:
    """The student with the teacher's next blocks above it, as it is exported."""
    table = position_table(task.teacher, task.clips, task.recipe)
    weights, config = with_appended(student.encoder.hubert, task.teacher, task.recipe, table)
    whole = ContentEncoder(Hubert(read_sizes(config)))
    whole.hubert.load_state_dict(weights)
    return whole.eval()


@torch.inference_mode()
def _layer_states(states: Callable[[torch.Tensor], Sequence[torch.Tensor] | torch.Tensor], layer: int, clip: Clip) -> np.ndarray:
    """(frames, width)."""
    return states(level_crop(clip, 10.0))[layer][0].numpy()


@torch.inference_mode()
def pooled(states: torch.Tensor) -> np.ndarray:
    """(states, 1, frames, width) to (states, 2 * width): mean and deviation over time."""
    return torch.cat([states.mean(2), states.std(2)], -1)[:, 0].numpy()


@torch.inference_mode()
def probe_table(task: HubertBlocksTask, student: Student, train: list[Clip], dev: list[Clip]) -> str:
    """A row a front end and choice of layers: balanced accuracy in percent on each corpus of `dev`."""
    layers = task.recipe.layers
    kinds = {"teacher": lambda wave: teacher_states(task.teacher, wave, layers), "student": student}
    vectors = {split: {name: [] for name in kinds} for split in ("train", "dev")}
    for split, clips in (("train", train), ("dev", dev)):
        for clip in clips:
            for name, states in kinds.items():
                vectors[split][name].append(pooled(states(level_crop(clip, 10.0))))
    corpora = sorted({clip.corpus for clip in dev})
    labels, rows = [clip.emotion for clip in train], []
    for name in kinds:
        for title, chosen in (("layer 2", [2]), (f"layers 0 to {layers}", list(range(layers + 1)))):
            flat = [np.stack([vector[chosen].ravel() for vector in vectors[split][name]]) for split in ("train", "dev")]
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=400, class_weight="balanced"))
            guesses = model.fit(flat[0], labels).predict(flat[1])
            scores = [100 * balanced_accuracy_score([clip.emotion for clip in dev if clip.corpus == corpus],
                                                    [guess for guess, clip in zip(guesses, dev) if clip.corpus == corpus])
                      for corpus in corpora]
            rows.append([name, title, *(cell(score, 0) for score in scores)])
    return columns(["front end", "states", *corpora], rows)


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with speech of dev speakers.")],
    run: Annotated[Path, typer.Option(help="Folder of the stage's run.")],
    recipe: Annotated[Path, typer.Option(help="Recipe that it is trained by.")] = Path("recipes/whisper-blocks.toml"),
    probe: Annotated[int, typer.Option(help="Labelled training clips for the probe; 0 leaves it out.")] = 0,
) -> None:
    """Print distances and, if asked for, probes."""
    torch.set_num_threads(1)
    own = find_stage("hubert").recipe(read_recipe(recipe))
    if not isinstance(own, HubertBlocksRecipe):
        raise typer.BadParameter("The recipe's [hubert] has another design than whisper_blocks.")
    clips = read_manifest(manifest)
    task = HubertBlocksTask(own, training_clips(clips), load_packaged_encoder("base"))
    task.fit_statistics()
    student: Student = task.networks["student"]
    student.load_state_dict(network_weights(run, "student"))
    student.eval()
    names = [f"{kind} {layer}" for kind in ("plain", "std.") for layer in range(own.layers + 1)]
    print(columns(["corpus", "clips", *names], distances(task, student, some_of_each_corpus(dev_clips(clips), CLIPS))))
    print(words_table(task, student, clips))
    if probe:
        labelled = [clip for clip in clips if clip.corpus in PROBED and clip.emotion in EMOTIONS and clip.seconds >= 0.6]
        train = training_clips(labelled)
        chosen = np.random.default_rng(1).permutation(len(train))[:probe]
        print(probe_table(task, student, [train[index] for index in chosen], dev_clips(labelled)))


if __name__ == "__main__":
    typer.run(main)
