"""Several processes that train one network, each on its part of every batch; started by `accelerate launch` or `torchrun`.

Every process holds the same weights: gradients are averaged before each optimiser's step, so all take the same one. The first
process alone reads features that are missing, logs, saves and exports. With one process nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed as torch_distributed
from torch import nn

from pipelines.counting import counted
from pipelines.device import check_device
from pipelines.errors import RecipeError, ZestError

PATIENCE = timedelta(days=7)  # the others wait while the first computes features, for hours where the corpus is large


def first_of_launched() -> bool:
    """Whether this is the process of a launch that speaks to the user; also true of one that was not launched."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Stand together with the other processes of the launch; gives the device of this one: each has a CUDA device of its own.

    Raises:
        ZestError: the processes cannot have a device each.
    """
    check_device(device)
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    if torch_distributed.is_initialized():  # they stand together already, for several stages
        yield f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device
        return
    if device not in ("cpu", "cuda"):
        raise ZestError(f"Several processes train on --device cpu, or on --device cuda with a device each, not on {device}.")
    own = f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device
    check_device(own)
    torch_distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=PATIENCE,
                                   device_id=torch.device(own) if device == "cuda" else None)
    try:
        yield own
    finally:
        torch_distributed.destroy_process_group()


def count() -> int:
    """Processes that train together."""
    return torch_distributed.get_world_size() if torch_distributed.is_initialized() else 1


def rank() -> int:
    """Of this process, from 0."""
    return torch_distributed.get_rank() if torch_distributed.is_initialized() else 0


def micro_batch(batch: int, micro_batches: int = 1) -> int:
    """Rows that this process draws at once. batch: the full one, of all processes.

    Raises:
        RecipeError: the batch cannot be divided evenly.
    """
    if batch % count():
        raise RecipeError(f"A batch of {batch} cannot be divided evenly between {counted(count(), 'process')}; "
                          "change it in the recipe.")
    own = batch // count()
    if own % micro_batches:
        raise RecipeError(f"A batch of {own} cannot be taken in {counted(micro_batches, 'equal part')}; change batch or "
                          "[general] accumulate in the recipe.")
    return own // micro_batches


@contextmanager
def first_goes_ahead() -> Iterator[None]:
    """The first process does what is inside, then all others do: they find what it has cached."""
    if rank() > 0:
        torch_distributed.barrier()
    yield
    if rank() == 0 and count() > 1:
        torch_distributed.barrier()


def agree(answer: bool, device: str) -> bool:
    """The first process's answer to a question that all must answer alike."""
    if count() == 1:
        return answer
    told = torch.tensor(float(answer), device=device)
    torch_distributed.broadcast(told, 0)
    return bool(told)


def begin_alike(network: nn.Module) -> None:
    """Weights and buffers of the first process for all."""
    if count() > 1:
        for value in (*network.parameters(), *network.buffers()):
            torch_distributed.broadcast(value.data, 0)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """The mean over processes, in place. Parameters without gradient must be the same ones in every process."""
    _average([value.grad for value in parameters if value.grad is not None])


def average_buffers(network: nn.Module) -> None:
    """The same for running statistics of normalisations, which each process takes of its own part."""
    _average([value for value in network.buffers() if value.is_floating_point()])


def _average(tensors: list[torch.Tensor]) -> None:
    if count() == 1 or not tensors:
        return
    flat = torch.cat([value.flatten() for value in tensors])  # one message instead of hundreds
    torch_distributed.all_reduce(flat)
    flat /= count()
    for value, mean in zip(tensors, flat.split([value.numel() for value in tensors]), strict=True):
        value.copy_(mean.view_as(value))
