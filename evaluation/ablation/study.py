"""`zest ablate`: from a study to one table and one plot per question. Killed anywhere, the same call goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.ablation.answers import answer_of
from evaluation.ablation.writing import write_answer, write_record
from evaluation.metrics import registry
from evaluation.pair import Pair, read_paths
from evaluation.protocol import make_protocol
from evaluation.run import EvaluationRun, evaluate, parse_systems
from pipelines.errors import RecipeError
from pipelines.files import alone_in, make_folder
from pipelines.hooks import Hook, silent
from pipelines.outputs import check_outputs
from pipelines.settings import Settings
from pipelines.training.ablation.plan import TrainingPlan, make_plan
from pipelines.training.ablation.stages import StageStore
from pipelines.training.ablation.study import AblationStudy, Variant, read_study
from pipelines.training.data.manifest_check import read_checked_manifest


@dataclass(frozen=True)
class Ablation:
    """A study that was checked and can be run. pairs: of its protocol. metrics: names of what is measured. file: the study's."""

    study: AblationStudy
    plan: TrainingPlan
    pairs: tuple[Pair, ...]
    metrics: tuple[str, ...]
    manifest: Path
    file: Path


def prepare(study: Path | str, manifest: Path | str, only: Iterable[str] = ()) -> Ablation:
    """Read a study and check all that can be checked before hours of training.

    Args:
        only: names of questions; all if there are none.
    Raises:
        RecipeError: the study, its recipe or the manifest cannot be used, or the manifest cannot serve the protocol.
        ZestError: an unknown question, metric or system, or a setting out of range. CheckpointError: no such checkpoint.
    """
    read = read_study(study).only(only)
    metrics = read.metrics or registry.default_names()
    for name in (*metrics, *(name for question in read.questions for name in question.metrics)):
        registry.metric(name)
    for question in read.questions:
        unmeasured = [name for name in question.metrics if name not in metrics]
        if unmeasured:
            raise RecipeError(f"The question {question.name} shows {unmeasured[0]}, which is not among the study's metrics.")
    _beside(read)
    plan = make_plan(read, manifest)
    asked = read.protocol
    clips = read_checked_manifest(manifest, (asked.split,))
    protocol = make_protocol(clips, asked.settings, asked.seed, split=asked.split, count=asked.count)
    if protocol.refusals:
        raise RecipeError(next(iter(protocol.refusals.values())))
    return Ablation(read, plan, protocol.pairs, tuple(metrics), Path(manifest), Path(study))


def ablate(ablation: Ablation, output: Path | str, device: str = "cpu", jobs: int = 1, command: str = "", draws: int = 2000,
           hook: Hook = silent) -> EvaluationRun:
    """Train, evaluate, and write `<question>.csv`, `.md`, `.png` and `.json` into `output`.

    Args:
        output: the study's folder; its stages, checkpoints and run lie in it, too.
        jobs: processes, for training stages as for the evaluation. device, command: see evaluation/run/runner.py.
        draws: of the bootstrap. hook: 'progress' events of both halves.
    Raises:
        ZestError: the folder holds a run of another protocol, or something is at work in it. Else as training and evaluating.
    """
    output, study = Path(output), ablation.study
    answers = [output / f"{question.name}.{ending}" for question in study.questions for ending in ("csv", "md", "png", "json")]
    check_outputs([ablation.file, ablation.manifest, *read_paths(ablation.pairs)], answers, new_folders=True)
    make_folder(output)
    with alone_in(output, "ablation"):
        store = StageStore(output, ablation.plan, study.checkpoint)
        store.train(ablation.manifest, device, jobs, hook)
        variants = {(question.name, variant.name): _system(variant, store.assemble(stages), stages)
                    for question in study.questions for variant in question.variants
                    for stages in [ablation.plan.variants[question.name, variant.name]]}
        texts = {spec: checkpoint for spec, checkpoint in variants.values()}
        systems = _beside(study, device) + [system for spec, checkpoint in texts.items()
                                            for system in parse_systems([spec], checkpoint=checkpoint, device=device)]
        run = evaluate(ablation.pairs, systems, output / "run", ablation.metrics, jobs=jobs, seed=study.protocol.seed,
                       device=device, command=command, hook=hook)
        names = {key: spec.partition("=")[0] for key, (spec, _) in variants.items()}
        for question in study.questions:
            write_answer(output, answer_of(run, question, names, study.systems, draws, study.protocol.seed))
            write_record(output, study, question, ablation.plan, store, run, names, command)
    return run


def _beside(study: AblationStudy, device: str = "cpu") -> list:
    """What is evaluated beside the variants. Raises ZestError: there is no such system."""
    return parse_systems(study.systems, checkpoint=None if study.checkpoint is None else str(study.checkpoint), device=device)


def _system(variant: Variant, checkpoint: Path, stages: Iterable[Any]) -> tuple[str, str]:
    """What parse_systems reads, named by all that decides it, and its checkpoint."""
    spec = Settings(**variant.settings).specification(oldest_name=True)  # so that studies on disk go on
    sign = hashlib.sha256(json.dumps([spec, [stage.label for stage in stages]]).encode()).hexdigest()[:8]
    return f"{spec.partition('@')[0]}-{sign}={spec}", str(checkpoint)
