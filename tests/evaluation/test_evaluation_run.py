"""An evaluation's scores, failures, missing models and refusals; it never mixes two runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from evaluation.metrics.base import MetricInfo
from evaluation.run import open_run, parse_systems
from evaluation.run.folder import COLUMNS
from evaluation.run.systems import Rendered
from pipelines.errors import CheckpointError, OutputError, ZestError
from pipelines.features.audio import save
from pipelines.hooks import Event
from tests.support.small_evaluation import (
    METRICS,
    OBSERVERS,
    Breaking,
    Halved,
    Loudness,
    LoudnessRatio,
    info,
    make_pairs,
    run,
    values,
)
from tests.support.speech import MAN, speak


@pytest.fixture
def pairs(tmp_path):
    return make_pairs(tmp_path / "speech")


def test_scores_come_in_long_form_with_weights(pairs, tmp_path):
    done = run(pairs, tmp_path / "run", (*parse_systems(["source"]), Halved()))
    assert tuple(done.scores.columns) == COLUMNS
    assert len(done.scores) == 2 * len(pairs) * 2, "a row per system, pair and metric"
    ratio = done.scores[done.scores.metric == "loudness-ratio"]
    assert ratio[ratio.system == "source"].value.to_numpy() == pytest.approx(1.0, abs=1e-3)
    assert ratio[ratio.system == "halved"].value.to_numpy() == pytest.approx(0.5, abs=1e-3)
    assert set(ratio.weight) == {0.8 * 16_000}
    angry = done.scores[done.scores.metric == "only-angry"]
    assert set(angry[angry.value.isna()].emotion) == {"sad"} and angry.failed.isna().all()
    assert done.complete and done.systems == ("source", "halved") and done.metrics == ("loudness-ratio", "only-angry")
    assert set(ratio.setting) == {"dsdt"} and set(ratio.source_speaker) == {"m", "w"}


def test_a_failed_pair_is_a_row_with_its_sentence(pairs, tmp_path):
    done = run(pairs, tmp_path / "run", (Halved(refuses="p2", crashes="p3"),))
    failed = done.scores[done.scores.failed.notna()]
    assert set(failed.pair) == {"p2", "p3"} and done.complete
    assert set(failed[failed.pair == "p2"].failed) == {"This pair cannot be halved."}
    assert "halved" in failed[failed.pair == "p3"].failed.iloc[0] and "off by one" in failed[failed.pair == "p3"].failed.iloc[0]
    assert values(done)["p2"] == 0.0, "the metric says what a failure counts"
    assert np.isnan(values(done, "only-angry")["p2"]), "or that it cannot be counted"
    assert done.wav("halved", "p2") is None and done.wav("halved", "p0").is_file()


@pytest.mark.parametrize("role", ["source", "reference", "parallel"])
def test_a_pair_whose_recording_is_missing_or_no_audio_fails_alone(pairs, tmp_path, role):
    (tmp_path / "text.wav").write_bytes(b"This is not a recording. " * 99)
    broken = [replace(pairs[0], **{role: tmp_path / "text.wav"}), replace(pairs[1], **{role: tmp_path / "gone.wav"}), *pairs[2:]]
    done = run(broken, tmp_path / "run", parse_systems(["source"]))
    failed = {line.pair: line.failed for line in done.conversions.values() if line.failed}
    assert set(failed) == {"p0", "p1"} and "not a recording" in failed["p0"] and "no file" in failed["p1"]
    assert done.complete


@pytest.mark.parametrize(("samples", "words"), [
    (np.zeros(16_000), "silent"), (np.full(16_000, np.nan), "not numbers"), (np.zeros(0), "empty")])
def test_silence_and_nan_from_a_system_fail_the_pair(pairs, tmp_path, samples, words):
    @dataclass(frozen=True)
    class Bad(Halved):
        def render(self, pair):
            return Rendered(samples)

    done = run(pairs[:1], tmp_path / "run", (Bad(),))
    assert words in done.scores.failed.iloc[0] and "halved" in done.scores.failed.iloc[0]


def test_a_missing_model_is_not_measured_and_the_rest_goes_on(pairs, tmp_path):
    @dataclass(frozen=True)
    class Unobserved(LoudnessRatio):
        info: MetricInfo = field(default_factory=lambda: info("unobserved"))
        observer: str = "absent"

    observers = {**OBSERVERS, "absent": Loudness("absent-1", sentence="The package 'absent' is not installed.")}
    done = run(pairs, tmp_path / "run", metrics=(*METRICS, Unobserved()), observers=observers)
    assert done.not_measured == {"unobserved": "The package 'absent' is not installed."}
    assert set(done.scores.metric) == {"loudness-ratio", "only-angry"} and done.complete
    assert done.record.metrics["unobserved"].not_measured == "The package 'absent' is not installed."
    later = run(pairs, tmp_path / "run", metrics=(*METRICS, Unobserved()),
                observers={**OBSERVERS, "absent": Loudness("absent-1")})
    assert later.not_measured == {} and values(later, "unobserved") == values(done, "loudness-ratio"), "measured once it is there"
    assert values(later) == values(done)


def test_a_metric_that_crashes_on_one_pair_costs_one_value(pairs, tmp_path):
    done = run(pairs, tmp_path / "run", metrics=(LoudnessRatio(), Breaking()))
    assert np.isnan(values(done, "breaking")["p1"]) and values(done, "breaking")["p2"] == 1.0
    assert "no such luck" in done.record.metrics["breaking"].note and not np.isnan(values(done)["p1"])


@dataclass(frozen=True)
class Polyglot(Loudness):
    """Knows no Danish, and breaks on clips of 0.6 s."""

    per_language: bool = True

    def observe(self, clips, language):
        if language == "da":
            raise ZestError("There is no normaliser for Danish.")
        if any(len(clip) == 0.6 * 16_000 for clip in clips):
            raise IndexError("too short for me")
        return super().observe(clips, language)


@dataclass(frozen=True)
class Tolerant(LoudnessRatio):
    """As loud as the source; no value where nothing was observed."""

    def score(self, pair, seen):
        return None if None in (seen.source, seen.converted) else super().score(pair, seen)


def test_a_language_that_cannot_be_observed_costs_only_its_pairs(pairs, tmp_path):
    mixed = [*pairs[:4], *(replace(pair, language="da") for pair in pairs[4:])]
    done = run(mixed, tmp_path / "run", metrics=(Tolerant(),), observers={"loudness": Polyglot()})
    assert [pair for pair, value in values(done).items() if np.isnan(value)] == ["p4", "p5"]
    assert done.record.metrics["loudness-ratio"].note == "There is no normaliser for Danish." and done.not_measured == {}


def test_a_clip_that_crashes_a_model_costs_only_its_pairs(pairs, tmp_path):
    short = replace(pairs[3], source=save(tmp_path / "short.wav", speak(MAN, 0.6)))
    done = run([*pairs[:3], short], tmp_path / "run", metrics=(Tolerant(),), observers={"loudness": Polyglot()})
    assert [pair for pair, value in values(done).items() if np.isnan(value)] == ["p3"] and done.not_measured == {}


def test_a_model_that_crashes_on_every_clip_is_not_measured(pairs, tmp_path):
    short = [replace(pairs[0], source=save(tmp_path / "short.wav", speak(MAN, 0.6)), reference=tmp_path / "short.wav")]
    done = run(short, tmp_path / "run", metrics=(Tolerant(),), observers={"loudness": Polyglot()})
    assert "IndexError: too short for me" in done.not_measured["loudness-ratio"]


def test_a_shared_source_is_observed_once(pairs, tmp_path):
    observer = Loudness(log=tmp_path / "observed")
    run(pairs, tmp_path / "run", (*parse_systems(["source"]), Halved()), observers={"loudness": observer})
    observed = observer.log.read_text().splitlines()
    assert len(observed) == 5, "two sources, one reference, and halves of two sources: six pairs, two systems"


def test_a_finished_run_is_left_alone(pairs, tmp_path):
    folder, events = tmp_path / "run", []
    run(pairs, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    system = Halved(log=tmp_path / "log")
    run(pairs, folder, (system,), hook=events.append)
    assert not system.log.exists() and events[-1].kind == "end" and events[-1].value == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_systems_and_metrics_can_be_added_to_a_run(pairs, tmp_path):
    log = tmp_path / "log"
    first = run(pairs, tmp_path / "run", (Halved(log=log),), metrics=METRICS[:1])
    second = run(pairs, tmp_path / "run", (*parse_systems(["source"]), Halved(log=log)))
    assert len(log.read_text().splitlines()) == len(pairs), "the first system was not run again"
    assert second.complete and set(second.systems) == {"halved", "source"}
    halved = second.scores[(second.scores.system == "halved") & (second.scores.metric == "loudness-ratio")]
    assert dict(zip(halved.pair, halved.value, strict=True)) == values(first)


@pytest.mark.parametrize(("change", "words"), [
    ("pairs", "other pairs"), ("seed", "seed 0, not 5"), ("system", "another system halved"), ("observer", "loudness-2")])
def test_a_run_of_another_make_is_refused(pairs, tmp_path, change, words):
    @dataclass(frozen=True)
    class Third(Halved):
        @property
        def spec(self):
            return {"kind": "a third"}

    folder = tmp_path / "run"
    run(pairs, folder)
    before = (folder / "run.json").read_bytes(), (folder / "scores.jsonl").read_bytes()
    options = {"pairs": {"pairs": pairs[1:]}, "seed": {"seed": 5}, "system": {"systems": (Third(),)},
               "observer": {"observers": {"loudness": Loudness("loudness-2")}}}[change]
    with pytest.raises(ZestError, match=words):
        run(**{"pairs": pairs, "folder": folder, **options})
    assert ((folder / "run.json").read_bytes(), (folder / "scores.jsonl").read_bytes()) == before


def test_run_json_is_written_as_it_was_read_and_older_ones_go_on(pairs, tmp_path):
    done = run(pairs, tmp_path / "run", metrics=(*METRICS, Breaking()))
    written = (tmp_path / "run" / "run.json").read_bytes()
    done.record.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == written
    document = json.loads(written)
    older = {name: value for name, value in document.items() if name not in ("pairs", "created", "command", "versions")}
    (tmp_path / "run" / "run.json").write_text(json.dumps(older | {"unknown": 1}))
    record = open_run(tmp_path / "run").record
    assert (record.systems, record.metrics, record.seed) == (done.record.systems, done.record.metrics, done.record.seed)
    assert (record.created, record.command, record.versions) == (None, None, {})
    further = run(pairs, tmp_path / "run", systems=(Halved(), Halved("again")), metrics=(*METRICS, Breaking()))
    assert further.systems == ("halved", "again") and further.complete
    assert further.record.versions_later == done.record.versions


def test_two_runs_never_work_in_one_folder(pairs, tmp_path):
    def second(event: Event):
        if event.kind != "progress":
            return
        with pytest.raises(OutputError, match="Another evaluation"):
            run(pairs, tmp_path / "run")

    run(pairs, tmp_path / "run", hook=second)


def test_a_checkpoint_that_cannot_be_loaded_stops_the_run(pairs, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint folder"):
        run(pairs, tmp_path / "run", parse_systems(["transfer"], checkpoint=str(tmp_path / "nowhere")))
    assert not (tmp_path / "run" / "run.json").exists()


@pytest.mark.parametrize(("content", "words"), [
    (None, "no folder"), ({}, "no run.json"), ({"run.json": "{"}, "damaged"), ({"run.json": "{}"}, "damaged"),
    ({"run.json": json.dumps({"systems": {}, "metrics": {}, "pairs_hash": ""})}, "no list of pairs")])
def test_a_folder_that_is_no_run_is_refused(tmp_path, content, words):
    folder = tmp_path / "run"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    with pytest.raises(ZestError, match=words):
        open_run(folder)


def test_progress_counts_up_to_the_whole_of_every_stage(pairs, tmp_path):
    events = []
    run(pairs, tmp_path / "run", hook=events.append)
    stages = {}
    for event in events:
        if event.kind == "progress":
            stages.setdefault(event.stage, []).append(event.value)
    assert list(stages) == ["convert halved", "observe loudness-1", "score"]
    for counts in stages.values():
        assert counts[0][0] == 0 and counts[-1][0] == counts[-1][1] and counts == sorted(counts)
