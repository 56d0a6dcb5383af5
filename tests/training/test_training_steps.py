"""Single training steps of every stage: they lower the loss on what they have seen, and mixed precision is CUDA's alone."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from pipelines.training.loop import precision
from pipelines.training.loop.optim import Update
from pipelines.training.loop.run_log import read_log
from pipelines.training.loop.trainer import Run, Task, Validation, train
from pipelines.training.losses import adversarial
from pipelines.training.losses.adversarial import AVERAGED, Shares, adversarial_step
from pipelines.training.losses.discriminators import Discriminators
from pipelines.training.losses.spectral_loss import spectral_loss
from pipelines.training.stages import running
from pipelines.training.stages.registry import STAGES
from tests.support import tiny

pytestmark = pytest.mark.slow

REPEATS = 6
# Which logged losses a stage's own optimisers bring down, at which step of its schedule. Reversed gradients start at zero.
# Not here: what a part brings down for another part's sake, such as "adversarial", which the discriminator drives up.
PHASES = {
    "hubert": ("hubert", 0, ["smooth_l1", "cosine"]),
    "x-vector": ("ease", 0, ["xvector"]),
    "ease": ("ease", tiny.STEPS // 2, ["speaker", "emotion"]),
    "critics": ("critics", 0, ["emotion"]),
    "sace": ("sace", 0, ["emotion", "speaker", "pitch_semitones"]),
    "acoustic, read": ("acoustic", 0, ["bands", "reader_real"]),
    "acoustic, convert": ("acoustic", tiny.STEPS // 2, ["bands", "reader_real", "discriminator", "convert_emotion"]),
    "tempo": ("tempo", 0, ["run_log_duration", "total_log_duration"]),
    "vocoder, spectra": ("vocoder", 0, ["mel", "spectral"]),
    "vocoder, discriminators": ("vocoder", tiny.STEPS // 2, ["discriminator", "mel", "spectral"]),
    "generate, trunk": ("generate", 0, ["trunk"]),
    "generate, spectra": ("generate", tiny.STEPS // 3, ["trunk", "mel", "spectral"]),
    "generate, discriminators": ("generate", 2 * tiny.STEPS // 3, ["discriminator", "trunk", "mel", "spectral"]),
    "polyak, trunk": ("polyak", 0, ["trunk"]),
    "codes of F0": ("f0_codes", 0, ["f0"]),
    "vawgan": ("vawgan", 0, ["spectrum", "melody"]),
}


class Caught(Exception):
    """Carries a stage's task out of the stage, in place of its training."""


@pytest.fixture
def task_of(tmp_path, monkeypatch):
    """A function that builds a stage's task from the tiny corpus and what the stages before have made of it."""

    def catch(task: Task, *_) -> None:
        raise Caught(task)

    def build(stage: str) -> Task:
        run = tiny.new_tiny(tmp_path / f"{len(list(tmp_path.iterdir()))}", copy_of=tiny.trained_tiny())
        run.runs.mkdir()
        for extra in tiny.trained_tiny().runs.glob("critics.*"):
            (run.runs / extra.name).write_bytes(extra.read_bytes())
        monkeypatch.setattr(running, "train", catch)
        with pytest.raises(Caught) as caught:
            run.train(stage)
        return caught.value.args[0]

    return build


def step(task: Task, number: int) -> dict[str, float]:
    """One step on the same batch with the same dropout at every call."""
    torch.manual_seed(0)
    return {name: float(value) for name, value in task.step(number, np.random.default_rng(0), Update()).items()}


@pytest.mark.parametrize("phase", PHASES)
def test_steps_lower_the_loss_on_a_fixed_batch(task_of, phase):
    stage, number, lowered = PHASES[phase]
    task = task_of(stage)
    losses = [step(task, number) for _ in range(REPEATS)]
    assert {name for name in lowered if not losses[-1][name] < losses[0][name]} == set(), losses


def test_every_trained_stage_has_its_step_tested():
    assert {stage for stage, _, _ in PHASES.values()} == {stage for stage in STAGES if stage != "units"}


def test_on_the_cpu_autocast_is_nothing_at_all():
    assert isinstance(Update("cpu").autocast(), nullcontext) and isinstance(Update("mps").autocast(), nullcontext)
    with Update("cpu").autocast():
        assert not torch.is_autocast_enabled("cpu")
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32


@pytest.mark.parametrize(("native", "expected"), [(True, torch.autocast), (False, nullcontext)])
def test_on_cuda_autocast_is_bfloat16_where_the_device_has_it(monkeypatch, native, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    with pytest.warns(UserWarning) if native and not torch.cuda.is_available() else nullcontext():  # torch, of no CUDA here
        context = Update("cuda:1").autocast()
    assert isinstance(context, expected)
    if native:
        assert (context.device, context.fast_dtype) == ("cuda", torch.bfloat16)


@pytest.mark.parametrize("phase", PHASES)
def test_every_stage_trains_in_mixed_precision(task_of, phase, monkeypatch):
    """The CPU stands in for CUDA: forward passes run in bfloat16, losses stay close and weights in float32."""
    stage, number, lowered = PHASES[phase]
    plain = step(task_of(stage), number)
    task, used = task_of(stage), set()
    for part in task.networks.modules():
        if isinstance(part, (torch.nn.Linear, torch.nn.Conv1d)):
            part.register_forward_hook(lambda module, given, made: used.add(made.dtype))
    monkeypatch.setitem(precision.AUTOCAST, "cpu", torch.bfloat16)
    mixed = step(task, number)
    assert used == {torch.bfloat16}, "a forward pass was left out"
    assert {value.dtype for value in task.networks.parameters()} == {torch.float32}
    assert {name: mixed[name] for name in lowered} == pytest.approx({name: plain[name] for name in lowered}, rel=0.05, abs=0.02)


def test_validation_looks_at_the_end_and_keeps_only_what_is_better(tmp_path):
    task, kept = Countdown(), []
    scores = iter([1.0, 3.0, 2.0])
    validation = Validation(lambda: {"score": next(scores)}, lambda: kept.append(True))
    for steps in (1, 2, 3):
        train(task, Run(tmp_path, steps), validation)
    assert len(kept) == 2
    assert [line["dev_score"] for line in read_log(tmp_path) if "dev_score" in line] == [1.0, 3.0, 2.0]


class Countdown:
    """A task of one number."""

    def __init__(self):
        self.networks = torch.nn.ModuleDict({"number": torch.nn.Linear(1, 1)})
        self.optimisers = {"number": torch.optim.SGD(self.networks.parameters(), 0.1)}

    def step(self, number, random, update):
        loss = self.networks["number"](torch.ones(1, 1)).square().mean()
        update.apply(loss, self.optimisers["number"])
        return {"loss": loss.detach()}


@pytest.mark.parametrize("loudness", [1.0, 1000.0])
def test_adversarial_losses_pull_at_the_waveform_by_their_share_of_the_spectral_gradient(monkeypatch, loudness):
    """Whatever the sizes of the losses: a critic a thousand times as loud pulls no harder."""
    monkeypatch.setattr(adversarial, "LIMIT", float("inf"))
    torch.manual_seed(1)
    critics, samples = Discriminators(periods=(2,), sizes=(256,)), torch.nn.Linear(1600, 2)
    with torch.no_grad():
        critics.parts[0].score.parametrizations.weight.original0.mul_(loudness)
    real, made = 0.1 * torch.randn(2, 1600), samples.weight * 1.0
    spectral = spectral_loss(made, real)
    alone = torch.autograd.grad(spectral, samples.weight, retain_graph=True)[0]
    optimisers = [torch.optim.SGD(part.parameters(), 0.0) for part in (critics, samples)]
    adversarial_step(critics, *optimisers, real, made, spectral, 0.0, Shares(0.5, 0.0), Update())
    assert float((samples.weight.grad - alone).norm() / alone.norm()) == pytest.approx(0.5, rel=1e-3)


def test_what_is_exported_is_the_running_mean_of_the_weights(task_of):
    task = task_of("vocoder")
    weights = [task.networks["vocoder"].filters.weight.detach().clone()]
    for number in (tiny.STEPS // 2, tiny.STEPS // 2):
        step(task, number)
        weights.append(task.networks["vocoder"].filters.weight.detach().clone())
    expected = AVERAGED * weights[1] + (1 - AVERAGED) * weights[2]
    assert torch.allclose(task.trained.filters.weight, expected) and not torch.equal(weights[1], weights[2])
