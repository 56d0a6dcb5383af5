"""Raw measurements of clips on disk, named by the samples themselves: natural speech is measured once, and an
interrupted benchmark goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

CHUNK = 16  # clips measured between two writes


def samples_hash(samples: np.ndarray) -> str:
    """First 20 hex digits of the sha256 of the samples as 16-bit values."""
    quantised = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    return hashlib.sha256(quantised.tobytes()).hexdigest()[:20]


@dataclass(frozen=True)
class Measure:
    """Something measured on a single clip. key: its name, model and version; run: clips to JSON-able values, in order."""

    key: str
    run: Callable[[Sequence[np.ndarray]], list[Any]]


@dataclass
class ScoreCache:
    """One JSONL file per measure under `root`; None keeps results in memory only."""

    root: Path | None = None
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def get(self, measure: Measure, clips: Sequence[np.ndarray]) -> list[Any]:
        """Values of clips, measured first where they are unknown."""
        stored = self._stored(measure.key)
        names = [samples_hash(clip) for clip in clips]
        missing = {name: clip for name, clip in zip(names, clips, strict=True) if name not in stored}
        todo = sorted(missing.items(), key=lambda item: len(item[1]))  # alike lengths together: less padding
        bar = tqdm(total=len(todo), desc=measure.key, disable=None, leave=False)
        for start in range(0, len(todo), CHUNK):
            part = todo[start:start + CHUNK]
            self._add(measure.key, [name for name, _ in part], measure.run([clip for _, clip in part]))
            bar.update(len(part))
        bar.close()
        return [stored[name] for name in names]

    def _stored(self, key: str) -> dict[str, Any]:
        if key not in self.known:
            self.known[key] = dict(self._read(key))
        return self.known[key]

    def _read(self, key: str):
        if self.root is None or not self._file(key).is_file():
            return
        for line in self._file(key).read_text().splitlines():
            try:
                yield tuple(json.loads(line))
            except ValueError:  # the half line of a killed run
                continue

    def _add(self, key: str, names: list[str], values: list[Any]) -> None:
        self.known[key].update(zip(names, values, strict=True))
        if self.root is None:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self._file(key), "a") as handle:
            handle.writelines(json.dumps([name, value]) + "\n" for name, value in zip(names, values))

    def _file(self, key: str) -> Path:
        return self.root / f"{key}.jsonl"
