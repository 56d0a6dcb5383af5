"""`zest cost`: operations are counted right, of every stage, and scale as training does; nothing is left behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import torch
import typer
from torch import nn

from pipelines.errors import RecipeError
from pipelines.training.stages.cost import PEAK, Corpus, StageCost, counting, recipe_cost
from tests.support import tiny
from workbench.cli.cost import cost

pytestmark = pytest.mark.slow

STAGES = ("hubert", "units", "ease", "sace", "generate")
SMALL = Corpus(clips=100, seconds=1.0)


def operations(work) -> int:
    with counting() as count:
        work()
    return count.operations


def test_a_product_is_counted_as_its_multiplications_and_additions():
    linear, x = nn.Linear(20, 30), torch.randn(8, 20, requires_grad=True)
    forwards = 2 * 8 * 20 * 30
    assert operations(lambda: linear(x)) == forwards
    assert operations(lambda: linear(x).sum().backward()) == 3 * forwards  # of the weights, and of what is given


@torch.inference_mode()
def test_networks_that_only_listen_are_counted_too():
    assert operations(lambda: nn.Linear(20, 30)(torch.randn(8, 20))) == 2 * 8 * 20 * 30
    assert operations(lambda: nn.Conv1d(4, 6, 3)(torch.randn(2, 4, 10))) == 2 * 2 * 8 * 4 * 6 * 3
    query = torch.randn(1, 2, 5, 4)
    assert operations(lambda: nn.functional.scaled_dot_product_attention(query, query, query)) == 2 * 2 * 2 * 5 * 5 * 4
    lstm = nn.LSTM(16, 16, batch_first=True)
    assert operations(lambda: lstm(torch.randn(1, 3, 16))) == 2 * 3 * (16 + 16) * 4 * 16


def recipe(folder: Path, stages: tuple[str, ...] = STAGES, **tables: dict) -> Path:
    """The tiny one without its baselines and the stages of `transfer`."""
    folder.mkdir(exist_ok=True)
    made = tiny.Tiny(folder)
    return tiny.write_recipe(made, folder, sizes={name: tiny.SIZES[name] | tables.get(name, {}) for name in stages})


def test_every_stage_of_a_recipe_is_counted_and_nothing_is_left(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    costs = {one.stage: one for one in recipe_cost(recipe(tmp_path), SMALL)}
    assert tuple(costs) == STAGES
    assert all(one.total > 0 for one in costs.values())
    assert costs["units"].steps == 0 and costs["sace"].steps == tiny.STEPS
    assert list((tmp_path / "temporary").iterdir()) == []


def test_batch_steps_and_corpus_scale_what_they_should(tmp_path):
    once, more = (
        {one.stage: one for one in recipe_cost(recipe(tmp_path / name, STAGES[:4], sace=sace), Corpus(clips, 1.0))}
        for name, sace, clips in (("once", {"batch": 4}, 100), ("more", {"batch": 8, "steps": 60}, 300)))
    assert more["sace"].step == pytest.approx(2 * once["sace"].step)
    assert more["sace"].reading == pytest.approx(3 * once["sace"].reading)
    assert more["sace"].steps == 60
    assert more["units"].reading == once["units"].reading, "k-means hears as many clips as its table says"
    assert more["hubert"] == once["hubert"]


def test_hours_are_those_of_one_gpu_at_a_share_of_its_peak():
    assert StageCost("sace", 10, PEAK * 360, 0.0).hours(0.5) == pytest.approx(2.0)


def test_networks_of_unknown_sizes_are_one_sentence(tmp_path):
    with pytest.raises(RecipeError, match="The sizes of someone/hubert are not known here, only those of facebook/hubert-base"):
        recipe_cost(recipe(tmp_path, hubert={"pretrained": "someone/hubert"}), SMALL)


def test_the_command_prints_a_table_or_json(tmp_path, capsys):
    path = recipe(tmp_path, stages=("hubert", "ease"))
    cost(path, clips=100, seconds=1.0)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[:4]] == ["stage", "hubert", "ease", "all"]
    with pytest.raises(typer.Exit):
        cost(path, clips=100, seconds=1.0, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [row["stage"] for row in document["stages"]] == ["hubert", "ease"]
    assert document["hours"] == pytest.approx(sum(row["hours"] for row in document["stages"])) and document["utilisation"] == 0.35
