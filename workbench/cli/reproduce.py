"""`zest reproduce table1`: the paper's table on one's own recordings, from the manifest to the page."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.evaluate import say_failures, summarise
from workbench.cli.progress import say, stage_bars

TABLES = ("table1",)


def reproduce(
    table: Annotated[str, typer.Argument(help="table1, the only one there is.")],
    manifest: Annotated[list[Path], typer.Option(help="manifest.csv with the recordings; may be given several times.")],
    output: Annotated[Path, typer.Option(
        "--output", "-o", help="Folder of the run and its table; the same command goes on with what is in it.")],
    rows: Annotated[Optional[str], typer.Option(
        help="Rows with commas between, as generate,polyak,vawgan; all that can be converted here if left out.")] = None,
    settings: Annotated[Optional[str], typer.Option(
        help="ssst, ssdt, dsst, dsdt, uss, ute with commas between; all that the manifest can serve if left out.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Pairs over all settings together.")] = 216,
    seed: Annotated[int, typer.Option(min=0, help="Same manifest and seed, same pairs.")] = 0,
    split: Annotated[str, typer.Option(help="Split to take recordings from, several with commas between, or 'all'.")] = "dev",
    checkpoint: Annotated[Optional[str], typer.Option(help="Folder or hub id of a checkpoint; zest-mini if left out.")] = None,
    weights: Annotated[Optional[list[str]], typer.Option(
        help="Another checkpoint for one row, as no-unit-encoder=FOLDER. May be given several times.")] = None,
    metric: Annotated[Optional[list[str]], typer.Option(
        help="A name of zest metrics; those of the table if left out. May be given several times.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes; they share the cores.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:0 or mps; for conversion.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Make pairs, convert them by every row of the paper's table, score them, and write the table; a killed run goes on."""
    from evaluation.protocol import SETTINGS
    from evaluation.table1.reproduce import METRICS, TableRequest, reproduce_table1
    from evaluation.table1.rows import ROWS
    from pipelines.training.data.corpus import read_manifest

    if table not in TABLES:
        raise ZestError(f"There is no table '{table}' to reproduce; there is {', '.join(TABLES)}.")
    request = TableRequest(_names(rows) or tuple(ROWS), _names(settings) or tuple(SETTINGS), count, seed, split,
                           checkpoint=checkpoint, weights=_weights(weights or ()), device=device, jobs=jobs)
    clips = [clip for path in manifest for clip in read_manifest(path)]
    with stage_bars() as bars:
        table1 = reproduce_table1(clips, output, request, metric or METRICS, command=shlex.join(["zest", *sys.argv[1:]]),
                                  hook=bars)
    document = {**summarise(table1.run), "page": str(table1.page), "table": str(table1.table), "report": str(table1.report.html),
                "left_out": dict(table1.left_out), "refusals": dict(table1.refusals)}
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    for sentence in (*table1.refusals.values(), *table1.left_out.values()):
        say(sentence)
    say_failures(document)
    say(f"Wrote {table1.page}: {counted(document['pairs'], 'pair')}, {counted(len(document['systems']), 'row')}; "
        f"{table1.report.html} has the details.")
    raise typer.Exit(exit_codes.SOME_FAILED if document["failed"] else exit_codes.OK)


def _names(text: str | None) -> list[str]:
    return [name.strip().lower() for name in text.split(",")] if text is not None else []


def _weights(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Raises ZestError where one is not ROW=CHECKPOINT."""
    wrong = next((text for text in given if "=" not in text.strip("=")), None)
    if wrong is not None:
        raise ZestError(f"--weights needs ROW=CHECKPOINT, as no-unit-encoder=FOLDER, not '{wrong}'.")
    return dict(text.split("=", 1) for text in given)
