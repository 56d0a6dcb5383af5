"""A RUN/ folder: the files of an evaluation, and how they are read.

    run.json                            pairs, systems, metrics, versions (record.py)
    pairs.csv                           the protocol
    wavs/<system>/<pair id>.wav         conversions, 16 kHz, 16 bit
    predicted/<system>/<pair id>.json   {"hz": [...], "step": seconds} where the system predicts a contour
    conversions.jsonl                   {"system", "pair", "seconds", "unchanged", "failed": null | sentence, "notes", "again"}
    observations/<observer key>.jsonl   observations of clips (observing.py)
    scores.jsonl                        {"system", "pair", "setting", "emotion", "source_speaker", "failed", "values"}
    marks.json                          what natural speech scores (natural_reference/computed.py)

A later line of a JSONL replaces an earlier one of the same system and pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.pair import Pair, read_pairs
from evaluation.run.json_files import read_json, read_lines
from evaluation.run.record import RunRecord
from pipelines.errors import ZestError
from pipelines.features.pitch import F0Contour

COLUMNS = ("system", "pair", "setting", "emotion", "source_speaker", "metric", "value", "weight", "failed")


@dataclass(frozen=True)
class ConversionRecord:
    """One line of conversions.jsonl: the conversion of one pair by one system, or its failure.

    Attributes:
        seconds: of work. failed: the sentence why there is no conversion, None where there is one.
        unchanged: the conversion is the source itself.
        notes: plain sentences about the recordings, such as that one is clipped or cut off.
        again: it failed for a reason that may pass, so the next call tries again.
    """

    system: str
    pair: str
    seconds: float
    failed: str | None = None
    unchanged: bool = False
    notes: Sequence[str] = ()
    again: bool = False


@dataclass(frozen=True)
class ScoreRecord:
    """One line of scores.jsonl: the values of one conversion.

    Attributes:
        failed: the sentence why there is no conversion, None where there is one.
        values: by metric (value, weight), None where the metric has no value for the pair.
    """

    system: str
    pair: str
    setting: str = ""
    emotion: str = ""
    source_speaker: str = ""
    failed: str | None = None
    values: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFolder:
    """The files of a RUN/ folder, read line by line."""

    path: Path

    @property
    def record_file(self) -> Path:
        return self.path / "run.json"

    @property
    def pairs_file(self) -> Path:
        return self.path / "pairs.csv"

    @property
    def conversions_file(self) -> Path:
        return self.path / "conversions.jsonl"

    @property
    def scores_file(self) -> Path:
        return self.path / "scores.jsonl"

    @property
    def natural_reference_file(self) -> Path:
        return self.path / "marks.json"

    @property
    def observations(self) -> Path:
        return self.path / "observations"

    @property
    def appended(self) -> tuple[Path, ...]:
        """Files that grow with the run, or follow from it."""
        return self.conversions_file, self.scores_file, self.natural_reference_file

    @property
    def trees(self) -> tuple[Path, ...]:
        """Folders whose whole content is the run's."""
        return self.path / "wavs", self.path / "predicted", self.observations

    def wav(self, system: str, pair: str) -> Path:
        return self.path / "wavs" / system / f"{pair}.wav"

    def contour_file(self, system: str, pair: str) -> Path:
        return self.path / "predicted" / system / f"{pair}.json"

    def clip(self, pair: Pair, conversion: ConversionRecord) -> Path | None:
        """The recording to listen to: the source itself where it is unchanged, None where the conversion failed."""
        if conversion.failed is not None:
            return None
        return pair.source if conversion.unchanged else self.wav(conversion.system, conversion.pair)

    def record(self) -> RunRecord | None:
        """run.json, None where there is none yet. Raises ZestError: it is damaged."""
        return RunRecord.read(self.record_file)

    def conversions(self) -> dict[tuple[str, str], ConversionRecord]:
        """The last line of conversions.jsonl of every (system, pair)."""
        return {(line["system"], line["pair"]): _from_line(ConversionRecord, line) for line in read_lines(self.conversions_file)}

    def scores(self) -> dict[tuple[str, str], ScoreRecord]:
        """The last line of scores.jsonl of every (system, pair)."""
        return {(line["system"], line["pair"]): _from_line(ScoreRecord, line) for line in read_lines(self.scores_file)}

    def natural_reference(self) -> dict[str, Any] | None:
        """marks.json (natural_reference/computed.py), None where there is none. Raises ZestError: it is damaged."""
        return read_json(self.natural_reference_file)


@dataclass(frozen=True)
class EvaluationRun:
    """An evaluation as it lies on disk, finished or not.

    Attributes:
        files: where everything is. record: run.json. pairs: the protocol.
    """

    files: RunFolder
    record: RunRecord
    pairs: tuple[Pair, ...]

    @property
    def folder(self) -> Path:
        return self.files.path

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, in the order they were asked for."""
        return tuple(self.record.systems)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that were measured; see `not_measured` for the others."""
        return tuple(name for name in self.record.metrics if name not in self.not_measured)

    @property
    def not_measured(self) -> dict[str, str]:
        """Per metric that could not be measured, the sentence why."""
        return self.record.not_measured

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Long form, one row per system, pair and metric: the columns COLUMNS, in the order of systems, pairs and metrics.

        value and weight are NaN where a metric has no value for the pair. `failed` is empty where the metric does not apply
        (no text, no parallel recording). It holds the sentence where the conversion failed and the metric has no worst value.
        Rows are there only for pairs scored so far and metrics that were measured.
        """
        system_place, pair_place = ({name: index for index, name in enumerate(names)}
                                    for names in (self.systems, (pair.id for pair in self.pairs)))
        lines = [line for line in self.files.scores().values() if line.system in system_place and line.pair in pair_place]
        lines.sort(key=lambda line: (system_place[line.system], pair_place[line.pair]))
        nothing = (float("nan"), float("nan"))
        rows = [(line.system, line.pair, line.setting, line.emotion, line.source_speaker, metric,
                 *(line.values[metric] or nothing), line.failed)
                for line in lines for metric in self.metrics if metric in line.values]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).astype({"value": float, "weight": float})

    @cached_property
    def conversions(self) -> dict[tuple[str, str], ConversionRecord]:
        """By (system, pair id)."""
        return self.files.conversions()

    @property
    def notes(self) -> dict[str, list[str]]:
        """What is doubtful about recordings, a sentence each, and the ids of the pairs it is about."""
        found: dict[str, dict[str, None]] = {}
        for one in self.conversions.values():
            for note in one.notes:
                found.setdefault(note, {})[one.pair] = None
        return {note: list(pairs) for note, pairs in found.items()}

    @cached_property
    def natural_reference(self) -> dict[str, Any]:
        """What natural speech scores (evaluation/natural_reference/computed.py); empty where it was not measured."""
        return self.files.natural_reference() or {}

    @property
    def complete(self) -> bool:
        """Every system and pair has a value, or the reason for none, of every measured metric."""
        measured = set(self.metrics)
        lines = self.files.scores().values()
        scored = sum(measured <= set(line.values) and line.system in self.record.systems for line in lines)
        return scored == len(self.systems) * len(self.pairs)

    def wav(self, system: str, pair: str) -> Path | None:
        """The conversion; None where it failed or is not there yet."""
        path = self.files.wav(system, pair)
        return path if path.is_file() else None

    def predicted(self, system: str, pair: str) -> F0Contour | None:
        """The F0 contour that the system predicted, Hz; None where it predicts none."""
        document = read_json(self.files.contour_file(system, pair))
        return None if document is None else F0Contour(np.array(document["hz"], dtype=np.float64), document["step"])


def open_run(folder: Path | str) -> EvaluationRun:
    """Read a RUN/ folder.

    Raises:
        ZestError: it is missing, is not a run, or is damaged.
    """
    files = RunFolder(Path(folder))
    if not files.path.is_dir():
        raise ZestError(f"There is no folder {files.path}; name the folder that zest evaluate wrote with -o.")
    record = files.record()
    if record is None:
        raise ZestError(f"{files.path} has no run.json, so it is not the folder of a zest evaluate.")
    return EvaluationRun(files, record, tuple(read_pairs(files.pairs_file, required=("source", "reference"), checked=False)))


def _from_line(kind: type, line: dict[str, Any]) -> Any:
    """A record of a line; keys of other versions are ignored."""
    return kind(**{name: line[name] for name in kind.__dataclass_fields__ if name in line})
