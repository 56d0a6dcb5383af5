"""`zest reproduce`: the paper's table, the frontier and the other reports on one's own recordings, or all of them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from evaluation.reproduction import Reproduced, ReproductionRequest, reproduce_all, reproduce_report
from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.commands import names, paths, refuse_given
from workbench.cli.evaluate import say_failures, summarise
from workbench.cli.options import MANY, AsJson, Checkpoint, Device, Jobs, Manifests, RunOutput
from workbench.cli.output import print_json
from workbench.cli.progress import say, stage_bars

ALL = "all"
OF_TABLE = ("rows", "settings", "count", "split", "metric")


def reproduce(
    context: typer.Context,
    report: Annotated[str, typer.Argument(
        metavar="REPORT", help="table1, frontier, ablations, audit or embeddings; or all, each in a folder of its name.")],
    manifest: Manifests,
    output: RunOutput,
    rows: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Rows, as generate,polyak,vawgan; all that can be converted here if left out. {MANY}")] = None,
    settings: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"ssst, ssdt, dsst, dsdt, uss or ute; all that the manifest can serve if left out. {MANY}")] = None,
    count: Annotated[Optional[int], typer.Option(
        metavar="NUMBER", min=1, help="Pairs of the table, over all settings together; 60 a setting if left out.")] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Same manifest and seed, same pairs.")] = 0,
    split: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Split to take recordings from, dev if left out, or 'all'. {MANY}")] = None,
    checkpoint: Checkpoint = None,
    weights: Annotated[Optional[list[str]], typer.Option(
        metavar="ROW=FOLDER", help=f"Another checkpoint for one row, as no-unit-encoder=FOLDER. {MANY}")] = None,
    metric: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"A name of zest metrics; those of the table if left out. {MANY}")] = None,
    jobs: Jobs = 1,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Make a report of docs/results on your recordings, from the manifest to the page; a killed run goes on."""
    request = ReproductionRequest(tuple(paths(manifest)), checkpoint, _weights(names(weights)), seed=seed, jobs=jobs,
                                  device=device, command=shlex.join(["zest", *sys.argv[1:]]))
    if report == "table1":
        _table1(request, output, names(rows), names(settings), count, names(split), names(metric), as_json)
    refuse_given(context, (*OF_TABLE, *(["weights"] if report != ALL else [])), f"Only table1 has them; for {report}")
    with stage_bars() as bars:
        if report == ALL:
            done = reproduce_all(output, request, bars)
        else:
            page = reproduce_report(report, output, request, bars)
            done = Reproduced({report: page}, {}, page)
    if as_json:
        print_json({"pages": {name: str(page) for name, page in done.pages.items()}, "refused": dict(done.refused),
                    "overview": str(done.overview)})
    for name, sentence in done.refused.items():
        say(f"{name} is not there: {sentence}")
    say(f"Wrote {done.overview}" + (f", with links to {counted(len(done.pages), 'report')}." if report == ALL else "."))
    raise typer.Exit(exit_codes.SOME_FAILED if done.refused else exit_codes.OK)


def _table1(request: ReproductionRequest, output: Path, rows: list[str], settings: list[str], count: int | None,
            split: list[str], metrics: list[str], as_json: bool) -> None:
    """The one report with options of its own. Raises typer.Exit at its end."""
    from evaluation.protocol import SETTINGS
    from evaluation.table1.reproduce import METRICS, TableRequest, reproduce_table1
    from evaluation.table1.rows import ROWS
    from pipelines.training.data.manifest_check import read_checked_manifest

    asked, chosen = [name.lower() for name in rows], [name.lower() for name in settings] or tuple(SETTINGS)
    ignored = next((row for row in request.weights if asked and row not in asked), None)
    if ignored is not None:
        say(f"Note: --weights {ignored}=... has no effect, because --rows leaves that row out.")
    table = TableRequest(asked or tuple(ROWS), chosen, count, request.seed, ",".join(split) or "dev",
                         checkpoint=request.checkpoint, weights=request.weights, device=request.device, jobs=request.jobs)
    clips = [clip for path in request.manifests for clip in read_checked_manifest(path)]
    with stage_bars() as bars:
        table1 = reproduce_table1(clips, output, table, metrics or METRICS, command=request.command, hook=bars,
                                  reads=request.manifests)
    document = {**summarise(table1.run), "page": str(table1.page), "table": str(table1.table), "report": str(table1.report.html),
                "left_out": dict(table1.left_out), "refusals": dict(table1.refusals)}
    if as_json:
        print_json(document)
    for sentence in (*table1.refusals.values(), *table1.left_out.values()):
        say(sentence)
    say_failures(document)
    say(f"Wrote {table1.page}: {counted(document['pairs'], 'pair')}, {counted(len(document['systems']), 'row')}; "
        f"{table1.report.html} has the details.")
    raise typer.Exit(exit_codes.SOME_FAILED if document["failed"] else exit_codes.OK)


def _weights(given: list[str]) -> dict[str, str]:
    """Raises ZestError where one is not ROW=CHECKPOINT."""
    wrong = next((text for text in given if "=" not in text.strip("=")), None)
    if wrong is not None:
        raise ZestError(f"--weights needs ROW=CHECKPOINT, as no-unit-encoder=FOLDER, not '{wrong}'.")
    return dict(text.split("=", 1) for text in given)
