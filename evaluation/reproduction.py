"""Every report under docs/results by one call each, or all of them by one: `zest reproduce`.

It only calls what there is for each report, so every folder is that of `zest reproduce table1`, `zest frontier`, `zest ablate`,
`zest embeddings` or `zest judge audit`, and those commands go on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.checkpoints.folder import CONVERTING, DEFAULT_CHECKPOINT, find_folder, folder_key
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.files import make_folder, write_whole
from pipelines.hooks import Hook, silent
from pipelines.outputs import check_outputs
from pipelines.shipped import shipped

if TYPE_CHECKING:  # its imports are heavy, and the command's help needs none of them
    from evaluation.ablation.study import Ablation

STUDY = "recipes/ablations-continued.toml"
CURVES = ("residual_neural", "residual_neural-preset", "residual_psola", "residual_world", "generate", "polyak", "f0-swap")
STRENGTHS = "0:1.5:0.5"
ABLATED_ROWS = {  # rows of the table whose weights the ablations train: question and variant of the study
    "no-adversarial": ("adversary", "none"), "no-f0-encoder": ("encoders", "no F0 encoder"),
    "no-unit-encoder": ("encoders", "no unit encoder")}
PAGE = "README.md"


@dataclass(frozen=True)
class ReproductionRequest:
    """Of every report alike.

    Attributes:
        manifests: lists of recordings, joined; the ablations train on one.
        checkpoint: of table, frontier and audit; zest-mini if None. The ablations go on from the one that their study names.
        weights: row of the table to another checkpoint. seed: draws pairs. jobs: worker processes. draws: of the bootstrap.
        command: for the pages, as it was typed.
    """

    manifests: tuple[Path, ...]
    checkpoint: str | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    jobs: int = 1
    device: str = "cpu"
    draws: int = 2000
    command: str = ""


@dataclass(frozen=True)
class Reproduced:
    """pages: report to its page. refused: report to the sentence why there is none. overview: a page that links them."""

    pages: Mapping[str, Path]
    refused: Mapping[str, str]
    overview: Path


def reproduce_all(folder: Path | str, request: ReproductionRequest, hook: Hook = silent) -> Reproduced:
    """Make every report in a folder of its name, and a page that links them; killed anywhere, the same call goes on.

    The ablations come before the table, which has their weights in the rows that the paper ablates. A report that cannot be made
    leaves a sentence, and the others are made.

    Args:
        folder: for the folders of the reports. hook: 'progress' events of all of them.
    Raises:
        ZestError: no report could be made. OutputError: the folder cannot be written.
    """
    folder, pages, refused = make_folder(folder), {}, {}
    check_outputs(request.manifests, [folder / PAGE], new_folders=True)
    for name, make in REPORTS.items():
        try:
            pages[name] = make(folder / name, request, hook)
            if name == "ablations":
                request = replace(request, weights={**_ablated(folder / name, request), **request.weights})
        except ZestError as error:
            refused[name] = str(error)
    if not pages:
        raise ZestError(f"Nothing could be made: {next(iter(refused.values()))}")
    overview = write_whole(folder / PAGE, _overview(folder, request, pages, refused).encode())
    return Reproduced(pages, refused, overview)


def reproduce_report(name: str, folder: Path | str, request: ReproductionRequest, hook: Hook = silent) -> Path:
    """One report; returns its page. Raises ZestError: there is no such report, and what it raises itself."""
    if name not in REPORTS:
        raise ZestError(f"There is no report '{name}' to reproduce; there are {', '.join(REPORTS)}, and all.")
    return REPORTS[name](Path(folder), request, hook)


def _table1(folder: Path, request: ReproductionRequest, hook: Hook) -> Path:
    from evaluation.table1.reproduce import TableRequest, reproduce_table1
    from pipelines.training.data.manifest_check import read_checked_manifest

    clips = [clip for path in request.manifests for clip in read_checked_manifest(path)]
    asked = TableRequest(seed=request.seed, checkpoint=request.checkpoint, weights=request.weights, device=request.device,
                         jobs=request.jobs, draws=request.draws)
    return reproduce_table1(clips, folder, asked, command=request.command, hook=hook, reads=request.manifests).page


def _frontier(folder: Path, request: ReproductionRequest, hook: Hook) -> Path:
    from evaluation.frontier import frontier_systems, measure_frontier
    from evaluation.frontier.measure import COUNT
    from evaluation.protocol import ESD_SETTINGS, make_protocol
    from pipelines.training.data.manifest_check import read_checked_manifest

    clips = [clip for path in request.manifests for clip in read_checked_manifest(path, ("dev",))]
    pairs = make_protocol(clips, ESD_SETTINGS, request.seed, count=COUNT).pairs
    if not pairs:
        raise ZestError("The manifest can serve none of the frontier's settings, so there are no pairs.")
    systems = frontier_systems(CURVES, STRENGTHS, checkpoint=request.checkpoint, device=request.device)
    return measure_frontier(list(pairs), systems, folder, jobs=request.jobs, device=request.device, draws=request.draws,
                            command=request.command, hook=hook, reads=request.manifests).files.markdown


def _ablations(folder: Path, request: ReproductionRequest, hook: Hook) -> Path:
    from evaluation.ablation import ablate

    ablation = _study(request)
    ablate(ablation, folder, request.device, request.jobs, request.command, request.draws, hook)
    return folder / f"{ablation.study.questions[0].name}.md"


def _study(request: ReproductionRequest) -> Ablation:
    from evaluation.ablation import prepare

    manifest, *others = request.manifests
    if others:
        raise ZestError("The ablations train on one manifest; join yours into one file, whose paths count from its folder.")
    return prepare(shipped(STUDY), manifest)


def _ablated(folder: Path, request: ReproductionRequest) -> dict[str, str]:
    """Row of the table to the checkpoint that the finished study in the folder has for it."""
    from pipelines.training.ablation.stages import StageStore

    ablation = _study(request)
    store = StageStore(folder, ablation.plan, ablation.study.checkpoint)
    return {row: str(store.assemble(ablation.plan.variants[asked])) for row, asked in ABLATED_ROWS.items()}


def _embeddings(folder: Path, request: ReproductionRequest, hook: Hook) -> Path:
    from evaluation.embeddings.making import EmbeddingsRequest, draw_embeddings

    asked = EmbeddingsRequest(request.checkpoint, seed=request.seed, device=request.device)
    return draw_embeddings(request.manifests, folder, asked, request.command, hook)


def _audit(folder: Path, request: ReproductionRequest, hook: Hook) -> Path:
    from evaluation.audit import AuditRequest, Draw, audit_judges, read_clips

    return audit_judges(read_clips(request.manifests), folder, AuditRequest(checkpoint=request.checkpoint), Draw(request.draws),
                        request.jobs, command=request.command, hook=hook, reads=request.manifests).files.markdown


REPORTS: Mapping[str, Callable[[Path, ReproductionRequest, Hook], Path]] = {
    "audit": _audit, "embeddings": _embeddings, "ablations": _ablations, "table1": _table1, "frontier": _frontier}


def _overview(folder: Path, request: ReproductionRequest, pages: Mapping[str, Path], refused: Mapping[str, str]) -> str:
    weights = folder_key(find_folder(request.checkpoint or DEFAULT_CHECKPOINT), CONVERTING)
    lines = ["# Reports", "", f"{counted(len(pages), 'report')}, weights {weights[:12]}, seed {request.seed}, "
             f"{counted(request.draws, 'resample')}.", "", f"    {request.command}" if request.command else "", ""]
    lines += [f"- [{name}]({page.relative_to(folder)})" for name, page in pages.items()]
    lines += [f"- {name} is not here: {sentence}" for name, sentence in refused.items()]
    return "\n".join(lines) + "\n"
