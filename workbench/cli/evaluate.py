"""`zest evaluate`: convert and score a protocol, or score anyone's recordings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from pipelines.baselines import BASELINES
from pipelines.counting import agreeing, counted, sentence_start
from pipelines.decoders import DECODERS
from pipelines.errors import ZestError
from pipelines.notices import not_measured, told_once
from workbench.cli import exit_codes
from workbench.cli.commands import names, numbers, refuse_given
from workbench.cli.options import MANY, AsJson, Checkpoint, Device, Jobs, RunOutput, setting_option
from workbench.cli.output import print_json
from workbench.cli.progress import say, stage_bars

MOST_TOLD = 10  # reasons of failures on the terminal


def evaluate(
    context: typer.Context,
    output: RunOutput,
    pairs: Annotated[Optional[Path], typer.Argument(metavar="PAIRS", help="CSV of pairs, as zest protocol writes it.")] = None,
    system: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"{', '.join((*BASELINES, *DECODERS))} where the checkpoint has it (as in "
                             f"generate@0.5-notempo-seed3), or mine=FOLDER of recordings named by pair id. {MANY}")] = None,
    wavs: Annotated[Optional[Path], typer.Option(
        metavar="FILE", help="Score recordings instead: a CSV with the columns source, reference, converted and optional text, "
                             "language, emotion, system, id; or a zip of them.")] = None,
    metric: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"A name of zest metrics; the default set if left out. {MANY}")] = None,
    strength: Annotated[Optional[list[str]], typer.Option(
        metavar="NUMBER", help=f"For systems without a strength of their own; each makes one system. {MANY}")] = None,
    checkpoint: Checkpoint = None,
    jobs: Jobs = 1,
    backend: Annotated[str, typer.Option(metavar="NAME", help="loky (this machine), ray or dask (clusters).")] = "loky",
    seed: Annotated[int, setting_option("seed", help="Variant of the emotion, for systems without a seed of their own.",
                                        metavar="NUMBER")] = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Convert PAIRS with every system and score them, or score recordings with --wavs; a killed run goes on."""
    from evaluation.run import evaluate as run_evaluation

    chosen, protocol = _systems_and_pairs(context, pairs, wavs, names(system), numbers(strength, "--strength"), checkpoint, seed,
                                          device, output)
    with stage_bars() as bars:
        run = run_evaluation(protocol, chosen, output, names(metric) or None, jobs=jobs, backend=backend, seed=seed,
                             device=device, command=shlex.join(["zest", *sys.argv[1:]]), hook=bars,
                             reads=[path for path in (pairs, wavs) if path is not None])
    document = summarise(run)
    if as_json:
        print_json(document)
    _say_outcome(document, bars.done)
    raise typer.Exit(exit_codes.SOME_FAILED if document["failed"] else exit_codes.OK)


def summarise(run) -> dict[str, Any]:
    """What --json prints: the folder, how many failed, per system the settings and the value and coverage
    of every metric, what is missing, which metrics failed their audit or learnt from these corpora, notes on the recordings
    with the pairs they are about."""
    from evaluation.audit.stored import audit_warnings
    from evaluation.metrics.registry import circular_warnings

    table = run.scores
    failed = table[table.failed.notna()].drop_duplicates(["system", "pair"])
    return {
        "folder": str(run.folder), "pairs": len(run.pairs), "pairs_hash": run.record.pairs_hash,
        "settings": {name: system.spec for name, system in run.record.systems.items()},
        "failed": len(failed), "failures": failed[["system", "pair", "failed"]].to_dict("records"),
        "systems": {system: {metric: _set_value(own) for metric, own in rows.groupby("metric", sort=False)}
                    for system, rows in table.groupby("system", sort=False)},
        "not_measured": run.not_measured,
        "warnings": [*audit_warnings(run.metrics, run.record.observer_keys), *circular_warnings(run.metrics, run.pairs)],
        "notes": [{"note": note, "pairs": pairs} for note, pairs in run.notes.items()],
    }


def _set_value(rows) -> dict[str, Any]:
    """A set's number is the weighted mean; coverage says of how many pairs."""
    known = rows.dropna(subset=["value"])
    weight = known.weight.sum()
    value = float((known.value * known.weight).sum() / weight) if weight > 0 else None
    return {"value": value, "measured": len(known), "of": len(rows)}


def _systems_and_pairs(context: typer.Context, pairs: Path | None, wavs: Path | None, system: list[str], strength: list[float],
                       checkpoint: str | None, seed: int, device: str, output: Path) -> tuple[list, list]:
    """What to compare, from either way of saying it."""
    from evaluation.pair import read_pairs
    from evaluation.run import open_scored, parse_systems

    if (pairs is None) == (wavs is None):
        raise ZestError("Name either a CSV of PAIRS to convert, or recordings to score with --wavs.")
    if wavs is not None:
        refuse_given(context, ("system", "strength", "checkpoint", "seed", "device"),
                     "With --wavs the conversions are there already, so")
        scored = open_scored(wavs, output)
        return list(scored.systems), list(scored.pairs)
    assert pairs is not None  # since there are no recordings
    if not system:
        raise ZestError("Which systems? Name at least one, as in --system source --system residual_neural.")
    chosen = parse_systems(system, strength, checkpoint, device, seed)
    refuse_without_effect(context, system, chosen)
    return chosen, read_pairs(pairs)


def refuse_without_effect(context: typer.Context, texts: list[str], chosen: list, strength: str = "strength",
                          seed: bool = True) -> None:
    """Raises ZestError: an option is given that none of the systems heeds. strength: how the option of
    strengths is called. seed: whether --seed is that of the systems."""
    from evaluation.run.systems import PRESET
    from pipelines.settings import read_specification

    specifications = [read_specification((text.partition("=")[2] or text).removesuffix(PRESET)) for text in texts]
    free = [one for one in specifications if one is not None and not one[1]]
    if not free:
        refuse_given(context, (strength,), "Every system has a strength of its own or takes none, so")
    takes_seed = any(getattr(one, "takes_seed", False) for one in chosen)
    if seed and not takes_seed and all(one is None or one[0].seed for one in specifications):
        refuse_given(context, ("seed",), "Every system has a seed of its own or takes none, so")
    if all(getattr(one, "checkpoint", None) is None for one in chosen):
        refuse_given(context, ("checkpoint", "device"), "No system has weights, so")


def say_failures(document: dict[str, Any]) -> None:
    """Tell what a summary says of recordings and audits, and what was not measured or failed."""
    _say_notes(document)
    for sentence in document["warnings"]:
        say(sentence)
    for sentence in not_measured(document["not_measured"]):
        say(sentence)
    failures = told_once({f"{one['system']}, pair {one['pair']}": one["failed"] for one in document["failures"]})
    for sentence, pairs in list(failures.items())[:MOST_TOLD]:
        more = f" and {counted(len(pairs) - 1, 'other')}" if len(pairs) > 1 else ""
        say(f"{pairs[0]}{more} failed: {sentence}")
    untold = sum(len(pairs) for pairs in list(failures.values())[MOST_TOLD:])
    if untold:
        say(f"{sentence_start(counted(untold, 'other'))} failed for other reasons; "
            f"{document['folder']}/conversions.jsonl has them.")


def _say_notes(document: dict[str, Any]) -> None:
    for one in document["notes"][:MOST_TOLD]:
        pairs = one["pairs"]
        say(f"Note on {f'pair {pairs[0]}' if len(pairs) == 1 else counted(len(pairs), 'pair')}: {one['note']}")
    untold = len(document["notes"]) - MOST_TOLD
    if untold > 0:
        say(f"{sentence_start(counted(untold, 'more note'))} {agreeing(untold, 'stands', 'stand')} in the report.")


def _say_outcome(document: dict[str, Any], done: int) -> None:
    say_failures(document)
    if done == 0:
        say(f"{document['folder']} holds the whole run already; nothing was done.")
        return
    say(f"Scored {counted(document['pairs'], 'pair')} of {counted(len(document['systems']), 'system')} into "
        f"{document['folder']}; 'zest report {document['folder']}' shows them.")
