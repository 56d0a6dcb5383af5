"""Factors of recordings that come again: encoded once, the oldest forgotten first, sources and references apart."""

from __future__ import annotations

import pytest

from pipelines.conversion import RememberingConverter


class Counting:
    """Stands in for a converter; what it returns tells what was asked."""

    def __init__(self):
        self.asked: list[tuple[str, bool]] = []

    def encode(self, recording, hook, synthesis):
        self.asked.append((recording.name, synthesis))
        return recording.name, synthesis


@pytest.fixture
def paths(tmp_path, source_path):
    copies = [tmp_path / f"{name}.wav" for name in "abc"]
    for path in copies:
        path.write_bytes(source_path.read_bytes())
    return copies


def test_a_recording_is_taken_apart_once_as_source_and_once_as_reference(paths):
    remembering = RememberingConverter(Counting())
    for _ in range(3):
        assert remembering.encoded(paths[0]) == ("a.wav", True)
        assert remembering.encoded(paths[0], synthesis=False) == ("a.wav", False)
    assert remembering.converter.asked == [("a.wav", True), ("a.wav", False)]


def test_the_one_that_was_not_asked_for_longest_is_forgotten(paths):
    remembering = RememberingConverter(Counting(), most=2)
    a, b, c = paths
    for path in (a, b, a, c, a, b):
        remembering.encoded(path)
    assert [name for name, _ in remembering.converter.asked] == ["a.wav", "b.wav", "c.wav", "b.wav"]
