"""What a baseline is: a name, words about it, what it takes the emotion from, its weights, and a function to samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.features.pitch import F0Contour

REFERENCE, EMOTION = "reference", "emotion"


@dataclass(frozen=True)
class Request:
    """What a baseline converts. It reads the one of reference and emotion that it takes (Baseline.takes).

    source, reference: (n,) float32 at 16 kHz. emotion: a label, as in the manifest.
    """

    source: np.ndarray
    reference: np.ndarray | None = None
    emotion: str | None = None


@dataclass(frozen=True)
class Rendered:
    """What a baseline, or any system of an evaluation, gives back.

    samples: (n,) float32 at 16 kHz. predicted: the F0 contour that was asked for, None where none was.
    unchanged: the samples are the source's, so the source's observations are taken.
    notes: plain sentences about the recordings that were read and about the conversion.
    """

    samples: np.ndarray
    predicted: F0Contour | None = None
    unchanged: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """One way to convert that is not this project's.

    Attributes:
        name: what users type. label: what the page shows. description: one plain sentence.
        convert: a request and what `load` returned to samples; raises ZestError where this request cannot be converted.
        takes: REFERENCE or EMOTION, which `convert` then finds in the request; '' where it moves no emotion.
        load: networks from a checkpoint (folder or hub id) on a device, raising CheckpointError; None where there are none.
        part: the one file of a checkpoint that `load` reads and that SHIPPED has for checkpoints without it; '' where it reads
            others.
    """

    name: str
    label: str
    description: str
    convert: Callable[[Request, Any], Rendered]
    takes: str = ""
    load: Callable[[str, str], Any] | None = None
    part: str = ""
