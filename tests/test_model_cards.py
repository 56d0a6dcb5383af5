"""Model cards begin with metadata that huggingface_hub reads without a complaint, and that say what the repository says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData

ROOT = Path(__file__).resolve().parent.parent
CARDS = sorted((ROOT / "checkpoints").glob("*/*_CARD.md"))
KNOWN = {"license", "language", "pipeline_tag", "library_name", "model_name", "tags"}


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_metadata_of_a_card_are_those_of_the_hub(path, caplog):
    card = ModelCard.load(path)
    assert isinstance(card.data, ModelCardData) and not card.ignore_metadata_errors and caplog.records == []
    found = card.data.to_dict()
    assert found.keys() == KNOWN and found["model_name"] == path.parent.name
    assert yaml.safe_load(card.data.to_yaml()) == found, "what the hub would write is read again"
    assert all(isinstance(language, str) and len(language) == 2 for language in found["language"])
    assert found["license"] == yaml.safe_load((ROOT / "README.md").read_text().split("---")[1])["license"]
    title = "Emotion judges" if path.name == "JUDGE_CARD.md" else path.parent.name
    assert card.text.lstrip().startswith(f"# {title}\n") and "CC BY-NC-SA 4.0" in card.text


def test_there_are_cards():
    assert {path.name for path in CARDS} == {"MODEL_CARD.md", "JUDGE_CARD.md"}
