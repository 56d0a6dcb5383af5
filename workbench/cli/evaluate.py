"""`zest evaluate`: convert and score a protocol, or score anyone's recordings."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from pipelines.baselines import BASELINES
from pipelines.counting import counted
from pipelines.decoders import DECODERS
from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.options import AsJson, Checkpoint, setting_option
from workbench.cli.progress import say, stage_bars


def evaluate(
    pairs: Annotated[Optional[Path], typer.Argument(help="CSV of pairs, as zest protocol writes it.")] = None,
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="Folder of the run; the same command goes on with what is in it.")] = None,
    system: Annotated[Optional[list[str]], typer.Option(
        help=f"{', '.join((*BASELINES, *DECODERS))} where the checkpoint has it (as in generate@0.5-notempo-seed3), or "
             "mine=FOLDER of recordings named by pair id. May be given several times.")] = None,
    wavs: Annotated[Optional[Path], typer.Option(
        help="Score recordings instead: a CSV with the columns source, reference, converted and optional text, language, "
             "emotion, system, id; or a zip of them.")] = None,
    metric: Annotated[Optional[list[str]], typer.Option(help="A name of zest metrics; the default set if left out.")] = None,
    strength: Annotated[Optional[list[float]], setting_option(
        "strength", help="For systems without a strength of their own; each makes one system.")] = None,
    checkpoint: Checkpoint = None,
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes; they share the cores.")] = 1,
    backend: Annotated[str, typer.Option(help="loky (this machine), ray or dask (clusters).")] = "loky",
    seed: Annotated[int, setting_option("seed", help="Variant of the emotion, for systems without a seed of their own.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:0 or mps; for conversion.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Convert PAIRS with every system and score them, or score recordings with --wavs; a killed run goes on."""
    from evaluation.run import evaluate as run_evaluation

    if output is None:
        raise ZestError("Where to? Name the folder of the run with -o.")
    chosen, protocol = _systems_and_pairs(pairs, wavs, system, strength, checkpoint, seed, device, output)
    with stage_bars() as bars:
        run = run_evaluation(protocol, chosen, output, metric or None, jobs=jobs, backend=backend, seed=seed, device=device,
                             command=shlex.join(["zest", *sys.argv[1:]]), hook=bars)
    document = summarise(run)
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    _say_outcome(document, bars.done)
    raise typer.Exit(exit_codes.SOME_FAILED if document["failed"] else exit_codes.OK)


def summarise(run) -> dict[str, Any]:
    """What --json prints: the folder, how many failed, per system the value and coverage of every metric, what is missing."""
    table = run.scores
    failed = table[table.failed.notna()].drop_duplicates(["system", "pair"])
    return {
        "folder": str(run.folder), "pairs": len(run.pairs), "pairs_hash": run.record.pairs_hash,
        "failed": len(failed), "failures": failed[["system", "pair", "failed"]].to_dict("records"),
        "systems": {system: {metric: _set_value(own) for metric, own in rows.groupby("metric", sort=False)}
                    for system, rows in table.groupby("system", sort=False)},
        "not_measured": run.not_measured,
    }


def _set_value(rows) -> dict[str, Any]:
    """A set's number is the weighted mean; coverage says of how many pairs."""
    known = rows.dropna(subset=["value"])
    weight = known.weight.sum()
    value = float((known.value * known.weight).sum() / weight) if weight > 0 else None
    return {"value": value, "measured": len(known), "of": len(rows)}


def _systems_and_pairs(pairs: Path | None, wavs: Path | None, system: list[str] | None, strength: list[float] | None,
                       checkpoint: str | None, seed: int, device: str, output: Path) -> tuple[list, list]:
    """What to compare, from either way of saying it."""
    from evaluation.pair import read_pairs
    from evaluation.run import open_scored, parse_systems

    if (pairs is None) == (wavs is None):
        raise ZestError("Name either a CSV of PAIRS to convert, or recordings to score with --wavs.")
    if wavs is not None:
        if system or strength or checkpoint:
            raise ZestError("With --wavs the conversions are there already; leave --system, --strength and --checkpoint out.")
        scored = open_scored(wavs, output)
        return list(scored.systems), list(scored.pairs)
    assert pairs is not None  # since there are no recordings
    if not system:
        raise ZestError("Which systems? Name at least one, as in --system source --system transfer.")
    return parse_systems(system, strength or (), checkpoint, device, seed), read_pairs(pairs)


def say_failures(document: dict[str, Any]) -> None:
    """Tell what a summary says was not measured or failed."""
    for name, sentence in document["not_measured"].items():
        say(f"{name} was not measured: {sentence}")
    for failure in document["failures"][:10]:
        say(f"{failure['system']}, pair {failure['pair']} failed: {failure['failed']}")
    if document["failed"] > 10:
        say(f"... and {document['failed'] - 10} more; {document['folder']}/conversions.jsonl has them all.")


def _say_outcome(document: dict[str, Any], done: int) -> None:
    say_failures(document)
    if done == 0:
        say(f"{document['folder']} holds the whole run already; nothing was done.")
        return
    say(f"Scored {counted(document['pairs'], 'pair')} of {counted(len(document['systems']), 'system')} into "
        f"{document['folder']}; 'zest report {document['folder']}' shows them.")
