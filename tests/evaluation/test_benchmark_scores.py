"""Benchmark tables: what they are made of, on a small evaluation whose every outcome is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import typer

from benchmarks import conversion_quality, oracle, page_figures
from benchmarks.conversion_quality import METRICS, report, summarise
from benchmarks.natural_speech import natural_reference
from benchmarks.scores import QualityScores, scored
from benchmarks.systems import NATURAL, FunctionSystem, conversions, natural_source
from evaluation.metrics import registry
from evaluation.pair import Pair
from evaluation.run import evaluate
from evaluation.run.observations import Observations
from evaluation.run.systems import Rendered
from pipelines.checkpoints.folder import CONVERTING, DEFAULT_CHECKPOINT, folder_key
from pipelines.errors import ZestError
from pipelines.features.audio import load, save
from pipelines.features.pitch import F0Contour
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import Clip
from tests.support.speech import MAN, WOMAN, speak

SAID, LOUD, LOOP = "kids are talking", 0.9, "kids are talking " * 4


@dataclass(frozen=True)
class Level:
    """Stands in for a model: what it says of a clip depends on the clip's level alone."""

    key: str
    says: object
    per_language: bool = False

    def observe(self, clips, language):
        return [self.says(float(np.abs(clip).max())) for clip in clips]


def judged(level: float) -> dict[str, float]:
    recognised = "angry" if level > 0.8 else "neutral"
    return {emotion: 0.6 if emotion == recognised else 0.1 for emotion in EMOTIONS}


OBSERVERS = {
    **{f"emotion@{judge}": Level(f"level-{judge}", judged) for judge in ("acoustic", "whisper", "egemaps")},
    "voice@resemblyzer": Level("level-voice", lambda level: [1.0, level]),
    "transcript@base": Level("level-words", lambda level: {"text": LOOP if level > 0.8 else SAID, "seconds": 1.0}, True),
    "distillmos": Level("level-mos", lambda level: 4.0 if level < 0.8 else 3.0),
    "f0": registry.observer("f0"), "spectrum": registry.observer("spectrum"), "clock": registry.observer("clock"),
}


def loud(pair: Pair) -> Rendered:
    """Shouts, with a predicted contour that jumps; the last pair is refused."""
    if pair.id == "p3":
        raise ZestError("Too short.")
    samples = load(pair.source).samples
    return Rendered(LOUD * samples / np.abs(samples).max(), F0Contour(np.array([100.0, 102.0, 204.0, 200.0]), 0.01))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> list[Pair]:
    """Two angry pairs with a text, a sad one without, and a Polish one."""
    folder = tmp_path_factory.mktemp("clips")
    for name, voice in (("man", MAN), ("woman", WOMAN)):
        save(folder / f"{name}.wav", speak(replace(voice, level=0.4), 0.9))
    plain = Pair("p0", folder / "man.wav", folder / "woman.wav", "angry", text=SAID, source_speaker="m", reference_speaker="w")
    return [plain, replace(plain, id="p1", emotion="sad", text=""), replace(plain, id="p2", language="pl"),
            replace(plain, id="p3")]


@pytest.fixture(scope="module")
def scores(pairs, tmp_path_factory) -> QualityScores:
    systems = (FunctionSystem(NATURAL, natural_source), FunctionSystem("loud", loud))
    metrics = [registry.metric(name) for name in METRICS]
    return QualityScores(evaluate(pairs, systems, tmp_path_factory.mktemp("run"), metrics, OBSERVERS))


def test_a_failed_conversion_stays_in_the_denominator(scores):
    row = summarise(scores, "loud")
    assert row["failed"] == 1 and scores.failures("loud") == ["Too short."]
    assert row["judge_whisper"] == 50, "two angry of four are recognised as angry, the sad one and the failed one are not"
    assert scores.per_emotion("loud", "emotion@whisper")["angry"] == pytest.approx(200 / 3)
    assert row["mos_loss"] == pytest.approx(4 - (3 * 3 + 1) / 4)


def test_one_looping_transcript_shows_and_is_capped(scores):
    row = summarise(scores, "loud")
    assert row["cer"] > 150 > 100 == row["cer_capped"]
    assert row["looping"] == 100 and summarise(scores, NATURAL)["looping"] == 0


def test_words_are_compared_in_english_and_with_and_without_a_text_apart(scores, pairs):
    row = summarise(scores, "loud")
    assert row["cer"] != row["cer_heard"], "the failed pair has a text"
    assert scores.english.tolist() == [True, True, False, True] and scores.has_text.tolist() == [True, False, True, True]
    everything = scores.value("loud", "cer")
    assert everything != row["cer"] and not math.isnan(everything)


def test_confusions_count_what_was_heard_and_not_what_failed(scores):
    assert scores.recognised_as("loud", "whisper") == {"angry": {"angry": 2}, "sad": {"angry": 1}}


def test_octave_jumps_are_those_of_predicted_contours(scores):
    assert summarise(scores, "loud")["octave_jumps"] == 100
    assert summarise(scores, NATURAL)["octave_jumps"] == 0


def test_an_unchanged_source_is_its_own_mark(scores):
    row = summarise(scores, NATURAL)
    assert (row["cer"], row["mos_loss"], row["mean_shift"], row["seconds_ratio"]) == (0, 0, 0, 1)
    assert row["to_source"] == pytest.approx(1)


def test_what_was_not_measured_is_not_a_number_and_a_dash_in_the_table(scores):
    assert math.isnan(scores.value("loud", "parallel-f0-rmse")) and math.isnan(scores.value("loud", "dnsmos-overall"))
    natural = {"judges": {"whisper": {"all": {"five": 60.0}}}, "cross_emotion_cosine": None}
    text = report(scores, ["ravdess", "librispeech", "nemo", "ravdess"], natural)
    first = next(line for line in text.splitlines() if line.startswith("loud"))
    assert first.split()[:3] == ["loud", f"{summarise(scores, 'loud')['cer']:.1f}", "100.0"]
    assert " - " in text and "nan" not in text
    assert "loud: 1 of 4 pairs failed, first: Too short." in text


def test_the_page_s_figures_are_those_of_the_tables(scores, tmp_path, monkeypatch):
    monkeypatch.setattr(page_figures, "conversion_name", lambda decoder, strength: decoder)
    monkeypatch.setattr(page_figures, "PRESETS_SUFFIX", "")
    figures = page_figures.page_figures(scores, "loud", [1.5, 1.0], DEFAULT_CHECKPOINT)
    assert figures["judges"]["whisper"] == 50 and figures["pairs"] == 4
    assert figures["weights"] == folder_key(DEFAULT_CHECKPOINT, CONVERTING)
    assert [row["strength"] for row in figures["strengths"]] == [1.0, 1.5]
    assert figures["strengths"][0]["voice"] == pytest.approx(summarise(scores, "loud")["to_source"], abs=0.005)
    with pytest.raises(typer.BadParameter, match="need --presets and --strength 1"):
        conversion_quality.main(tmp_path / "manifest.csv", page=tmp_path / "references.json")


def test_intervals_hold_the_value(scores):
    low, high = scores.interval("loud", "emotion@whisper")
    assert 0 <= low <= 50 <= high <= 100


def test_a_benchmark_listens_to_a_clip_once_and_leaves_nothing_but_what_was_heard(pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    sizes = []
    for _ in range(2):
        with scored(pairs, [FunctionSystem("loud", loud)], ["duration-ratio"], tmp_path / "cache") as found:
            assert found.value("loud", "duration-ratio") == pytest.approx(1, abs=0.02)
        sizes.append({file.name: file.stat().st_size for file in (tmp_path / "cache").iterdir()})
    assert sizes[0] == sizes[1] and sizes[0]["clock-40db.jsonl"] > 0
    assert list((tmp_path / "temporary").iterdir()) == []


def test_natural_reference_count_emotions_alike_corpus_by_corpus(tmp_path):
    clips = []
    for speaker, voice in (("m", MAN), ("w", WOMAN)):
        for emotion, level in (("neutral", 0.4), ("angry", LOUD), ("sad", 0.3)):
            path = tmp_path / f"{speaker}-{emotion}.wav"
            save(path, speak(replace(voice, level=level), 0.7))
            clips.append(Clip(path, f"corpus-{speaker}", speaker, emotion, "en", "one", "", 0.7, "dev"))
    natural = natural_reference(clips, Observations(tmp_path / "observed", OBSERVERS))
    shares = natural["judges"]["whisper"]["corpus-m"]
    assert (shares["neutral"], shares["angry"], shares["sad"]) == (100, 100, 0)
    assert shares["five"] == pytest.approx(200 / 3) and shares["four"] == 50
    assert set(natural["judges"]["egemaps"]) == {"all", "corpus-m", "corpus-w"}
    assert natural["cross_emotion_cosine"]["pairs"] == 4


def test_conversions_are_named_after_their_strength_and_refused_before_any_work():
    first, second = conversions("somewhere", [1.0, 0.5], tempo=False)
    assert (first.name, second.name) == ("residual_world, strength 1", "residual_world, strength 0.5")
    assert not first.settings.tempo and second.settings.strength == 0.5
    with pytest.raises(ZestError, match="Strength must lie between"):
        conversions("somewhere", [99.0])


@pytest.mark.parametrize("benchmark", [conversion_quality, oracle])
def test_a_missing_manifest_is_one_sentence_and_nothing_is_written(tmp_path, monkeypatch, capsys, benchmark):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.Exit) as ended:
        benchmark.main(manifest=Path("none.csv"), json_file=Path("numbers.json"))
    said = capsys.readouterr()
    assert ended.value.exit_code == 2 and said.out == "" and said.err.startswith("There is no manifest at none.csv")
    assert list(tmp_path.iterdir()) == []
