"""The fingerprint benchmark says what differs and what does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks import fingerprint
from benchmarks.fingerprint import DIFFERS, GONE, NEW, SAME, evaluation, samples_hash, states
from tests.support import small_evaluation


@pytest.fixture
def asked(monkeypatch):
    """The command line, with conversions that a test chooses."""
    command = typer.Typer()
    command.command()(fingerprint.main)

    def ask(found, *arguments):
        monkeypatch.setattr(fingerprint, "conversions", lambda checkpoint: iter(found.items()))
        return CliRunner().invoke(command, ["--conversions-only", *map(str, arguments)])

    return ask


def test_what_differs_is_said_and_ends_with_1(asked, tmp_path):
    kept = tmp_path / "before.json"
    assert asked({"a": "1", "b": "2", "c": "3"}, "-o", kept).exit_code == 0
    assert json.loads(kept.read_text()) == {"a": "1", "b": "2", "c": "3"}
    unchanged = asked({"a": "1", "b": "2", "c": "3"}, "--compare", kept)
    assert unchanged.exit_code == 0 and "0 of 3 are not the same" in unchanged.output
    changed = asked({"a": "1", "b": "9", "d": "4"}, "--compare", kept)
    assert changed.exit_code == 1 and "3 of 4 are not the same" in changed.output
    assert states({"a": "1", "b": "9", "d": "4"}, json.loads(kept.read_text())) == {"a": SAME, "b": DIFFERS, "d": NEW, "c": GONE}


@pytest.mark.parametrize("content", [None, "{", "[1]", '{"a": 1}'])
def test_a_file_of_another_kind_is_refused(asked, tmp_path, content):
    path = tmp_path / "other.json"
    if content is not None:
        path.write_text(content)
    assert asked({"a": "1"}, "--compare", path).exit_code == 2


def test_one_bit_changes_a_hash_and_so_does_one_score(tmp_path):
    samples = np.array([0.25, 0.5], np.float32)
    assert samples_hash(samples) == samples_hash(samples.copy()) != samples_hash(np.nextafter(samples, np.float32(1)))
    pairs = small_evaluation.make_pairs(tmp_path / "pairs", 2)
    first = evaluation(small_evaluation.run(pairs, tmp_path / "first"))
    assert set(first) == {"scores of halved: loudness-ratio", "scores of halved: only-angry"}
    assert evaluation(small_evaluation.run(pairs, tmp_path / "again")) == first
    refused = evaluation(small_evaluation.run(pairs, tmp_path / "other", systems=(small_evaluation.Halved(refuses="p0"),)))
    assert refused["scores of halved: loudness-ratio"] != first["scores of halved: loudness-ratio"]
