"""`zest protocol`: pairs to convert, generated from manifests and a seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.errors import RecipeError, ZestError
from workbench.cli.progress import say


def protocol(
    manifest: Annotated[list[Path], typer.Option(help="manifest.csv with the recordings; may be given several times.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV of pairs to write. An existing file is replaced.")],
    settings: Annotated[Optional[str], typer.Option(
        help="ssst, ssdt, dsst, dsdt, uss, ute with commas between; all that --esd-test or the manifest can serve if left "
             "out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same manifest and seed, same pairs.")] = 0,
    split: Annotated[str, typer.Option(help="Split to take recordings from, several with commas between, or 'all'.")] = "dev",
    per_setting: Annotated[Optional[int], typer.Option(min=1, help="At most so many pairs a setting; 200 if left out.")] = None,
    count: Annotated[Optional[int], typer.Option(min=1, help="At most so many pairs over all settings together.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every pair that there is.")] = False,
    esd_test: Annotated[bool, typer.Option(
        "--esd-test", help="The pairs of ZEST's authors: ESD's English test sentences, SSST 1,200 to DSST 10,800.")] = False,
    min_seconds: Annotated[float, typer.Option(min=0.0, help="Shortest recording.")] = 1.0,
    max_seconds: Annotated[float, typer.Option(min=0.0, help="Longest recording.")] = 10.0,
    unseen_by: Annotated[Optional[Path], typer.Option(
        help="Manifest of a checkpoint's training: its training speakers are left out.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if one of the settings cannot be served.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Generate the pairs of a protocol, balanced over speakers and emotions."""
    from evaluation.pair import write_pairs
    from evaluation.protocol import ESD_SETTINGS, PER_SETTING, SETTINGS, make_protocol, unseen
    from evaluation.protocol import esd_test as esd_test_protocol
    from pipelines.files import check_writable
    from pipelines.training.data.corpus import read_manifest

    if sum((per_setting is not None, count is not None, every, esd_test)) > 1:
        raise ZestError("Only one of --per-setting, --count, --all and --esd-test can say how many pairs to make.")
    check_writable(output)
    names = [name.strip().lower() for name in settings.split(",")] if settings is not None else None
    clips = [clip for path in manifest for clip in read_manifest(path)]
    if unseen_by is not None:
        clips = unseen(clips, read_manifest(unseen_by))
    if esd_test:
        drawn = esd_test_protocol(clips, names or ESD_SETTINGS, seed)
    else:
        drawn = make_protocol(clips, names or list(SETTINGS), seed, split=split, seconds=(min_seconds, max_seconds),
                             per_setting=None if every else per_setting or PER_SETTING, count=count)
    for sentence in drawn.refusals.values():
        say(sentence)
    if not drawn.pairs or (strict and drawn.refusals):
        raise RecipeError(f"Nothing was written to {output}: " + (
            "no setting can be served." if not drawn.pairs else f"{len(drawn.refusals)} of the settings cannot be served."))
    write_pairs(output, list(drawn.pairs))
    counts = ", ".join(f"{name} {number}" for name, number in drawn.counts.items())
    say(f"Wrote {output}: {counted(len(drawn.pairs), 'pair')} ({counts}), hash {drawn.hash}.")
    if as_json:
        print(json.dumps({"pairs": str(output), "hash": drawn.hash, "seed": seed, "counts": drawn.counts,
                          "refusals": dict(drawn.refusals)}))
