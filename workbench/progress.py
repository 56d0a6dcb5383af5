"""Hooks that show a conversion's stages: one for the terminal, one for a progress bar that takes a fraction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipelines.hooks import STAGES, Event, Hook

STAGE_NAMES = {
    "read": "Reading the recordings",
    "units": "Finding the units of speech",
    "speaker": "Describing the voice",
    "pitch": "Tracking F0",
    "envelope": "Analysing the envelope",
    "emotion": "Hearing the emotion",
    "transfer": "Transferring the emotion",
    "synthesise": "Synthesising",
}


def stage_name(stage: str) -> str:
    return STAGE_NAMES.get(stage, stage.capitalize())


def stage_fraction(stage: str) -> float:
    """How much of a conversion lies before this stage; unknown stages count as halfway."""
    return STAGES.index(stage) / len(STAGES) if stage in STAGES else 0.5


def fraction_hook(show: Callable[[float, str], object]) -> Hook:
    """A hook that calls `show(fraction, text)` whenever a stage starts."""

    def hook(event: Event) -> None:
        if event.kind == "start":
            show(stage_fraction(event.stage), stage_name(event.stage))

    return hook


@contextmanager
def terminal_bar(total: int = 1) -> Iterator[Callable[[int, str], Hook]]:
    """A progress bar on stderr over `total` conversions; silent where stderr is not a terminal.

    Yields a function (number done, label) -> hook for the next conversion.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Loading the checkpoint", total=total)

        def hook_for(done: int, label: str = "") -> Hook:
            prefix = f"{label}: " if label else ""
            return fraction_hook(lambda fraction, text: bar.update(
                task, completed=done + fraction, description=_plain(prefix + text)))

        yield hook_for


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)  # a file called "[red].wav" is a name, not a colour
