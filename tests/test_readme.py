"""Every command and every line of Python in the README runs as it is written, on the example recordings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.page_runs import recordings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.slow
def test_every_command_of_the_readme_runs_as_written(page_run):
    page_run.run("../README.md", {"git clone": lambda run: recordings(run.folder / "zest")})
    assert len([line for line in page_run.ran if line.startswith("zest ")]) >= 3
    assert {"me-excited.wav", "me-angry-strength1.2.wav", "me-sad.wav"} <= {path.name for path in page_run.folder.iterdir()}


def test_the_readme_is_short_and_shows_a_conversion_that_can_be_played():
    assert len(README.split()) < 600
    media = [ROOT / path for path in re.findall(r"docs/media/[\w.-]+", README)]
    assert {path.suffix for path in media} == {".png", ".wav", ".mp4"} and all(path.is_file() for path in media)
    assert 0 < sum(path.stat().st_size for path in media) < 1e6


def test_the_readme_says_how_to_get_it_and_what_it_takes():
    assert re.search(r"^    git clone .+ && cd zest$", README, re.M) and "7 GB" in README
