"""The emotion judges: what ships loads and judges; training learns, is repeatable and refuses in plain words."""

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.judges.data import Examples, draw, judged, perturb, some_of_each
from evaluation.judges.mini import DEFAULT_FOLDER, FeatureJudge, load_judge
from evaluation.judges.training import RECIPES, balance, fit, save
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


@pytest.mark.parametrize("name", ["whisper", "egemaps"])
def test_training_learns_what_can_be_learned_and_nothing_from_shuffled_labels(name):
    recipe = replace(RECIPES[name], members=1, batch=32, rate=1e-2)  # few features, few steps
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
    assert np.allclose(loaded.ensemble.posteriors(train.features), ensemble.posteriors(train.features), atol=1e-6)


@pytest.mark.slow
def test_zest_train_judge_writes_judge_and_card(zest, tmp_path):
    corpus = tiny.tiny_corpus()
    recipe = tmp_path / "judge.toml"
    recipe.write_text(
        f'[general]\ncache = "{corpus / "cache"}"\n[judge]\njudges = ["egemaps"]\nchanged = 0\n'
        f'output = "{tmp_path / "judges"}"\n')
    result = zest("train", "judge", "--manifest", corpus / "corpus" / "manifest.csv", "--recipe", recipe)
    assert result.returncode == 0, result.stderr
    assert load_judge("egemaps", tmp_path / "judges").emotions == EMOTIONS
    assert "## egemaps, natural dev speech\n\nsynthetic: " in (tmp_path / "judges" / "JUDGE_CARD.md").read_text()


def test_a_judge_that_does_not_exist_is_refused(zest_here, tmp_path):
    (tmp_path / "judge.toml").write_text('[judge]\njudges = ["ears"]\n')
    result = zest_here("train", "judge", "--manifest", tiny.tiny_corpus() / "corpus" / "manifest.csv", "--recipe", "judge.toml")
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1] == "There is no judge called 'ears'; choose one of whisper, egemaps."


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
