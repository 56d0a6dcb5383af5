"""Metrics: each says what it promises, on speech whose every property is known; what it needs and lacks is one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from evaluation.instruments import needs
from evaluation.instruments.cepstra import mel_cepstra
from evaluation.judges import hub
from evaluation.judges import registry as judges
from evaluation.metrics import registry
from evaluation.metrics.base import MetricInfo, NeedsNaturalReference, Seen, Value
from evaluation.metrics.f0 import F0Observer
from evaluation.metrics.naturalness import DistillMosObserver, DnsMosObserver
from evaluation.metrics.parallel import SpectrumObserver
from evaluation.metrics.tempo import ClockObserver
from evaluation.natural_reference.computed import (
    NaturalClip,
    NaturalReference,
    clips_of_pairs,
    equal_error,
    judge_reference,
    measure_natural_reference,
    voice_reference,
)
from evaluation.pair import Pair
from pipelines.errors import ZestError
from tests.support.speech import MAN, RATE, WOMAN, speak

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "metrics.md"
PAIR = Pair("one", Path("source.wav"), Path("reference.wav"), "angry", text="Kids are talking by the door.",
            source_speaker="anna", reference_speaker="ben", parallel=Path("parallel.wav"))
TEXT = "Kids are talking by the door."
CHARACTERS = len("kids are talking by the door")


def transcript(text: str, seconds: float = 2.0) -> dict:
    return {"text": text, "seconds": seconds}


def words(name: str, text: str, pair: Pair = PAIR, source: str = TEXT) -> Value | None:
    return registry.metric(name).score(pair, Seen(transcript(source), transcript("Something else."), transcript(text)))


def of_set(values: list[Value]) -> float:
    return sum(one.value * one.weight for one in values) / sum(one.weight for one in values)


def observed(observer, *clips: np.ndarray):
    return observer.observe(list(clips), "en")


# what is listed

def test_every_metric_and_every_model_is_documented():
    headings = {line.lstrip("# ").strip("`") for line in DOCS.read_text().splitlines() if line.startswith("### `")}
    assert headings == set(registry.families()), "docs/metrics.md has one heading a metric, and none of a metric that is gone"
    models = {model for family in registry.families().values() for model in family.models()}
    assert [model for model in sorted(models) if f"`{model}`" not in DOCS.read_text()] == []


@pytest.mark.parametrize("name", registry.names())
def test_a_metric_says_what_a_reader_must_know(name):
    metric = registry.metric(name)
    info = metric.info
    assert isinstance(info, MetricInfo) and info.name == name
    assert info.question.endswith(("?", ".")) and info.better in ("higher", "lower", "closer") and info.low < info.high
    assert info.unit and info.source and info.models
    assert metric.observer in registry.observers()


def test_keys_of_observers_are_file_names_and_differ():
    keys = [observer.key for observer in registry.observers().values()]
    assert len(set(keys)) == len(keys)
    assert all(Path(key).name == key and not key.startswith(".") for key in keys)


def test_unknown_metrics_and_models_are_one_sentence():
    with pytest.raises(ZestError, match="no metric called 'beauty'"):
        registry.metric("beauty")
    with pytest.raises(ZestError, match="cer cannot be had with 'gigantic'; choose one of base"):
        registry.metric("cer@gigantic")
    with pytest.raises(ZestError, match="one way only"):
        registry.metric("distillmos@two")
    assert registry.metric("cer@base").info.name == "cer"
    assert registry.metric("emotion@superb/wav2vec2-base-superb-er").info.name == "emotion@superb"


def test_the_list_is_read_and_a_report_is_written_without_loading_torch():
    script = ("import sys; from evaluation.metrics import registry; [registry.metric(name).score for name in registry.names()]; "
              "import evaluation.run, evaluation.report.sections, workbench.jobs.worker; "
              "print(sorted({'torch', 'whisper', 'librosa', 'transformers'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_zest_metrics_lists_the_default_set_readably_and_as_json(zest_here):
    rows = json.loads((done := zest_here("metrics", "--json")).stdout)
    assert done.returncode == 0
    assert tuple(row["name"] for row in rows) == registry.default_names()
    plain = zest_here("metrics").stdout
    for row in rows:
        assert row["question"] in plain and row["models"] in plain
        assert (row["not_available"] or "available") in plain


# words

def test_edits_are_summed_and_not_averaged():
    short, long = replace(PAIR, text="hi"), replace(PAIR, text="a much longer sentence")
    cer = of_set([words("cer", "", short), words("cer", "a much longer sentence", long)])
    assert cer == pytest.approx(100 * 2 / 24), "the mean of ratios would be 50"
    assert words("wer", "Kids are walking by the door").value == pytest.approx(100 / 6)


def test_one_looping_transcript_is_counted_and_cannot_decide_the_capped_rate():
    fine, loop = words("cer", TEXT), words("cer", TEXT * 40)
    assert of_set([fine] * 9 + [loop]) > 300
    assert of_set([words("cer-capped", TEXT)] * 9 + [words("cer-capped", TEXT * 40)]) == pytest.approx(10)
    assert words("looping", TEXT * 40).value == 100 and words("looping", TEXT).value == 0
    assert words("empty", "...").value == 100 and words("empty", TEXT).value == 0


def test_without_a_text_the_sources_transcript_is_the_text():
    untold = replace(PAIR, text="")
    assert words("cer", "dogs", untold, source="Dogs!").value == 0
    assert words("cer", "cats", untold, source="Dogs!") == Value(75.0, 4)
    assert words("cer", "dogs", untold, source="") is None


def test_a_failed_conversion_has_all_words_wrong_and_does_not_loop():
    assert registry.metric("cer").failed(PAIR) == Value(100, CHARACTERS)
    assert registry.metric("empty").failed(PAIR) == Value(100)
    assert registry.metric("looping").failed(PAIR) is None
    assert registry.metric("cer").failed(replace(PAIR, text="")) is None, "nobody knows how many characters it has"


def test_letters_count_as_words_where_a_script_has_no_spaces():
    assert words("wer", "你好吗", replace(PAIR, text="你好嘛", language="zh")).value == pytest.approx(100 / 3)


# emotion

@pytest.mark.parametrize("base", ["emotion", "target-posterior"])
def test_a_judge_is_right_wrong_or_not_asked(base):
    metric = registry.metric(f"{base}@egemaps")
    sure, other = {"angry": 0.7, "sad": 0.3}, {"angry": 0.2, "sad": 0.8}
    assert metric.score(PAIR, Seen(other, other, sure)).value == (100 if base == "emotion" else 0.7)
    assert metric.score(PAIR, Seen(sure, sure, other)).value == (0 if base == "emotion" else 0.2)
    assert metric.score(replace(PAIR, emotion="fearful"), Seen(sure, sure, sure)) is None
    assert metric.failed(PAIR) == Value(0.0) and metric.failed(replace(PAIR, emotion="fearful")) is None


def test_labels_of_the_hub_become_ours():
    expected = {"hap": "happy", "Angry": "angry", "生气/angry": "angry", "neu": "neutral", "<unk>": "<unk>", "Fear": "fearful"}
    assert {label: hub.emotion_of_label(label) for label in expected} == expected


def test_a_hub_judge_is_loaded_from_a_folder_of_the_same_kind_and_gives_probabilities(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, conv_dim=(8, 8), conv_stride=(5, 4),
        conv_kernel=(10, 8), num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, classifier_proj_size=8,
        id2label=dict(enumerate(("neu", "hap", "ang", "sad"))), label2id={"neu": 0, "hap": 1, "ang": 2, "sad": 3})
    transformers.Wav2Vec2ForSequenceClassification(config).save_pretrained(tmp_path)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    judge = hub.load_hub_judge(hub.SUPERB, str(tmp_path))
    rows = judge.posteriors([speak(MAN, 0.6), speak(WOMAN, 0.8)])
    assert judge.emotions == ("neutral", "happy", "angry", "sad")
    assert rows.shape == (2, 4) and rows.sum(1) == pytest.approx([1, 1], abs=1e-5)
    with pytest.raises(ZestError, match="could not be loaded"):
        hub.load_hub_judge(hub.SUPERB, str(tmp_path / "nothing"))


def test_judges_that_cannot_be_had_are_one_sentence(monkeypatch):
    monkeypatch.setattr(needs, "reachable", lambda url: False)
    monkeypatch.setattr(needs, "cached_revision", lambda hub_id: None)
    assert "hub cannot be reached" in registry.available("emotion@superb")
    with pytest.raises(ZestError, match="hub cannot be reached"):
        registry.observer("emotion@superb").observe([speak()], "en")
    monkeypatch.setattr(hub, "missing_package", lambda *names: "The package is not installed.")
    assert registry.available("emotion@emotion2vec") == "The package is not installed."
    with pytest.raises(ZestError, match="no judge called 'ears'"):
        judges.judge("ears")


def test_what_a_judge_measures_of_natural_speech_counts_emotions_alike_and_passes_over_what_it_does_not_know():
    sure = {name: {"angry": float(name == "angry"), "sad": float(name == "sad")} for name in ("angry", "sad")}
    measured = judge_reference([("angry", sure["angry"])] * 9 + [("sad", sure["angry"]), ("calm", sure["sad"]), ("sad", None)])
    assert measured.accuracy == 50 and measured.clips == 10
    assert measured.confusion == {"angry": {"angry": 9, "sad": 0}, "sad": {"angry": 1, "sad": 0}}
    with pytest.raises(ZestError, match="No natural recording"):
        judge_reference([("calm", sure["sad"])])


# voice

def unit(degrees: float) -> list[float]:
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def test_voice_is_compared_with_source_and_reference_and_leaks_between_speakers_only():
    seen = Seen(unit(0), unit(90), unit(30))
    assert registry.metric("voice-to-source").score(PAIR, seen).value == pytest.approx(np.cos(np.radians(30)))
    assert registry.metric("voice-to-reference").score(PAIR, seen).value == pytest.approx(0.5)
    assert registry.metric("voice-closer-to-source").score(PAIR, seen).value == 100
    assert registry.metric("voice-closer-to-source").score(PAIR, Seen(unit(0), unit(90), unit(60))).value == 0
    alone = replace(PAIR, reference_speaker="anna")
    assert registry.metric("voice-to-reference").score(alone, seen) is None
    assert registry.metric("voice-closer-to-source").failed(alone) is None


def natural(speaker: str, *degrees: float, emotion: str = "neutral") -> list[tuple[NaturalClip, list[float]]]:
    return [(NaturalClip(Path(f"{speaker}{index}"), speaker, emotion), unit(angle)) for index, angle in enumerate(degrees)]


def test_a_verifier_accepts_from_the_natural_threshold_on():
    accept = registry.metric("voice-accepted")
    assert isinstance(accept, NeedsNaturalReference)
    assert accept.score(PAIR, Seen(unit(0), unit(90), unit(5))) is None, "without a threshold no value is invented"
    measured = voice_reference(natural("anna", 0, 10, 20) + natural("ben", 80, 90, 100))
    assert np.cos(np.radians(60)) < measured.threshold < np.cos(np.radians(20)) and measured.equal_error_rate == 0
    ready = accept.with_natural_reference(NaturalReference(voices={"resemblyzer": measured}))
    assert ready.score(PAIR, Seen(unit(0), unit(90), unit(15))).value == 100
    assert ready.score(PAIR, Seen(unit(0), unit(90), unit(75))).value == 0
    assert ready.failed(PAIR).value == 0
    with pytest.raises(ZestError, match="Nothing natural"):
        accept.with_natural_reference(NaturalReference())


def test_the_pairs_own_source_does_not_tell_who_speaks():
    """Anna's other recordings lie near Ben's: only the source itself lies where the conversion does."""
    measured = voice_reference(natural("anna", 0, 80, 82) + natural("ben", 60, 62, 64))
    metric = registry.metric("speaker-accuracy").with_natural_reference(NaturalReference(voices={"resemblyzer": measured}))
    assert metric.score(PAIR, Seen(unit(0), unit(90), unit(45))).value == 0
    assert metric.score(PAIR, Seen(unit(80), unit(90), unit(45))).value == 100
    assert metric.score(replace(PAIR, source_speaker="nobody"), Seen(unit(0), unit(90), unit(45))) is None


def test_the_equal_error_threshold_is_where_theory_puts_it():
    random = np.random.default_rng(0)
    threshold, rate = equal_error(random.normal(0.8, 0.1, 4000), random.normal(0.5, 0.1, 4000))
    assert threshold == pytest.approx(0.65, abs=0.01)
    assert rate == pytest.approx(NormalDist().cdf(-1.5), abs=0.01)


def test_one_speaker_gives_no_threshold_and_the_reason_is_kept():
    clips = [clip for clip, _ in natural("anna", 0, 10)]
    natural_reference = measure_natural_reference(clips, lambda name, clip: unit(0), {"voice@resemblyzer": "resemblyzer-1"})
    assert "two labelled speakers" in natural_reference.missing["voice@resemblyzer"]
    with pytest.raises(ZestError, match="two labelled speakers"):
        registry.metric("voice-accepted").with_natural_reference(natural_reference)


def test_the_natural_recordings_of_a_protocol_are_listed_once_with_their_labels():
    pairs = [PAIR, replace(PAIR, id="two", parallel=None)]
    assert {clip.path.name: (clip.speaker, clip.emotion) for clip in clips_of_pairs(pairs)} == {
        "source.wav": ("anna", ""), "reference.wav": ("ben", "angry"), "parallel.wav": ("anna", "angry")}
    assert len(clips_of_pairs(pairs)) == 3


# F0, on a synthetic voice whose F0 is known

@pytest.fixture(scope="module")
def contours() -> Seen:
    """The reference speaks an octave above the source, with the same words and contour; the conversion is the source."""
    low, high = observed(F0Observer(), speak(MAN, 1.6), speak(replace(MAN, mean_hz=2 * MAN.mean_hz), 1.6))
    return Seen(low, high, low)


def test_an_octave_is_twelve_semitones_and_no_difference_of_shape(contours):
    value = {name: registry.metric(name).score(PAIR, contours).value
             for name in ("f0-rmse", "f0-shape-rmse", "f0-mean-error", "f0-range-error", "f0-mean-shift", "f0-correlation")}
    assert value["f0-rmse"] == pytest.approx(12, abs=0.5) and value["f0-mean-error"] == pytest.approx(12, abs=0.5)
    assert value["f0-shape-rmse"] < 0.6 and value["f0-range-error"] < 0.6
    assert value["f0-mean-shift"] == pytest.approx(0, abs=1e-9) and value["f0-correlation"] > 0.95


def test_a_voiceless_conversion_has_no_f0(contours):
    silent = {"hz": [0.0] * 100, "step": 0.01}
    for name in ("f0-correlation", "f0-rmse", "f0-shape-rmse", "f0-mean-error", "f0-mean-shift"):
        assert registry.metric(name).score(PAIR, replace(contours, converted=silent)) is None


@pytest.fixture(scope="module")
def spectra() -> dict[str, dict]:
    clips = {"plain": speak(MAN, 1.2), "quiet": 0.25 * speak(MAN, 1.2), "woman": speak(WOMAN, 1.2),
             "whispered": speak(replace(MAN, whispered=True), 1.2)}
    return dict(zip(clips, observed(SpectrumObserver(), *clips.values()), strict=True))


def test_voicing_is_the_same_in_a_copy_and_gone_in_a_whisper(spectra):
    plain, whispered = spectra["plain"], spectra["whispered"]
    voicing = registry.metric("vuv-f1")
    assert voicing.score(PAIR, Seen(plain, plain, plain)).value == 100
    assert voicing.score(PAIR, Seen(plain, plain, whispered)).value < 50
    assert voicing.failed(PAIR).value == 0


# parallel recordings

def test_timbre_is_compared_without_loudness_and_only_with_another_recording(spectra):
    plain = spectra["plain"]

    def distortion(other: str, pair: Pair = PAIR) -> Value | None:
        return registry.metric("parallel-mcd").score(pair, Seen(plain, plain, plain, spectra[other]))

    assert distortion("plain").value == pytest.approx(0, abs=1e-6)
    assert distortion("quiet").value < 0.5 < 3 < distortion("woman").value
    assert distortion("plain", replace(PAIR, parallel=PAIR.reference)) is None, "the answer would be in the question"
    assert distortion("plain", replace(PAIR, parallel=None)) is None


def test_f0_and_length_are_compared_with_the_real_recording(spectra):
    seen = Seen(spectra["plain"], spectra["plain"], spectra["plain"], spectra["woman"])
    octaves = 12 * np.log2(WOMAN.mean_hz / MAN.mean_hz)
    assert registry.metric("parallel-f0-rmse").score(PAIR, seen).value == pytest.approx(octaves, abs=1)
    assert registry.metric("parallel-duration-ratio").score(PAIR, seen).value == pytest.approx(1, abs=0.05)


def test_a_cosine_on_the_warped_axis_is_one_mel_cepstrum():
    grid = np.linspace(0, np.pi, 513)
    warped = grid + 2 * np.arctan(0.41 * np.sin(grid) / (1 - 0.41 * np.cos(grid)))
    cepstra = mel_cepstra(np.exp(2 * (0.7 + 0.5 * np.cos(3 * warped)))[None])[0]
    expected = np.zeros(25)
    expected[[0, 3]] = 0.7, 0.5
    assert cepstra == pytest.approx(expected, abs=1e-3)


# tempo and naturalness

def test_tempo_is_characters_a_second_and_a_loop_is_no_tempo():
    ratio, error = registry.metric("tempo-ratio"), registry.metric("tempo-error")
    seen = Seen(transcript(TEXT), transcript(TEXT, 4.0), transcript(TEXT, 2.0))
    assert ratio.score(PAIR, seen).value == pytest.approx(2)
    assert error.score(PAIR, seen).value == pytest.approx(100 * np.log(2))
    slower = error.score(PAIR, Seen(transcript(TEXT), transcript(TEXT, 2.0), transcript(TEXT, 4.0)))
    assert slower.value == pytest.approx(100 * np.log(2))
    assert ratio.score(PAIR, replace(seen, converted=transcript(TEXT * 9))) is None
    assert ratio.score(PAIR, replace(seen, converted=transcript(""))) is None


def test_length_is_that_of_speech_without_the_silence_around_it():
    speech, silence = speak(MAN, 1.5), np.zeros(RATE, np.float32)
    plain, padded, double = observed(ClockObserver(), speech, np.concatenate([silence, speech, silence]), np.tile(speech, 2))
    ratio = registry.metric("duration-ratio")
    assert ratio.score(PAIR, Seen(plain, plain, padded)).value == pytest.approx(1, abs=0.03)
    assert ratio.score(PAIR, Seen(plain, plain, double)).value == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(("name", "package"), [("distillmos", "distillmos"), ("dnsmos-overall", "speechmos")])
def test_predicted_naturalness_falls_when_speech_is_spoilt(name, package, recording):
    pytest.importorskip(package)
    clip = recording.samples[:2 * RATE]
    peak = np.abs(clip).max()
    coarse = (np.round(clip / peak * 2) / 2 * peak).astype(np.float32)  # two bits
    clean, spoilt = observed(DistillMosObserver() if name == "distillmos" else DnsMosObserver(), clip, coarse)
    metric = registry.metric(name)
    before, after = (metric.score(PAIR, Seen(one, one, one)).value for one in (clean, spoilt))
    assert 1 <= after < before - 0.3 < 5
    assert metric.failed(PAIR).value == 1
