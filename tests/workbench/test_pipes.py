"""Recordings through pipes, the version, -h everywhere, and a reference that is never ignored."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from tests.workbench.test_help_and_options import ALL
from workbench.cli import exit_codes
from workbench.cli.app import app
from workbench.cli.pipes import piped_in, shown
from workbench.conversion_request import ConversionRequest

ROOT = Path(__file__).resolve().parents[2]


def zest_bytes(folder: Path, *arguments: object, given: bytes = b"") -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "workbench.cli.main", *map(str, arguments)], cwd=folder, input=given,
                          env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, capture_output=True, timeout=300, check=False)


def test_standard_output_is_the_recording_and_nothing_else(tmp_path, source_path):
    result = zest_bytes(tmp_path, "convert", "-", "--system", "source", "-o", "-", given=source_path.read_bytes())
    assert result.returncode == 0, result.stderr
    samples, rate = soundfile.read(io.BytesIO(result.stdout))
    assert len(samples) / rate == pytest.approx(soundfile.info(source_path).duration, abs=0.1)
    assert b"Wrote standard output" in result.stderr and list(tmp_path.iterdir()) == []


def test_an_empty_pipe_is_told(zest_here):
    result = zest_here("convert", "-", "--emotion", "sad", "-o", "-")  # pytest's standard input is empty
    assert (result.returncode, result.stdout) == (exit_codes.BAD_INPUT, "") and "stdin is empty" in result.stderr


@pytest.mark.parametrize(("arguments", "words"), [
    (("-", "-"), "holds one recording"),
    (("SOURCE", "--emotion", "sad", "-o", "-", "--json"), "leave --json out"),
    (("SOURCE", "--emotion", "sad", "-o", "-", "--plot", "-"), "name a file with --plot"),
    (("--batch", "list.csv", "-o", "-"), "name the folder")])
def test_what_a_pipe_cannot_carry_is_refused(zest_here, tmp_path, source_path, arguments, words):
    result = zest_here("convert", *(source_path if word == "SOURCE" else word for word in arguments))
    assert result.returncode == exit_codes.USAGE and words in result.stderr and result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_stands_for_standard_input_and_is_shown_as_the_user_wrote_it(tmp_path):
    path = tmp_path / "me.wav"
    with piped_in(path, None) as (own, other):
        assert (own, other) == (path, None) and shown(path) == str(path)


def test_version_and_short_help_are_there_for_every_command(zest_here):
    assert zest_here("--version").stdout.startswith("zest 0.")
    for words in ((), ("convert",), ("study",), ("study", "create"), ("train pack",)):
        short, whole = (CliRunner().invoke(app, [*words, option], env={"COLUMNS": "100"}) for option in ("-h", "--help"))
        assert short.exit_code == 0 and short.stdout == whole.stdout, words
    assert not [words for words, command in ALL.items() for param in command.params if "-h" in param.opts], "free everywhere"


def test_a_given_reference_is_refused_beside_a_preset_wherever_a_request_is_made(zest_here, source_path, reference_path):
    for system in ((), ("--system", "copy")):
        result = zest_here("convert", source_path, reference_path, "--emotion", "sad", *system)
        assert result.returncode == exit_codes.USAGE and "not both" in result.stderr
    request = ConversionRequest(str(source_path), "sad", str(reference_path))
    assert "not both" in request.problems()["reference"]


def test_a_baseline_that_moves_no_emotion_says_that_the_reference_was_not_used(zest_here, source_path, reference_path):
    result = zest_here("convert", source_path, reference_path, "--system", "copy", "-o", "out.wav")
    assert "moves no emotion, so reference-lively.wav was not used" in result.stderr
