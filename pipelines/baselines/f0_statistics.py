"""Baseline: the source with its log-F0 mean and variance replaced by the reference's, through WORLD.

The obvious thing to do with two recordings; docs/results/mini/ shows how little of an emotion it moves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.baselines.base import REFERENCE, Baseline, Rendered, Request
from pipelines.features.pitch import F0_CEIL, F0_FLOOR, F0Contour, track
from pipelines.features.world import FRAME_SECONDS, analyse, synthesise


def swap_statistics(source: F0Contour, reference: F0Contour) -> F0Contour:
    """The source's contour with the mean and deviation of log F0 of the reference.

    A contour without voiced frames has no statistics: the source is then returned as it is.
    """
    if not source.voiced.any() or not reference.voiced.any():
        return source
    ours, theirs = np.log(source.hz[source.voiced]), np.log(reference.hz[reference.voiced])
    scale = theirs.std() / ours.std() if ours.std() > 0 else 1.0
    hz = np.zeros_like(source.hz)
    hz[source.voiced] = np.clip(np.exp((ours - ours.mean()) * scale + theirs.mean()), F0_FLOOR, F0_CEIL)
    return F0Contour(hz, source.step)


def f0_statistics_swap(source: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, F0Contour]:
    """Convert by F0 statistics alone.

    Args:
        source, reference: (n,) float32 at 16 kHz.
    Returns:
        converted samples, and the contour that was asked for (5 ms steps).
    """
    frames = analyse(source)
    target = swap_statistics(F0Contour(frames.f0, FRAME_SECONDS), track(reference, FRAME_SECONDS).contour())
    return synthesise(replace(frames, f0=target.hz)), target


def convert(request: Request, _: None) -> Rendered:
    """The source at the reference's height and range of F0."""
    assert request.reference is not None  # see Baseline.takes
    return Rendered(*f0_statistics_swap(request.source, request.reference))


BASELINE = Baseline("f0-swap", "F0 statistics of the reference", "The source with the reference's F0 mean and variance.", convert,
                    takes=REFERENCE)
