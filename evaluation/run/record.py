"""run.json: pairs, systems, metrics and versions of a run, and whether the same run may go on.

    {"pairs_hash", "pairs", "created", "seed", "device", "command",
     "systems": {name: {"spec", "checkpoint_hash"}},
     "metrics": {name: {"key", "models", "not_measured": null | sentence, "note": sentence}},
     "versions": {package: version}, "versions_later": {package: version}}

`note` and `versions_later` are written only where they hold something. A key that an older run lacks is read as unknown.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Metric, Observer
from evaluation.pair import Pair, pairs_hash
from evaluation.rivals.system import RIVAL
from evaluation.run.json_files import read_json, write_json
from evaluation.run.systems import System, with_present_name
from pipelines.errors import ZestError

PACKAGES = ("zest-workbench", "torch", "numpy", "scipy", "librosa", "openai-whisper", "jiwer", "pyworld", "pysptk", "swift-f0",
            "resemblyzer", "distillmos", "speechmos", "onnxruntime", "opensmile", "speechbrain", "transformers", "scikit-learn",
            "soundfile", "soxr", "joblib")


@dataclass(frozen=True)
class SystemRecord:
    """spec: everything that determines the result, as JSON. checkpoint_hash: None for a system without weights."""

    spec: Any = None
    checkpoint_hash: str | None = None

    @property
    def is_absent(self) -> bool:
        """A rival that was not installed when the run began: it has converted nothing, so any version may go on."""
        return isinstance(self.spec, dict) and self.spec.get("kind") == RIVAL and self.checkpoint_hash is None


@dataclass(frozen=True)
class MetricRecord:
    """How a metric was measured.

    Attributes:
        key: of its observer, None where the model is not there. models: name and version of the model.
        not_measured: why the metric could not be measured, None where it was.
        note: a warning about a metric that was measured, None for none.
    """

    key: str | None = None
    models: str = ""
    not_measured: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The content of run.json; `read` and `write` are its only way from and to the disk. Fields stand in the file's order.

    Attributes:
        pairs: how many. created: ISO 8601, UTC. seed, device, command: of the call that began the run.
        systems, metrics: by name, in the order in which they were asked for.
        versions: of packages at the beginning; versions_later: of a later call, where they differ.
    """

    pairs_hash: str
    pairs: int | None = None
    created: str | None = None
    seed: int | None = None
    device: str | None = None
    command: str | None = None
    systems: Mapping[str, SystemRecord]
    metrics: Mapping[str, MetricRecord]
    versions: Mapping[str, str] = field(default_factory=dict)
    versions_later: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def describe(cls, pairs: Sequence[Pair], systems: Sequence[System], metrics: Sequence[Metric],
                 observers: Mapping[str, Observer], seed: int, device: str, command: str) -> RunRecord:
        """The record of a new run. Raises CheckpointError when a system's weights are not there."""
        return cls(
            pairs_hash=pairs_hash(list(pairs)), pairs=len(pairs), created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=seed, device=device, command=command,
            systems={system.name: SystemRecord(system.spec, system.checkpoint_hash) for system in systems},
            metrics={metric.info.name: MetricRecord(_key(observers[metric.observer]), metric.info.models) for metric in metrics},
            versions={"python": platform.python_version(), **_versions()})

    @classmethod
    def read(cls, path: Path) -> RunRecord | None:
        """None where there is no file. Raises ZestError: it is damaged."""
        document = read_json(path)
        if document is None:
            return None
        try:
            known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
            known["systems"] = {name: _read_part(SystemRecord, about) for name, about in document["systems"].items()}
            known["metrics"] = {name: _read_part(MetricRecord, about) for name, about in document["metrics"].items()}
            return cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise ZestError(f"{path} is damaged; run the same zest evaluate into another folder.") from error

    def write(self, path: Path) -> None:
        """Whole or not at all; what is unknown is left out. Raises OutputError."""
        always = ("systems", "metrics")
        document = {name: value for name, value in asdict(self).items() if name in always or value not in (None, {})}
        document["metrics"] = {name: {key: value for key, value in metric.items() if key != "note" or value is not None}
                               for name, metric in document["metrics"].items()}
        write_json(path, document)

    @property
    def observer_keys(self) -> dict[str, str]:
        """Per metric, the key of its observer as the run recorded it."""
        return {name: metric.key for name, metric in self.metrics.items() if metric.key}

    @property
    def not_measured(self) -> dict[str, str]:
        """Per metric that could not be measured, the sentence why."""
        return {name: metric.not_measured for name, metric in self.metrics.items() if metric.not_measured}

    def with_metric(self, name: str, **changes: str | None) -> RunRecord:
        """The same record with other values of one metric."""
        return replace(self, metrics={**self.metrics, name: replace(self.metrics[name], **changes)})

    def continued(self, now: RunRecord, folder: Path) -> RunRecord:
        """The record of a continued run: systems and metrics may be added; those that are there must stay the same.

        Args:
            now: of the call that goes on.
        Raises:
            ZestError: the folder holds a run of other pairs, another seed or device, or a system or metric of the same name
                but of another make.
        """
        self._refuse_other(now, folder)
        systems = {name: system for name, system in now.systems.items()
                   if name not in self.systems or self.systems[name].is_absent}
        metrics = {name: metric for name, metric in now.metrics.items()
                   if self.metrics.get(name, MetricRecord()).key is None}
        later = now.versions if self.versions != now.versions else self.versions_later  # the report shows both
        return replace(self, systems={**self.systems, **systems}, metrics={**self.metrics, **metrics}, versions_later=later)

    def _refuse_other(self, now: RunRecord, folder: Path) -> None:
        elsewhere = "choose another folder with -o"
        if self.pairs_hash != now.pairs_hash:
            raise ZestError(f"{folder} holds a run of other pairs ({self.pairs_hash}, these are {now.pairs_hash}); {elsewhere}.")
        for key in ("seed", "device"):
            if getattr(self, key) != getattr(now, key):
                raise ZestError(f"{folder} holds a run with {key} {getattr(self, key)}, not {getattr(now, key)}; {elsewhere}.")
        for name in self.systems.keys() & now.systems.keys():
            if not _same_system(self.systems[name], now.systems[name]):
                raise ZestError(f"{folder} holds conversions by another system {name} "
                                f"({_difference(self.systems[name], now.systems[name])}); {elsewhere}, or call this one by "
                                f"another name, as in new={name}.")
        for name in self.metrics.keys() & now.metrics.keys():
            theirs, ours = self.metrics[name].key, now.metrics[name].key
            if theirs != ours and None not in (theirs, ours):
                raise ZestError(f"{folder} holds {name} as measured by {theirs}, and now it would be {ours}; {elsewhere}.")


def _read_part(kind: type, about: Mapping[str, Any]) -> Any:
    return kind(**{name: about[name] for name in kind.__dataclass_fields__ if name in about})


def _same_system(before: SystemRecord, now: SystemRecord) -> bool:
    if before.is_absent:
        return before.spec == now.spec
    return (before.checkpoint_hash, with_present_name(before.spec)) == (now.checkpoint_hash, with_present_name(now.spec))


def _difference(before: SystemRecord, now: SystemRecord) -> str:
    theirs, ours = ({**one.spec, "checkpoint": one.checkpoint_hash} for one in (before, now))
    return ", ".join(f"{key} {theirs.get(key)} instead of {ours.get(key)}" for key in sorted(theirs.keys() | ours.keys())
                     if theirs.get(key) != ours.get(key))


def _key(observer: Observer) -> str | None:
    """None where the key needs weights or packages that are missing."""
    try:
        return observer.key
    except Exception:  # noqa: BLE001 - anyone's observer; why it cannot observe is told when it is asked to
        return None


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
