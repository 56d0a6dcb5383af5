"""Bad input: one plain sentence each, no traceback, the right exit code, and never a half-written file."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import Converter
from pipelines.errors import AudioError, CheckpointError, OutputError, ZestError
from pipelines.features.audio import from_array, load, save
from pipelines.settings import Settings
from tests.support.recordings import BAD, CUT_OFF, GOOD, RATE, SECONDS, speech, write
from tests.support.speech import MAN, speak
from workbench.cli import exit_codes


def assert_plain(sentence: str) -> None:
    """One line that a person can act on."""
    assert sentence.count("\n") == 0 and sentence.endswith("."), sentence
    assert len(sentence) < 500 and "Traceback" not in sentence and "Error" not in sentence, sentence


def assert_refused(result, code: int, words: str, folder: Path) -> None:
    """The command line said one sentence with these words, and left no file that was not there."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert_plain(result.stderr.strip())
    assert words in result.stderr
    left = [path.name for path in folder.iterdir() if path.name.startswith((".", "out"))]
    assert left == []


@pytest.mark.parametrize("kind", BAD)
def test_bad_recording_in_python(kind, tmp_path):
    make, words = BAD[kind]
    with pytest.raises(AudioError, match=words) as caught:
        load(make(tmp_path))
    assert_plain(str(caught.value))


@pytest.mark.parametrize("kind", BAD)
def test_bad_recording_on_the_command_line(kind, tmp_path, zest_here):
    make, words = BAD[kind]
    result = zest_here("convert", make(tmp_path), "--emotion", "sad", "-o", "out.wav", "--plot", "out.png")
    assert_refused(result, exit_codes.BAD_INPUT, words, tmp_path)


def test_bad_reference_on_the_command_line(tmp_path, zest_here, source_path):
    result = zest_here("convert", source_path, "nowhere.wav", "-o", "out.wav")
    assert_refused(result, exit_codes.BAD_INPUT, "nowhere.wav", tmp_path)


@pytest.mark.parametrize("kind", CUT_OFF)
def test_a_cut_off_recording_is_read_to_its_end_and_the_note_says_so(kind, tmp_path):
    recording = load(CUT_OFF[kind](tmp_path))
    whole = SECONDS * (8 if kind == "OGG" else 1)
    assert 0.3 * whole < recording.seconds < 0.7 * whole
    (note,) = recording.warnings
    assert "cut off" in note and f"{recording.seconds:.1f}" in note
    assert_plain(note)


def test_the_note_on_a_cut_off_recording_reaches_the_command_line(tmp_path, zest_here):
    result = zest_here("convert", CUT_OFF["WAV"](tmp_path), "--emotion", "sad", "-o", "out.wav", "--json")
    assert result.returncode == exit_codes.OK, result.stderr
    (note,) = json.loads(result.stdout)["notes"]
    assert "cut off" in note and f"Note: {note}" in result.stderr


def test_a_note_of_many_rows_is_said_once_with_their_number(tmp_path, zest_here):
    names = [CUT_OFF[kind](tmp_path).name for kind in ("WAV", "FLAC")]
    (tmp_path / "pairs.csv").write_text("source,emotion\n" + "".join(f"{names[row == 2]},sad\n" for row in range(4)))
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--system", "source", "--json")
    notes = [line for line in result.stderr.splitlines() if "cut off" in line]
    assert [line.partition(": ")[0] for line in notes] == ["Note on 3 rows", "Note on row 3"]
    told = [sum("cut off" in note for note in pair["notes"]) for pair in json.loads(result.stdout)["pairs"]]
    assert told == [1] * 4, "each row of the JSON has its own"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_forbidden_recording(tmp_path):
    path = write(tmp_path / "secret.wav", speech())
    path.chmod(0)
    with pytest.raises(AudioError, match="permission denied"):
        load(path)


@pytest.mark.parametrize("kind", GOOD)
def test_every_stated_format_is_read(kind, tmp_path):
    """The same speech comes out of every format: same length, same loudness over time, but for a codec's padding."""
    recording, plain = load(GOOD[kind](tmp_path)), loudness(speech())
    assert recording.samples.dtype == np.float32 and np.abs(recording.samples).max() <= 1
    assert SECONDS - 0.01 <= recording.seconds <= SECONDS + 0.15
    alike = [np.corrcoef(loudness(recording.samples[delay:]), plain)[0, 1] for delay in range(0, 1600, 160)]
    assert max(alike) > 0.95


def loudness(samples: np.ndarray) -> np.ndarray:
    """(65,) RMS in 20 ms."""
    return np.sqrt((samples[:65 * 320].reshape(65, 320).astype(np.float64) ** 2).mean(axis=1))


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8"])
def test_integer_samples_are_scaled(dtype):
    limits, wave = np.iinfo(dtype), 0.5 * np.sin(np.arange(RATE) * 0.05)
    centre = (int(limits.max) + int(limits.min) + 1) / 2
    scaled = np.rint(wave * (int(limits.max) - centre) + centre).astype(dtype)
    assert from_array(scaled, RATE).samples == pytest.approx(wave, abs=0.01)


def test_clipped_whispered_and_foreign_formats_convert_with_a_note(tmp_path, zest_here):
    write(tmp_path / "clipped.wav", np.clip(20 * speech(), -1, 1))
    write(tmp_path / "whispered.wav", speak(replace(MAN, whispered=True), SECONDS))
    for kind in ("M4A", "8 kHz", "stereo"):
        GOOD[kind](tmp_path)
    names = ("clipped.wav", "whispered.wav", "speech.m4a", "8k.wav", "stereo.wav")
    (tmp_path / "pairs.csv").write_text("source,emotion\n" + "".join(f"{name},happy\n" for name in names))
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--json")
    assert result.returncode == 0, result.stderr
    notes = {Path(pair["source"]).name: " ".join(pair["notes"]) for pair in json.loads(result.stdout)["pairs"]}
    assert "clipped" in notes["clipped.wav"] and "whispered" in notes["whispered.wav"]
    assert [notes[name] for name in names[2:]] == ["", "", ""]
    assert all(load(path).seconds > 0.5 for path in (tmp_path / "out").glob("*.wav"))
    assert len(list((tmp_path / "out").iterdir())) == len(names)


def test_unknown_preset(tmp_path, zest_here, converter, source_path):
    with pytest.raises(ZestError, match="bored") as caught:
        converter.convert(source_path, emotion="bored")
    assert_plain(str(caught.value))
    assert all(name in str(caught.value) for name in converter.presets)
    assert_refused(zest_here("convert", source_path, "--emotion", "bored", "-o", "out.wav"), exit_codes.USAGE, "bored", tmp_path)


@pytest.mark.parametrize("settings", [{"strength": 1.6}, {"strength": -0.1}, {"strength": float("nan")}, {"decoder": "tape"}])
def test_settings_out_of_range(settings):
    with pytest.raises(ZestError) as caught:
        Settings(**settings)
    assert_plain(str(caught.value))


def damaged_checkpoint(folder: Path, how: str) -> Path:
    """A copy of the shipped checkpoint with one file missing or damaged."""
    if how == "no folder":
        return folder / "nowhere"
    copy = folder / "checkpoint"
    copy.mkdir()
    for file in DEFAULT_CHECKPOINT.iterdir():
        (copy / file.name).symlink_to(file)
    name = "pitch.json" if how.endswith("JSON") else "pitch.safetensors"
    content = (copy / name).read_bytes()
    (copy / name).unlink()
    replacement = {"cut-off weights": content[:len(content) // 2], "damaged JSON": b"{'units'", "empty weights": b""}.get(how)
    if replacement is not None:
        (copy / name).write_bytes(replacement)
    return copy


DAMAGES = ("no folder", "missing weights", "missing JSON", "cut-off weights", "empty weights", "damaged JSON")


@pytest.mark.parametrize("how", DAMAGES)
def test_bad_checkpoint_in_python(how, tmp_path):
    with pytest.raises(CheckpointError) as caught:
        Converter.from_pretrained(damaged_checkpoint(tmp_path, how))
    assert_plain(str(caught.value))


@pytest.mark.parametrize("how", ["no folder", "cut-off weights"])
def test_bad_checkpoint_on_the_command_line(how, tmp_path, zest_here, source_path):
    folder = damaged_checkpoint(tmp_path, how)
    result = zest_here("convert", source_path, "--emotion", "sad", "-o", "out.wav", "--checkpoint", folder)
    assert_refused(result, exit_codes.CHECKPOINT, "checkpoint", tmp_path)


@pytest.mark.parametrize(("output", "words"), [
    ("nowhere/out.wav", "there is no folder"), (".", "is a folder"), ("x" * 300 + ".wav", "too long")])
def test_output_that_cannot_work_is_refused_before_the_work(output, words, tmp_path, zest_here, source_path):
    result = zest_here("convert", source_path, "--emotion", "sad", "-o", output)
    assert_refused(result, exit_codes.OUTPUT, words, tmp_path)


def test_disk_full_on_the_command_line(tmp_path, zest_here, source_path):
    """A file may not grow beyond 4 KB: the write fails in its middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        result = zest_here("convert", source_path, "--system", "source", "-o", "out.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_refused(result, exit_codes.OUTPUT, "Cannot write out.wav", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_disk_full_in_python():
    with pytest.raises(OutputError, match="no space left on device") as caught:
        save("/dev/full", speech())
    assert_plain(str(caught.value))


def test_failed_write_keeps_the_older_result(tmp_path, monkeypatch):
    path = save(tmp_path / "out.wav", speech())
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError):
        save(path, 0.1 * speech())
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_loud_results_are_scaled_not_clipped(tmp_path):
    wave = 2.0 * np.sin(np.arange(RATE) * 0.05)
    assert load(save(tmp_path / "loud.wav", wave)).samples == pytest.approx(0.999 * wave / 2, abs=0.001)


@pytest.mark.parametrize(("content", "words"), [
    (None, "There is no list"), (b"", "needs a column"), (b"source,emotion\n", "no rows"),
    (b"source,feeling\na.wav,sad\n", "'feeling'"), (b"\xff\xfe\x00source", "cannot be read as a CSV file")])
def test_bad_list_of_pairs(content, words, tmp_path, zest_here):
    if content is not None:
        (tmp_path / "pairs.csv").write_bytes(content)
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out")
    assert_refused(result, exit_codes.BAD_INPUT, words, tmp_path)
