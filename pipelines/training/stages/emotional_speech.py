"""What the stages `critics`, `sace`, `acoustic` and `tempo` read: labelled clips of real and of virtual speakers."""

from __future__ import annotations

from pipelines.checkpoints.loading import load_sace, load_speaker, load_unit_encoder
from pipelines.networks.sace import Sace, WaveSace
from pipelines.training.data.clip_choice import of_many_emotions, with_virtual_voices
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Example, read_examples
from pipelines.training.data.factors import FactorStore, read_factors
from pipelines.training.data.stored_features import PROSODY
from pipelines.training.stages.stage import Context, StageNeeds


def labelled_clips(context: Context, every_corpus: bool = False) -> list[Clip]:
    """Clips with one of the five emotions: real speakers, then virtual ones.

    every_corpus: those with few of the emotions, too.
    """
    clips = context.labelled if every_corpus else of_many_emotions(context.labelled)
    return with_virtual_voices(clips, context.general.virtual_voices)


def labelled_examples(context: Context, every_corpus: bool = False) -> list[Example]:
    """Examples of these clips."""
    return read_examples(labelled_clips(context, every_corpus), context.cache)


def labelled_needs(context: Context, every_corpus: bool = False) -> StageNeeds:
    """Of stages that read these clips and their factors, whose hidden states come from the audio."""
    return StageNeeds(labelled_clips(context, every_corpus), audio=True, features=(PROSODY,))


def real_examples(examples: list[Example]) -> list[Example]:
    """Those at their own speed; they come first, so that indices of a FactorStore stay valid."""
    return [example for example in examples if example.clip.speed == 1.0]


def examples_and_factors(context: Context, sace: Sace | WaveSace | None = None,
                         every_corpus: bool = False, store_states: bool | None = None) -> tuple[list[Example], FactorStore]:
    """Labelled examples, and their factors by the networks of earlier stages.

    sace: one that learns from them; the checkpoint's if none is given. every_corpus: as in labelled_examples.
    store_states: as in read_factors; if left out, not on a GPU, which computes states sooner than they are read.
    Raises:
        CheckpointError: a network of an earlier stage is missing.
    """
    examples = labelled_examples(context, every_corpus)
    encoder, speaker = (load(context.checkpoint).to(context.device) for load in (load_unit_encoder, load_speaker))
    sace = load_sace(context.checkpoint) if sace is None else sace
    store_states = not context.device.startswith("cuda") if store_states is None else store_states
    return examples, read_factors(examples, encoder, speaker, sace.to(context.device), context.cache, store_states)
