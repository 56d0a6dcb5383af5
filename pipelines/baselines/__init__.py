"""The baselines, for evaluations, `zest convert --system` and the page. A new one is a file beside this one and a line of
BASELINES (docs/how-to/add-a-baseline.md)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pipelines.baselines import copy_synthesis, f0_statistics, natural_source, neural_copy, polyak, vawgan
from pipelines.baselines.base import EMOTION, REFERENCE, Baseline, Rendered, Request
from pipelines.errors import CheckpointError, ZestError
from pipelines.shipped import shipped

SHIPPED = shipped("checkpoints/baselines-mini")  # weights of baselines that no converter needs

BASELINES: dict[str, Baseline] = {one.name: one for one in (
    natural_source.BASELINE,
    copy_synthesis.BASELINE,
    neural_copy.BASELINE,
    f0_statistics.BASELINE,
    polyak.BASELINE,
    vawgan.BASELINE,
)}


def find_baseline(name: str) -> Baseline:
    """Raises ZestError: there is no such baseline."""
    if name not in BASELINES:
        raise ZestError(f"There is no baseline '{name}'; choose one of {', '.join(BASELINES)}.")
    return BASELINES[name]


def check_request(name: str, reference: bool, emotion: bool) -> None:
    """Raises ZestError: no such baseline, or what it takes the emotion from is not given."""
    takes = find_baseline(name).takes
    if takes == REFERENCE and not reference:
        raise ZestError(f"The baseline {name} takes the emotion from a recording; give a reference instead of an emotion's name.")
    if takes == EMOTION and not emotion:
        raise ZestError(f"The baseline {name} knows emotions by name only; name one instead of a reference.")


def weights_from(name: str, checkpoint: str) -> str:
    """The checkpoint, or SHIPPED where only that has the baseline's part.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    from pipelines.checkpoints.folder import Folder, find_folder

    part = find_baseline(name).part
    lacking = part and not Folder(find_folder(checkpoint)).has(part)
    return str(SHIPPED) if lacking and Folder(SHIPPED).has(part) else checkpoint


@lru_cache(maxsize=2)
def loaded(name: str, checkpoint: str, device: str) -> Any:
    """The networks of a baseline, kept for the next pair; None where it has none.

    Raises:
        CheckpointError: they cannot be loaded, for whatever reason; it is the same for every pair.
    """
    load = find_baseline(name).load
    try:
        return None if load is None else load(weights_from(name, checkpoint), device)
    except CheckpointError:
        raise
    except ZestError as error:
        raise CheckpointError(str(error)) from error


def render(name: str, request: Request, checkpoint: str, device: str = "cpu") -> Rendered:
    """Convert one request.

    Raises:
        ZestError: as `check_request`, or this request cannot be converted. CheckpointError: as `loaded`.
    """
    check_request(name, request.reference is not None, bool(request.emotion))
    return BASELINES[name].convert(request, loaded(name, checkpoint, device))
