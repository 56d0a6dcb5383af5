"""Several processes train together: same weights, the gradient of the whole batch, one that speaks and saves, exact resume."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.errors import RecipeError, ZestError
from pipelines.training.loop import distributed
from pipelines.training.loop.optim import Update
from pipelines.training.loop.run_log import read_log
from pipelines.training.loop.trainer import hash_seed
from pipelines.training.stages.running import run_stage
from tests.support import tiny
from tests.support.forkserver import address, forked
from tests.support.processes import SECONDS, two_together, zest
from tests.support.together import Normalised, Regression, train_task

ROOT = Path(__file__).resolve().parents[2]
TORCHRUN = forked("from torch.distributed.run import main; main()", "--standalone", "--nproc-per-node=2", "--no-python")
ZEST = forked("from workbench.cli.main import main; main()")


def launch(*command: object, cwd: Path) -> subprocess.CompletedProcess:
    """As on a machine with several GPUs, with a launcher; on the CPU processes talk through gloo."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "120"} | address()
    return subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=SECONDS,
                          check=False)


def final(folder: Path, rank: int) -> dict[str, torch.Tensor]:
    """The weights that a process ended with (together.py)."""
    return torch.load(folder / f"weights-{rank}.pt", weights_only=True)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# A task whose loss is the mean over its batch, so that the averaged gradient is that of the whole batch.


@pytest.mark.slow
def test_two_processes_take_the_step_of_one_with_both_parts_of_the_batch(tmp_path):
    result = two_together(train_task, Regression, tmp_path, 5, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    first, second = (final(tmp_path, rank) for rank in (0, 1))
    assert same(first, second), "processes drifted apart"
    alone = reference(5)
    assert all(torch.allclose(first[name], alone[name], rtol=1e-5, atol=1e-7) for name in alone)
    assert not torch.allclose(first["network.weight"], reference(5, ranks=(0,))["network.weight"], rtol=1e-3)


def reference(steps: int, ranks: tuple[int, ...] = (0, 1)) -> dict[str, torch.Tensor]:
    """The same training in this process, on the parts of all ranks at once."""
    torch.manual_seed(7)  # what the first process began with
    task = Regression()
    for number in range(steps):
        parts = [task.draw(np.random.default_rng((0, number, rank))) for rank in ranks]
        task.learn(*(torch.cat(part) for part in zip(*parts, strict=True)), Update())
    return dict(task.networks.state_dict())


@pytest.mark.slow
def test_stopped_and_resumed_in_several_processes_is_the_same_as_uninterrupted(tmp_path):
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    assert two_together(train_task, Normalised, whole, 6, folder=tmp_path).returncode == 0
    # The first one's clock stops all after a step.
    assert two_together(train_task, Normalised, pieces, 6, 0.0, folder=tmp_path).returncode == 0
    state = torch.load(pieces / "run" / "state.pt", weights_only=True)
    assert state["number"] == 1
    assert two_together(train_task, Normalised, pieces, 6, folder=tmp_path).returncode == 0
    for rank in (0, 1):
        assert same(final(whole, rank), final(pieces, rank))
    assert same(final(whole, 0), final(whole, 1)), "running statistics are of each process's own part"
    assert [line["step"] for line in read_log(pieces / "run")] == [6]


# Real stages


@pytest.mark.slow
def test_a_stage_in_two_processes_is_exported_once_and_resumes_exactly(tmp_path):
    stage = "ease"  # of all stages the quickest; each takes the same loop
    whole, pieces = (before(stage, tmp_path / name) for name in ("whole", "pieces"))
    result = launch(*TORCHRUN, *ZEST, "train", stage, "--manifest", whole.folder / "train.csv",
                    "--recipe", whole.recipe, cwd=whole.folder)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count(f"Stage {stage} is finished.") == 1
    assert train(pieces, stage, "--minutes", 1e-9).stderr.count("goes on with the same command") == 1
    assert torch.load(pieces.runs / stage / "state.pt", weights_only=True)["number"] == 1
    assert train(pieces, stage).returncode == 0
    assert same(*(Folder(run.checkpoint).tensors("speaker") for run in (whole, pieces)))
    alone = before(stage, tmp_path / "alone")
    assert run_stage(stage, alone.recipe, alone.folder / "train.csv")
    assert not same(*(Folder(run.checkpoint).tensors("speaker") for run in (whole, alone))), "the second process changed nothing"
    assert [line["step"] for line in read_log(whole.runs / stage)] == [tiny.STEPS]


def before(stage: str, folder: Path) -> tiny.Tiny:
    """A run that has everything but this stage; `generate` is the paper's design, and no held-out speech chooses its weights."""
    from tests.training.test_generate_hifigan import SMALL

    run = tiny.new_tiny(folder, copy_of=tiny.trained_tiny())
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"generate": SMALL})
    with run.manifest.open() as file:
        rows = [(f"corpus/{line['path']}", *list(line.values())[1:]) for line in csv.DictReader(file) if line["split"] == "train"]
    tiny.write_manifest(run.folder / "train.csv", rows)
    return run


def train(run: tiny.Tiny, stage: str, *more: object) -> subprocess.CompletedProcess:
    """As above, by a quicker start."""
    return two_together(zest, "train", stage, "--manifest", run.folder / "train.csv", "--recipe", run.recipe, *more,
                        folder=run.folder)


@pytest.mark.slow
def test_accelerate_launches_the_same(tmp_path):
    """--multi_gpu is its word for several processes of one machine, GPUs or not."""
    accelerate = Path(sys.executable).with_name("accelerate")
    if not accelerate.exists():
        pytest.skip("accelerate is an extra (requirements-train.txt)")
    run = before("ease", tmp_path / "run")
    command = [accelerate, "launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no",
               "--dynamo_backend", "no", "-m", "workbench.cli.main", "train", "ease", "--manifest", run.manifest,
               "--recipe", run.recipe]
    result = launch(*command, cwd=run.folder)
    assert result.returncode == 0 and result.stderr.count("Stage ease is finished.") == 1, result.stderr
    one, alone = (Folder(each.checkpoint).tensors("speaker") for each in (run, tiny.trained_tiny()))
    assert not same(one, alone), "one process trained alone"


# One process, and mistakes


def test_a_process_alone_draws_what_it_drew_before_there_could_be_several():
    """Training states of one process go on bit by bit: a rank of 0 at the end of a key changes no stream."""
    for key in ((0, 0), (0, 17), (5, 123456)):
        assert np.array_equal(np.random.default_rng(key).random(9), np.random.default_rng((*key, 0)).random(9))
        assert hash_seed(*key) == hash_seed(*key, 0) != hash_seed(*key, 1)


def test_a_batch_is_divided_between_processes_or_refused(monkeypatch):
    assert distributed.micro_batch(7) == 7
    monkeypatch.setattr(distributed, "count", lambda: 4)
    assert distributed.micro_batch(32) == 8
    with pytest.raises(RecipeError, match="A batch of 30 cannot be divided evenly between 4 processes; change it in the recipe."):
        distributed.micro_batch(30)


@pytest.mark.parametrize(("device", "cuda", "sentence"), [
    ("cuda:1", 2, "Several processes train on --device cpu, or on --device cuda with a device each, not on cuda:1."),
    ("cuda", 1, "There is no cuda:1 here; the last CUDA device is cuda:0."),
    ("cuda", 0, "No CUDA device is available here; use --device cpu."),
])
def test_processes_that_cannot_have_a_device_each_are_told(monkeypatch, device, cuda, sentence):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ZestError) as caught, distributed.joined(device):
        pass
    assert str(caught.value) == sentence


def test_each_cuda_process_is_given_its_own_device(monkeypatch):
    joined: list[Callable] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    torchs = distributed.torch_distributed
    monkeypatch.setattr(torchs, "init_process_group", lambda *given, **named: joined.append((given, named)))
    monkeypatch.setattr(torchs, "destroy_process_group", lambda: joined.append("left"))
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with distributed.joined("cuda") as device:
        assert device == "cuda:1"
    (given, named), left = joined
    assert given == ("nccl",) and named["device_id"] == torch.device("cuda:1") and left == "left"


@pytest.mark.slow
def test_a_mistake_is_one_plain_sentence_of_a_process(tmp_path):
    run = before("ease", tmp_path / "run")
    result = train(run, "ease", "--recipe", "none.toml")
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if "recipe" in line]
    assert said and set(said) == {"There is no recipe at none.toml; try --recipe recipes/mini.toml."}
