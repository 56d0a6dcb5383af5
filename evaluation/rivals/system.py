"""A rival as a system of an evaluation: a pair to WAV files, a run of its program, and the recording that it wrote."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.pair import Pair
from evaluation.rivals.program import run_program, written
from evaluation.rivals.rival import GIVEN, NO_TEXT, Rival
from pipelines.baselines import Rendered
from pipelines.errors import AudioError, PassingError, ZestError
from pipelines.features.audio import load, save
from pipelines.notices import listing

RIVAL = "rival"  # the kind of these systems in run.json
IN_A_ROW = 3  # failures of the program after which it is not asked again


@dataclass
class Failures:
    """Of one rival in one process. in_a_row: how many, the last one's sentence."""

    in_a_row: int = 0
    last: str = ""


@dataclass(frozen=True)
class RivalSystem:
    """A rival. name: in tables. failures: a program that fails three times in a row is not asked again in this call."""

    name: str
    rival: Rival
    seed: int = 0
    failures: Failures = field(default_factory=Failures, compare=False, repr=False)

    @property
    def takes_seed(self) -> bool:
        return self.rival.asks("seed")

    @property
    def spec(self) -> dict[str, Any]:
        """What determines the result; where it is installed does not."""
        return {"kind": RIVAL, "rival": self.rival.name, "command": list(self.rival.command), "text": self.rival.text,
                **({"seed": self.seed} if self.takes_seed else {})}

    @property
    def checkpoint_hash(self) -> str | None:
        """The commit of its folder; None where it is not installed."""
        return self.rival.version

    def render(self, pair: Pair) -> Rendered:
        """Raises:
            PassingError: it is not installed, cannot be started, dies, hangs, or writes nothing that can be read.
            ZestError: this pair is nothing for it: another language or emotion, or no text.
        """
        title = self.rival.title or self.name
        if self.failures.in_a_row >= IN_A_ROW:
            raise PassingError(f"{title} failed {IN_A_ROW} times in a row and was not asked again: {self.failures.last}")
        missing = self.rival.why_not()
        if missing:
            raise PassingError(missing)
        values = self._values(pair, title)
        try:
            rendered = self._rendered(pair, title, values)
        except ZestError as error:
            self.failures.in_a_row, self.failures.last = self.failures.in_a_row + 1, str(error)
            raise PassingError(str(error)) from error
        self.failures.in_a_row = 0
        return rendered

    def _values(self, pair: Pair, title: str) -> dict[str, str]:
        """Of the command, but for files. Raises ZestError: this pair cannot be asked of it."""
        rival = self.rival
        if rival.languages and pair.language not in rival.languages:
            raise ZestError(f"{title} does not speak the language '{pair.language}'; it knows {listing(list(rival.languages))}.")
        if rival.emotions and pair.emotion not in rival.emotions:
            raise ZestError(f"{title} does not know the emotion '{pair.emotion}'; it knows {listing(list(rival.emotions))}.")
        emotions = {name: rival.emotions.get(label, label)
                    for name, label in (("emotion", pair.emotion), ("source_emotion", pair.source_emotion))}
        return {**emotions, "language": rival.languages.get(pair.language, pair.language), "speaker": pair.source_speaker,
                "text": _text(rival, pair, title), "seed": str(self.seed)}

    def _rendered(self, pair: Pair, title: str, values: dict[str, str]) -> Rendered:
        with tempfile.TemporaryDirectory(prefix="zest-rival-", ignore_cleanup_errors=True) as place:
            folder = Path(place)
            results, output, log = folder / "results", folder / "output.wav", folder / "log.txt"
            results.mkdir()
            files = {"source": folder / "source.wav", "reference": folder / "reference.wav", "output": output, "results": results}
            save(files["source"], load(pair.source).samples)
            if self.rival.asks("reference"):
                save(files["reference"], load(pair.reference).samples)
            words = self.rival.words(values | {name: str(path) for name, path in files.items()})
            run_program(title, words, self.rival.path, log, self.rival.environment, self.rival.timeout)
            try:
                recording = load(written(title, output, results, log))
            except AudioError as error:
                raise ZestError(f"What {title} wrote cannot be used: {error}") from error
            return Rendered(recording.samples, notes=recording.warnings)


def _text(rival: Rival, pair: Pair, title: str) -> str:
    """What the source says, as the rival is told. Raises ZestError: nothing was recognised."""
    if rival.text == NO_TEXT:
        return ""
    if rival.text == GIVEN and pair.text.strip():
        return pair.text.strip()
    from evaluation.instruments.recogniser import transcribe

    text, = transcribe([load(pair.source).samples], pair.language)
    if not text.strip():
        raise ZestError(f"{title} needs a text, and no word was recognised in the source.")
    return text.strip()
