"""`zest protocol`: pairs to convert, generated from manifests and a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.errors import RecipeError, ZestError
from pipelines.files import TABLES, check_ending
from pipelines.outputs import check_outputs
from workbench.cli.commands import names, paths, refuse_given
from workbench.cli.names import check_replacing
from workbench.cli.options import MANY, AsJson, Manifests, Overwrite
from workbench.cli.output import print_json
from workbench.cli.progress import say


def protocol(
    context: typer.Context,
    manifest: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="CSV of pairs to write.")],
    settings: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help="ssst, ssdt, dsst, dsdt, uss or ute; all that --esd-test or the manifest can serve if left out. "
                             f"{MANY}")] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Same manifest and seed, same pairs.")] = 0,
    split: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Split to take recordings from, dev if left out, or 'all'. {MANY}")] = None,
    per_setting: Annotated[Optional[int], typer.Option(
        metavar="NUMBER", min=1, help="At most so many pairs a setting; 200 if left out.")] = None,
    count: Annotated[Optional[int], typer.Option(
        metavar="NUMBER", min=1, help="At most so many pairs over all settings together.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every pair that there is.")] = False,
    esd_test: Annotated[bool, typer.Option(
        "--esd-test", help="The pairs of ZEST's authors: ESD's English test sentences, SSST 1,200 to DSST 10,800.")] = False,
    min_seconds: Annotated[float, typer.Option(metavar="NUMBER", min=0.0, help="Shortest recording.")] = 1.0,
    max_seconds: Annotated[float, typer.Option(metavar="NUMBER", min=0.0, help="Longest recording.")] = 10.0,
    unseen_by: Annotated[Optional[Path], typer.Option(
        metavar="FILE", help="Manifest of a checkpoint's training: its training speakers are left out.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if one of the settings cannot be served.")] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Generate the pairs of a protocol, balanced over speakers and emotions."""
    from evaluation.pair import write_pairs
    from evaluation.protocol import ESD_SETTINGS, PER_SETTING, SETTINGS, make_protocol, unseen
    from evaluation.protocol import esd_test as esd_test_protocol
    from pipelines.training.data.corpus import read_manifest
    from pipelines.training.data.manifest_check import read_checked_manifest

    if sum((per_setting is not None, count is not None, every, esd_test)) > 1:
        raise ZestError("Only one of --per-setting, --count, --all and --esd-test can say how many pairs to make.")
    if esd_test:
        refuse_given(context, ("split", "min_seconds", "max_seconds"), "With --esd-test the recordings are given, so")
    if min_seconds > max_seconds:
        raise ZestError(f"--min-seconds {min_seconds:g} is more than --max-seconds {max_seconds:g}; no recording is left.")
    lists = [*paths(manifest), *([] if unseen_by is None else [unseen_by])]
    check_outputs(lists, [output])
    check_ending(output, TABLES, "lists")
    asked = [name.lower() for name in names(settings)]
    looked_at = None if esd_test or "all" in names(split) else names(split) or ["dev"]
    clips = [clip for path in paths(manifest) for clip in read_checked_manifest(path, looked_at)]
    check_outputs([*lists, *dict.fromkeys(clip.path for clip in clips)], [output])
    check_replacing([output], [], overwrite)
    if unseen_by is not None:
        clips = unseen(clips, read_manifest(unseen_by))
    if esd_test:
        drawn = esd_test_protocol(clips, asked or ESD_SETTINGS, seed)
    else:
        drawn = make_protocol(clips, asked or list(SETTINGS), seed, split=",".join(names(split)) or "dev",
                             seconds=(min_seconds, max_seconds), per_setting=None if every else per_setting or PER_SETTING,
                             count=count)
    for sentence in drawn.refusals.values():
        say(sentence)
    if not drawn.pairs or (strict and drawn.refusals):
        raise RecipeError(f"Nothing was written to {output}: " + (
            "no setting can be served." if not drawn.pairs else f"{len(drawn.refusals)} of the settings cannot be served."))
    write_pairs(output, list(drawn.pairs))
    counts = ", ".join(f"{name} {number}" for name, number in drawn.counts.items())
    say(f"Wrote {output}: {counted(len(drawn.pairs), 'pair')} ({counts}), hash {drawn.hash}.")
    if as_json:
        print_json({"pairs": str(output), "hash": drawn.hash, "seed": seed, "counts": drawn.counts,
                    "refusals": dict(drawn.refusals)}, None)
