"""`zest frontier`: recognised emotion against voice and words, over strength."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from pipelines.baselines import BASELINES
from pipelines.counting import counted
from pipelines.decoders import DECODERS
from pipelines.errors import RecipeError, ZestError
from workbench.cli import exit_codes
from workbench.cli.commands import names, paths, refuse_given
from workbench.cli.evaluate import refuse_without_effect, say_failures, summarise
from workbench.cli.options import MANY, AsJson, BootstrapSeed, Checkpoint, Device, Draws, Jobs, RunOutput
from workbench.cli.output import print_json
from workbench.cli.progress import say, stage_bars

DRAWN = ("settings", "count", "split", "seed")  # options that say which pairs are drawn from a manifest


def frontier(
    context: typer.Context,
    output: RunOutput,
    pairs: Annotated[Optional[Path], typer.Argument(metavar="PAIRS", help="CSV of pairs, in place of --manifest.")] = None,
    manifest: Annotated[Optional[list[Path]], typer.Option(
        "--manifest", metavar="FILE", help=f"manifest.csv with the recordings, of which pairs are drawn. {MANY}")] = None,
    system: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"{', '.join((*BASELINES, *DECODERS))} where the checkpoint has it; -preset behind a decoder takes "
                             f"stored emotions. What takes no strength is a point. {MANY}")] = None,
    strengths: Annotated[Optional[list[str]], typer.Option(
        metavar="LIST", help=f"first:last:step, as 0:1.5:0.25, which is taken if left out; or numbers. {MANY}")] = None,
    presets: Annotated[bool, typer.Option("--presets", help="Also every converter with presets in place of references.")] = False,
    settings: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"ssst, ssdt, dsst, dsdt, uss or ute; the first four if left out. {MANY}")] = None,
    count: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="Pairs over all settings together.")] = 64,
    split: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Split to take recordings from, dev if left out, or 'all'. {MANY}")] = None,
    metric: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"A name of zest metrics; judges, voice, CER and predicted MOS if left out. {MANY}")] = None,
    checkpoint: Checkpoint = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Same manifest and seed, same pairs.")] = 0,
    jobs: Jobs = 1,
    device: Device = "cpu",
    draws: Draws = 2000,
    bootstrap_seed: BootstrapSeed = 0,
    as_json: AsJson = False,
) -> None:
    """Convert pairs at every strength, score them, and write curves, areas and dominated points; a killed run goes on."""
    from evaluation.frontier import STRENGTHS, frontier_systems, measure_frontier

    asked = names(system)
    systems = frontier_systems(asked, STRENGTHS if strengths is None else ",".join(strengths), presets, checkpoint, device)
    refuse_without_effect(context, asked, systems, "strengths", seed=False)
    lists = paths([*(manifest or ()), *([] if pairs is None else [pairs])])
    chosen = _pairs(context, pairs, paths(manifest), names(settings), count, seed, names(split))
    with stage_bars() as bars:
        found = measure_frontier(chosen, systems, output, names(metric) or None, jobs=jobs, device=device, draws=draws,
                                 bootstrap_seed=bootstrap_seed, command=shlex.join(["zest", *sys.argv[1:]]), hook=bars,
                                 reads=lists)
    document = {**summarise(found.run), **_summary(found)}
    if as_json:
        print_json(document)
    say_failures(document)
    done = "" if bars.done else "Everything was measured already. "
    say(f"{done}Wrote {found.files.html}: {counted(document['pairs'], 'pair')}, "
        f"{counted(len(found.frontier.curves), 'curve or point', 'curves and points')}; tables and pictures lie beside it.")
    raise typer.Exit(exit_codes.SOME_FAILED if document["failed"] else exit_codes.OK)


def _pairs(context: typer.Context, pairs: Path | None, manifests: list[Path], settings: list[str], count: int, seed: int,
           split: list[str]) -> list:
    """From either way of saying it. Raises ZestError: both or neither is given."""
    from evaluation.pair import read_pairs
    from evaluation.protocol import ESD_SETTINGS, make_protocol
    from pipelines.training.data.manifest_check import read_checked_manifest

    if (pairs is None) == (not manifests):
        raise ZestError("Name either a --manifest to draw pairs from, or a CSV of PAIRS.")
    if pairs is not None:
        refuse_given(context, DRAWN, "With a list of PAIRS no pairs are drawn, so")
        return read_pairs(pairs)
    looked_at = None if "all" in split else split or ["dev"]
    clips = [clip for path in manifests for clip in read_checked_manifest(path, looked_at)]
    protocol = make_protocol(clips, [name.lower() for name in settings] or ESD_SETTINGS, seed, split=",".join(split) or "dev",
                             count=count)
    for sentence in protocol.refusals.values():
        say(sentence)
    if not protocol.pairs:
        raise RecipeError("The manifest can serve none of the settings, so there are no pairs.")
    return list(protocol.pairs)


def _summary(found: Any) -> dict[str, Any]:
    """Files, and areas over all emotions by curve, axis and judge."""
    from dataclasses import asdict

    areas: dict[str, dict[str, dict[str, float | None]]] = {}
    for (emotion, curve, judge, axis), one in found.frontier.areas.items():
        if emotion is None:
            areas.setdefault(curve, {}).setdefault(axis, {})[judge] = None if one is None else one.value
    return {"files": {name: str(path) for name, path in asdict(found.files).items()}, "areas": areas}
