"""Checkpoints that have not every part, as the paper's: what they can do they do, what they cannot is one sentence."""

from __future__ import annotations

import shutil

import pytest

from pipelines.conversion import NO_TEMPO, Converter
from pipelines.errors import CheckpointError
from pipelines.features.audio import Recording
from pipelines.settings import Settings
from tests.support import tiny


@pytest.fixture
def without(tmp_path):
    """A function that loads a trained checkpoint without some of its files."""

    def load(*files: str) -> Converter:
        folder = tmp_path / "-".join(files)
        shutil.copytree(tiny.trained_tiny().checkpoint, folder)
        for name in files:
            for file in folder.glob(f"{name}.*"):
                file.unlink()
        return Converter.from_pretrained(folder)

    return load


def test_generate_needs_neither_acoustic_model_nor_tempo(without, recording):
    converter = without("acoustic", "tempo", "vocoder")
    assert converter.decoders == ("generate",)
    short = Recording(recording.samples[:16_000])
    conversion = converter.convert(short, emotion="angry")
    assert conversion.settings.decoder == "generate" and conversion.notes[-1] == NO_TEMPO
    assert len(conversion.samples) == pytest.approx(16_000, abs=320)
    assert NO_TEMPO not in converter.convert(short, emotion="angry", settings=Settings(tempo=False)).notes


@pytest.mark.parametrize("decoder", ["residual_world", "residual_neural"])
def test_a_residual_decoder_without_acoustic_model_says_what_to_do(without, recording, decoder):
    converter = without("acoustic")
    with pytest.raises(CheckpointError, match="has no acoustic model, .* use the decoder 'generate', or train one with"):
        converter.convert(Recording(recording.samples[:16_000]), emotion="sad", settings=Settings(decoder=decoder))


def test_a_checkpoint_that_can_make_no_sound_says_so(without, recording):
    converter = without("acoustic", "generator")
    assert converter.decoders == ()
    with pytest.raises(CheckpointError, match="can make no sound yet: it has neither acoustic model nor generator"):
        converter.convert(Recording(recording.samples[:16_000]), emotion="sad")
