"""Several stages of a study at a time, each in a process of its own as soon as all that it reads is there."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partialmethod

from pipelines.errors import ZestError
from pipelines.training.stages.stage_keys import PlannedStage


def train_side_by_side(stages: Sequence[PlannedStage], train: Callable[[PlannedStage], None], jobs: int,
                       told: Callable[[PlannedStage], None] = lambda stage: None) -> None:
    """Train all of them; those among them that a stage reads come before it. The cores are shared out among `jobs` processes.

    Args:
        stages: what is to be trained; everything else that they read is there. train: can be pickled. told: is
            called with each that begins.
    Raises:
        What `train` raises: the others are then stopped, and what they last saved is there to go on from.
        ZestError: a process was killed.
    """
    waiting, missing, running = list(stages), {stage.label for stage in stages}, {}
    with _processes(jobs) as pool:
        while waiting or running:
            ready = [stage for stage in waiting if not any(read.label in missing for read in stage.reads)]
            for stage in ready[:jobs - len(running)]:
                waiting.remove(stage)
                told(stage)
                running[pool.submit(train, stage)] = stage
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                stage = running.pop(future)
                try:
                    future.result()
                except BrokenProcessPool as error:
                    raise ZestError(f"A process was stopped from outside while {stage.label} was trained, perhaps for want of "
                                    "memory; the same command goes on, and --jobs 1 takes less.") from error
                missing.discard(stage.label)


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """None of them outlives the block, however it ends."""
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin, (max(1, (os.cpu_count() or 1) // jobs),))
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(threads: int) -> None:
    import torch
    from tqdm import tqdm

    torch.set_num_threads(threads)
    tqdm.__init__ = partialmethod(tqdm.__init__, disable=True)  # bars of several processes would write over each other
