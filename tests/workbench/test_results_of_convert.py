"""`zest convert` never writes over what it reads, never loses an earlier result, and writes the format that a name asks for."""

from __future__ import annotations

import io
import json
import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.errors import OutputError
from pipelines.features.audio import SAMPLE_RATE, save
from pipelines.features.voice_activity import LEAST_SHARE
from pipelines.features.writing import FORMATS, AudioForm
from pipelines.settings import Settings
from workbench.cli import exit_codes
from workbench.cli.convert import _say_done
from workbench.cli.names import check_replacing, default_name, named_system, variant
from workbench.tabs.tables import status


@pytest.fixture
def recordings(tmp_path, source_path, reference_path):
    """clean.wav and lively.wav, and what they hold."""
    for name, path in (("clean.wav", source_path), ("lively.wav", reference_path)):
        (tmp_path / name).write_bytes(path.read_bytes())
    return {name: (tmp_path / name).read_bytes() for name in ("clean.wav", "lively.wav")}


def assert_refused(result, recordings, folder, *words):
    assert result.returncode in (exit_codes.BAD_INPUT, exit_codes.OUTPUT) and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and all(word in result.stderr for word in words)
    assert {name: (folder / name).read_bytes() for name in recordings} == recordings, "no input was touched"


@pytest.mark.parametrize("options", [
    ("-o", "clean.wav"), ("-o", "lively.wav"), ("-o", "out/../clean.wav"), ("-o", "link.wav"), ("-o", "hard.wav"),
    ("--plot", "clean.wav"), ("--plot", "lively.wav", "-o", "new.wav"), ("-o", "new.wav", "--plot", "./new.wav"),
    ("-o", "out"), ("-o", "clean.wav/new.wav"), ("--plot", "out"), ("--plot", "nowhere/f0.png")])
def test_an_output_that_is_an_input_or_cannot_be_written_is_refused_before_any_work(zest_here, tmp_path, recordings, options):
    (tmp_path / "out").mkdir()
    (tmp_path / "link.wav").symlink_to("clean.wav")
    os.link(tmp_path / "clean.wav", tmp_path / "hard.wav")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert_refused(zest_here("convert", "clean.wav", "lively.wav", *options), recordings, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("rows", [
    ("clean.wav,,sad,second.wav", "second.wav,,angry,third.wav"),  # whether second.wav is there or not
    ("clean.wav,,sad,new.wav", "clean.wav,lively.wav,,clean.wav"),
    ("clean.wav,lively.wav,,lively.wav",)])
def test_a_batch_that_would_write_over_any_of_its_inputs_is_refused_as_a_whole(zest_here, tmp_path, recordings, rows):
    (tmp_path / "pairs.csv").write_text("\n".join(["source,reference,emotion,output", *rows]) + "\n")
    assert_refused(zest_here("convert", "--batch", "pairs.csv", "-o", "."), recordings, tmp_path, "is an input")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.wav", "lively.wav", "pairs.csv"]


def test_rows_whose_recordings_or_plots_share_a_name_lose_none_of_them(zest_here, tmp_path, recordings):
    rows = ["source,reference,emotion,output", "clean.wav,,sad,a/take.wav", "clean.wav,,sad,b/take.wav",
            "clean.wav,,sad,b/take.flac", "clean.wav,,sad,b/./take.wav"]
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--plot", "plots", "--json", "--system", "source")
    document = json.loads(result.stdout)
    assert result.returncode == exit_codes.SOME_FAILED and document["converted"] == 3
    assert "same output" in document["pairs"][3]["error"]
    done = document["pairs"][:3]
    assert sorted(os.listdir(tmp_path / "plots")) == sorted(os.path.basename(row["plot"]) for row in done)
    assert len({row["plot"] for row in done}) == len({row["output"] for row in done}) == 3


def test_a_name_that_zest_chooses_says_the_settings():
    def name(target="sad", system="", checkpoint=None, **settings):
        return default_name(Path("clean.wav"), target, Settings(**settings), system, checkpoint)

    names = {"clean-sad": name(), "clean-sad-strength0.3": name(strength=0.3), "clean-lively-f0-swap": name("lively", "f0-swap"),
             "clean-sad-residual_world-strength0.5-notempo-seed3-f0source": name(
                 decoder="residual_world", strength=0.5, tempo=False, seed=3, f0="source"),
             "clean-copy": name("", "copy"), "clean-sad-mine": name(checkpoint="weights/mine"), "clean-my-sad": name("my/sad")}
    assert list(names) == list(names.values())
    forms = {"": AudioForm(), "44100hz-24bit": AudioForm("44100", "24"), "float": AudioForm(subtype="float"),
             "16000hz": AudioForm(16000)}
    assert ["-".join(form.differences()) for form in forms.values()] == list(forms)
    assert default_name(Path("clean.wav"), "sad", Settings(), others=("48000hz", "denoised")) == "clean-sad-48000hz-denoised"
    long_name = default_name(Path("ü" * 200 + ".wav"), "b" * 300, Settings(strength=0.3), others=("denoised",))
    assert len(long_name.encode()) <= 200 and long_name.endswith("b-strength0.3-denoised"), "no long name pushes a setting out"
    assert variant("weights/my own", AudioForm(44100), True) == ("my-own", "44100hz", "denoised")


@pytest.mark.parametrize(("converted", "target", "system"), [
    ("man-angry-strength0.3.wav", "angry", "strength0.3"), ("man-lively-f0-swap.wav", "lively", "f0-swap"),
    ("man-angry.wav", "angry", "converted"), ("anything.wav", "angry", "converted"), ("man-angrily.wav", "angry", "converted"),
    ("man-angry-0.6-sad-0.4-denoised.flac", "angry:0.6,sad:0.4", "denoised")])
def test_a_gathered_file_tells_its_system_by_the_name_that_zest_chose(converted, target, system):
    assert named_system(Path("man.wav"), Path(converted), target) == system


def test_a_name_that_zest_chooses_never_replaces_a_file_and_one_that_is_given_does(zest_here, tmp_path, recordings):
    assert zest_here("convert", "clean.wav", "--system", "source").returncode == exit_codes.OK
    kept = (tmp_path / "clean-source.wav").read_bytes()
    (tmp_path / "clean-source.wav").write_bytes(b"older")
    again = zest_here("convert", "clean.wav", "--system", "source")
    assert again.returncode == exit_codes.OUTPUT and "--overwrite" in again.stderr
    assert (tmp_path / "clean-source.wav").read_bytes() == b"older"
    for options in (("--overwrite",), ("-o", "clean-source.wav")):
        (tmp_path / "clean-source.wav").write_bytes(b"older")
        assert zest_here("convert", "clean.wav", "--system", "source", *options).returncode == exit_codes.OK
        assert (tmp_path / "clean-source.wav").read_bytes() == kept


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("", True), ("y", False)])
def test_on_a_terminal_it_is_asked_before_a_file_is_replaced(tmp_path, monkeypatch, capsys, answer, stays):
    (tmp_path / "take.wav").write_bytes(b"older")
    terminal = io.StringIO(f"{answer}\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with pytest.raises(OutputError, match="Nothing was written") if stays else nullcontext():
        check_replacing([tmp_path / "take.wav"], [], overwrite=False)
    assert "take.wav exists already" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_format_is_the_one_that_the_name_asks_for(zest_here, tmp_path, recordings, suffix):
    result = zest_here("convert", "clean.wav", "--system", "source", "-o", f"take{suffix.upper()}")
    assert result.returncode == exit_codes.OK, result.stderr
    found, source = soundfile.info(tmp_path / f"take{suffix.upper()}"), soundfile.info(tmp_path / "clean.wav")
    assert (found.format, found.subtype, found.samplerate) == (*FORMATS[suffix], 16_000)
    assert found.duration == pytest.approx(source.duration, abs=0.05)


@pytest.mark.parametrize("options", [("-o", "take.m4a"), ("-o", "take.aiff"), ("--plot", "f0.jpg"), ("-o", "take.png")])
def test_a_format_that_is_not_written_is_refused_before_any_work(zest_here, tmp_path, recordings, options):
    result = zest_here("convert", "clean.wav", "--system", "source", *options)
    assert_refused(result, recordings, tmp_path, "not written as", options[1].rpartition(".")[2])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(recordings)


def test_a_plot_is_written_as_its_name_says(zest_here, tmp_path, recordings):
    assert zest_here("convert", "clean.wav", "--system", "source", "--plot", "f0.svg").returncode == exit_codes.OK
    assert b"<svg" in (tmp_path / "f0.svg").read_bytes()


def test_what_is_no_speech_is_called_sound_and_a_note_says_so(zest_here, tmp_path):
    save(tmp_path / "tone.wav", 0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE))
    result = zest_here("convert", "tone.wav", "--system", "source", "--json")
    document = json.loads(result.stdout)
    assert document["speech"] < LEAST_SHARE and "Hardly any of the source is speech" in " ".join(document["notes"])
    assert "Note: Hardly any of the source is speech" in zest_here("convert", "tone.wav", "--system", "copy").stderr
    shown = status(document | {"target": "angry"})
    assert "2.0 s of sound after" in shown and "angry speech" not in shown
    assert "2.0 s of angry speech" in status(document | {"target": "angry", "speech": 0.9})


@pytest.mark.parametrize(("recognised", "said"), [
    ({"sad": 0.54, "happy": 0.31, "angry": 0.15}, "sad 54 %, happy 31 %"), ({"sad": 0.9, "happy": 0.1}, "sad 90 %"), (None, "")])
def test_what_a_reference_is_taken_for_is_told_by_page_and_command(capsys, recognised, said):
    document = {"recognised": recognised, "notes": [], "seconds": {"units": 1.0}, "real_time_factor": 0.1, "output": "o.wav",
                "converted_seconds": 2.0, "target": "friend", "f0": {"reference": None}, "settings": {"system": "f0-swap"}}
    _say_done(document)
    for told in (status(document, "me.wav", "friend.wav"), capsys.readouterr().err):
        assert (f"Recognised in the reference: {said}." in told) == bool(said) and ("Recognised" in told) == bool(said)
