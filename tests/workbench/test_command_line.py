"""Command line: `zest convert` with a reference, a preset and a list, `zest info`, exit codes.

As processes of their own its commands run in test_pipes.py and test_base_install.py.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from pipelines.settings import about
from workbench.cli import exit_codes

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "gradio", "matplotlib", "librosa", "scipy", "pandas")


def test_help_starts_without_anything_heavy():
    script = ("import sys; sys.argv = ['zest', '--help']\n"
              "from workbench.cli.main import main\n"
              "try: main()\n"
              f"finally: print('loaded:', sorted(set({HEAVY}) & set(sys.modules)))")
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "loaded: []" in result.stdout
    assert {"convert", "info", "train", "cost"} <= set(result.stdout.split())


def test_help_names_every_exit_code(zest_here):
    words, of_convert = (" ".join(zest_here(*command, "--help").stdout.split()) for command in ((), ("convert",)))
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"{code} {meaning}" in words
    assert f"<={about('strength').high}" in of_convert


def test_convert_with_a_preset_writes_audio_plot_and_one_json_document(zest_here, tmp_path, source_path):
    result = zest_here("convert", source_path, "--emotion", "angry", "-o", "out.wav", "--plot", "f0.png", "--json",
                       "--strength", "0.8", "--no-tempo", "--seed", "3")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    info, source = soundfile.info(tmp_path / "out.wav"), soundfile.info(source_path)
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    assert info.duration == pytest.approx(source.duration, abs=0.03), "without tempo the length stays"
    assert document["converted_seconds"] == pytest.approx(info.duration, abs=0.001)
    assert document["settings"] == {"strength": 0.8, "tempo": False, "decoder": "residual_neural", "seed": 3, "f0": "predicted"}
    assert document["target"] == "angry" and document["f0"]["reference"] is None
    assert document["f0"]["predicted"]["mean_hz"] != document["f0"]["source"]["mean_hz"]
    assert {"units", "transfer", "synthesise"} <= set(document["seconds"])
    assert document["real_time_factor"] == pytest.approx(sum(document["seconds"].values()) / source.duration, rel=0.01)
    assert (tmp_path / "f0.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f0.png", "out.wav"], "nothing else is left behind"


def test_convert_with_a_reference_chooses_a_name_and_reports_to_stderr(zest_here, tmp_path, source_path, reference_path):
    result = zest_here("convert", source_path, reference_path, "--plot", "f0.csv")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    rows = list(csv.DictReader((tmp_path / "f0.csv").open()))
    assert list(dict.fromkeys(row["contour"] for row in rows)) == ["source", "reference", "predicted", "converted"]
    assert all(row["energy_db"] for row in rows if row["contour"] != "predicted") and any(row["f0_hz"] for row in rows)
    written = tmp_path / "source-man-reference-lively.wav"
    assert soundfile.info(written).duration > 0.5
    assert written.name in result.stderr and "real-time factor" in result.stderr


@pytest.mark.slow
def test_batch_goes_on_past_failed_rows(zest_here, tmp_path, source_path, reference_path):
    (tmp_path / "me.wav").write_bytes(source_path.read_bytes())
    rows = ["source,reference,emotion,output", "me.wav,,sad,first.wav", "me.wav,,sad,again/second.wav",
            f"me.wav,{reference_path},,", "missing.wav,,happy,", "me.wav,,bored,", f"me.wav,{reference_path},sad,",
            "me.wav,,sad,../escaped.wav", "me.wav,,sad,first.wav", ",,sad,"]
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--json", "--plot", "plots")
    assert result.returncode == exit_codes.SOME_FAILED, result.stderr
    document = json.loads(result.stdout)
    assert (document["converted"], document["failed"]) == (3, 6)
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written == ["003-me-reference-lively.wav", "again/second.wav", "first.wav"]
    first, second = (tmp_path / "out" / name for name in ("first.wav", "again/second.wav"))
    assert first.read_bytes() == second.read_bytes(), "same seed, same result"
    plots = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert plots == ["003-me-reference-lively.png", "first.png", "second.png"]
    errors = {pair["row"]: pair["error"] for pair in document["pairs"] if pair["error"]}
    expected = {4: "no file", 5: "bored", 6: "either", 7: "leaves", 8: "same output", 9: "no source"}
    assert {row: word for row, word in expected.items() if word not in errors[row]} == {}
    assert not (tmp_path / "escaped.wav").exists()
    assert "Converted 3 of 9 pairs" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "Name a SOURCE"),
    (("SOURCE",), "Whose emotion?"),
    (("SOURCE", "SOURCE", "--emotion", "sad"), "not both"),
    (("SOURCE", "--emotion", "sad", "--strength", "1.6"), "--strength"),
    (("SOURCE", "--emotion", "sad", "--seed", "-1"), "--seed"),
    (("SOURCE", "--emotion", "sad", "--device", "toaster"), "toaster"),
    (("SOURCE", "--emotion", "sad", "--decoder", "tape"), "tape"),
    (("--batch", "pairs.csv"), "-o"),
    (("SOURCE", "--batch", "pairs.csv", "-o", "out"), "leave SOURCE"),
    (("--loud",), "--loud"),
])
def test_usage_errors_are_told_and_exit_with_2(zest_here, tmp_path, source_path, arguments, words):
    result = zest_here("convert", *(source_path if argument == "SOURCE" else argument for argument in arguments))
    assert result.returncode == exit_codes.USAGE
    assert words in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == "" and list(tmp_path.iterdir()) == []


def test_a_result_never_replaces_its_own_source(zest_here, tmp_path, source_path):
    (tmp_path / "me.wav").write_bytes(source_path.read_bytes())
    result = zest_here("convert", "me.wav", "--emotion", "sad", "-o", "./me.wav")
    assert result.returncode == exit_codes.BAD_INPUT and "another file" in result.stderr
    assert (tmp_path / "me.wav").read_bytes() == source_path.read_bytes()


def test_info_describes_the_checkpoint(zest_here, converter):
    result = zest_here("info", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["presets"] == list(converter.presets)
    assert 0 < document["size_mb"] < 80
    assert document["torch"].split("+")[0].count(".") == 2


def test_a_batch_takes_a_recording_that_comes_again_apart_once_and_changes_nothing(zest_here, tmp_path, source_path,
                                                                                  reference_path):
    rows = [f"{source_path},,sad,one.wav", f"{reference_path},,sad,two.wav", f"{source_path},{reference_path},,three.wav"]
    (tmp_path / "pairs.csv").write_text("\n".join(["source,reference,emotion,output", *rows]) + "\n")
    done = json.loads(zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--json").stdout)["pairs"]
    assert [Path(row["output"]).name for row in done] == ["one.wav", "two.wav", "three.wav"]
    assert ["envelope" in row["seconds"] for row in done] == [True, True, True]  # row three: of its reference
    assert done[2]["seconds"]["envelope"] < done[0]["seconds"]["envelope"]
    zest_here("convert", source_path, reference_path, "-o", "alone.wav")
    assert (tmp_path / "alone.wav").read_bytes() == (tmp_path / "out" / "three.wav").read_bytes()
