"""Baseline: the natural source, unchanged. The floor of emotion, the ceiling of everything else."""

from __future__ import annotations

from pipelines.baselines.base import Baseline, Rendered, Request


def convert(request: Request, _: None) -> Rendered:
    """The source's own samples."""
    return Rendered(request.source, unchanged=True)


BASELINE = Baseline("source", "Natural source", "Nothing is changed.", convert)
