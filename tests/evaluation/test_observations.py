"""Observations: a clip is observed once, observations survive a kill, a bad file costs nobody else anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from evaluation.metrics.base import MetricInfo, Value
from evaluation.natural_reference.computed import NaturalClip
from evaluation.pair import Pair
from evaluation.run.observations import Observations
from pipelines.errors import ZestError
from pipelines.features.audio import save
from pipelines.hooks import Event
from tests.support.speech import MAN, WOMAN, speak


@dataclass(frozen=True)
class Length:
    """Observes how many samples, and remembers every clip that it observed."""

    key: str = "length-1"
    per_language: bool = False
    observed: list[int] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    missing: str = ""

    def observe(self, clips, language):
        if self.missing:
            raise ZestError(self.missing)
        self.observed.extend(len(clip) for clip in clips)
        self.languages.append(language)
        return [len(clip) for clip in clips]

    def unavailable(self):
        return self.missing or None


@dataclass(frozen=True)
class LengthRatio:
    info = MetricInfo("length-ratio", "As long?", "closer", 0, 10, "x", "this test", "none")
    observer = "length"

    def score(self, pair, seen):
        return None if seen.parallel else Value(seen.converted / seen.source)

    def failed(self, pair):
        return None


@pytest.fixture
def clips(tmp_path) -> list[Path]:
    """One, a copy of it under another name, and a longer one."""
    made = [tmp_path / name for name in ("one.wav", "copy.wav", "longer.wav")]
    for path, seconds in zip(made, (0.6, 0.6, 0.9), strict=True):
        save(path, speak(MAN, seconds))
    return made


def test_the_same_samples_are_observed_once_whatever_the_file_is_called(tmp_path, clips):
    length = Length()
    observed = Observations(tmp_path / "kept", {"length": length})
    assert observed.observe("length", [*clips, clips[0]]) == 2
    assert length.observed == [9600, 14400], "short and long, each once, in the order of length"
    assert observed.observe("length", clips) == 0
    assert [observed.get("length", path) for path in clips] == [9600, 9600, 14400]


def test_observations_are_there_for_the_next_process_and_a_half_line_is_observed_again(tmp_path, clips):
    folder = tmp_path / "kept"
    Observations(folder, {"length": Length()}).observe("length", clips)
    file = folder / "length-1.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[1][:20])  # killed while it wrote the second one
    again = Length()
    observed = Observations(folder, {"length": again})
    assert observed.observe("length", clips) == 1
    assert again.observed == [14400]
    assert [observed.get("length", path) for path in clips] == [9600, 9600, 14400]
    assert Observations(folder, {"length": Length()}).get("length", clips[2]) == 14400


def test_another_version_of_an_observer_observes_again(tmp_path, clips):
    Observations(tmp_path / "kept", {"length": Length()}).observe("length", clips)
    newer = Length(key="length-2")
    assert Observations(tmp_path / "kept", {"length": newer}).observe("length", clips) == 2


def test_languages_are_kept_apart_where_they_matter(tmp_path, clips):
    words = Length(per_language=True)
    observed = Observations(tmp_path / "kept", {"words": words})
    observed.observe("words", clips[:1], "en")
    observed.observe("words", clips[:1], "pl")
    assert words.languages == ["en", "pl"]
    assert observed.get("words", clips[0], "de") is None


def test_a_file_that_is_no_recording_is_noted_and_the_others_are_observed(tmp_path, clips):
    (tmp_path / "text.wav").write_text("no recording " * 99)
    observed = Observations(None, {"length": Length()})
    assert observed.observe("length", [tmp_path / "text.wav", *clips]) == 2
    assert "not a recording" in observed.problems[tmp_path / "text.wav"]
    assert observed.get("length", tmp_path / "text.wav") is None


def test_progress_ends_at_the_number_of_distinct_clips(tmp_path, clips):
    events: list[Event] = []
    Observations(None, {"length": Length()}).observe("length", clips, hook=events.append)
    progress = [event.value for event in events if event.kind == "progress"]
    assert progress[0] == (0, 2) and progress[-1] == (2, 2)


def test_one_conversion_is_scored_at_once_and_a_missing_model_is_a_sentence(tmp_path, clips):
    pair = Pair("one", clips[0], clips[2], "angry")
    observed = Observations(None, {"length": Length()})
    assert observed.score([LengthRatio()], pair, clips[2]) == {"length-ratio": Value(1.5)}
    broken = Observations(None, {"length": Length(missing="The ruler is not installed.")})
    assert broken.score([LengthRatio()], pair, clips[2]) == {"length-ratio": "The ruler is not installed."}
    with pytest.raises(ZestError, match="no observer called 'ears'"):
        observed.observe("ears", clips)


def test_the_natural_reference_comes_from_the_real_speaker_embedding(tmp_path):
    """Two synthetic voices: the embedding tells them apart, so the threshold lies between and the error is small."""
    natural = []
    for voice, speaker in ((MAN, "man"), (WOMAN, "woman")):
        for seed, emotion in enumerate(("neutral", "angry", "happy")):
            path = tmp_path / f"{speaker}-{emotion}.wav"
            save(path, speak(voice, 1.6, seed))
            natural.append(NaturalClip(path, speaker, emotion))
    observed = Observations(tmp_path / "kept")
    measured = observed.natural_reference(natural, ["voice@resemblyzer"]).voice("resemblyzer")
    voices = {clip.path.stem: np.array(observed.get("voice@resemblyzer", clip.path)) for clip in natural}
    assert voices["man-neutral"] @ voices["man-angry"] >= measured.threshold > voices["man-neutral"] @ voices["woman-neutral"]
    assert measured.equal_error_rate == 0
    assert measured.cross_emotion["pairs"] == 4
    assert measured.centroids.counts == {"man": 3, "woman": 3}
