"""A RUN/ folder: where everything of an evaluation lies, and how it is read again.

    run.json                            provenance: pairs, systems, metrics, versions (see `RunFolder.info`)
    pairs.csv                           the protocol
    wavs/<system>/<pair id>.wav         conversions, 16 kHz, 16 bit
    predicted/<system>/<pair id>.json   {"hz": [...], "step": seconds} where the system predicts a contour
    conversions.jsonl                   {"system", "pair", "seconds", "unchanged", "failed": null | sentence}
    observations/<observer key>.jsonl   what observers heard in clips
    scores.jsonl                        {"system", "pair", "setting", "emotion", "source_speaker", "failed", "values"}
    marks.json                          what natural speech scores

A later line of a JSONL replaces an earlier one of the same system and pair.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.pair import Pair, read_pairs
from evaluation.run.lines import read_lines
from pipelines.errors import ZestError
from pipelines.features.pitch import F0Contour
from pipelines.files import make_folder, write_whole

COLUMNS = ("system", "pair", "setting", "emotion", "source_speaker", "metric", "value", "weight", "failed")


@dataclass(frozen=True)
class ConversionRecord:
    """What became of one pair under one system.

    seconds: of work. unchanged: the clip is the source itself. failed: the sentence why there is no clip, None where there is.
    """

    system: str
    pair: str
    seconds: float
    failed: str | None = None
    unchanged: bool = False


@dataclass(frozen=True)
class RunFolder:
    """The paths of a RUN/ folder; makes folders when something is to be written."""

    path: Path

    @property
    def info_file(self) -> Path:
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

    def wav(self, system: str, pair: str) -> Path:
        return self.path / "wavs" / system / f"{pair}.wav"

    def contour_file(self, system: str, pair: str) -> Path:
        return self.path / "predicted" / system / f"{pair}.json"

    def info(self) -> dict[str, Any] | None:
        """run.json, None where there is none yet.

        Keys: pairs_hash, created, seed, device, command, systems {name: {"spec", "checkpoint_hash"}},
        metrics {name: {"key", "models", "not_measured": None or a sentence, if need be "note"}}, versions {package: version}.

        Raises:
            ZestError: it is damaged.
        """
        return _read_json(self.info_file)

    def write_json(self, file: Path, document: Any) -> None:
        """Whole or not at all. Raises OutputError."""
        make_folder(file.parent)
        write_whole(file, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())

    def converted(self) -> dict[tuple[str, str], ConversionRecord]:
        """What is known of every (system, pair)."""
        names = ConversionRecord.__dataclass_fields__
        return {(line["system"], line["pair"]): ConversionRecord(**{name: line[name] for name in names if name in line})
                for line in read_lines(self.conversions_file)}

    def natural_reference(self) -> dict[str, Any] | None:
        """marks.json (natural_reference/computed.py), None where there is none. Raises ZestError: it is damaged."""
        return _read_json(self.natural_reference_file)

    def score_lines(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The last line of scores.jsonl of every (system, pair)."""
        return {(line["system"], line["pair"]): line for line in read_lines(self.scores_file)}


@dataclass(frozen=True)
class EvaluationRun:
    """An evaluation as it lies on disk, finished or not.

    Attributes:
        files: where everything is. info: run.json. pairs: the protocol.
    """

    files: RunFolder
    info: dict[str, Any]
    pairs: tuple[Pair, ...]

    @property
    def folder(self) -> Path:
        return self.files.path

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, in the order they were asked for."""
        return tuple(self.info["systems"])

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that were measured; see `not_measured` for the others."""
        return tuple(name for name, about in self.info["metrics"].items() if not about["not_measured"])

    @property
    def not_measured(self) -> dict[str, str]:
        """Per metric that could not be measured, the sentence why."""
        return {name: about["not_measured"] for name, about in self.info["metrics"].items() if about["not_measured"]}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Long form, one row per system, pair and metric: the columns COLUMNS.

        value and weight are NaN where a metric has no value for the pair: `failed` is then empty where the metric does not
        apply (no text, no parallel recording...), and holds the sentence where the conversion failed and the metric has no
        worst. Rows are there only for pairs scored so far and metrics that were measured.
        """
        return _long_form(self.files.score_lines().values(), self.systems, self.pairs, self.metrics)

    @cached_property
    def conversions(self) -> dict[tuple[str, str], ConversionRecord]:
        """By (system, pair id)."""
        return self.files.converted()

    @cached_property
    def natural_reference(self) -> dict[str, Any]:
        """What natural speech scores (evaluation/natural_reference/computed.py); empty where nothing was measured."""
        return self.files.natural_reference() or {}

    @property
    def complete(self) -> bool:
        """Every system and pair has a value, or the reason for none, of every measured metric."""
        expected = len(self.systems) * len(self.pairs)
        wanted = set(self.metrics)
        lines = self.files.score_lines().values()
        return sum(wanted <= set(line["values"]) and line["system"] in self.info["systems"] for line in lines) == expected

    def wav(self, system: str, pair: str) -> Path | None:
        """The conversion; None where it failed or is not there yet."""
        path = self.files.wav(system, pair)
        return path if path.is_file() else None

    def predicted(self, system: str, pair: str) -> F0Contour | None:
        """The contour that the system asked for; None where it asked for none."""
        document = _read_json(self.files.contour_file(system, pair))
        return None if document is None else F0Contour(np.array(document["hz"], dtype=np.float64), document["step"])


def open_run(folder: Path | str) -> EvaluationRun:
    """Read a RUN/ folder.

    Raises:
        ZestError: it is missing, is not a run, or is damaged.
    """
    files = RunFolder(Path(folder))
    if not files.path.is_dir():
        raise ZestError(f"There is no folder {files.path}; name the folder that zest evaluate wrote with -o.")
    info = files.info()
    if info is None:
        raise ZestError(f"{files.path} has no run.json, so it is not the folder of a zest evaluate.")
    if not {"systems", "metrics", "pairs_hash"} <= set(info):
        raise ZestError(f"{files.info_file} is damaged; run the same zest evaluate into another folder.")
    return EvaluationRun(files, info, tuple(read_pairs(files.pairs_file, required=("source", "reference"))))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ZestError(f"{path} is damaged; delete it and run the same command again.") from error


def _long_form(lines, systems: tuple[str, ...], pairs: tuple[Pair, ...], metrics: tuple[str, ...]) -> pd.DataFrame:
    """Score lines in the order of systems, pairs and metrics."""
    place = {pair.id: index for index, pair in enumerate(pairs)}
    known = [line for line in lines if line["system"] in systems and line["pair"] in place]
    known.sort(key=lambda line: (systems.index(line["system"]), place[line["pair"]]))
    nothing = (float("nan"), float("nan"))
    rows = [(line["system"], line["pair"], line["setting"], line["emotion"], line["source_speaker"], metric,
             *(line["values"][metric] or nothing), line["failed"])
            for line in known for metric in metrics if metric in line["values"]]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": float, "weight": float})
