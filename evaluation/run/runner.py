"""An evaluation from pairs to scores: convert, observe, score. After a kill, the same call goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path

from evaluation.metrics.base import Metric, Observer
from evaluation.pair import Pair, write_pairs
from evaluation.run.folder import ConversionRecord, EvaluationRun, RunFolder, open_run
from evaluation.run.json_files import appending, write_json
from evaluation.run.measuring import Measuring
from evaluation.run.outputs import check_run_files
from evaluation.run.record import RunRecord
from evaluation.run.shards import LOKY, WorkerPool, Workers, cut
from evaluation.run.systems import Rendered, System
from pipelines.errors import AudioError, CheckpointError, OutputError, PassingError, ZestError
from pipelines.features.audio import SAMPLE_RATE, from_array, load, save
from pipelines.files import alone_in, make_folder
from pipelines.hooks import Event, Hook, silent

KEPT = 1024  # recordings whose notes a process remembers
SHARD = 4  # pairs a worker process converts at a time; one where everything happens in this process


def evaluate(pairs: Sequence[Pair], systems: Sequence[System], folder: Path | str, metrics: Sequence[Metric | str] | None = None,
             observers: Mapping[str, Observer] | None = None, jobs: int = 1, backend: str = LOKY, seed: int = 0,
             device: str = "cpu", command: str = "", hook: Hook = silent, reads: Iterable[Path | str] = (),
             more: Iterable[Path] = ()) -> EvaluationRun:
    """Convert every pair with every system, observe every clip once, score every conversion, and keep all in a folder.

    A pair that fails becomes a row with the reason as a sentence. A metric whose model is missing is not measured; run.json
    has the reason. The rest goes on. Results that are in the folder already are kept.

    Args:
        systems: see evaluation/run/systems.py. metrics: names or objects; the default set if None.
        observers: by the key that metrics name; the registry's if None.
        jobs, backend: see evaluation/run/shards.py. seed, device, command: for run.json.
        hook: gets 'progress' events of the stages 'convert <system>', 'observe <observer>' and 'score', and at the end one
            Event('end', 'evaluate') whose value counts conversions, observations and scores of this call; 0: nothing was missing.
        reads: lists and manifests of the call. more: files that it writes into the folder later. Both for check_run_files.
    Raises:
        ZestError: no pairs or systems, an unknown metric, or the folder holds another run. OutputError: the folder is in use
            or cannot be written, or holds what the run reads or other files. CheckpointError: a system cannot be loaded.
    """
    begun = time.perf_counter()
    workers, files = Workers(jobs, backend), RunFolder(Path(folder))
    chosen, known_observers = _metrics_and_observers(metrics, observers)
    _refuse_nothing(pairs, systems)
    check_run_files(files, pairs, systems, reads, more)
    make_folder(files.path)
    with alone_in(files.path, "evaluation"), WorkerPool(workers) as pool:
        record = _begin(files, pairs, RunRecord.describe(pairs, systems, chosen, known_observers, seed, device, command))
        done = sum(convert_pairs(system, pairs, files, pool, hook) for system in systems)
        measuring = Measuring(files, pairs, [system.name for system in systems], pool, hook)
        measured, record = measuring.run(chosen, known_observers, record)
        if files.record() != record:
            record.write(files.record_file)
    hook(Event("end", "evaluate", time.perf_counter() - begun, done + measured))
    return open_run(files.path)


def convert_pairs(system: System, pairs: Sequence[Pair], files: RunFolder, pool: WorkerPool, hook: Hook) -> int:
    """Convert pairs that have no conversion yet. Returns how many those were.

    A pair whose recordings cannot be read, or that the system refuses, becomes a line with the sentence.

    Raises:
        CheckpointError: the system cannot be loaded at all. OutputError: the disk is full.
    """
    known = files.conversions()
    todo = [pair for pair in pairs if not _is_done(files, known.get((system.name, pair.id)))]
    done = len(pairs) - len(todo)

    def tell() -> None:
        hook(Event("progress", f"convert {system.name}", value=(done, len(pairs)),
                   label=f"Preparing the conversions of {system.name}"))

    tell()
    with appending(files.conversions_file) as lines:
        for count, conversions in pool.map(partial(_convert_shard, system, files), cut(todo, 1 if pool.alone else SHARD)):
            for conversion in conversions:
                lines.add(asdict(conversion))
            done += count
            tell()
    return len(todo)


def _metrics_and_observers(metrics: Sequence[Metric | str] | None,
                           observers: Mapping[str, Observer] | None) -> tuple[list[Metric], Mapping[str, Observer]]:
    """Metrics as objects, and their observers. The registry is imported only for names and defaults."""
    objects = [one for one in metrics or () if not isinstance(one, str)]
    if observers is not None and metrics is not None and len(objects) == len(metrics):
        return objects, observers
    from evaluation.metrics import registry

    asked = registry.default_names() if metrics is None else metrics
    chosen: list[Metric] = [registry.metric(one) if isinstance(one, str) else one for one in asked]
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


def _begin(files: RunFolder, pairs: Sequence[Pair], now: RunRecord) -> RunRecord:
    """Write pairs.csv, then run.json: a folder with a run.json is a run that can be read. Returns the record to go on with."""
    before = files.record()
    record = now if before is None else before.continued(now, files.path)
    if before is None:
        write_pairs(files.pairs_file, list(pairs))
    if before != record:
        record.write(files.record_file)
    return record


def _is_done(files: RunFolder, known: ConversionRecord | None) -> bool:
    if known is None or (known.failed is not None and known.again):
        return False
    return known.failed is not None or files.wav(known.system, known.pair).is_file()


def _convert_shard(system: System, files: RunFolder, pairs: Sequence[Pair]) -> list[ConversionRecord]:
    return [_convert(system, files, pair) for pair in pairs]


def _convert(system: System, files: RunFolder, pair: Pair) -> ConversionRecord:
    begun = time.perf_counter()
    try:
        rendered = _render(system, pair)
    except (CheckpointError, OutputError):
        raise  # no pair of this system can do better
    except ZestError as error:
        again = isinstance(error, PassingError)
        return ConversionRecord(system.name, pair.id, time.perf_counter() - begun, failed=str(error), again=again)
    except Exception as error:  # noqa: BLE001 - anyone's system: one pair's crash must not cost the other thousand
        sentence = f"The system {system.name} broke on this pair ({type(error).__name__}: {error})."
        return ConversionRecord(system.name, pair.id, time.perf_counter() - begun, failed=sentence)
    seconds = time.perf_counter() - begun
    wav = files.wav(system.name, pair.id)
    make_folder(wav.parent)
    if rendered.predicted is not None:
        hz = [round(float(value), 2) for value in rendered.predicted.hz]
        write_json(files.contour_file(system.name, pair.id), {"hz": hz, "step": rendered.predicted.step})
    save(wav, rendered.samples)  # last: a WAV is the sign of a finished conversion
    return ConversionRecord(system.name, pair.id, round(seconds, 3), unchanged=rendered.unchanged, notes=rendered.notes)


def _render(system: System, pair: Pair) -> Rendered:
    warnings = [note for path in filter(None, (pair.source, pair.reference, pair.parallel))
                for note in _notes(path)]  # a recording that cannot be read cannot be compared with either
    rendered = system.render(pair)
    try:
        from_array(rendered.samples, SAMPLE_RATE, "the conversion")  # silence and NaN are refused here, as everywhere
    except AudioError as error:
        raise ZestError(f"The conversion by {system.name} cannot be scored: {error}") from error
    return replace(rendered, notes=tuple(dict.fromkeys([*warnings, *rendered.notes])))


def _notes(path: Path) -> tuple[str, ...]:
    """What is doubtful about a recording. Raises AudioError: it cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return load(path).warnings  # which says what is wrong
    return _noted(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=KEPT)
def _noted(path: Path, changed: int, size: int) -> tuple[str, ...]:
    """A reference is shared by many pairs, and read once; another file of the same name is read anew."""
    return load(path).warnings
