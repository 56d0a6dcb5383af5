"""Fearful and disgusted speech: never a training label, always the target of `ute`, and judged by what can be said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.metrics import registry
from evaluation.metrics.base import Seen, Value
from evaluation.pair import Pair
from evaluation.protocol import make_protocol
from evaluation.protocol.settings import TARGETS, UNSEEN
from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS, OUTSIDE_EMOTIONS
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.examples import Draw, labels, read_examples, window
from pipelines.training.loop.recipe import GeneralRecipe
from pipelines.training.stages.stage import Context
from tests.evaluation.test_protocol import parallel
from tests.support.small_table import clips_of, small_table

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
PAIR = Pair("p", Path("s.wav"), Path("r.wav"), "fearful")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return clips_of(tmp_path_factory.mktemp("unseen") / "corpus")


def posteriors(**known: float) -> dict[str, float]:
    rest = (1 - sum(known.values())) / (len(EMOTIONS) - len(known))
    return {name: known.get(name, rest) for name in EMOTIONS}


def test_no_label_that_anything_is_trained_with_is_an_unseen_emotion():
    assert EMOTIONS == ("neutral", "angry", "happy", "sad", "surprised")
    assert set(EMOTIONS) == {"neutral", *TARGETS} and not set(UNSEEN) & set(EMOTIONS)
    assert json.loads((CHECKPOINTS / "zest-mini" / "presets.json").read_text())["names"] == list(EMOTIONS)
    for judge in ("acoustic", "whisper", "egemaps"):
        assert json.loads((CHECKPOINTS / "judge-mini" / f"{judge}.json").read_text())["emotions"] == list(EMOTIONS)


def test_training_hears_unseen_emotions_without_their_label(clips, tmp_path):
    fearful = [clip for clip in clips if clip.emotion == "fearful"]
    assert {clip.emotion for clip in Context({}, GeneralRecipe(), clips, "cpu", 1.0).labelled} == {"neutral", "angry", "sad"}
    with pytest.raises(RecipeError, match="none of the five emotions"):
        Context({}, GeneralRecipe(), fearful, "cpu", 1.0).labelled  # noqa: B018 - a property that refuses
    examples = read_examples([fearful[0], clips[0]], FeatureCache(tmp_path))
    assert [example.emotion for example in examples] == [OUTSIDE_EMOTIONS, EMOTIONS.index("neutral")]
    random = np.random.default_rng(0)
    assert labels(examples, [window(examples, 0, 20, random)])[1].tolist() == [-1], "which the cross-entropy of EASE passes over"
    assert set(Draw(examples).by_emotions(random, 50)) == {1}, "stages that draw by emotion never draw it"


def test_ute_takes_fearful_and_disgusted_references_and_no_others():
    clips = parallel(emotions=("neutral", "calm", "angry", "bored", "fearful", "disgusted"))
    pairs = make_protocol(clips, ["ute"], count=24).pairs
    assert [sum(pair.emotion == emotion for pair in pairs) for emotion in ("fearful", "disgusted")] == [12, 12]
    assert {pair.source_emotion for pair in pairs} == {"neutral"}


def test_a_conversion_that_is_judged_like_the_reference_is_nearer_to_it_whatever_the_emotion_is_called():
    metric = registry.metric("emotion-nearer@whisper")
    source, reference = posteriors(neutral=0.9), posteriors(sad=0.5, surprised=0.4)
    assert metric.score(PAIR, Seen(source, reference, posteriors(sad=0.4, surprised=0.3))) == Value(100.0)
    assert metric.score(PAIR, Seen(source, reference, posteriors(neutral=0.7, sad=0.2))) == Value(0.0)
    assert metric.score(PAIR, Seen(source, reference, source)) == Value(0.0), "the source unchanged"
    assert metric.score(PAIR, Seen(source, reference, reference)) == Value(100.0)
    assert metric.failed(PAIR) == Value(0.0)
    assert metric.score(PAIR, Seen(source, source, reference)) is None, "nothing to tell apart"
    assert metric.score(PAIR, Seen(source, None, source)) is None


def test_the_page_says_what_judges_take_unseen_emotions_for(clips, tmp_path):
    page = small_table(clips, tmp_path / "RUN", settings=("ute",), rows=("source",), count=4).page.read_text()
    section = page[page.index("## Unseen emotions"):page.index("## Beside the paper")]
    rows = [line for line in section.splitlines() if line.startswith(("| source", "| natural reference"))]
    shares = [[int(cell.split("%")[0]) for cell in line.strip("| ").split(" | ")[1:]] for line in rows]
    assert "**reference fearful**" in section and len(rows) == 2
    assert [sum(row) for row in shares] == [100, 100] and shares[0][EMOTIONS.index("neutral")] == 100
    assert small_table([clip for clip in clips if clip.emotion != "fearful"], tmp_path / "OTHER", settings=("dsst",),
                       rows=("source",), count=2).page.read_text().count("Unseen emotions") == 0
