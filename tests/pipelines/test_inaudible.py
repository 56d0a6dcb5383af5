"""Hum, offset and rumble reach no judge, no F0 and no cosine; a clip without them stays as it is, to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from evaluation.instruments.f0 import world_f0
from evaluation.metrics.base import Observer
from pipelines.features.audio import from_array, save
from pipelines.features.inaudible import without_inaudible
from pipelines.features.long_recording import long_recording
from tests.support.speech import MAN, RATE, WOMAN, speak

SECONDS = 3.0
TIME = np.arange(int(SECONDS * RATE)) / RATE
SILENCE = np.zeros(RATE // 2, dtype=np.float32)


def voice(who=MAN) -> np.ndarray:
    """Speech with pauses around it, where hum is alone."""
    return np.concatenate([SILENCE, speak(who, SECONDS - 1), SILENCE])


def sine(hz: float, level: float) -> np.ndarray:
    """level: dBFS of its peak."""
    return 10 ** (level / 20) * np.sin(2 * np.pi * hz * TIME + 0.7)


UNHEARD = {
    "hum at 50 Hz": sine(50, -40), "loud hum": sine(50, -30), "hum of another grid": sine(60, -40),
    "a slow clock": sine(49.87, -40),
    "hum with overtones": sine(50, -40) + sine(100, -46) + sine(150, -50) + sine(250, -54),
    "2 % of offset": np.full(len(TIME), 0.02), "offset and hum": 0.03 + sine(50, -40)}


def mean_f0(samples: np.ndarray) -> float:
    hz = world_f0(samples)
    return float(np.exp(np.log(hz[hz > 0]).mean()))


@pytest.mark.parametrize("who", [MAN, WOMAN], ids=["man", "woman"])
@pytest.mark.parametrize("kind", UNHEARD)
def test_hum_and_offset_leave_the_clip_and_the_f0_of_clean_speech(kind, who):
    clean = voice(who)
    found = without_inaudible((clean + UNHEARD[kind]).astype(np.float32))
    assert found.dtype == np.float32 and len(found) == len(clean)
    assert 20 * np.log10(np.sqrt(np.square(found - clean).mean())) < -58
    assert mean_f0(found) == pytest.approx(mean_f0(clean), rel=0.03)


@pytest.mark.parametrize("who", [MAN, WOMAN], ids=["man", "woman"])
def test_a_clean_clip_stays_as_it_is_to_the_bit(who):
    clean = voice(who)
    assert without_inaudible(clean) is clean


def test_rumble_below_every_voice_goes():
    clean = voice()
    found = without_inaudible((clean + sine(15, -30)).astype(np.float32))
    assert 20 * np.log10(np.sqrt(np.square(found - clean).mean())) < -50


@dataclass(frozen=True)
class Offset(Observer):
    """Observes the mean of a clip."""

    kind: ClassVar[str] = "offset"

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        return [float(clip.mean()) for clip in clips]


def test_every_observer_gets_clips_without_what_nobody_hears():
    (found,) = Offset().observe([(voice() + 0.05).astype(np.float32)], "en")
    assert abs(found) < 1e-3


@pytest.mark.parametrize("who", [MAN, WOMAN], ids=["man", "woman"])
def test_hum_and_offset_are_said_of_every_recording_and_nothing_of_a_clean_one(who, tmp_path):
    def said(samples: np.ndarray) -> list[str]:
        return [word for note in from_array(samples, RATE).warnings for word in ("hum of 50", "hum of 60", "offset of 2.0 %")
                if word in note]

    clean = 0.3 * voice(who)
    assert said(clean) == []
    assert said(clean + sine(50, -40)) == ["hum of 50"] and said(clean + sine(60, -40)) == ["hum of 60"]
    assert said(clean + 0.02) == said(clean - 0.02) == ["offset of 2.0 %"]
    save(tmp_path / "both.wav", clean + 0.02 + sine(50, -40))
    with long_recording(tmp_path / "both.wav") as recording:
        assert ["offset" in note or "hum" in note for note in recording.warnings] == [True, True]
