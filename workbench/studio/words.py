"""Words on the time axis of the contours, once a conversion was scored and its recordings were transcribed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.instruments.word_times import word_times
from pipelines.features.audio import load
from workbench.studio.comparison import Comparison
from workbench.studio.contours import CONVERTED, REFERENCE, SOURCE, with_words


def spoken(comparisons: Sequence[Comparison], converted: str, transcripts: Mapping[str, str],
           language: str) -> dict[str, Any] | None:
    """The value of the contours of a scored conversion with its words; None where none of these is the one that was scored.

    Args:
        converted: path of the conversion. transcripts: of source, reference and converted, as far as they are known.
        language: two letters.
    Raises:
        AudioError: a recording is gone. ZestError: the recogniser is.
    """
    one = next((one for one in comparisons if one.take.path == converted), None)
    if one is None or not transcripts:
        return None
    tracks = {SOURCE: one.source, REFERENCE: one.reference, CONVERTED: one.take}
    return with_words(one.contours, {name: word_times(load(track.path).samples, transcripts[name], language)
                                     for name, track in tracks.items() if track is not None and name in transcripts})
