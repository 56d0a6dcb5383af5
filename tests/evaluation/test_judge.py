"""The emotion judges: what ships loads and judges; training learns, is repeatable and refuses in plain words."""

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.judges.channel import altered
from evaluation.judges.data import Examples, draw, judged, perturb, some_of_each
from evaluation.judges.fitting import RECIPES, balance, fit, folds_of_speakers, possible, voice_directions
from evaluation.judges.mini import DEFAULT_FOLDER, FeatureJudge, load_judge
from evaluation.judges.training import save
from pipelines.errors import CheckpointError, RecipeError
from pipelines.features.pitch import statistics, track
from pipelines.labels import EMOTIONS
from tests.evaluation.test_f0 import glide
from tests.evaluation.test_quality_pairs import clip
from tests.pipelines.test_baselines import buzz
from tests.support import tiny


def blobs(count: int = 200, width: int = 8, seed: int = 0) -> Examples:
    """Five separable clouds in feature space."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(EMOTIONS)
    centres = 3 * np.eye(len(EMOTIONS), width)
    features = (centres[labels] + random.normal(size=(count, width))).astype(np.float32)
    return Examples(features, np.array(EMOTIONS)[labels], np.array(["anna", "ben"])[labels % 2], np.array(["here"] * count))


def accuracy(ensemble, examples: Examples) -> float:
    return float((np.array(EMOTIONS)[ensemble.posteriors(examples.features).argmax(1)] == examples.emotions).mean())


@pytest.mark.parametrize("name", ["acoustic", "egemaps"])
def test_training_learns_what_can_be_learned_and_nothing_from_shuffled_labels(name):
    recipe = replace(RECIPES[name], members=1, batch=32, rate=1e-2, dropout=0.1, decay=0.01)  # few features
    train, unseen = blobs(seed=1), blobs(seed=2)
    assert accuracy(fit(train, recipe, progress=False), unseen) > 0.8
    shuffled = replace(train, emotions=np.random.default_rng(0).permutation(train.emotions))
    assert accuracy(fit(shuffled, recipe, progress=False), unseen) < 0.5


def test_the_same_seed_gives_the_same_judge_and_saving_changes_nothing(tmp_path):
    recipe = replace(RECIPES["egemaps"], members=2, batch=32, epochs=3)
    train = blobs()
    ensemble = fit(train, recipe, progress=False)
    again = fit(train, recipe, progress=False)
    assert np.array_equal(ensemble.posteriors(train.features), again.posteriors(train.features))
    save(FeatureJudge("egemaps", EMOTIONS, ensemble), tmp_path)
    loaded = load_judge("egemaps", tmp_path)
    given, stored = ensemble.posteriors(train.features), loaded.ensemble.posteriors(train.features)
    assert np.allclose(stored, given, atol=2e-3), "weights are stored as float16"


@pytest.mark.slow
def test_zest_train_judge_writes_judge_and_card(zest_here, tmp_path):
    corpus = tiny.tiny_corpus()
    recipe = tmp_path / "judge.toml"
    recipe.write_text(
        f'[general]\ncache = "{corpus / "cache"}"\n[judge]\njudges = ["egemaps"]\naltered = 0\n'
        f'output = "{tmp_path / "judges"}"\n')
    result = zest_here("train", "judge", "--manifest", corpus / "corpus" / "manifest.csv", "--recipe", recipe)
    assert result.returncode == 0, result.stderr
    assert load_judge("egemaps", tmp_path / "judges").emotions == EMOTIONS
    assert "## egemaps, natural dev speech\n\nsynthetic: " in (tmp_path / "judges" / "JUDGE_CARD.md").read_text()


def test_a_judge_that_does_not_exist_is_refused(zest_here, tmp_path):
    (tmp_path / "judge.toml").write_text('[judge]\njudges = ["ears"]\n')
    result = zest_here("train", "judge", "--manifest", tiny.tiny_corpus() / "corpus" / "manifest.csv", "--recipe", "judge.toml")
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1] == "There is no judge called 'ears'; choose one of acoustic, whisper, egemaps."


def test_an_absent_emotion_is_refused():
    train = blobs()
    with pytest.raises(RecipeError, match="surprised"):
        fit(train.where(train.emotions != "surprised"), RECIPES["whisper"], progress=False)


def test_emotions_weigh_alike_within_a_corpus():
    emotions = ["angry"] * 90 + ["sad"] * 10
    weights = balance(["one"] * 100, emotions)
    assert weights[:90].sum() == pytest.approx(weights[90:].sum(), rel=1e-5)
    assert weights.mean() == pytest.approx(1, rel=1e-5)


def test_a_changed_voice_moves_by_what_was_drawn():
    samples = buzz(glide(150, 170))
    change = draw("a clip", seed=1)
    assert change == draw("a clip", seed=1) != draw("another", seed=1)
    moved = statistics(track(perturb(samples, replace(change, semitones=3.0))).contour())
    before = statistics(track(samples).contour())
    assert moved.mean_semitones - before.mean_semitones == pytest.approx(3, abs=0.3)


def test_only_the_five_emotions_are_judged_and_cells_are_capped():
    clips = [clip(f"{emotion}{index}", "anna", emotion, "one")
             for emotion in ("calm", "fearful", "angry", "sad") for index in range(5)]
    assert {one.emotion for one in judged(clips)} == {"angry", "sad"}
    assert len(some_of_each(judged(clips), 3, seed=0)) == 6


def test_unknown_missing_and_damaged_judges_are_one_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="no judge called 'ears'"):
        load_judge("ears")
    with pytest.raises(CheckpointError, match="missing"):
        load_judge("whisper", tmp_path)
    (tmp_path / "whisper.json").write_text(json.dumps({"emotions": EMOTIONS, "members": 1, "layers": 1, "temperature": 1}))
    (tmp_path / "whisper.safetensors").write_bytes(b"not tensors")
    with pytest.raises(CheckpointError, match="damaged"):
        load_judge("whisper", tmp_path)


def test_the_shipped_whisper_judge_has_the_width_of_its_features():
    from evaluation.judges.features import WHISPER_BLOCKS

    judge = load_judge("whisper")
    assert judge.emotions == EMOTIONS
    assert judge.ensemble.mean.shape == (1024 * len(WHISPER_BLOCKS),)


def test_the_shipped_egemaps_judge_gives_probabilities_that_follow_the_voice():
    pytest.importorskip("opensmile")
    judge = load_judge("egemaps", DEFAULT_FOLDER)
    calm, wild = buzz(glide(110, 100)), buzz(150 * 2 ** np.sin(np.linspace(0, 20, 150)))
    first, second = judge.posteriors([calm, wild])
    assert first.sum() == pytest.approx(1, abs=1e-5)
    assert np.abs(first - second).max() > 0.1


def test_a_corpus_without_an_emotion_teaches_nothing_about_it():
    corpora = np.array(["all"] * 50 + ["two"] * 51)
    emotions = np.array([*EMOTIONS] * 10 + ["happy", "sad"] * 25 + ["angry"])
    allowed = possible(corpora, emotions)
    assert allowed[:50].all()
    assert [one for one, open_ in zip(EMOTIONS, allowed[60], strict=True) if open_] == ["happy", "sad"], "one stray"


def test_a_corpus_of_two_emotions_does_not_become_the_sign_of_them():
    """Its microphone, feature 7, must not say that a clip is happy or sad."""
    full, two = blobs(400, seed=1), blobs(400, seed=2)
    chosen = two.where(np.isin(two.emotions, ["happy", "sad"]))
    chosen.features[:, 7] += 6
    both = (np.concatenate([getattr(full, key), getattr(chosen, key)]) for key in ("features", "emotions", "speakers"))
    joined = Examples(*both, np.array(["full"] * len(full.emotions) + ["two"] * len(chosen.emotions)))
    unseen = blobs(300, seed=3)
    unseen.features[:, 7] += 6
    recipe = replace(RECIPES["egemaps"], members=1, batch=32, rate=1e-2)
    assert accuracy(fit(joined, recipe, progress=False), unseen) > 0.75


def test_voices_are_directions_over_all_emotions_of_a_speaker():
    random, labels = np.random.default_rng(0), np.arange(600) % len(EMOTIONS)
    speakers = np.repeat([f"s{index}" for index in range(6)], 100)
    features = (3 * np.eye(5, 8)[labels] + random.normal(size=(600, 8))).astype(np.float32)
    features[:, 6] += np.repeat(random.normal(size=6) * 20, 100).astype(np.float32)
    examples = Examples(features, np.array(EMOTIONS)[labels], speakers, np.array(["here"] * 600))
    direction = voice_directions(features, examples, 1)[0]
    assert abs(direction[6]) > 0.99
    ensemble = fit(examples, replace(RECIPES["acoustic"], members=1, batch=32, rate=1e-2, voices=1), progress=False)
    moved = features.copy()
    moved[:, 6] += 5
    assert np.abs(ensemble.posteriors(features) - ensemble.posteriors(moved)).max() < 0.05, "a voice changes no judgement"


def test_no_speaker_is_in_two_folds():
    examples = blobs()
    folds = folds_of_speakers(replace(examples, speakers=np.repeat([f"s{index}" for index in range(10)], 20)), 4, seed=0)
    assert len(set(folds)) == 4
    assert all(len(set(folds[start:start + 20])) == 1 for start in range(0, 200, 20))


def test_another_channel_is_drawn_by_name_and_keeps_length_within_its_speed():
    samples = buzz(glide(150, 170))
    first = altered(samples, "a clip")
    assert np.array_equal(first, altered(samples, "a clip"))
    assert len(altered(samples, "another")) != len(first)
    assert np.isfinite(first).all() and np.abs(first).max() == pytest.approx(0.5, abs=1e-3)
    assert 2**-0.13 < len(first) / len(samples) < 2**0.13


def test_the_headline_judges_silence_short_and_loud_clips_alike():
    judge = load_judge("acoustic")
    clip = buzz(glide(150, 170))
    found = judge.posteriors([clip, 0.3 * clip, np.zeros(8000, dtype=np.float32), clip[:800]])
    assert np.isfinite(found).all() and found.sum(1) == pytest.approx(1, abs=1e-4)
    assert np.abs(found[0] - found[1]).max() < 0.1, "gain says nothing"


def test_judges_say_which_features_they_share_with_a_converter(zest_here):
    from evaluation.judges import registry

    assert registry.default_names()[0] == "acoustic"
    assert "lower blocks with SACE" in registry.judge("whisper").shares
    assert registry.judge("whisper").shares in zest_here("metrics").stdout


def test_calibration_and_agreement_are_what_can_be_counted():
    from evaluation.judges.card import calibration_error, mean_share_right, summary

    sure = np.full((4, 5), 0.05)
    sure[:, 1] = 0.8
    emotions = np.array(["angry", "angry", "sad", "happy"])
    assert calibration_error(sure, emotions) == pytest.approx(30)
    assert mean_share_right(np.array(["angry"] * 4), emotions) == pytest.approx(100 / 3)
    other = sure.copy()
    other[2:, 3] = 0.9
    text = summary({"a": sure, "b": other}, Examples(sure, emotions, emotions, np.array(["here"] * 4)))
    assert "| `a` | 33 / 33 | 33 / 33 | 30 |" in text and "kappa): `a` and `b` 0.00." in text
