"""`zest reproduce table1`: the paper's table on one's own recordings, from the manifest to the page."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.commands import names, paths
from workbench.cli.evaluate import say_failures, summarise
from workbench.cli.options import MANY, AsJson, Checkpoint, Device, Jobs, Manifests, RunOutput
from workbench.cli.output import print_json
from workbench.cli.progress import say, stage_bars

TABLES = ("table1",)


def reproduce(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="table1, the only one there is.")],
    manifest: Manifests,
    output: RunOutput,
    rows: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Rows, as generate,polyak,vawgan; all that can be converted here if left out. {MANY}")] = None,
    settings: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"ssst, ssdt, dsst, dsdt, uss or ute; all that the manifest can serve if left out. {MANY}")] = None,
    count: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="Pairs over all settings together.")] = 216,
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
    """Make pairs, convert them by every row of the paper's table, score them, and write the table; a killed run goes on."""
    from evaluation.protocol import SETTINGS
    from evaluation.table1.reproduce import METRICS, TableRequest, reproduce_table1
    from evaluation.table1.rows import ROWS
    from pipelines.training.data.manifest_check import read_checked_manifest

    if table not in TABLES:
        raise ZestError(f"There is no table '{table}' to reproduce; there is {', '.join(TABLES)}.")
    asked, own = [name.lower() for name in names(rows)], _weights(names(weights))
    ignored = next((row for row in own if asked and row not in asked), None)
    if ignored is not None:
        say(f"Note: --weights {ignored}=... has no effect, because --rows leaves that row out.")
    request = TableRequest(asked or tuple(ROWS), [name.lower() for name in names(settings)] or tuple(SETTINGS), count, seed,
                           ",".join(names(split)) or "dev", checkpoint=checkpoint, weights=own, device=device, jobs=jobs)
    lists = paths(manifest)
    clips = [clip for path in lists for clip in read_checked_manifest(path)]
    with stage_bars() as bars:
        table1 = reproduce_table1(clips, output, request, names(metric) or METRICS,
                                  command=shlex.join(["zest", *sys.argv[1:]]), hook=bars, reads=lists)
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
