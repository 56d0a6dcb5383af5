"""Factors of recordings that come again: in a list of pairs one source often meets many emotions, one reference many sources."""

from __future__ import annotations

from pathlib import Path

from pipelines.conversion import Converter
from pipelines.factors import Factors
from pipelines.features.audio import load
from pipelines.hooks import Hook, silent, stage

MOST = 8  # kept of each kind; a minute of a source is some 30 MB


class Encodings:
    """Takes each recording apart once, as long as it is among the last few."""

    def __init__(self, converter: Converter, most: int = MOST):
        self.converter, self.most = converter, most
        self._kept: dict[tuple[Path, bool], Factors] = {}

    def source(self, path: Path, hook: Hook = silent) -> Factors:
        """Factors with all that synthesis needs. Raises AudioError."""
        return self._encoded(path, hook, synthesis=True)

    def reference(self, path: Path, hook: Hook = silent) -> Factors:
        """Factors of which only the emotion is asked. Raises AudioError."""
        return self._encoded(path, hook, synthesis=False)

    def _encoded(self, path: Path, hook: Hook, synthesis: bool) -> Factors:
        key = path.resolve(), synthesis
        if key not in self._kept:
            with stage(hook, "read"):
                recording = load(path)
            self._kept[key] = self.converter.encode(recording, hook, synthesis)
        self._kept[key] = self._kept.pop(key)  # the newest stands last
        kinds = [kept for kept in self._kept if kept[1] == synthesis]
        if len(kinds) > self.most:
            del self._kept[kinds[0]]
        return self._kept[key]
