"""Natural and changed clips of an audit, and what observers found in them; kept in the audit's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.audit.conditions import Condition, changed
from evaluation.metrics.base import Observer
from evaluation.run.observations import Observations
from evaluation.run.observing import samples_name
from evaluation.run.systems import checkpoint_hash
from pipelines.errors import AudioError, OutputError, ZestError
from pipelines.features.audio import load, save
from pipelines.files import make_folder
from pipelines.hooks import Event, Hook, silent
from pipelines.training.data.corpus import Clip

VOCODED = "copy-neural"  # the condition that depends on a checkpoint


@dataclass
class Observed:
    """folder: of the audit. checkpoint: for the neural copy. observers: by name; the registry's if None.

    not_measured: why a condition or an observer could not be had, by name.
    """

    folder: Path
    checkpoint: str
    observers: Mapping[str, Observer] | None = None
    jobs: int = 1
    hook: Hook = silent
    not_measured: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self._store = Observations(self.folder / "observations", self.observers, self.jobs)
        self._natural: list[Path | None] = []
        self._changed: dict[tuple[str, int], Path] = {}
        self._seen: set[str] = set()

    def missing(self, condition: Condition) -> bool:
        """Whether a condition cannot be had here; the reason is kept."""
        reason = condition.unavailable(self.checkpoint)
        if reason:
            self.not_measured[condition.name] = reason
        return reason is not None

    def observe(self, clips: Sequence[Clip], chosen: Sequence[int], conditions: Sequence[Condition],
                names: Iterable[str]) -> None:
        """Write changed clips that are not there yet, and observe everything that was not observed yet.

        A clip that cannot be read or changed is left out. An observer that cannot be had is told in `not_measured`.

        Raises:
            OutputError: the folder cannot be written.
        """
        self._natural = [self._readable(clip) for clip in clips]
        for condition in conditions:
            self._change(condition, chosen)
        paths = [path for path in (*self._natural, *self._changed.values()) if path is not None]
        for name in dict.fromkeys(names):
            try:
                self._store.observe(name, paths, "en", self.hook)
                self._seen.add(name)
            except OutputError:
                raise
            except ZestError as error:
                self.not_measured[name] = str(error)
            except Exception as error:  # noqa: BLE001 - a model that crashes must not cost the other judges
                self.not_measured[name] = f"It broke ({type(error).__name__}: {error})."

    def has(self, observer: str) -> bool:
        return observer in self._seen

    def key(self, observer: str) -> str:
        return self._store.observers[observer].key

    def natural(self, observer: str, indices: Iterable[int]) -> list[Any]:
        """Observations of natural clips; None where there is none."""
        return [self._store.get(observer, self._natural[index]) for index in indices]

    def changed(self, observer: str, condition: Condition, indices: Iterable[int]) -> list[Any]:
        """The same of changed clips."""
        return [self._store.get(observer, self._changed.get((condition.name, index))) for index in indices]

    def _readable(self, clip: Clip) -> Path | None:
        try:
            load(clip.path)
        except AudioError as error:
            self.not_measured[clip.path.name] = str(error)
            return None
        return clip.path

    def _change(self, condition: Condition, chosen: Sequence[int]) -> None:
        version = f"{condition.name}-{checkpoint_hash(self.checkpoint)}" if condition.name == VOCODED else condition.name
        folder = make_folder(self.folder / "clips" / version)
        for done, index in enumerate(chosen):
            self._tell(condition, done, len(chosen))
            path = self._natural[index]
            if path is None:
                continue
            samples = load(path).samples
            file = folder / f"{samples_name(samples)}.wav"
            try:
                if not file.is_file():
                    save(file, changed(condition, samples, file.stem, self.checkpoint))
                self._changed[condition.name, index] = file
            except OutputError:
                raise
            except ZestError as error:
                self.not_measured[f"{condition.name} of {path.name}"] = str(error)
        self._tell(condition, len(chosen), len(chosen))

    def _tell(self, condition: Condition, done: int, total: int) -> None:
        self.hook(Event("progress", f"change {condition.name}", value=(done, total), label=f"Changing: {condition.about}"))
