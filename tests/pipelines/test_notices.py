"""Each notice is said once a run, and packages of others say nothing to the reader."""

from __future__ import annotations

import logging
import sys
import warnings

import pytest

from pipelines.notices import listing, not_measured, told_once
from pipelines.quiet import quiet
from workbench.cli.evaluate import say_failures

WHISPER = "Whisper base is not on this machine and cannot be downloaded now; try again with a network."


def test_a_reason_that_holds_for_several_metrics_is_said_once():
    said = not_measured({"cer": WHISPER, "wer": WHISPER, "mcd": "The package 'pyworld' is missing.", "looping": WHISPER})
    assert said == [f"cer, wer and looping were not measured: {WHISPER}",
                    "mcd was not measured: The package 'pyworld' is missing."]
    assert (listing(["a"]), listing(["a", "b"])) == ("a", "a and b") and told_once({}) == {}


def test_a_run_tells_the_terminal_each_reason_once(capsys):
    failures = [{"system": "mine", "pair": f"p{number}", "failed": "The recording is silent."} for number in range(30)]
    say_failures({"not_measured": dict.fromkeys(("cer", "wer"), WHISPER), "failures": failures, "failed": 30, "notes": [],
                  "warnings": [], "folder": "RUN"})
    assert capsys.readouterr().err.splitlines() == [
        f"cer and wer were not measured: {WHISPER}", "mine, pair p0 and 29 others failed: The recording is silent."]


def test_many_reasons_are_counted_instead_of_told(capsys):
    failures = [{"system": "mine", "pair": f"p{number}", "failed": f"Reason {number}."} for number in range(11)]
    say_failures({"not_measured": {}, "failures": failures, "failed": 11, "notes": [], "warnings": [], "folder": "RUN"})
    *first, last = capsys.readouterr().err.splitlines()
    assert len(first) == 10 and last == "1 other failed for other reasons; RUN/conversions.jsonl has them."


def test_what_a_package_prints_goes_to_the_log(capsys, caplog):
    caplog.set_level(logging.INFO, "zest.packages")
    with quiet("somemos"), quiet("inner"):
        print("somemos variant 7 weights loaded from: /somewhere")
        sys.stderr.write("and says it again\n")
        warnings.warn("pkg_resources is deprecated", stacklevel=1)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "") and "variant 7 weights loaded" in caplog.text
    with pytest.raises(ValueError, match="its own"), quiet("somemos"):
        raise ValueError("its own errors come through")
    print("afterwards the streams are as before")
    assert capsys.readouterr().out == "afterwards the streams are as before\n"


@pytest.mark.slow
def test_loading_the_instruments_prints_nothing(capfd):
    import numpy as np

    from evaluation.instruments import predicted_mos, speaker_similarity

    for instrument in (predicted_mos._distillmos, speaker_similarity._resemblyzer):
        instrument.cache_clear()
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    predicted_mos.predicted_mos(noise)
    speaker_similarity.speaker_embedding(noise)
    assert capfd.readouterr() == ("", "")
