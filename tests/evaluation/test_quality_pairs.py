"""The pairs of the quality benchmarks: the same as ever, balanced, and never of training speakers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.quality_pairs import quality_hash, quality_pairs
from evaluation.protocol.settings import TARGETS
from pipelines.errors import RecipeError
from pipelines.training.data.corpus import Clip


def clip(name: str, speaker: str, emotion: str, text_id: str) -> Clip:
    return Clip(Path(name), "ravdess", speaker, emotion, "en", text_id, "Kids are talking.", 2.0, "dev")


def small_dev() -> list[Clip]:
    return [clip(f"{speaker}-{emotion}-{text}", speaker, emotion, text)
            for speaker in ("anna", "ben") for emotion in ("neutral", *TARGETS) for text in ("one", "two")]


def test_pairs_are_seeded_balanced_and_never_of_one_speaker():
    pairs = quality_pairs(small_dev(), 16, seed=3)
    assert pairs == quality_pairs(small_dev(), 16, seed=3)
    assert quality_hash(pairs) != quality_hash(quality_pairs(small_dev(), 16, seed=4))
    assert all(pair.source_speaker != pair.reference_speaker for pair in pairs)
    assert all(pair.source_emotion == "neutral" and _text(pair.source) != _text(pair.reference) for pair in pairs)
    assert [sum(pair.emotion == emotion for pair in pairs) for emotion in TARGETS] == [4, 4, 4, 4]
    for emotion in TARGETS:
        assert sum(pair.source_speaker == "anna" for pair in pairs if pair.emotion == emotion) == 2
    assert all(pair.parallel.name == f"{pair.source_speaker}-{pair.emotion}-{_text(pair.source)}" for pair in pairs)


def test_the_selection_is_the_one_that_published_tables_were_made_of():
    """Hashes that the first version of the selection gave; another one would make older tables incomparable in silence."""
    assert quality_hash(quality_pairs(small_dev(), 64)) == "7ba789da6c4d"
    assert quality_hash(quality_pairs(small_dev(), 16, seed=3)) == "2c2e52856d1d"


def test_ids_differ_and_words_and_language_come_from_the_manifest():
    pairs = quality_pairs(small_dev(), 16)
    assert len({pair.id for pair in pairs}) == 16
    assert {(pair.text, pair.language) for pair in pairs} == {("Kids are talking.", "en")}


def test_other_shares_lend_sources_of_other_corpora():
    two = small_dev() + [replace(one, corpus="emovo", path=Path(f"emovo-{one.path}"), speaker=f"emovo-{one.speaker}")
                         for one in small_dev()]
    assert not any(pair.source.name.startswith("emovo") for pair in quality_pairs(two, 16))
    sources = [pair.source.name.startswith("emovo") for pair in quality_pairs(two, 32, shares={"ravdess": 3, "emovo": 1})]
    assert sum(sources) == 8


def test_training_speakers_are_never_paired():
    clips = [replace(one, split="train") for one in small_dev()]
    with pytest.raises(RecipeError, match="dev split"):
        quality_pairs(clips, 8)


def test_one_speaker_alone_cannot_be_paired():
    with pytest.raises(RecipeError, match="another speaker"):
        quality_pairs([one for one in small_dev() if one.speaker == "anna"], 8)


def _text(path: Path) -> str:
    return path.name.rpartition("-")[2]
