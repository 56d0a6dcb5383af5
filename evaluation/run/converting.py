"""The first stage: every system renders every pair; each conversion is a WAV and a line, each refusal a line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from evaluation.pair import Pair
from evaluation.run.folder import ConversionRecord, RunFolder
from evaluation.run.lines import appending
from evaluation.run.shards import WorkerPool, cut
from evaluation.run.systems import Rendered, System
from pipelines.errors import AudioError, CheckpointError, OutputError, ZestError
from pipelines.features.audio import SAMPLE_RATE, from_array, load, save
from pipelines.files import make_folder
from pipelines.hooks import Event, Hook

SHARD = 4  # pairs a worker process does at a time; one where nobody else works


def convert_pairs(system: System, pairs: Sequence[Pair], files: RunFolder, pool: WorkerPool, hook: Hook) -> int:
    """Convert what is not converted yet. Returns how many pairs that were.

    A pair whose recordings cannot be read, or that the system refuses, becomes a line with the sentence.

    Raises:
        CheckpointError: the system cannot be loaded at all. OutputError: the disk is full.
    """
    known = files.converted()
    todo = [pair for pair in pairs if not _is_done(files, known.get((system.name, pair.id)))]
    stage, done = f"convert {system.name}", len(pairs) - len(todo)
    hook(Event("progress", stage, value=(done, len(pairs))))
    shards = cut(todo, 1 if pool.alone else SHARD)
    with appending(files.conversions_file) as lines:
        for count, made in pool.map(partial(_convert_shard, system, files), shards):
            for converted in made:
                lines.add(asdict(converted))
            done += count
            hook(Event("progress", stage, value=(done, len(pairs))))
    return len(todo)


def clip_of(files: RunFolder, pair: Pair, converted: ConversionRecord) -> Path | None:
    """Where the conversion can be heard: the source itself if it is unchanged. None where the conversion failed."""
    if converted.failed is not None:
        return None
    return pair.source if converted.unchanged else files.wav(converted.system, converted.pair)


def _is_done(files: RunFolder, known: ConversionRecord | None) -> bool:
    return known is not None and (known.failed is not None or files.wav(known.system, known.pair).is_file())


def _convert_shard(system: System, files: RunFolder, pairs: Sequence[Pair]) -> list[ConversionRecord]:
    return [_convert(system, files, pair) for pair in pairs]


def _convert(system: System, files: RunFolder, pair: Pair) -> ConversionRecord:
    begun = time.perf_counter()
    try:
        rendered = _rendered(system, pair)
    except (CheckpointError, OutputError):
        raise  # no pair of this system can do better
    except ZestError as error:
        return ConversionRecord(system.name, pair.id, time.perf_counter() - begun, failed=str(error))
    except Exception as error:  # noqa: BLE001 - anyone's system: one pair's crash must not cost the other thousand
        sentence = f"The system {system.name} broke on this pair ({type(error).__name__}: {error})."
        return ConversionRecord(system.name, pair.id, time.perf_counter() - begun, failed=sentence)
    seconds = time.perf_counter() - begun
    _keep(system.name, files, pair, rendered)
    return ConversionRecord(system.name, pair.id, round(seconds, 3), unchanged=rendered.unchanged)


def _rendered(system: System, pair: Pair) -> Rendered:
    for path in filter(None, (pair.source, pair.reference, pair.parallel)):
        load(path)  # a recording that cannot be read cannot be compared with either
    rendered = system.render(pair)
    try:
        from_array(rendered.samples, SAMPLE_RATE, "the conversion")  # silence and NaN are refused here, as everywhere
    except AudioError as error:
        raise ZestError(f"What {system.name} made cannot be scored: {error}") from error
    return rendered


def _keep(name: str, files: RunFolder, pair: Pair, rendered: Rendered) -> None:
    wav = files.wav(name, pair.id)
    make_folder(wav.parent)
    if rendered.predicted is not None:
        contour = rendered.predicted
        hz = [round(float(value), 2) for value in contour.hz]
        files.write_json(files.contour_file(name, pair.id), {"hz": hz, "step": contour.step})
    save(wav, rendered.samples)  # last: a WAV is the sign of a whole conversion
