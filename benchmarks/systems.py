"""The systems that benchmarks compare, as evaluation/run takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.pair import Pair
from evaluation.run import parse_systems
from evaluation.run.systems import BaselineSystem, ConverterSystem, PresetSystem, Rendered, System
from pipelines.conversion import Converter
from pipelines.features.audio import load
from pipelines.features.pitch import track


@dataclass(frozen=True)
class FunctionSystem:
    """A system that is one function of a pair; for one process, since functions defined inside others are not sent elsewhere."""

    name: str
    make: Callable[[Pair], Rendered]

    checkpoint_hash = None

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": "benchmark"}

    def render(self, pair: Pair) -> Rendered:
        return self.make(pair)


def samples_of(path: Path) -> np.ndarray:
    """(n,) float32 at 16 kHz of a recording."""
    return load(path).samples


def natural_source(pair: Pair) -> Rendered:
    """The unchanged source, with its own contour as the predicted one, so that tables can say what the tracker alone does."""
    samples = samples_of(pair.source)
    return Rendered(samples, track(samples).contour(), unchanged=True)


NATURAL = "natural source"
PRESETS_SUFFIX = ", presets"  # of systems that convert to presets
BASELINES: tuple[System, ...] = (
    FunctionSystem(NATURAL, natural_source), BaselineSystem("WORLD copy", "copy"),
    BaselineSystem("F0 statistics swap", "f0-swap"))


def conversions(checkpoint: Path | str, strengths: Sequence[float], tempo: bool = True,
                decoders: Sequence[str] = ("residual_world",)) -> list[System]:
    """One system per decoder and strength.

    Raises:
        ZestError: no such decoder, or a strength out of range.
    """
    specs = [decoder if tempo else f"{decoder}-notempo" for decoder in decoders]
    return [replace(system, name=conversion_name(system.settings.decoder, system.settings.strength))
            for system in parse_systems(specs, strengths, str(checkpoint))]


def conversion_name(decoder: str, strength: float) -> str:
    """What tables call such a system."""
    return f"{decoder}, strength {strength:g}"


def from_presets(systems: Sequence[System]) -> list[System]:
    """The same converters, given presets."""
    return [PresetSystem(system.name + PRESETS_SUFFIX, system.checkpoint, system.settings, system.device)
            for system in systems if isinstance(system, ConverterSystem)]


def neural_systems(checkpoint: Path | str, decoders: Sequence[str]) -> tuple[list[System], list[str]]:
    """The neural copy where the checkpoint has a vocoder, and the decoders to compare: `decoders`, or all that it has.

    Raises:
        CheckpointError: it cannot be loaded.
    """
    converter = Converter.from_pretrained(checkpoint)
    copies = [BaselineSystem("neural copy", "copy-neural", str(checkpoint))] if converter.models.vocoder is not None else []
    return copies, list(decoders or converter.decoders)
