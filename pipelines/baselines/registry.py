"""The baselines by name, for evaluations and for `zest convert --system`.

    source        nothing: the floor of emotion, the ceiling of everything else
    copy          WORLD copy-synthesis of the source
    copy-neural   the same by the checkpoint's neural vocoder
    f0-swap       the source with the reference's F0 mean and variance
    polyak        the source's units and voice with the reference's codes of F0 (Polyak et al., Interspeech 2021)
    vawgan        VAW-GAN: WORLD's spectrum and F0 in another emotion, named by its label

A new one is one entry of BASELINES. Only what names need is imported here; each loads its own work when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import CheckpointError, ZestError
from pipelines.features.pitch import F0Contour

REFERENCE, EMOTION = "reference", "emotion"
SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "baselines-mini"  # weights of baselines that no converter needs


@dataclass(frozen=True)
class Wish:
    """What to convert, and whose emotion is wanted: a baseline reads the one that it takes (Baseline.takes).

    source, reference: (n,) float32 at 16 kHz. emotion: a label, as in the manifest.
    """

    source: np.ndarray
    reference: np.ndarray | None = None
    emotion: str | None = None


@dataclass(frozen=True)
class Made:
    """What a baseline made.

    samples: (n,) float32 at 16 kHz. asked: the contour it asked for, None if it asked for none.
    unchanged: the samples are the source's.
    """

    samples: np.ndarray
    asked: F0Contour | None = None
    unchanged: bool = False


@dataclass(frozen=True)
class Baseline:
    """One entry.

    make: of a wish and of what `load` gave. load: weights from a checkpoint (folder or hub id) on a device, raising
    CheckpointError; None where there are none.
    takes: REFERENCE or EMOTION, which `make` then finds in the wish; '' where it moves no emotion.
    part: the one part that `load` reads, and which SHIPPED has for checkpoints without it; '' where it reads others.
    """

    make: Callable[[Wish, Any], Made]
    takes: str = ""
    load: Callable[[str, str], Any] | None = None
    part: str = ""


def baseline(name: str) -> Baseline:
    """Raises ZestError for a name that is not there."""
    if name not in BASELINES:
        raise ZestError(f"There is no baseline '{name}'; choose one of {', '.join(BASELINES)}.")
    return BASELINES[name]


def check(name: str, reference: bool, emotion: bool) -> None:
    """Raises ZestError: no such baseline, or what it takes the emotion from is not given."""
    takes = baseline(name).takes
    if takes == REFERENCE and not reference:
        raise ZestError(f"The baseline {name} hears the emotion in a recording; give a reference instead of an emotion's name.")
    if takes == EMOTION and not emotion:
        raise ZestError(f"The baseline {name} knows emotions by name only; name one (--emotion) instead of a reference.")


def weights_from(name: str, checkpoint: str) -> str:
    """The checkpoint, or SHIPPED where only that has the baseline's part.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    from pipelines.checkpoints.folder import Folder, find_folder

    part = baseline(name).part
    lacking = part and not Folder(find_folder(checkpoint)).has(part)
    return str(SHIPPED) if lacking and Folder(SHIPPED).has(part) else checkpoint


@lru_cache(maxsize=2)
def loaded(name: str, checkpoint: str, device: str) -> Any:
    """The weights of a baseline, kept for the next pair; None where it has none.

    Raises:
        CheckpointError: they cannot be loaded, for whatever reason; it is the same for every pair.
    """
    load = baseline(name).load
    try:
        return None if load is None else load(weights_from(name, checkpoint), device)
    except CheckpointError:
        raise
    except ZestError as error:
        raise CheckpointError(str(error)) from error


def make(name: str, wish: Wish, checkpoint: str, device: str = "cpu") -> Made:
    """Convert.

    Raises:
        ZestError: as `check`, or this pair cannot be converted. CheckpointError: as `loaded`.
    """
    check(name, wish.reference is not None, bool(wish.emotion))
    return BASELINES[name].make(wish, loaded(name, checkpoint, device))


def _source(wish: Wish, _: None) -> Made:
    return Made(wish.source, unchanged=True)


def _copy(wish: Wish, _: None) -> Made:
    from pipelines.baselines.copy_synthesis import copy_synthesis

    return Made(copy_synthesis(wish.source))


def _with_vocoder(checkpoint: str, device: str) -> Any:
    from pipelines.checkpoints.folder import Folder, find_folder
    from pipelines.checkpoints.loading import load_models
    from pipelines.decoders.residual_neural import MISSING

    models = load_models(Folder(find_folder(checkpoint)), device)
    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return models


def _neural_copy(wish: Wish, models: Any) -> Made:
    from pipelines.baselines.neural_copy import neural_copy

    return Made(neural_copy(wish.source, models))


def _f0_swap(wish: Wish, _: None) -> Made:
    from pipelines.baselines.f0_statistics import f0_statistics_swap

    return Made(*f0_statistics_swap(wish.source, wish.reference))


def _with_codes(checkpoint: str, device: str) -> Any:
    from pipelines.baselines.polyak import load

    return load(checkpoint, device)


def _polyak(wish: Wish, networks: Any) -> Made:
    from pipelines.baselines.polyak import convert

    return Made(*convert(wish.source, wish.reference, networks))


def _with_vawgan(checkpoint: str, device: str) -> Any:
    from pipelines.checkpoints.folder import Folder, find_folder
    from pipelines.checkpoints.loading import load_vawgan

    folder = Folder(find_folder(checkpoint))
    if not folder.has("vawgan"):
        raise CheckpointError("This checkpoint has no VAW-GAN; train one with 'zest train vawgan', or restore "
                              "checkpoints/baselines-mini with 'git checkout'.")
    return load_vawgan(folder).to(device)


def _vawgan(wish: Wish, network: Any) -> Made:
    from pipelines.baselines.vawgan import vawgan

    return Made(*vawgan(wish.source, wish.emotion, network))


BASELINES: dict[str, Baseline] = {
    "source": Baseline(_source),
    "copy": Baseline(_copy),
    "copy-neural": Baseline(_neural_copy, load=_with_vocoder),
    "f0-swap": Baseline(_f0_swap, REFERENCE),
    "polyak": Baseline(_polyak, REFERENCE, _with_codes),
    "vawgan": Baseline(_vawgan, EMOTION, _with_vawgan, "vawgan"),
}
