"""run.json: what a run was made from, and whether the same run may go on."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from evaluation.metrics.base import Metric, Observer
from evaluation.pair import Pair, pairs_hash
from evaluation.run.systems import System
from pipelines.errors import ZestError

PACKAGES = ("zest-workbench", "torch", "numpy", "scipy", "librosa", "openai-whisper", "jiwer", "pyworld", "pysptk", "swift-f0",
            "resemblyzer", "distillmos", "speechmos", "onnxruntime", "opensmile", "speechbrain", "transformers", "scikit-learn",
            "soundfile", "soxr", "joblib")


def describe(pairs: Sequence[Pair], systems: Sequence[System], metrics: Sequence[Metric], observers: Mapping[str, Observer],
             seed: int, device: str, command: str) -> dict[str, Any]:
    """A new run.json. Raises CheckpointError when a system's weights are not there."""
    return {
        "pairs_hash": pairs_hash(list(pairs)), "pairs": len(pairs),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed, "device": device, "command": command,
        "systems": {system.name: {"spec": system.spec, "checkpoint_hash": system.checkpoint_hash} for system in systems},
        "metrics": {metric.info.name: {"key": _key(observers[metric.observer]), "models": metric.info.models,
                                       "not_measured": None} for metric in metrics},
        "versions": {"python": platform.python_version(), **_versions()},
    }


def agreed(before: dict[str, Any] | None, now: dict[str, Any], folder: str) -> dict[str, Any]:
    """The run.json to go on with: systems and metrics may be added, nothing that is there may become another thing.

    Raises:
        ZestError: the folder holds a run of other pairs, another seed or device, or a system or metric of the same name but
            of another make.
    """
    if before is None:
        return now
    elsewhere = "choose another folder with -o"
    if before["pairs_hash"] != now["pairs_hash"]:
        raise ZestError(f"{folder} holds a run of other pairs ({before['pairs_hash']}, these are {now['pairs_hash']}); "
                        f"{elsewhere}.")
    for key in ("seed", "device"):
        if before[key] != now[key]:
            raise ZestError(f"{folder} holds a run with {key} {before[key]}, not {now[key]}; {elsewhere}.")
    for name in before["systems"].keys() & now["systems"].keys():
        if before["systems"][name] != now["systems"][name]:
            raise ZestError(f"{folder} holds conversions by another system {name} ({_difference(before, now, name)}); "
                            f"{elsewhere}, or call this one by another name, as in new={name}.")
    for name in before["metrics"].keys() & now["metrics"].keys():
        theirs, ours = before["metrics"][name]["key"], now["metrics"][name]["key"]
        if theirs != ours and None not in (theirs, ours):
            raise ZestError(f"{folder} holds {name} as measured by {theirs}, and now it would be {ours}; {elsewhere}.")
    systems = {name: about for name, about in now["systems"].items() if name not in before["systems"]}
    metrics = {name: about for name, about in now["metrics"].items() if before["metrics"].get(name, {"key": None})["key"] is None}
    merged = {**before, "systems": before["systems"] | systems, "metrics": before["metrics"] | metrics}
    if before["versions"] != now["versions"]:  # the run goes on, but the reader of its numbers is told
        merged["versions_later"] = now["versions"]
    return merged


def _difference(before: dict[str, Any], now: dict[str, Any], name: str) -> str:
    theirs, ours = ({**info["systems"][name]["spec"], "checkpoint": info["systems"][name]["checkpoint_hash"]}
                    for info in (before, now))
    return ", ".join(f"{key} {theirs.get(key)} instead of {ours.get(key)}" for key in sorted(theirs.keys() | ours.keys())
                     if theirs.get(key) != ours.get(key))


def _key(observer: Observer) -> str | None:
    """None where not even its name can be told, because its weights or packages are not there."""
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
