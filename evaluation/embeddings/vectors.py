"""One vector a recording and factor, for probes and pictures of what each factor tells of speaker and emotion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.conversion import Converter
from pipelines.features.audio import Recording
from pipelines.hooks import Event, Hook, silent
from pipelines.training.data.corpus import Clip, read_samples

XVECTOR, EASE, SACE, UNITS = "x-vector", "EASE", "SACE", "units"
FACTORS = (XVECTOR, EASE, SACE, UNITS)


def factor_vectors(converter: Converter, clips: Sequence[Clip], hook: Hook = silent) -> dict[str, np.ndarray]:
    """Factor to (clips, width): the x-vector, EASE, SACE's mean, and the root of how often each unit is used.

    hook: gets 'progress' events of the stage 'embed'. Raises AudioError: a recording cannot be read.
    """
    rows, label = [], "Describing the recordings"
    for count, clip in enumerate(clips):
        hook(Event("progress", "embed", value=(count, len(clips)), label=label))
        rows.append(_vectors(converter, Recording(read_samples(clip), clip.path.name)))
    hook(Event("progress", "embed", value=(len(clips), len(clips)), label=label))
    return {factor: np.stack([row[factor] for row in rows]) for factor in FACTORS}


def _vectors(converter: Converter, recording: Recording) -> dict[str, np.ndarray]:
    factors = converter.encode(recording, synthesis=False)
    used = np.bincount(factors.units, minlength=len(converter.models.units.centroids)) / len(factors.units)
    return {XVECTOR: converter.xvector(factors), EASE: factors.ease, SACE: factors.emotion.utterance, UNITS: np.sqrt(used)}
