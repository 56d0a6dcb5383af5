"""`zest reproduce table1`: every row that can be made, the published numbers beside it, and one sentence for what cannot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from evaluation.metrics import registry
from evaluation.report import published
from evaluation.table1 import sessions
from evaluation.table1.numbers import CANNOT
from evaluation.table1.reproduce import METRICS, TableRequest, reproduce_table1
from evaluation.table1.rows import ROWS, available, chosen
from pipelines.baselines import BASELINES, EMOTION, Baseline, Rendered
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.errors import CheckpointError, RecipeError, ZestError
from tests.evaluation.test_baseline_systems import without
from tests.pipelines.test_bad_input import assert_plain
from tests.support.small_table import clips_of, small_table, write_table_corpus
from workbench.cli import exit_codes
from workbench.cli.app import app

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return clips_of(tmp_path_factory.mktemp("table") / "corpus")


@pytest.fixture(scope="module")
def made(clips, tmp_path_factory):
    return small_table(clips, tmp_path_factory.mktemp("made") / "RUN", rows=("source", "copy", "no-f0-encoder"))


def test_the_table_has_this_runs_numbers_with_intervals_and_the_published_ones_beside_them(made):
    assert made.refusals == {} and made.run.complete and len(made.run.pairs) == 12
    table = pd.read_csv(made.table)
    assert set(table.setting) == {*published.SETTINGS, "all"}
    measured = made.run.scores.query("metric == 'cer' and system == 'copy' and setting == 'dsst'")
    value = (measured.value * measured.weight).sum() / measured.weight.sum()
    row = table.query("row == 'copy' and metric == 'cer' and setting == 'dsst'").iloc[0]
    assert row.value == pytest.approx(value) and row.low <= row.value <= row.high and row.measured == row.expected == 2
    pooled = made.run.scores.query("metric == 'emotion-level' and system == 'copy'").value.mean()
    assert table.query("row == 'copy' and metric == 'emotion-level' and setting == 'all'").value.item() == pytest.approx(pooled)
    page = made.page.read_text()
    assert "Character error rate: cer" in page and published.HEADING in page and f"{row.value:.1f} [" in page
    assert "Speaker accuracy: not measured in this run." in page


def test_the_page_says_how_it_was_made(made):
    page = made.page.read_text()
    for words in (made.run.record.pairs_hash, "zest reproduce table1 -o RUN", sessions.hardware(), "| seed | 0 |",
                  "12 pairs, 2 rows, settings SSST, SSDT, DSST, DSDT, UTE, USS", "100 resamples"):
        assert words in page, words
    assert re.search(r"\| wall time \| \d+ s \|", page)
    assert str(made.run.folder) not in page, "a folder of this machine says nothing to others"


def test_rows_without_weights_are_left_out_with_the_command_that_trains_them(made):
    assert made.run.systems == ("source", "copy") and set(made.left_out) == {"no-f0-encoder"}
    sentence = made.left_out["no-f0-encoder"]
    assert_plain(sentence)
    assert "'zest train generate', with f0_encoder = false" in sentence and "--weights no-f0-encoder=FOLDER" in sentence
    assert "Row no-f0-encoder (ZEST, no F0 encoder) is left out" in made.page.read_text()


def test_a_checkpoint_lacks_a_decoder_and_another_one_is_given_for_one_row(tmp_path):
    bare = without(tmp_path / "bare", "generator")
    found = available(chosen(["generate", "transfer", "no-unit-encoder"]), str(bare),
                      {"no-unit-encoder": str(DEFAULT_CHECKPOINT)})
    assert [(system.name, system.settings.decoder, system.checkpoint) for system in found.systems] == [
        ("no-unit-encoder", "generate", str(DEFAULT_CHECKPOINT)), ("transfer", "residual_world", str(bare))]
    assert_plain(found.left_out["generate"])
    assert "zest train generate" in found.left_out["generate"]


def test_a_system_that_cannot_serve_a_setting_is_not_counted_as_bad_there(clips, tmp_path, monkeypatch):
    def by_label(request, _):
        if request.emotion == "fearful":
            raise ZestError("It knows no fear.")
        return Rendered(request.source / 2)

    monkeypatch.setitem(BASELINES, "vawgan", Baseline("vawgan", "", "", by_label, EMOTION))
    made = small_table(clips, tmp_path / "RUN", rows=("vawgan",), settings=("dsst", "ute"), count=4)
    table = pd.read_csv(made.table).query("metric == 'cer' and row == 'vawgan'").set_index("setting")
    assert table.value.notna().to_dict() == {"dsst": True, "ute": False, "all": False} and table.measured["ute"] == 0
    assert table.published.dropna().to_dict() == {"dsst": 7.9}
    page = made.page.read_text()
    assert CANNOT in page and page.count("it can convert no pair of one of the settings: vawgan.") == 1
    assert "It knows no fear." in made.report.markdown.read_text()


@pytest.mark.slow
def test_an_interrupted_table_goes_on_and_ends_as_an_unbroken_one(clips, made, tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "EVERY", 0.0)

    def interrupt(event):
        if event.stage == "convert copy" and event.value == (3, 12):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_table(clips, tmp_path / "RUN", hook=interrupt)
    assert not (tmp_path / "RUN" / "table1.md").exists()
    begun = sessions.sessions(tmp_path / "RUN")
    assert len(begun) == 1, "how long an interrupted sitting took is known"
    copied = []
    whole = small_table(clips, tmp_path / "RUN", hook=lambda event: copied.append(event.value)
                        if event.stage == "convert copy" else None)
    assert copied[0] == (3, 12), "what was converted is not converted again"
    assert whole.table.read_bytes() == made.table.read_bytes()
    took, page = sessions.sessions(tmp_path / "RUN"), whole.page.read_bytes()
    assert took[0] == begun[0] and len(took) == 2 and " s in 2 sittings |" in page.decode()
    assert small_table(clips, tmp_path / "RUN").page.read_bytes() == page, "a sitting in which nothing is done is none"


def test_rows_are_those_of_the_paper_and_metrics_are_there():
    theirs = {one.system for part in (published.CER, published.EMOTION, published.SPEAKER) for one in part}
    assert {row.published for row in ROWS.values()} - {""} == theirs
    assert set(METRICS) <= set(registry.names())


@pytest.mark.parametrize(("options", "error", "words"), [
    ({"rows": ("gan",)}, ZestError, "no row 'gan'"), ({"rows": ()}, ZestError, "no row ''"),
    ({"settings": ("xxst",)}, ZestError, "no setting 'xxst'"), ({"count": 0}, ZestError, "0 pairs"),
    ({"split": "test"}, RecipeError, "no recording of split 'test'"), ({"device": "toaster"}, ZestError, "no device 'toaster'"),
    ({"weights": {"gan": "x"}}, ZestError, "no row 'gan'"),
    ({"rows": ("generate",), "checkpoint": "nowhere"}, CheckpointError,
     "No row of the table can be converted.*no checkpoint folder")])
def test_bad_requests_are_one_sentence_and_leave_nothing(clips, tmp_path, options, error, words):
    with pytest.raises(error, match=words) as caught:
        small_table(clips, tmp_path / "RUN", **options)
    assert_plain(str(caught.value))
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_without_labels_is_refused_and_one_that_lacks_a_setting_goes_on_without(clips, tmp_path):
    unlabelled = [clip for clip in clips if clip.emotion in ("unlabelled", "neutral")]
    with pytest.raises(RecipeError, match="No setting of the table can be served: Setting dsst .* labelled neutral") as caught:
        small_table(unlabelled, tmp_path / "RUN", settings=("dsst",))
    assert_plain(str(caught.value))
    assert list(tmp_path.iterdir()) == []
    made = small_table([clip for clip in clips if clip.emotion != "fearful"], tmp_path / "RUN", settings=("dsst", "ute"), count=2)
    assert set(made.refusals) == {"ute"} and made.refusals["ute"] in made.page.read_text()


def test_the_folder_of_another_run_is_refused_and_left_as_it_was(clips, made):
    before = {path: path.read_bytes() for path in made.run.folder.rglob("*") if path.is_file()}
    with pytest.raises(ZestError, match="holds a run of other pairs") as caught:
        small_table(clips, made.run.folder, count=6)
    assert_plain(str(caught.value))
    assert {path: path.read_bytes() for path in made.run.folder.rglob("*") if path.is_file()} == before


def test_the_command_says_what_is_wrong_before_any_work(tmp_path):
    manifest = write_table_corpus(tmp_path / "corpus")
    for words, said, code in ((["table2"], "no report 'table2'", exit_codes.USAGE),
                              (["audit", "--rows", "generate"], "Only table1 has them", exit_codes.USAGE),
                              (["table1", "--weights", "generate"], "ROW=CHECKPOINT", exit_codes.USAGE),
                              (["table1", "--rows", "gan"], "no row 'gan'", exit_codes.USAGE)):
        result = CliRunner().invoke(app, ["reproduce", *words, "--manifest", str(manifest), "-o", str(tmp_path / "RUN")])
        assert isinstance(result.exception, ZestError) and said in str(result.exception)
        assert exit_codes.of(result.exception) == code and not (tmp_path / "RUN").exists()


def test_the_command_calls_the_one_function_with_what_was_asked(tmp_path, monkeypatch, made):
    asked = {}

    def remembered(clips, folder, request, metrics, **more):
        asked.update(clips=len(clips), folder=folder, request=request, metrics=metrics)
        return made

    monkeypatch.setattr("evaluation.table1.reproduce.reproduce_table1", remembered)
    manifest = write_table_corpus(tmp_path / "corpus")
    result = CliRunner().invoke(app, [
        "reproduce", "table1", "--manifest", str(manifest), "-o", str(tmp_path / "RUN"), "--rows", "source, copy",
        "--count", "12", "--settings", "ssst,ute", "--weights", "no-f0-encoder=there", "--json"])
    assert result.exit_code == 0, result.output
    assert asked == {"clips": 17, "folder": tmp_path / "RUN", "request": TableRequest(
        ["source", "copy"], ["ssst", "ute"], 12, weights={"no-f0-encoder": "there"}), "metrics": METRICS}
    document = json.loads(result.stdout)
    assert document["pairs"] == 12 and set(document["systems"]) == {"source", "copy"}
    assert document["left_out"] == made.left_out and Path(document["page"]) == made.page


def test_every_option_of_the_command_is_documented():
    text = (ROOT / "docs" / "reproduce.md").read_text()
    command = typer.main.get_command(app).commands["reproduce"]
    options = {name for option in command.params for name in option.opts if name.startswith("--")}
    assert {name for name in options if f"`{name}" not in text} == set() and "--weights" in options
    assert {name for name in ROWS if f"`{name}`" not in text} == set()
    assert callable(reproduce_table1)
