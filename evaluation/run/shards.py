"""Work cut into shards and done by joblib: processes of this machine (loky), or a Ray or Dask cluster.

The same function runs on the same shards whatever the backend, so results do not depend on where they were computed.
Workers of a cluster must see the recordings and the RUN/ folder under the same paths (a shared file system).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any, TypeVar

from pipelines.errors import WorkerError, ZestError
from pipelines.packages import install_command

LOKY = "loky"
PACKAGES = {LOKY: "joblib", "ray": "ray", "dask": "distributed"}  # what each backend needs installed
BACKENDS = tuple(PACKAGES)
ENDED = ("BrokenProcessPool", "KilledWorker", "RayActorError", "WorkerCrashedError")  # what backends raise for a killed worker
ROUND = 4  # shards a worker, where results come in rounds

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Workers:
    """Who does the work. jobs: how many shards at a time; backend: one of BACKENDS.

    One job of loky is this process; no other is started.

    Raises:
        ZestError: an unknown backend, a package that is not installed, or fewer than one job.
    """

    jobs: int = 1
    backend: str = LOKY

    def __post_init__(self):
        if self.backend not in BACKENDS:
            raise ZestError(f"There is no backend '{self.backend}'; choose one of {', '.join(BACKENDS)}.")
        if find_spec(PACKAGES[self.backend]) is None:
            raise ZestError(f"The backend '{self.backend}' needs the package {PACKAGES[self.backend]}; "
                            f"run '{install_command('clusters')}'.")
        if self.jobs < 1:
            raise ZestError(f"--jobs must be at least 1, not {self.jobs}.")

    @property
    def threads(self) -> int:
        """For each worker, so that jobs x threads is at most the machine's cores."""
        return max(1, (os.cpu_count() or 1) // self.jobs)

    @property
    def alone(self) -> bool:
        return self.backend == LOKY and self.jobs == 1

    @property
    def at_a_time(self) -> int:
        """Shards for joblib; -1 is all that a named Ray cluster takes, as Dask's does anyway."""
        return -1 if self.backend == "ray" and self.jobs == 1 and os.environ.get("RAY_ADDRESS") else self.jobs


class WorkerPool:
    """Workers at work: `with WorkerPool(workers) as pool: pool.map(...)`. Processes start with the first shard and end with
    the block."""

    def __init__(self, workers: Workers):
        self.workers = workers
        self._open = ExitStack()
        self._connected = False

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *failure) -> None:
        self._open.close()

    @property
    def alone(self) -> bool:
        """Everything happens in this process."""
        return self.workers.alone

    def map(self, work: Callable[[Sequence[Item]], Result], shards: Iterable[Sequence[Item]]) -> Iterator[tuple[int, Result]]:
        """Do `work` on every shard; few of them are in memory at a time.

        Yields:
            (how many items the shard had, what `work` returned), in the order in which shards are finished.
        Raises:
            WorkerError: a worker was killed. Dask starts another one instead, unless the same work kills several.
        """
        shards = iter(shards)
        first = next(shards, None)
        if first is None:
            return
        shards = chain((first,), shards)
        if self.alone:
            yield from ((len(shard), work(shard)) for shard in shards)
            return
        self._connect()
        try:
            yield from self._results(partial(_shard, work, threads=self.workers.threads), shards)
        except Exception as error:
            if not any(kind.__name__ in ENDED for kind in type(error).__mro__):  # a backend's own class need not be installed
                raise
            raise WorkerError(f"A worker of {self.workers.backend} was killed, as happens where memory runs out. What is "
                              "finished is kept: the same command goes on, with fewer --jobs where memory is short.") from error

    def _results(self, call: Callable[[Sequence[Item]], Result], shards: Iterator[Sequence[Item]]) -> Iterator[Result]:
        """As they come; in rounds where a backend (Ray's) only gives results together."""
        from joblib import Parallel, delayed, effective_n_jobs
        from joblib.parallel import get_active_backend

        jobs, backend = self.workers.at_a_time, get_active_backend()[0]
        new_pool: Any = Parallel  # joblib's own types know neither numbers as batch sizes nor results one by one
        if getattr(backend, "supports_return_generator", False):
            parallel = new_pool(n_jobs=jobs, batch_size=1, pre_dispatch="2*n_jobs", return_as="generator_unordered")
            yield from parallel(delayed(call)(shard) for shard in shards)
            return
        with new_pool(n_jobs=jobs, batch_size=1) as parallel:  # one pool for all rounds: Ray's actors start slowly
            while part := list(islice(shards, ROUND * effective_n_jobs(jobs))):
                yield from parallel(delayed(call)(shard) for shard in part)

    def _connect(self) -> None:
        if self._connected:
            return
        from joblib import parallel_config

        backend = self.workers.backend
        self._open.enter_context(_STARTED[backend](self.workers))
        limit = {"inner_max_num_threads": self.workers.threads} if backend == LOKY else {}
        self._open.enter_context(parallel_config(backend=backend, **limit))
        self._connected = True


def cut(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Shards of at most `size` items, in order."""
    return [items[start:start + size] for start in range(0, len(items), size)]


def _shard(work: Callable[[Sequence[Item]], Result], part: Sequence[Item], *, threads: int) -> tuple[int, Result]:
    """What a worker runs: its share of the cores, then the work."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by what is imported later
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    return len(part), work(part)


@contextmanager
def _dask(workers: Workers) -> Iterator[None]:
    """The cluster that DASK_SCHEDULER_ADDRESS names, else one of this machine that ends with the run."""
    import dask  # pyright: ignore[reportMissingImports]  # the extra [clusters]
    from distributed import Client  # pyright: ignore[reportMissingImports]

    if dask.config.get("scheduler-address", None):  # DASK_SCHEDULER_ADDRESS
        client = Client()
    else:
        client = Client(n_workers=workers.jobs, threads_per_worker=1, dashboard_address=None)
    with client:
        yield


@contextmanager
def _ray(workers: Workers) -> Iterator[None]:
    """The cluster that RAY_ADDRESS names, else one of this machine that ends with the run."""
    import ray  # pyright: ignore[reportMissingImports]  # the extra [clusters]
    from ray.util.joblib import register_ray  # pyright: ignore[reportMissingImports]

    ours = not ray.is_initialized()
    if ours:
        ray.init(num_cpus=None if os.environ.get("RAY_ADDRESS") else workers.jobs, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        yield
    finally:
        if ours:
            ray.shutdown()


_STARTED = {LOKY: nullcontext, "dask": _dask, "ray": _ray}  # joblib starts and keeps loky's processes by itself
