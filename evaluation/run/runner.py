"""An evaluation from pairs to scores: convert, observe, score; killed anywhere, the same call goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Metric, Observer
from evaluation.pair import Pair, write_pairs
from evaluation.run.converting import convert_pairs
from evaluation.run.folder import EvaluationRun, RunFolder, open_run
from evaluation.run.measuring import Measuring
from evaluation.run.provenance import agreed, describe
from evaluation.run.shards import LOKY, WorkerPool, Workers
from evaluation.run.systems import System
from pipelines.errors import ZestError
from pipelines.files import alone_in, make_folder
from pipelines.hooks import Event, Hook, silent


def evaluate(pairs: Sequence[Pair], systems: Sequence[System], folder: Path | str, metrics: Sequence[Metric | str] | None = None,
             observers: Mapping[str, Observer] | None = None, jobs: int = 1, backend: str = LOKY, seed: int = 0,
             device: str = "cpu", command: str = "", hook: Hook = silent) -> EvaluationRun:
    """Convert every pair with every system, observe every clip once, score every conversion, and keep all in a folder.

    A pair that fails becomes a row with its sentence; a metric whose model is missing is not measured, with its sentence in
    run.json; the rest goes on. What is in the folder already is not done again.

    Args:
        systems: see evaluation/run/systems.py. metrics: names or objects; the default set if None.
        observers: by the key that metrics name; the registry's if None.
        jobs, backend: see evaluation/run/shards.py. seed, device, command: for run.json.
        hook: gets 'progress' events of the stages 'convert <system>', 'observe <observer>' and 'score', and at the end one
            Event('end', 'evaluate') whose value is the number of things that were done; 0 means that all was there.
    Raises:
        ZestError: no pairs or systems, an unknown metric, or the folder holds another run. OutputError: the folder is in use
            or cannot be written. CheckpointError: a system cannot be loaded.
    """
    begun = time.perf_counter()
    workers, files = Workers(jobs, backend), RunFolder(Path(folder))
    chosen, listeners = _measuring(metrics, observers)
    _refuse_nothing(pairs, systems)
    make_folder(files.path)
    with alone_in(files.path, "evaluation"), WorkerPool(workers) as pool:
        info = agreed(files.info(), describe(pairs, systems, chosen, listeners, seed, device, command), str(files.path))
        _begin(files, info, pairs)
        done = sum(convert_pairs(system, pairs, files, pool, hook) for system in systems)
        done += Measuring(files, pairs, [system.name for system in systems], pool, hook).run(chosen, listeners, info)
        if files.info() != info:
            files.write_json(files.info_file, info)
    hook(Event("end", "evaluate", time.perf_counter() - begun, done))
    return open_run(files.path)


def _measuring(metrics: Sequence[Metric | str] | None,
               observers: Mapping[str, Observer] | None) -> tuple[list[Metric], Mapping[str, Observer]]:
    """Metrics as objects, and who observes for them."""
    if observers is not None and metrics is not None and not any(isinstance(one, str) for one in metrics):
        return list(metrics), observers
    from evaluation.metrics import registry

    wanted = registry.default_names() if metrics is None else metrics
    chosen = [registry.metric(one) if isinstance(one, str) else one for one in wanted]
    return chosen, registry.observers() if observers is None else observers


def _refuse_nothing(pairs: Sequence[Pair], systems: Sequence[System]) -> None:
    if not pairs:
        raise ZestError("There are no pairs to evaluate.")
    if not systems:
        raise ZestError("Which systems? Name at least one, as in --system source --system transfer.")
    names = [system.name for system in systems]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ZestError(f"Two systems are called '{twice}'; give each a name of its own.")


def _begin(files: RunFolder, info: dict[str, Any], pairs: Sequence[Pair]) -> None:
    """The protocol first: a folder with a run.json is a run that can be read."""
    if files.info() is None:
        write_pairs(files.pairs_file, list(pairs))
    if files.info() != info:
        files.write_json(files.info_file, info)
