"""What the stages `critics`, `sace`, `acoustic` and `tempo` read: labelled clips of real and of virtual speakers."""

from __future__ import annotations

from pipelines.checkpoints.loading import load_speaker, load_unit_encoder
from pipelines.training.data.clip_choice import with_virtual_voices
from pipelines.training.data.corpus import read_all
from pipelines.training.data.examples import Example, read_examples
from pipelines.training.data.factors import FactorStore, content_of, ease_of
from pipelines.training.stages.stage import Context


def labelled_examples(context: Context) -> list[Example]:
    """Examples with one of the five emotions: real speakers, then virtual ones."""
    return read_examples(with_virtual_voices(context.labelled, context.general.virtual_voices), context.cache)


def real_examples(examples: list[Example]) -> list[Example]:
    """Those at their own speed; they come first, so that indices of a FactorStore stay valid."""
    return [example for example in examples if example.clip.speed == 1.0]


def examples_and_factors(context: Context) -> tuple[list[Example], FactorStore]:
    """Labelled examples, and their factors by the networks of earlier stages. Raises CheckpointError: one of these is missing."""
    examples, waveforms = labelled_examples(context), bool(context.tables.get("sace", {}).get("front_end"))
    encoder, speaker = (load(context.checkpoint).to(context.device) for load in (load_unit_encoder, load_speaker))
    units, hidden = content_of(examples, encoder, context.cache, all_layers=not waveforms)
    features = {"hidden": [], "audio": read_all([example.clip for example in examples])} if waveforms else {"hidden": hidden}
    store = FactorStore(units, ease=ease_of(examples, speaker, context.cache), unit_count=len(encoder.centroids), **features)
    return examples, store
