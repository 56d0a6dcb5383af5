"""The natural recordings of an audit, and which of them are also changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from pipelines.counting import counted
from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS
from pipelines.notices import listing
from pipelines.training.data.corpus import Clip
from pipelines.training.data.manifest_check import read_checked_manifest

AUDITED = (*EMOTIONS, "fearful", "disgusted")  # calm and neutral speech are hardly told apart, so calm is left out
DEV = ("dev",)
FEWEST_SPEAKERS, FEWEST_EMOTIONS = 2, 2


def read_clips(manifests: Sequence[Path | str], splits: Collection[str] | None = DEV) -> list[Clip]:
    """Labelled clips of manifests. splits: None for every split.

    Raises:
        RecipeError: a manifest or a recording cannot be used, no clip has such a split, there are no emotions, or too few
            speakers.
    """
    clips = [clip for path in manifests for clip in read_checked_manifest(path, splits)]
    return check_clips(clips if splits is None else [clip for clip in clips if clip.split in splits], splits)


def check_clips(clips: Sequence[Clip], splits: Collection[str] | None = None) -> list[Clip]:
    """The clips that an audit can use. Raises RecipeError: as `read_clips`."""
    if not clips:
        where = "" if splits is None else f" with split {listing(sorted(splits))}"
        raise RecipeError(f"The manifest has no clip{where}; name another split, as in --split all.")
    labelled = [clip for clip in clips if clip.emotion in AUDITED]
    emotions = {clip.emotion for clip in labelled}
    if len(emotions) < FEWEST_EMOTIONS:
        raise RecipeError(f"An audit needs clips of at least two emotions, and this manifest has "
                          f"{listing(sorted(emotions)) if emotions else 'none'}; fill its column 'emotion' with "
                          f"{', '.join(EMOTIONS[:-1])} or {EMOTIONS[-1]}.")
    speakers = Counter(clip.speaker for clip in labelled if clip.speaker)
    if len(speakers) < FEWEST_SPEAKERS:
        raise RecipeError(f"An audit needs labelled clips of at least two speakers, and this manifest has "
                          f"{counted(len(speakers), 'speaker')}; add recordings of others, or name other splits with --split.")
    return [clip for clip in labelled if clip.speaker]


def some_of_each_speaker(clips: Sequence[Clip], most: int, seed: int = 0) -> list[int]:
    """Indices, ascending, of at most `most` clips of every speaker and emotion, drawn with a seed."""
    counts: Counter[tuple[str, str]] = Counter()
    chosen = []
    for index in np.random.default_rng(seed).permutation(len(clips)):
        cell = (clips[index].speaker, clips[index].emotion)
        counts[cell] += 1
        if counts[cell] <= most:
            chosen.append(int(index))
    return sorted(chosen)
