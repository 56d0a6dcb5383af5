"""Batches of coming steps, drawn by worker processes while a GPU is busy with the present one.

A batch depends on the step's random generator alone (trainer.py), so that drawing it ahead changes nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset

WORKERS = 6
AHEAD = 4  # batches that each worker has ready
KEY = 3  # numbers of a key, without micro-batches

Draw = Callable[[np.random.Generator], Any]
Key = tuple[int, ...]  # what the trainer seeds a step's generator with: seed, step, process


class _Steps(Dataset):
    """Batch number k is that of the k-th step after a first one."""

    def __init__(self, draw: Draw, first: Key):
        self.draw, self.first = draw, first

    def __getitem__(self, count: int) -> Any:
        return self.draw(np.random.default_rng(_later(self.first, count)))


class Ahead:
    """Gives what `draw` gives for a generator. On a CPU, or with micro-batches, nothing is drawn ahead.

    draw: of a generator, tensors on the CPU. device: on which the steps are taken.
    """

    def __init__(self, draw: Draw, device: str):
        self.draw, self.useful = draw, device.startswith("cuda")
        self.coming: Iterator[Any] = iter(())
        self.next: Key = ()

    def __call__(self, random: np.random.Generator) -> Any:
        key = _key(random)
        if not self.useful or len(key) != KEY:
            return self.draw(random)
        if key != self.next:  # the first step, or one that does not follow the last
            self.coming = iter(DataLoader(_Steps(self.draw, key), batch_size=None, sampler=itertools.count(), num_workers=WORKERS,
                                          prefetch_factor=AHEAD, pin_memory=True))
        self.next = _later(key, 1)
        return next(self.coming)


def _key(random: np.random.Generator) -> Key:
    """What a generator was seeded with, as a tuple; empty for a single number."""
    seeds = getattr(random.bit_generator.seed_seq, "entropy", None)
    return tuple(seeds) if isinstance(seeds, (list, tuple)) else ()


def _later(key: Key, steps: int) -> Key:
    return (key[0], key[1] + steps, *key[2:])
