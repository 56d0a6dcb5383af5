"""`zest reproduce all`: every report in a folder of its name, and a page that links them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation import reproduction
from evaluation.reproduction import ABLATED_ROWS, REPORTS, STUDY, ReproductionRequest, reproduce_all, reproduce_report
from evaluation.table1.rows import ROWS
from pipelines.errors import ZestError
from pipelines.files import write_whole
from pipelines.shipped import shipped
from pipelines.training.ablation.study import read_study
from workbench.cli import exit_codes
from workbench.cli.app import app

REQUEST = ReproductionRequest((Path("manifest.csv"),), draws=100, command="zest reproduce all")


@pytest.fixture
def asked(monkeypatch):
    """What every report was asked for; each leaves a page, and nothing is converted."""
    seen = {}

    def report(name):
        def make(folder, request, hook):
            seen[name] = request
            folder.mkdir(parents=True, exist_ok=True)
            return write_whole(folder / "page.md", name.encode())
        return make

    for name in REPORTS:
        monkeypatch.setitem(REPORTS, name, report(name))
    monkeypatch.setattr(reproduction, "_ablated", lambda folder, request: {"no-f0-encoder": str(folder / "checkpoints")})
    return seen


def test_all_reports_lie_in_folders_of_their_names_and_one_page_links_them(asked, tmp_path):
    done = reproduce_all(tmp_path / "OUT", REQUEST)
    assert set(done.pages) == set(REPORTS) == set(asked) and not done.refused
    page = done.overview.read_text()
    for name in REPORTS:
        assert done.pages[name] == tmp_path / "OUT" / name / "page.md" and f"[{name}]({name}/page.md)" in page
    assert "5 reports" in page and "zest reproduce all" in page and str(tmp_path) not in page


def test_the_table_has_the_weights_that_the_ablations_trained_unless_others_are_given(asked, tmp_path):
    reproduce_all(tmp_path / "OUT", REQUEST)
    assert asked["table1"].weights == {"no-f0-encoder": str(tmp_path / "OUT" / "ablations" / "checkpoints")}
    own = ReproductionRequest(REQUEST.manifests, weights={"no-f0-encoder": "mine"})
    reproduce_all(tmp_path / "OUT", own)
    assert asked["table1"].weights == {"no-f0-encoder": "mine"}


def test_the_command_makes_one_report_in_the_folder_itself_and_prints_it_for_programs(asked, tmp_path):
    words = ["reproduce", "frontier", "--manifest", "manifest.csv", "-o", str(tmp_path / "OUT"), "--seed", "3", "--json"]
    result = CliRunner().invoke(app, words)
    page = str(tmp_path / "OUT" / "page.md")
    assert result.exit_code == 0 and json.loads(result.stdout) == {"pages": {"frontier": page}, "refused": {}, "overview": page}
    assert set(asked) == {"frontier"} and asked["frontier"].seed == 3


def test_a_report_that_cannot_be_made_is_a_sentence_and_the_rest_goes_on(asked, tmp_path, monkeypatch):
    def refused(*_):
        raise ZestError("The manifest has no emotions.")

    monkeypatch.setitem(REPORTS, "ablations", refused)
    result = CliRunner().invoke(app, ["reproduce", "all", "--manifest", "manifest.csv", "-o", str(tmp_path / "OUT")])
    assert result.exit_code == exit_codes.SOME_FAILED and "ablations is not there: The manifest has no emotions." in result.stderr
    assert "ablations is not here: The manifest has no emotions." in (tmp_path / "OUT" / "README.md").read_text()
    assert set(asked) == set(REPORTS) - {"ablations"} and not asked["table1"].weights
    for name in REPORTS:
        monkeypatch.setitem(REPORTS, name, refused)
    with pytest.raises(ZestError, match="Nothing could be made: The manifest has no emotions."):
        reproduce_all(tmp_path / "NONE", REQUEST)


def test_the_rows_that_the_paper_ablates_are_variants_of_the_study_that_ships():
    study = read_study(shipped(STUDY))
    variants = {(question.name, variant.name) for question in study.questions for variant in question.variants}
    assert set(ABLATED_ROWS.values()) <= variants
    assert set(ABLATED_ROWS) == {name for name, row in ROWS.items() if row.own_weights}
    assert study.protocol.count >= 3 * 20 and study.checkpoint is not None


def test_several_manifests_train_no_ablations(tmp_path):
    with pytest.raises(ZestError, match="The ablations train on one manifest; join yours"):
        reproduce_report("ablations", tmp_path / "OUT", ReproductionRequest((Path("a.csv"), Path("b.csv"))))
    with pytest.raises(ZestError, match="There is no report 'table2' to reproduce"):
        reproduce_report("table2", tmp_path / "OUT", REQUEST)
    assert list(tmp_path.iterdir()) == []
