"""Pairs for a frontier from a zip: recordings with a list of pairs, or with a manifest of which pairs are drawn."""

from __future__ import annotations

from pathlib import Path

from evaluation.pair import Pair, read_pairs
from evaluation.protocol import ESD_SETTINGS, make_protocol
from evaluation.run.wavs import refuse_outside, unpacked_list
from pipelines.errors import AudioError, RecipeError
from pipelines.tables import read_table
from pipelines.training.data.corpus import COLUMNS
from pipelines.training.data.manifest_check import read_checked_manifest

NEEDS = f"source, reference and emotion, or those of a manifest ({', '.join(COLUMNS)})"
SOURCE, PATH = "source", "path"  # columns that tell the two lists apart


def open_pairs(archive: Path, run_folder: Path, count: int) -> tuple[Pair, ...]:
    """Unpack a zip into a run's folder, once, and take the pairs of its list.

    Args:
        count: pairs that are drawn of a manifest, seed 0, over the settings with the same and with different texts.
    Raises:
        ZestError: the zip cannot be unpacked, its list is neither of the two, no setting can be served, or no recording is there.
    """
    listing = unpacked_list(archive, run_folder, NEEDS)
    columns = read_table(listing.path, (), "list", "rows").columns
    if SOURCE in columns or PATH not in columns:
        pairs = tuple(read_pairs(listing.path))
    else:
        drawn = make_protocol(read_checked_manifest(listing.path), ESD_SETTINGS, split="all", count=count)
        if not drawn.pairs:
            raise RecipeError(f"{listing.path.name} serves no pair: {' '.join(drawn.refusals.values())}")
        pairs = drawn.pairs
    refuse_outside(pairs, {}, listing.folder)
    if not any(pair.source.is_file() for pair in pairs):
        raise AudioError(f"None of the sources that the list names is in the zip (the first is {pairs[0].source.name}).")
    return pairs
