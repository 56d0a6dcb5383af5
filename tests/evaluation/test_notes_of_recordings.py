"""What is doubtful about a recording is said wherever it is used: by the evaluation, its report, and the study made of it."""

from __future__ import annotations

import json
import shutil

import numpy as np

from evaluation.run import open_run, open_scored
from pipelines.features.audio import save
from tests.support.recordings import CUT_OFF
from tests.support.speech import WOMAN, speak
from workbench.cli import exit_codes


def test_a_note_reaches_terminal_json_run_report_and_study_once(zest_here, tmp_path):
    cut = CUT_OFF["WAV"](tmp_path).name
    save(tmp_path / "other.wav", speak(WOMAN, 1.0) * 0.4 + 0.02)
    rows = (f"{cut},other.wav,sad", f"{cut},{cut},sad", "other.wav,other.wav,sad")
    (tmp_path / "pairs.csv").write_text("\n".join(["source,reference,emotion", *rows]) + "\n")
    (tmp_path / "made").mkdir()
    for row in range(3):
        shutil.copy(tmp_path / "other.wav", tmp_path / "made" / f"{row:05d}.wav")
    words = ("evaluate", "pairs.csv", "--system", "source,mine=made", "--metric", "duration-ratio", "-o", "RUN", "--json")
    result = zest_here(*words)
    assert result.returncode == exit_codes.OK, result.stderr
    found = json.loads(result.stdout)["notes"]
    (note,) = (one for one in found if "offset" not in one["note"])
    (offset,) = (one for one in found if one["note"].startswith("other.wav has an offset of 2.0 %"))
    assert "cut off" in note["note"] and note["pairs"] == ["00000", "00001"]
    assert {"00000", "00002"} <= set(offset["pairs"])
    assert [line for line in result.stderr.splitlines() if "cut off" in line] == [f"Note on 2 pairs: {note['note']}"]
    assert open_run(tmp_path / "RUN").notes == {one["note"]: one["pairs"] for one in found}
    assert zest_here("report", "RUN").returncode == exit_codes.OK
    assert (tmp_path / "RUN" / "report.md").read_text().count(note["note"]) == 1
    made = zest_here("study", "create", "--run", "RUN", "--systems", "mine", "--questions", "naturalness", "--listeners", "2",
                     "-o", "S", "--json")
    assert made.returncode == exit_codes.OK, made.stderr
    assert json.loads(made.stdout)["notes"].count(note["note"]) == 1 and made.stderr.count(note["note"]) == 1
    assert note["note"] not in (tmp_path / "S" / "study.json").read_text(), "what is published names no file"


def test_a_gathered_conversion_says_what_is_doubtful_about_its_recordings(zest_here, tmp_path):
    cut = CUT_OFF["FLAC"](tmp_path)
    result = zest_here("study", "gather", cut, cut, "--emotion", "sad", "-o", "set")
    assert result.returncode == exit_codes.OK and result.stderr.count("cut off") == 1


def test_a_clipped_conversion_by_others_is_noted(tmp_path):
    clip = np.clip(20 * speak(WOMAN, 1.0), -1, 1)
    for name in ("source", "reference", "converted"):
        save(tmp_path / f"{name}.wav", clip if name == "converted" else clip * 0.3)
    (tmp_path / "list.csv").write_text("id,source,reference,converted\none,source.wav,reference.wav,converted.wav\n")
    scored = open_scored(tmp_path / "list.csv", tmp_path / "RUN")
    notes = scored.systems[0].render(scored.pairs[0]).notes
    assert len([note for note in notes if "converted.wav is clipped" in note]) == 1
