"""Every command and every line of Python in the README runs as it is written, on the example recordings."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from workbench.cli import exit_codes

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
RECORDINGS = {"me.wav": "source-man.wav", "excited-friend.wav": "reference-lively.wav"}  # of the README, of examples/
OTHER = ("git clone", "make ")  # what fetches and installs; tests/test_packaging.py holds the targets of make


@pytest.mark.slow
def test_every_command_of_the_readme_runs_as_written(tmp_path, zest_here, monkeypatch):
    for name, example in RECORDINGS.items():
        shutil.copy(ROOT / "examples" / example, tmp_path / name)
    lines = re.findall(r"^    (\S.*)$", README, re.M)
    commands = [line for line in lines if not line.startswith(OTHER)]
    assert len(commands) >= 3 and all(command.startswith("zest ") for command in commands)
    for command in commands:
        result = zest_here(*shlex.split(command)[1:])
        assert result.returncode == exit_codes.OK, (command, result.stderr)
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"^```python\n(.*?)^```$", README, re.S | re.M):
        exec(compile(block, "README.md", "exec"), {})
    assert {"me-excited.wav", "me-angry-strength1.2.wav", "me-sad.wav"} <= {path.name for path in tmp_path.iterdir()}


def test_the_readme_is_short_and_shows_a_conversion_that_can_be_played():
    assert len(README.split()) < 600
    media = [ROOT / path for path in re.findall(r"docs/media/[\w.-]+", README)]
    assert {path.suffix for path in media} == {".png", ".wav", ".mp4"} and all(path.is_file() for path in media)
    assert 0 < sum(path.stat().st_size for path in media) < 1e6


def test_the_readme_says_how_to_get_it_and_what_it_takes():
    assert re.search(r"^    git clone .+ && cd zest$", README, re.M) and "7 GB" in README
