"""Corpora with few of the emotions: who learns from them, and what is not learnt from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from pipelines.labels import EMOTIONS
from pipelines.training.data import presets
from pipelines.training.data.clip_choice import emotions_by_corpus, of_many_emotions
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Draw, Example, possible_emotions
from pipelines.training.stages.sace import IMPOSSIBLE, smoothed_cross_entropy

CLIP = Clip(Path("x.wav"), "two", "a", "happy", "en", "1", "", 1.0, "train")


def clips_of(corpus: str, emotions: tuple[str, ...], count: int, speakers: int = 1) -> list[Clip]:
    return [replace(CLIP, corpus=corpus, emotion=emotion, speaker=f"{corpus}-{number % speakers}", path=Path(f"{number}.wav"))
            for emotion in emotions for number in range(count)]


TWO, FIVE = clips_of("two", ("happy", "sad"), 100), clips_of("five", EMOTIONS, 10)


def test_a_slip_among_the_labels_is_no_emotion_of_the_corpus():
    slip = [*TWO, replace(CLIP, emotion="neutral")]
    assert emotions_by_corpus(slip) == {"two": {"happy", "sad"}}


def test_only_corpora_with_many_emotions_stay_unless_there_is_none():
    assert of_many_emotions(TWO + FIVE) == FIVE
    assert of_many_emotions(TWO) == TWO


def examples_of(clips: list[Clip]) -> list[Example]:
    speakers = sorted({clip.speaker for clip in clips})
    return [Example(clip, None, np.zeros((1, 43)), speakers.index(clip.speaker), EMOTIONS.index(clip.emotion)) for clip in clips]


def test_an_emotion_that_a_corpus_lacks_costs_nothing():
    possible = possible_emotions(examples_of([TWO[0], *FIVE, *TWO]))
    assert possible[0].tolist() == [name in ("happy", "sad") for name in EMOTIONS]
    happy = torch.tensor([EMOTIONS.index("happy")])
    score = torch.zeros(1, len(EMOTIONS), requires_grad=True)
    smoothed_cross_entropy(score.masked_fill(~possible[:1], IMPOSSIBLE), happy).backward()
    assert score.grad[0][~possible[0]].abs().max() == 0 and score.grad[0][happy] < 0


def test_all_emotions_possible_is_the_usual_smoothed_cross_entropy():
    score, emotion = torch.randn(6, 5), torch.tensor([0, 1, 2, 3, 4, 0])
    usual = torch.nn.functional.cross_entropy(score, emotion, label_smoothing=0.05)
    torch.testing.assert_close(smoothed_cross_entropy(score, emotion), usual)


def test_a_large_corpus_of_many_speakers_is_not_drawn_for_each_of_them():
    many, few = clips_of("many", EMOTIONS, 100, speakers=50), clips_of("few", EMOTIONS, 100, speakers=2)
    examples = examples_of(many + few)
    drawn = Draw(examples).by_emotions(np.random.default_rng(0), 2000)
    share = np.mean([examples[index].clip.corpus == "many" for index in drawn])
    assert 0.45 < share < 0.55


class Network(torch.nn.Module):
    """Stands for SACE: any frames, and no preference among emotions."""

    mix = torch.zeros(1)

    def utterance(self, frames, mask):
        return frames.mean(1)

    def classify(self, utterance):
        return torch.zeros(1, len(EMOTIONS))


def test_an_emotion_without_a_clip_has_no_preset(monkeypatch):
    frames = torch.randn(1, 100, 128)
    monkeypatch.setattr(presets, "_all_frames", lambda sace, examples, store: ((frames, torch.ones(1, 100)) for _ in examples))
    found, config = presets.make_presets(Network(), examples_of([TWO[0], TWO[-1]]), None)
    assert list(found) == config["names"] == [name for name in EMOTIONS if name in ("happy", "sad")]
