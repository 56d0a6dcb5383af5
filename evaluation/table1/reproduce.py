"""The paper's table 1 on anyone's recordings: pairs, conversions, scores, report and the table, by one call.

It only calls what there is for each step (evaluation/protocol, evaluation/run, evaluation/report), so the folder is an ordinary
RUN/ folder with table1.md and table1.csv in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.judges.mini import JUDGES
from evaluation.metrics.base import Metric, Observer
from evaluation.protocol import SECONDS, SETTINGS, PairProtocol, make_protocol
from evaluation.report import Report, write_report
from evaluation.report.catalogue import CatalogueEntry
from evaluation.report.statistics import DRAWS
from evaluation.report.writing import material_of
from evaluation.run import EvaluationRun, evaluate
from evaluation.table1.rows import ROWS, available, chosen
from evaluation.table1.sessions import SessionClock, sessions
from pipelines.errors import RecipeError
from pipelines.files import write_whole
from pipelines.hooks import Hook, silent
from pipelines.training.data.corpus import Clip

EACH = 60  # pairs of every setting
PAGE, TABLE = "table1.md", "table1.csv"
METRICS = (  # the cheap ones first: what a run that is stopped early has
    *(f"{one}@{judge}" for one in ("emotion", "target-posterior", "emotion-nearer") for judge in JUDGES),
    "speaker-accuracy", "voice-to-source", "voice-to-reference", "voice-accepted", "f0-mean-shift", "f0-range-error",
    "cer", "cer-capped", "distillmos")


@dataclass(frozen=True)
class TableRequest:
    """Which part of the table is asked for.

    Attributes:
        rows: names of evaluation/table1/rows.py. settings: of the protocol; count: pairs over all of them, EACH of each if None.
        seed: draws the pairs. split, seconds: of the recordings.
        checkpoint: of all rows; zest-mini if None. weights: row to another checkpoint.
        jobs: worker processes. draws: of the bootstrap.
    """

    rows: Sequence[str] = tuple(ROWS)
    settings: Sequence[str] = tuple(SETTINGS)
    count: int | None = None
    seed: int = 0
    split: str = "dev"
    seconds: tuple[float, float] = SECONDS
    checkpoint: str | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    jobs: int = 1
    draws: int = DRAWS


@dataclass(frozen=True)
class Reproduction:
    """What came out.

    Attributes:
        page, table: table1.md and table1.csv. report: the run's own report.
        left_out: row to the sentence why it is not there. refusals: setting to the sentence why it has no pairs.
    """

    run: EvaluationRun
    page: Path
    table: Path
    report: Report
    left_out: Mapping[str, str]
    refusals: Mapping[str, str]


def reproduce_table1(clips: Sequence[Clip], folder: Path | str, request: TableRequest = TableRequest(),
                     metrics: Sequence[Metric | str] = METRICS, observers: Mapping[str, Observer] | None = None,
                     entries: Mapping[str, CatalogueEntry] | None = None, command: str = "", hook: Hook = silent,
                     reads: Sequence[Path | str] = ()) -> Reproduction:
    """Make the table, or go on with it: killed anywhere, the same call does what is left.

    Rows whose weights are not here and settings that the clips cannot serve are left out with a sentence each.

    Args:
        clips: a manifest, or several joined. folder: created where it is missing; an unfinished table of the same pairs goes on.
        metrics, observers, command, hook: as of `evaluation.run.evaluate`. entries: as of `evaluation.report.write_report`.
        reads: the manifests, which the table must not replace.

    Raises:
        ZestError: an unknown row or setting, or the folder holds another run. RecipeError: the clips serve none of the settings.
        CheckpointError: no row can be converted. OutputError: the folder cannot be written.
    """
    rows, folder = chosen(request.rows), Path(folder)
    protocol = _protocol(clips, request)
    there = available(rows, request.checkpoint, request.weights, request.device)
    clock = SessionClock(folder, request.device, command, hook)
    run = evaluate(protocol.pairs, there.systems, folder, metrics, observers, jobs=request.jobs, seed=request.seed,
                   device=request.device, command=command, hook=clock, reads=[*reads, *(clip.path for clip in clips)],
                   more=[folder / name for name in (PAGE, TABLE, "report.html", "report.md")])
    focus = "generate" if "generate" in run.systems else None  # ZEST's worst pairs, where it is there
    report = write_report(folder, worst_of=focus, audio=False, draws=request.draws, entries=entries, hook=clock)
    page, table = _written(run, request, entries, there.left_out, protocol.refusals)
    return Reproduction(run, page, table, report, there.left_out, protocol.refusals)


def _protocol(clips: Sequence[Clip], request: TableRequest) -> PairProtocol:
    count = EACH * len(request.settings) if request.count is None else request.count
    protocol = make_protocol(clips, request.settings, request.seed, split=request.split, seconds=request.seconds, count=count)
    if not protocol.pairs:
        raise RecipeError("No setting of the table can be served: " + " ".join(protocol.refusals.values()))
    return protocol


def _written(run: EvaluationRun, request: TableRequest, entries: Mapping[str, CatalogueEntry] | None, left_out: Mapping[str, str],
             refusals: Mapping[str, str]) -> tuple[Path, Path]:
    """table1.md and table1.csv."""
    from evaluation.report.rendering import to_markdown
    from evaluation.table1.numbers import number_frame, questions
    from evaluation.table1.page import page

    material = material_of(run, request.draws, entries=entries, compare=False)
    asked = questions(material.catalogue)
    document = page(material, asked, tuple(left_out), refusals, sessions(run.folder))
    table = number_frame(material.results, asked).to_csv(index=False).encode()
    return (write_whole(run.folder / PAGE, to_markdown(document).encode(errors="replace")),
            write_whole(run.folder / TABLE, table))
