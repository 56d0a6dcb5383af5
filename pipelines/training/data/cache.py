"""Features on disk, named by the content of what they were computed from, so that nothing is computed twice
and nothing stale is ever read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pipelines.training.data.packed_clips import is_packed


@cache
def content_hash(path: Path) -> str:
    """First 20 hex digits of the sha256 of a recording's file; a packed one has them as its name (packed_clips.py)."""
    if is_packed(Path(path)):
        return Path(path).stem
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:20]


@dataclass(frozen=True)
class FeatureCache:
    """A folder of .npz files: `<root>/<kind>/<hash>.npz`. `kind` names the feature and its settings."""

    root: Path

    def file(self, kind: str, clip_path: Path) -> Path:
        key = content_hash(clip_path)
        return self.root / kind / key[:2] / f"{key}.npz"

    def get(self, kind: str, clip_path: Path, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The stored arrays, computed and stored first where they are missing."""
        file = self.file(kind, clip_path)
        if not file.exists():
            self._write(file, compute())
        with np.load(file) as stored:
            return {name: stored[name] for name in stored.files}

    def _write(self, file: Path, arrays: dict[str, np.ndarray]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}.part")
        with open(partial, "wb") as handle:  # a handle, since numpy appends .npz to a name
            np.savez(handle, **arrays)
        partial.replace(file)  # atomic: a kill leaves no half-written feature
