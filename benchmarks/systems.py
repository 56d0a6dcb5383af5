"""The systems that benchmarks compare: callables from a pair to samples."""

from __future__ import annotations

from pathlib import Path

from evaluation.pairs import Pair
from evaluation.quality import Rendered, System, samples_of
from pipelines.audio import Recording
from pipelines.pitch import track


def natural_source(pair: Pair) -> Rendered:
    """The unchanged source: the floor for emotion, the ceiling for everything else."""
    samples = samples_of(pair.source.path)
    return Rendered(samples, track(samples).contour())


def world_copy(pair: Pair) -> Rendered:
    """What the vocoder alone costs."""
    from pipelines.baselines.copy_synthesis import copy_synthesis

    return Rendered(copy_synthesis(samples_of(pair.source.path)))


def f0_swap(pair: Pair) -> Rendered:
    """The obvious baseline: the reference's F0 mean and variance."""
    from pipelines.baselines.f0_statistics import f0_statistics_swap

    return Rendered(*f0_statistics_swap(samples_of(pair.source.path), samples_of(pair.reference.path)))


BASELINES: dict[str, System] = {
    "natural source": natural_source, "WORLD copy": world_copy, "F0 statistics swap": f0_swap}


def conversions(checkpoint: Path | str, strengths: tuple[float, ...], tempo: bool = True,
                decoder: str = "transfer") -> dict[str, System]:
    """One system per strength, all sharing one loaded converter.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
    """
    from pipelines.conversion import Converter, Settings

    converter = Converter.from_pretrained(checkpoint)

    def system(settings: Settings) -> System:
        def convert(pair: Pair) -> Rendered:
            source, reference = (Recording(samples_of(clip.path), clip.path.name) for clip in (pair.source, pair.reference))
            made = converter.convert(source, reference, settings=settings)
            return Rendered(made.samples, made.predicted)
        return convert

    return {f"this, strength {strength:g}": system(Settings(strength=strength, tempo=tempo, decoder=decoder))
            for strength in strengths}
