"""`zest plan` and `zest convert` of long recordings: by phrases, resumed, and refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.hooks import Event
from pipelines.plan import converting
from tests.support import talks
from tests.support.speech import RATE
from tests.support.talks import write_talk
from workbench.cli import exit_codes
from workbench.cli.progress import fraction_hook, time_left


@pytest.fixture(scope="module")
def long_talk(tmp_path_factory) -> Path:
    return talks.long_talk(tmp_path_factory.mktemp("long"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_long_recording_is_converted_by_phrases_as_a_short_one_is(zest_here, tmp_path, long_talk):
    result = zest_here("convert", long_talk, "--emotion", "sad", "-o", "out.flac", "--json")
    assert result.returncode == exit_codes.OK, result.stderr
    document, info = json.loads(result.stdout), soundfile.info(tmp_path / "out.flac")
    assert info.duration == pytest.approx(document["converted_seconds"], abs=0.01)
    assert document["phrases"] == document["rendered"] == 2 and document["target"] == "sad"
    own, made = soundfile.read(long_talk)[0], soundfile.read(tmp_path / "out.flac")[0]
    np.testing.assert_array_equal(made[-50 * RATE:], own[-50 * RATE:])
    assert np.abs(made[:5 * RATE] - own[:5 * RATE]).max() > 0.05
    assert names(tmp_path) == ["out.flac"], "rendered phrases go where no plan is edited"


def test_a_plan_is_written_edited_and_rendered_row_by_row(zest_here, tmp_path, long_talk):
    written = zest_here("plan", long_talk, "-o", "plan.csv", "--emotion", "sad", "--no-tempo")
    assert written.returncode == exit_codes.OK and "2 phrases" in written.stderr, written.stderr
    rows = (tmp_path / "plan.csv").read_text().splitlines()
    assert rows[0] == "start,end,emotion,reference,strength,tempo" and [row.split(",")[2] for row in rows[1:]] == ["sad", "sad"]
    first = zest_here("convert", long_talk, "--plan", "plan.csv", "-o", "out.wav", "--json", "--decoder", "residual_world")
    assert first.returncode == exit_codes.OK, first.stderr
    document = json.loads(first.stdout)
    assert document["rendered"] == 2 and document["segments"][0]["begins"] == document["segments"][0]["start"]
    assert document["converted_seconds"] == pytest.approx(document["source_seconds"], abs=0.05)
    (tmp_path / "plan.csv").write_text("\n".join([*rows[:2], rows[2].replace("sad", "angry")]) + "\n")
    again = zest_here("convert", long_talk, "--plan", "plan.csv", "-o", "out.wav", "--json", "--decoder", "residual_world")
    assert json.loads(again.stdout)["rendered"] == 1 and json.loads(again.stdout)["target"] == "directed"
    assert "out.wav.phrases" in again.stderr and names(tmp_path) == ["out.wav", "out.wav.phrases", "plan.csv"]


def test_an_emotion_that_there_is_not_is_refused_before_a_plan_is_written_or_rendered(zest_here, tmp_path, source_path):
    refused = zest_here("plan", source_path, "--emotion", "banana", "-o", "plan.csv")
    assert refused.returncode == exit_codes.USAGE and "no emotion 'banana'" in refused.stderr and names(tmp_path) == []
    (tmp_path / "plan.csv").write_text("start,end,emotion\n0,1.5,Anger\n")
    (tmp_path / "list.csv").write_text(f"source,emotion\n{source_path},banana\n")
    plan = zest_here("convert", source_path, "--plan", "plan.csv", "--system", "source")
    assert plan.returncode == exit_codes.BAD_INPUT and "plan.csv, line 2: there is no emotion 'anger'; did you" in plan.stderr
    one = zest_here("convert", source_path, "--emotion", "banana", "--system", "source")
    assert one.returncode == exit_codes.USAGE and "no emotion 'banana'" in one.stderr
    several = zest_here("convert", "--batch", "list.csv", "-o", "out", "--system", "source")
    assert several.returncode == exit_codes.SOME_FAILED and "no emotion 'banana'" in several.stderr
    assert "Whose emotion?" in zest_here("convert", source_path, "--emotion", " ").stderr


def test_a_short_recording_is_directed_too(zest_here, tmp_path, source_path):
    (tmp_path / "plan.csv").write_text("start,end,emotion\n0,1.5,angry\n")
    result = zest_here("convert", source_path, "--plan", "plan.csv", "--system", "vawgan")
    assert result.returncode == exit_codes.OK, result.stderr
    own, made = soundfile.read(source_path)[0], soundfile.read(tmp_path / "source-man-directed-vawgan.wav")[0]
    np.testing.assert_array_equal(made[-RATE:], own[-RATE:])
    noise = 0.01 * np.random.default_rng(0).standard_normal(4 * RATE)
    write_talk(tmp_path / "noisy.wav", np.concatenate([own, np.zeros(2 * RATE)])[:4 * RATE] + noise)
    result = zest_here("convert", "noisy.wav", "--plan", "plan.csv", "--system", "vawgan", "--denoise")
    assert result.returncode == exit_codes.OK and "Noise was taken out of noisy.wav first." in result.stderr, result.stderr
    pause = soundfile.read(tmp_path / "noisy-directed-vawgan-denoised.wav")[0][-RATE // 4:]
    assert pause.std() < 0.5 * noise.std(), "pauses, too, have less of it"


@pytest.mark.parametrize(("content", "words"), [
    ("start,end,emotion\n1,2,sad\n1.5,3,sad\n", "plan.csv, line 3: it begins at 1.5 s"),
    ("start,end,emotion\n1,99,sad\n", "plan.csv, line 2: it ends at 99 s, but long.wav ends at 62."),
    ("start,end,emotion\n1,2,bored\n", "plan.csv, line 2: there is no emotion preset 'bored'"),
    ("start,end,reference\n1,2,nobody.wav\n", "There is no file at"),
    ("start,end,emotion\n", "no segments under its header")])
def test_a_plan_that_cannot_be_rendered_is_refused_in_one_sentence(zest_here, tmp_path, long_talk, content, words):
    (tmp_path / "plan.csv").write_text(content)
    result = zest_here("convert", long_talk, "--plan", "plan.csv", "-o", "out.wav")
    assert result.returncode == exit_codes.BAD_INPUT and result.stdout == ""
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
    assert names(tmp_path) == ["plan.csv"]


@pytest.mark.parametrize(("options", "code", "words"), [
    (("--plan", "plan.csv", "--emotion", "sad"), exit_codes.USAGE, "leave --emotion out"),
    (("--plan", "plan.csv", "--strength", "0.5"), exit_codes.USAGE, "--strength would have no effect"),
    (("--plan", "plan.csv", "-o", "plan.csv"), exit_codes.OUTPUT, "not written as .csv"),
    (("--plan", "none.csv"), exit_codes.BAD_INPUT, "There is no plan at none.csv"),
    (("--emotion", "sad", "--plot", "f0.png"), exit_codes.BAD_INPUT, "leave --plot out"),
    (("--system", "copy"), exit_codes.BAD_INPUT, "the baseline copy takes at most 60 s")])
def test_what_does_not_fit_a_long_recording_is_refused(zest_here, tmp_path, long_talk, options, code, words):
    (tmp_path / "plan.csv").write_text("start,end,emotion\n0,1.5,angry\n")
    result = zest_here("convert", long_talk, *options)
    assert result.returncode == code and words in result.stderr, result.stderr
    assert names(tmp_path) == ["plan.csv"]


def test_a_plan_never_replaces_its_recording_or_an_edited_plan(zest_here, tmp_path, long_talk):
    (tmp_path / "long-plan.csv").write_text("edited")
    refused = zest_here("plan", long_talk)
    assert refused.returncode == exit_codes.OUTPUT and "--overwrite" in refused.stderr
    assert zest_here("plan", long_talk, "-o", long_talk).returncode == exit_codes.BAD_INPUT
    assert (tmp_path / "long-plan.csv").read_text() == "edited"


def test_silence_is_told(zest_here, tmp_path):
    write_talk(tmp_path / "silence.wav", np.zeros(61 * RATE, np.float32))
    for command in (("plan", "silence.wav"), ("convert", "silence.wav", "--emotion", "sad")):
        result = zest_here(*command)
        assert result.returncode == exit_codes.BAD_INPUT and result.stderr.strip() == (
            "silence.wav is silent; record it again with the microphone closer or louder.")
    assert names(tmp_path) == ["silence.wav"]


def test_an_interrupted_plan_says_where_it_goes_on(zest_here, tmp_path, long_talk, monkeypatch):
    (tmp_path / "plan.csv").write_text("start,end,emotion\n0,3,angry\n4.5,6.5,sad\n")
    convert, calls = converting.PieceConverter._converted, []

    def once(self, task):
        calls.append(task)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return convert(self, task)

    monkeypatch.setattr(converting.PieceConverter, "_converted", once)
    command = ("convert", long_talk, "--plan", "plan.csv", "-o", "out.wav", "--system", "vawgan")
    result = zest_here(*command)
    assert result.returncode == exit_codes.INTERRUPTED and "The same command goes on" in result.stderr
    assert names(tmp_path) == ["out.wav.phrases", "plan.csv"]
    assert zest_here(*command).returncode == exit_codes.OK and len(calls) == 3, "the first phrase is not converted again"


def test_progress_by_phrases_tells_the_time_left(monkeypatch):
    shown, now = [], iter([0.0, 60.0, 120.0])
    monkeypatch.setattr("workbench.cli.progress.time.monotonic", lambda: next(now))
    hook = fraction_hook(lambda fraction, text: shown.append((round(fraction, 3), text)), False)
    for done in (0, 100, 400):
        hook(Event("progress", "phrases", value=(done, 400), label="Rendering phrases"))
        hook(Event("start", "units"))
    assert shown == [(0.05, "Rendering phrases"), (0.287, "Rendering phrases, 3 min left"), (1.0, "Rendering phrases")]
    assert [time_left(seconds) for seconds in (0.2, 89, 600, 3900)] == ["1 s", "89 s", "10 min", "1 h 5 min"]
