"""The measures behind the quality table: words, melody, pairs, cache and rows."""

import json

import numpy as np
import pytest

from evaluation.judge import EMOTIONS
from evaluation.melody import contour_of, jumps, parallel_agreement, shape_agreement
from evaluation.pairs import TARGETS, make_pairs, pairs_hash
from evaluation.quality import PairScore
from evaluation.recogniser import error_rates
from evaluation.score_cache import Measure, ScoreCache
from evaluation.summary import heard_as, judge_accuracy, summarise
from pipelines.baselines.copy_synthesis import copy_synthesis
from pipelines.baselines.f0_statistics import f0_statistics_swap, swap_statistics
from pipelines.errors import RecipeError
from pipelines.pitch import F0Contour, statistics
from pipelines.training.corpus import Clip

RATE = 16_000


def buzz(hz: np.ndarray) -> np.ndarray:
    """(frames,) Hz at 100 frames a second to a voice-like sum of harmonics."""
    dense = np.repeat(hz, RATE // 100)
    phase = 2 * np.pi * np.cumsum(dense) / RATE
    return (0.3 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.float32)


def glide(low: float, high: float, seconds: float = 1.5) -> np.ndarray:
    return np.geomspace(low, high, int(100 * seconds))


def clip(name: str, speaker: str, emotion: str, text_id: str, corpus: str = "ravdess") -> Clip:
    from pathlib import Path

    return Clip(Path(name), corpus, speaker, emotion, "en", text_id, "Kids are talking.", 2.0, "dev")


def small_dev() -> list[Clip]:
    return [clip(f"{speaker}-{emotion}-{text}", speaker, emotion, text)
            for speaker in ("anna", "ben") for emotion in ("neutral", *TARGETS) for text in ("one", "two")]


def test_edits_are_summed_over_the_set_and_not_averaged():
    errors = error_rates(["hi", "a much longer sentence"], ["", "a much longer sentence"])
    assert errors.cer == pytest.approx(2 / 24)  # the mean of ratios would be 1/2
    assert errors.empty == 1


def test_spelling_and_punctuation_are_no_errors():
    assert error_rates(["I'm Mr. Colour, twenty!"], ["i am mister color 20"]).cer == 0


def test_the_same_melody_agrees_and_its_mirror_does_not():
    rising, falling = F0Contour(glide(120, 240), 0.01), F0Contour(glide(240, 120), 0.01)
    assert shape_agreement(rising, rising).correlation > 0.99
    assert shape_agreement(rising, falling).correlation < 0.5


def test_a_level_shift_is_an_error_in_semitones_but_not_in_correlation():
    hz = 150 * 2 ** (np.sin(np.linspace(0, 9, 150)) / 6)
    samples = buzz(hz)
    octave = parallel_agreement(samples, F0Contour(hz, 0.01), samples, F0Contour(2 * hz, 0.01))
    assert octave.correlation == pytest.approx(1, abs=1e-6)
    assert octave.rmse == pytest.approx(12, abs=1e-6)


def test_octave_jumps_count_inside_a_voiced_run_only():
    assert jumps(F0Contour(np.array([100.0, 102, 204, 200]))) == 1
    assert jumps(F0Contour(np.array([100.0, 102, 0, 204, 200]))) == 0


def test_the_swap_takes_the_references_mean_and_deviation():
    source, reference = F0Contour(glide(100, 150)), F0Contour(glide(180, 400))
    swapped = swap_statistics(source, reference)
    assert statistics(swapped).mean_hz == pytest.approx(statistics(reference).mean_hz, rel=0.01)
    assert np.log(swapped.hz).std() == pytest.approx(np.log(reference.hz).std(), rel=0.01)


def test_the_swap_leaves_a_voiceless_source_alone():
    silent = F0Contour(np.zeros(50))
    assert swap_statistics(silent, F0Contour(glide(180, 400))) is silent


def test_the_swapped_voice_is_heard_at_the_references_height():
    source, reference = buzz(glide(110, 130)), buzz(glide(200, 240))
    converted, wanted = f0_statistics_swap(source, reference)
    heard = statistics(contour_of(converted))
    assert heard.mean_hz == pytest.approx(statistics(wanted).mean_hz, rel=0.03)
    assert heard.mean_hz > 1.5 * statistics(contour_of(source)).mean_hz


def test_a_copy_keeps_length_and_melody():
    source = buzz(glide(110, 160))
    copy = copy_synthesis(source)
    assert abs(len(copy) - len(source)) <= RATE // 200
    assert parallel_agreement(copy, contour_of(copy), source, contour_of(source)).rmse < 0.5


def test_pairs_are_seeded_balanced_and_never_of_one_speaker():
    pairs = make_pairs(small_dev(), 16, seed=3)
    assert pairs_hash(pairs) == pairs_hash(make_pairs(small_dev(), 16, seed=3)) != pairs_hash(make_pairs(small_dev(), 16, seed=4))
    assert all(pair.source.speaker != pair.reference.speaker for pair in pairs)
    assert all(pair.source.emotion == "neutral" and pair.source.text_id != pair.reference.text_id for pair in pairs)
    assert [sum(pair.emotion == emotion for pair in pairs) for emotion in TARGETS] == [4, 4, 4, 4]
    for emotion in TARGETS:
        assert sum(pair.source.speaker == "anna" for pair in pairs if pair.emotion == emotion) == 2
    assert all((pair.parallel.speaker, pair.parallel.text_id, pair.parallel.emotion)
               == (pair.source.speaker, pair.source.text_id, pair.emotion) for pair in pairs)


def test_training_speakers_are_never_paired():
    from dataclasses import replace

    clips = [replace(one, split="train") for one in small_dev()]
    with pytest.raises(RecipeError, match="dev split"):
        make_pairs(clips, 8)


def test_nothing_is_measured_twice_and_a_half_written_line_is_forgotten(tmp_path):
    asked = []

    def length(clips):
        asked.extend(clips)
        return [len(one) for one in clips]

    one, other = np.zeros(100, np.float32), np.ones(50, np.float32)
    measure = Measure("length", length)
    assert ScoreCache(tmp_path).get(measure, [one, other, one]) == [100, 50, 100]
    assert len(asked) == 2
    file = tmp_path / "length.jsonl"
    kept = [line for line in file.read_text().splitlines() if json.loads(line)[1] == 100]
    file.write_text(kept[0] + '\n["abc')
    assert ScoreCache(tmp_path).get(measure, [one, other]) == [100, 50]
    assert len(asked) == 3


def test_a_failed_conversion_stays_in_the_denominator():
    pairs = make_pairs(small_dev(), 4)
    sure = {emotion: tuple(float(emotion == name) for name in EMOTIONS) for emotion in TARGETS}
    scores = [PairScore("x", pair, judged={"whisper": sure[pair.emotion]}, mos=3.0, source_mos=4.0,
                        heard="kids are talking", wanted="Kids are talking.", has_text=True) for pair in pairs[:3]]
    scores.append(PairScore("x", pairs[3], heard="", wanted="Kids are talking.", has_text=True, failed="too short"))
    row = summarise(scores)
    assert judge_accuracy(scores, "whisper") == 75
    assert row["cer"] == pytest.approx(25)
    assert row["mos_loss"] == pytest.approx(1.0)
    assert row["failed"] == 1
    assert sum(sum(heard.values()) for heard in heard_as(scores, "whisper").values()) == 3
    assert np.isnan(row["judge_egemaps"])
