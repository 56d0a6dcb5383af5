"""WORLD as a decoder: envelopes are computed piece by piece, so that ten minutes need no more memory than ten seconds."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from pipelines.decoders import find_decoder
from pipelines.decoders.residual_frames import changed_frames
from pipelines.features import world
from pipelines.features.audio import Recording
from pipelines.features.world import SEARCH, SYNTHESISED


def test_pieces_sound_as_the_whole_and_none_is_long(converter, recording, monkeypatch):
    long = Recording(np.tile(np.append(recording.samples, np.zeros(4800, np.float32)), 4))
    transferred = converter.transfer(converter.encode(long), converter.preset("angry"))
    whole = world.synthesise(changed_frames(transferred))
    asked = []

    def noted(transferred, inside):
        frames = changed_frames(transferred, inside)
        asked.append(len(frames.f0))
        return frames

    monkeypatch.setattr(import_module("pipelines.decoders.residual_world"), "changed_frames", noted)
    pieces = find_decoder("residual_world").decode(transferred, converter.models)
    assert len(asked) > 4 and max(asked) <= SYNTHESISED + 2 * SEARCH + 100 < len(whole) / 80
    assert len(pieces) == len(whole)
    assert np.square(pieces - whole).mean() < 1e-8 * np.square(whole).mean()
