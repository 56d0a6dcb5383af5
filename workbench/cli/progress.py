"""What a person at the terminal is told, all of it on stderr: sentences, the stages of a conversion, the stages of an evaluation.

Results go to stdout, so that a JSON document there is never mixed with words.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipelines.hooks import STAGES, Event, Hook

STAGE_NAMES = {
    "read": "Reading the recordings",
    "units": "Finding the units of speech",
    "speaker": "Describing the voice",
    "pitch": "Tracking F0",
    "envelope": "Analysing the envelope",
    "emotion": "Encoding the emotion",
    "transfer": "Transferring the emotion",
    "synthesise": "Synthesising",
}
SHARES = {"speech": (0.0, 0.05), "phrases": (0.05, 1.0)}  # of the work of a conversion by phrases: to find and to render them
ENCODE_STAGES = 5  # of STAGES, pass by once more for a reference


def say(sentence: str) -> None:
    """Write one sentence.

    The sentence and the end of its line are one write. Processes that are launched together share a terminal, unbuffered under
    torchrun; the two writes of print would let their lines run into each other.
    """
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def stage_name(stage: str) -> str:
    return STAGE_NAMES.get(stage, stage.capitalize())


def fraction_hook(show: Callable[[float, str], object], with_reference: bool) -> Hook:
    """A hook for one conversion that calls `show(fraction, text)` whenever a stage starts; the fraction never falls.

    Where a recording is converted by phrases, `show` is called for each of them, with the time left.

    Args:
        with_reference: a second recording is taken apart too, so that its stages come twice.
    """
    expected = len(STAGES) + ENCODE_STAGES * with_reference
    started: list[str] = []
    long = _LongFraction(show)

    def hook(event: Event) -> None:
        if event.kind == "progress":
            long(event)
        if event.kind != "start" or long.begun:
            return
        text = stage_name(event.stage) + (" of the reference" if event.stage in started else "")
        show(min(len(started) / expected, 1.0), text)
        started.append(event.stage)

    return hook


class _LongFraction:
    """Tells the progress of a conversion by phrases. begun: when each of its stages began, s."""

    def __init__(self, show: Callable[[float, str], object]):
        self.begun: dict[str, float] = {}
        self._show = show

    def __call__(self, event: Event) -> None:
        (done, total), now = event.value, time.monotonic()
        begun = self.begun.setdefault(event.stage, now)
        share = done / total if total else 1.0
        begins, ends = SHARES.get(event.stage, (0.0, 1.0))
        left = f", {time_left((now - begun) * (1 - share) / share)} left" if 0 < share < 1 else ""
        self._show(begins + share * (ends - begins), f"{event.label}{left}")


def time_left(seconds: float) -> str:
    """As a person says it: '40 s', '12 min', '1 h 5 min'."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def terminal_bar(total: int = 1) -> Iterator[Callable[[int, str, bool], Hook]]:
    """A progress bar on stderr over `total` conversions; silent where stderr is not a terminal.

    Yields a function (number done, label, with reference) -> hook for the next conversion.
    """
    from rich.console import Console
    from rich.markup import escape  # a file called "[red].wav" is a name, not a colour
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Loading the checkpoint", total=total)

        def hook_for(done: int, label: str, with_reference: bool) -> Hook:
            def show(fraction: float, text: str) -> None:
                bar.update(task, completed=done + fraction, description=escape(f"{label}: {text}"))

            return fraction_hook(show, with_reference)

        yield hook_for


class StageBars:
    """A hook that shows one bar with the time left per stage of many items. done: what the evaluation told at its end."""

    def __init__(self):
        self.done = 0
        self._stage: str | None = None
        self._bar = None

    def __call__(self, event: Event) -> None:
        if event.kind == "end" and event.stage == "evaluate":
            self.done = event.value
        if event.kind == "progress":
            self._show(event.label or event.stage, *event.value)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _show(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage:
            self.close()
            self._stage, self._bar = stage, tqdm(total=total, initial=done, desc=stage, disable=None, file=sys.stderr)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)


@contextmanager
def stage_bars() -> Iterator[StageBars]:
    """Bars on stderr; quiet where stderr is not a terminal."""
    bars = StageBars()
    try:
        yield bars
    finally:
        bars.close()
