"""The definitions of stages: what the command line and the pages say is what they say, and nothing heavy is read for a name."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.checkpoints.folder import Folder
from pipelines.decoders import DECODERS
from pipelines.decoders.base import CHECKPOINT_FILES, training_command
from pipelines.errors import RecipeError, ZestError
from pipelines.training.stages.registry import EVERY_CONVERSION, STAGES, check_stage, find_stage, stage_table, writers
from tests.support import tiny

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_s_table_is_what_the_stages_say_of_themselves(zest_here):
    assert stage_table() in (ROOT / "docs" / "training.md").read_text()
    result = zest_here("train", "--stages")
    assert result.returncode == 0 and result.stdout == stage_table()


def test_help_names_every_stage(zest_here):
    said = zest_here("train", "--help").stdout
    assert [name for name in STAGES if name not in said] == []


def test_names_are_known_without_torch():
    asked = ("import sys; from pipelines.training.stages.registry import STAGES, check_stage; check_stage('acoustic'); "
             "sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0
    with pytest.raises(ZestError, match="There is no stage 'violin'; choose one of hubert, units, .*, vawgan, all."):
        check_stage("violin", ("all",))


@pytest.mark.parametrize(("files", "stages"), [
    (EVERY_CONVERSION, {"hubert", "units", "ease", "sace"}),
    (("acoustic",), {"hubert", "units", "ease", "sace", "acoustic"}),  # classifiers leave nothing that a checkpoint needs
    (("vocoder",), {"vocoder"}), (("pitch",), {"hubert", "units", "ease", "sace"}),
    (("polyak",), {"hubert", "units", "ease", "f0_codes", "polyak"})])
def test_checkpoint_files_name_the_stages_that_they_take(files, stages):
    assert writers(files) == stages


@pytest.mark.parametrize(("file", "stage"), [(file, stage) for file, (_, stage) in CHECKPOINT_FILES.items()])
def test_decoders_name_the_stage_that_trains_a_missing_file(file, stage):
    assert file in find_stage(stage).writes
    assert training_command(file) == f"'zest train {stage}'"


def test_decoders_can_name_the_stage_of_every_file_that_they_require():
    required = {file for decoder in DECODERS.values() for file in decoder.requires}
    assert required <= CHECKPOINT_FILES.keys()


def test_a_design_decides_the_table_and_what_a_stage_begins_with():
    generate = find_stage("generate")
    assert generate.all_reads({"vocoder": {}}) == ("hubert", "units", "ease", "sace", "vocoder")
    assert generate.all_reads({}) == ("hubert", "units", "ease", "sace")
    assert generate.all_reads({"vocoder": {}, "generate": {"design": "hifigan"}}) == ("hubert", "units", "ease", "sace")
    assert generate.recipe({}).design == "istft" and generate.recipe({"generate": {"design": "hifigan"}}).design == "hifigan"
    with pytest.raises(RecipeError, match="There is no design 'violin' of the stage generate; choose one of istft, hifigan."):
        generate.recipe({"generate": {"design": "violin"}})


def test_the_example_of_the_page_is_a_stage_as_it_stands(page_run, tmp_path, monkeypatch):
    """One file and one line: the command trains it, and the table has it."""
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "how-to" / "add-a-stage.md").read_text(), re.S)[1]
    file = tmp_path / "voicing.py"
    file.write_text(example)
    name = "pipelines.training.stages.voicing"
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, file))
    monkeypatch.setitem(sys.modules, name, module)
    module.__spec__.loader.exec_module(module)
    monkeypatch.setitem(STAGES, "voicing", "voicing")
    run = tiny.new_tiny(tmp_path / "run")
    (tmp_path / "RECIPE").write_text(run.recipe.read_text() + "[voicing]\nsteps = 3\nbatch = 2\n")
    tiny.manifest_elsewhere(tmp_path / "manifest.csv")
    page_run.run("how-to/add-a-stage.md", written=True)
    assert Folder(run.checkpoint).tensors("voicing")["weight"].shape == (1, 40)
    assert "| `voicing` | voicing, by a linear layer |" in stage_table()
    find_stage.cache_clear()
