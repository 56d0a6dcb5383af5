"""Training the emotion judges, on the manifest's training speakers only: `zest train judge`. fitting.py fits one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save as safetensors_bytes

from evaluation.judges.card import CARD, write_card
from evaluation.judges.data import ALTERED, CHANGED, JudgeData, join, judged, some_of_each
from evaluation.judges.fitting import RECIPES, fit
from evaluation.judges.mini import JUDGES, FeatureJudge, load_judge
from pipelines.errors import RecipeError
from pipelines.files import make_folder, write_whole
from pipelines.labels import EMOTIONS
from pipelines.outputs import check_outputs
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import USED, Clip, training_clips
from pipelines.training.data.manifest_check import read_checked_manifest
from pipelines.training.loop.recipe import GeneralRecipe, read_recipe, section


@dataclass(frozen=True)
class JudgeStage:
    """The table [judge] of a recipe. altered, changed: clips per corpus and emotion that also serve through another channel
    and in another voice, for the judges whose recipe takes them."""

    judges: tuple = JUDGES
    altered: int = 80
    changed: int = 0
    output: str = "checkpoints/judge-mini"


def save(judge: FeatureJudge, folder: Path) -> None:
    """Write `<name>.safetensors` (weights as float16) and `<name>.json`."""
    make_folder(folder)
    ensemble = judge.ensemble
    tensors = {"mean": ensemble.mean.astype(np.float32), "scale": ensemble.scale.astype(np.float32)}
    for m, layers in enumerate(ensemble.members):
        for k, (weight, bias) in enumerate(layers):
            tensors |= {f"member{m}.layer{k}.weight": weight.astype(np.float16),
                        f"member{m}.layer{k}.bias": bias.astype(np.float32)}
    whole = safetensors_bytes({name: np.ascontiguousarray(value) for name, value in tensors.items()})
    write_whole(folder / f"{judge.name}.safetensors", whole)
    config = {"emotions": list(judge.emotions), "members": len(ensemble.members), "layers": len(ensemble.members[0]),
              "temperature": round(ensemble.temperature, 4), "limit": ensemble.limit}
    write_whole(folder / f"{judge.name}.json", (json.dumps(config, indent=2) + "\n").encode())


def train_judges(recipe: Path | str, manifest: Path | str) -> Path:
    """Train the judges on the training speakers, measure them on the dev speakers, write their card; returns the path
    of the card.

    Raises:
        RecipeError: unusable recipe or manifest, an unknown judge, or an emotion without a clip.
    """
    tables = read_recipe(recipe)
    stage, general = section(tables, "judge", JudgeStage), section(tables, "general", GeneralRecipe)
    output, clips = Path(stage.output), read_checked_manifest(manifest, USED)
    written = [*(f"{name}{ending}" for name in stage.judges for ending in (".json", ".safetensors")), CARD]
    check_outputs([recipe, manifest, *(clip.path for clip in clips)], [output / name for name in written], new_folders=True)
    data = JudgeData(FeatureCache(Path(general.cache)))
    for name in stage.judges:
        train(name, clips, data, stage)
    load_judge.cache_clear()
    return write_card(output, [load_judge(name, output) for name in stage.judges], clips, data)


def train(name: str, clips: list[Clip], data: JudgeData, stage: JudgeStage) -> None:
    """Gather, fit and save one judge. Raises RecipeError if it is unknown or an emotion is absent."""
    if name not in RECIPES:
        raise RecipeError(f"There is no judge called '{name}'; choose one of {', '.join(RECIPES)}.")
    labelled = judged(training_clips(clips))
    examples = data.examples(name, labelled)
    for count, version in ((stage.altered * RECIPES[name].altered, ALTERED), (stage.changed, CHANGED)):
        if count > 0:
            examples = join(examples, data.examples(name, some_of_each(labelled, count, RECIPES[name].seed), version))
    save(FeatureJudge(name, EMOTIONS, fit(examples, RECIPES[name])), Path(stage.output))
