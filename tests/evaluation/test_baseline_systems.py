"""The baselines by name: each one converts by `zest convert --system`, and says in one sentence what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines import baselines
from pipelines.baselines import BASELINES, EMOTION, REFERENCE, Baseline, Rendered, Request
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.errors import CheckpointError, ZestError
from workbench.cli import exit_codes


@pytest.fixture
def labelled(monkeypatch) -> str:
    """The name of a baseline that takes a label: it scales the source by the label's length."""
    entry = Baseline("scaled", "", "", lambda request, _: Rendered(request.source * len(request.emotion)), EMOTION)
    monkeypatch.setitem(BASELINES, "scaled", entry)
    return "scaled"


def without(folder: Path, part: str) -> Path:
    """The shipped checkpoint but for one part."""
    folder.mkdir()
    for file in DEFAULT_CHECKPOINT.iterdir():
        if file.stem != part:
            (folder / file.name).symlink_to(file)
    return folder


def test_help_and_refusal_name_every_baseline(zest_here):
    words = set(zest_here("convert", "--help").stdout.replace(",", " ").replace(".", " ").split())
    assert set(BASELINES) <= words
    refused = zest_here("convert", "x.wav", "--emotion", "sad", "--system", "parrot")
    assert refused.returncode == exit_codes.USAGE
    assert refused.stderr.splitlines()[-1] == f"There is no baseline 'parrot'; choose one of {', '.join(BASELINES)}."


def test_a_baseline_converts_with_a_reference_and_one_json_document(zest_here, tmp_path, source_path, reference_path):
    result = zest_here("convert", source_path, reference_path, "--system", "f0-swap", "-o", "out.wav", "--json",
                       "--plot", "f0.png")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["settings"] == {"system": "f0-swap"} and document["target"] == "reference-lively.wav"
    assert document["f0"]["predicted"]["mean_hz"] == pytest.approx(document["f0"]["reference"]["mean_hz"], rel=0.05)
    assert document["f0"]["converted"]["mean_hz"] == pytest.approx(document["f0"]["reference"]["mean_hz"], rel=0.1)
    assert soundfile.info(tmp_path / "out.wav").duration == pytest.approx(soundfile.info(source_path).duration, abs=0.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f0.png", "out.wav"]


def test_what_moves_no_emotion_needs_none(zest_here, tmp_path, source_path):
    result = zest_here("convert", source_path, "--system", "source", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["output"] == "source-man-source.wav" and document["f0"]["predicted"] == document["f0"]["source"]
    written, _ = soundfile.read(tmp_path / document["output"])
    own, _ = soundfile.read(source_path)
    np.testing.assert_allclose(written, own, atol=1e-4)


def test_a_batch_by_a_baseline_goes_on_past_rows_that_it_cannot_do(zest_here, tmp_path, source_path, reference_path):
    (tmp_path / "pairs.csv").write_text(
        f"source,reference,emotion,output\n{source_path},{reference_path},,first.wav\n{source_path},,sad,second.wav\n")
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--system", "f0-swap", "--json")
    assert result.returncode == exit_codes.SOME_FAILED, result.stderr
    first, second = json.loads(result.stdout)["pairs"]
    assert first["error"] is None and first["settings"] == {"system": "f0-swap"}
    assert second["error"] == ("The baseline f0-swap takes the emotion from a recording; "
                               "give a reference instead of an emotion's name.")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["first.wav"]


@pytest.mark.parametrize(("arguments", "words"), [
    (("--emotion", "sad", "--system", "f0-swap"), "give a reference instead of an emotion's name."),
    (("--system", "f0-swap"), "Whose emotion?"),
    (("REFERENCE", "--system", "f0-swap", "--strength", "0.5"), "leave them out beside --system."),
    (("REFERENCE", "--system", "copy-neural", "--device", "toaster"), "There is no device 'toaster'"),
])
def test_usage_errors_are_one_sentence_and_leave_nothing(zest_here, tmp_path, source_path, reference_path, arguments, words):
    result = zest_here("convert", source_path, *(reference_path if one == "REFERENCE" else one for one in arguments))
    assert result.returncode == exit_codes.USAGE, result.stderr
    assert words in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr
    assert result.stdout == "" and list(tmp_path.iterdir()) == []


def test_a_checkpoint_without_the_weights_is_told_before_any_pair(zest_here, tmp_path, source_path):
    bare = without(tmp_path / "bare", "vocoder")
    (tmp_path / "pairs.csv").write_text(f"source,emotion\n{source_path},sad\n")
    result = zest_here("convert", "--batch", "pairs.csv", "-o", "out", "--system", "copy-neural", "--checkpoint", bare)
    assert result.returncode == exit_codes.CHECKPOINT, result.stderr
    assert "zest train vocoder" in result.stderr.splitlines()[-1] and list((tmp_path / "out").iterdir()) == []


def test_labels_reach_a_baseline_that_takes_them_and_a_recording_alone_is_refused(labelled):
    source = np.ones(4, np.float32)
    assert baselines.render(labelled, Request(source, emotion="sad"), "").samples.tolist() == [3.0] * 4
    with pytest.raises(ZestError, match=r"knows emotions by name only; name one instead of a reference\.$"):
        baselines.render(labelled, Request(source, reference=source), "")


def test_whatever_keeps_weights_from_loading_is_an_error_of_the_checkpoint(monkeypatch):
    def load(checkpoint: str, device: str) -> None:
        raise ZestError(f"{checkpoint} is cold.")

    entry = Baseline("cold", "", "", lambda request, _: Rendered(request.source), REFERENCE, load)
    monkeypatch.setitem(BASELINES, "cold", entry)
    with pytest.raises(CheckpointError, match="^ice is cold.$"):
        baselines.loaded("cold", "ice", "cpu")
