"""A frontier from pairs to page: convert at every strength, observe, score, and write the curves. It is an ordinary evaluation,
so its folder is that of `zest evaluate`, and whatever was converted and observed there is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.frontier.curve import Frontier
from evaluation.frontier.strengths import STRENGTHS, check_strengths, read_strengths
from evaluation.frontier.writing import FrontierFiles, write_frontier
from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Observer
from evaluation.metrics.subjects import CHARACTER_ERRORS, EMOTION_ACCURACY, SPEAKER_SIMILARITY
from evaluation.pair import Pair
from evaluation.report.catalogue import CatalogueEntry
from evaluation.report.statistics import DRAWS
from evaluation.run import EvaluationRun, evaluate, parse_systems
from evaluation.run.systems import System, with_presets
from pipelines.errors import ZestError
from pipelines.hooks import Hook, silent
from pipelines.packages import need

NATURAL = "distillmos"
ROLES = (EMOTION_ACCURACY, SPEAKER_SIMILARITY, CHARACTER_ERRORS)
COUNT = 64  # pairs that are drawn from a manifest, over all settings
METRICS = tuple(name for name in registry.default_names() if name == NATURAL or registry.metric(name).role in ROLES)


@dataclass(frozen=True)
class FrontierReport:
    """What came out. run: the evaluation. files: page, tables and pictures in its folder."""

    run: EvaluationRun
    frontier: Frontier
    files: FrontierFiles


def frontier_systems(texts: Sequence[str], strengths: str | Sequence[float] = STRENGTHS, presets: bool = False,
                     checkpoint: str | None = None, device: str = "cpu", seed: int = 0) -> list[System]:
    """The systems of a frontier: each converter without a strength of its own at every strength, the others as they are.

    Args:
        texts: as of `evaluation.run.parse_systems`. strengths: see strengths.py. seed: of the emotion's variant.
        presets: also every converter with the emotion's preset in place of the reference.
    Raises:
        ZestError: strengths that are no curve, an unknown system, or two of one name; none, or presets that none can take.
    """
    chosen = read_strengths(strengths) if isinstance(strengths, str) else check_strengths(strengths)
    if not texts:
        raise ZestError("Which systems? Name at least one, as in --system residual_neural --system f0-swap.")
    systems = parse_systems(texts, chosen, checkpoint, device, seed)
    return with_presets(systems) if presets else systems


def measure_frontier(pairs: Sequence[Pair], systems: Sequence[System], folder: Path | str,
                     metrics: Sequence[Metric | str] | None = None, observers: Mapping[str, Observer] | None = None,
                     entries: Mapping[str, CatalogueEntry] | None = None, jobs: int = 1, backend: str = "loky", seed: int = 0,
                     device: str = "cpu", draws: int = DRAWS, bootstrap_seed: int = 0, command: str = "", hook: Hook = silent,
                     reads: Iterable[Path | str] = ()) -> FrontierReport:
    """Measure a frontier, or go on with it: killed anywhere, the same call does what is left.

    Args:
        systems: see `frontier_systems`. folder: of a run; one that `zest evaluate` wrote with the same pairs and seed goes on.
        metrics: names or objects; judges, voice, words and predicted MOS if None.
        observers, jobs, backend, seed, device, command, hook, reads: as of `evaluation.run.evaluate`.
        entries: what metrics are; the registry's if None. draws, bootstrap_seed: of the intervals.
    Raises:
        ZestError: no pairs or systems, the folder holds another run, or no judge or nothing kept was measured.
        CheckpointError: a system cannot be loaded. OutputError: the folder cannot be written.
    """
    asked = METRICS if metrics is None else metrics
    _refuse_metrics(asked)
    need(["plotly"], "The page of a frontier")
    run = evaluate(pairs, systems, folder, asked, observers, jobs, backend, seed, device, command, hook, reads,
                   FrontierFiles.of(folder).every)
    frontier, files = write_frontier(run.folder, [system.name for system in systems], draws, bootstrap_seed, entries)
    return FrontierReport(run, frontier, files)


def _refuse_metrics(metrics: Sequence[Metric | str]) -> None:
    """Raises ZestError before any work: named metrics hold no judge, or nothing that is to be kept."""
    if not metrics or not all(isinstance(one, str) for one in metrics):
        return
    roles = {registry.metric(one).role for one in metrics if isinstance(one, str)}
    subjects = {registry.metric(one).subject.name for one in metrics if isinstance(one, str)}
    if EMOTION_ACCURACY not in roles:
        raise ZestError("A frontier needs a judge of emotion; add one, as --metric emotion@acoustic.")
    if not roles & {SPEAKER_SIMILARITY, CHARACTER_ERRORS} and "naturalness" not in subjects:
        raise ZestError("A frontier needs something that is to be kept; add --metric voice-to-source, cer or distillmos.")
