"""`zest convert` where a recording is long or a plan directs it: by phrases, to a file that can be played meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.baselines import find_baseline
from pipelines.errors import AudioError, ZestError
from pipelines.features.writing import AudioForm
from pipelines.files import is_device, told_writing
from pipelines.hooks import Hook
from pipelines.outputs import check_outputs
from pipelines.settings import Settings
from workbench.cli.names import check_replacing
from workbench.cli.pipes import PIPE, stdin_of
from workbench.cli.progress import say, terminal_bar

if TYPE_CHECKING:
    from pipelines.conversion import Converts

BLOCK = 1 << 20  # bytes sent at a time
Write = Callable[[Path, bytes], object]


def check_long(source: Path, plot: Path | None, system: str) -> None:
    """Refuse what only a recording of at most 60 s has. Raises AudioError."""
    if plot is not None:
        raise AudioError(f"{source.name} is longer than 60 s; a plot shows at most 60 s, so leave --plot out.")
    if system and not find_baseline(system).takes:
        raise AudioError(f"{source.name} is longer than 60 s; the baseline {system} takes at most 60 s.")


def convert_long(converter: Converts, source: Path, reference: Path | None, mixed: Sequence[tuple[Path, float]],
                 emotion: str | None, settings: Settings, output: Path, write: Write, hook: Hook,
                 form: AudioForm, denoise: bool) -> dict[str, Any]:
    """Convert a long recording to one target. mixed: references with weights. Raises ZestError as `render`."""
    from pipelines.plan.segments import Segment
    from workbench.rendering import render_whole

    target = Segment(0.0, 0.0, emotion or "", reference, settings.strength, settings.tempo, mixed=tuple(mixed))
    with _file_for(output, write, form) as path, _told_interrupt(path):
        return render_whole(converter, source, target, path, settings, hook, form, denoise)


def convert_plan(load_converter: Callable[[], Converts], source: Path, plan: Path, output: Path, named: bool, settings: Settings,
                 overwrite: bool, write: Write, form: AudioForm, check_emotion: Callable[[str], object],
                 denoise: bool) -> dict[str, Any]:
    """Render a plan. Returns the document.

    Args:
        named: the user named the output. check_emotion: raises ZestError for an emotion that cannot be.
    Raises:
        ZestError: as `read_plan` and `render`.
    """
    from pipelines.features.audio import load
    from pipelines.plan.rendering import partial_path, store_path
    from pipelines.plan.segments import check_segments
    from pipelines.plan.table import read_plan, row_names

    segments = read_plan(plan)
    check_segments(segments, check_emotion=check_emotion, names=row_names(plan))
    references = dict.fromkeys(path for one in segments for path in one.references)
    outputs = [] if output == PIPE or is_device(output) else [output, partial_path(output)]
    form.check(output)
    check_outputs(files_of_plan(source, plan), outputs or [path for path in [output] if path != PIPE],
                  [store_path(output)] if outputs else [])
    check_replacing(outputs[:1] if named else [], [] if named else outputs[:1], overwrite)
    for reference in references:
        load(reference)  # a bad one is told at once, before any model is loaded
    from workbench.rendering import render_and_describe

    with terminal_bar() as hook_for, _file_for(output, write, form) as path, _told_interrupt(path):
        hook = hook_for(0, source.name, False)
        document = render_and_describe(load_converter(), source, segments, path, settings, hook, row_names(plan), form=form,
                                       denoise=denoise)
    if outputs:
        say(f"Rendered phrases stay in {store_path(output)}, so that a changed row alone is rendered again; delete the folder "
            "when you are done.")
    return document


def files_of_plan(source: Path, plan: Path) -> list[Path]:
    """All that is read to render a plan. Raises ZestError as `read_plan`."""
    from pipelines.plan.table import read_plan

    return [source, plan, *stdin_of(source), *(path for one in read_plan(plan) for path in one.references)]


def refuse_beside_plan(source: Path | None, others: dict[str, object]) -> None:
    """Raises ZestError: no source, or something beside a plan that the plan says itself. others: what that is, by name."""
    if source is None:
        raise ZestError("Which recording? Name a SOURCE beside --plan.")
    given = next((name for name, value in others.items() if value is not None), None)
    if given is not None:
        raise ZestError(f"With --plan, every row says what is to become of it; leave {given} out.")


@contextmanager
def _file_for(output: Path, write: Write, form: AudioForm) -> Iterator[Path]:
    """The output, or a temporary file whose content is sent on where the output is none."""
    if output != PIPE and not is_device(output):
        yield output
        return
    with tempfile.TemporaryDirectory(prefix="zest-") as folder:
        path = Path(folder) / f"out{form.ending(output)}"
        yield path
        with path.open("rb") as file:
            if output == PIPE:
                while block := file.read(BLOCK):
                    write(output, block)
            else:
                with told_writing(output), output.open("wb") as other:
                    shutil.copyfileobj(file, other)


@contextmanager
def _told_interrupt(output: Path) -> Iterator[None]:
    """Says where an interrupted rendering goes on."""
    from pipelines.plan.rendering import store_path

    try:
        yield
    except KeyboardInterrupt:
        if store_path(output).is_dir():
            say(f"The same command goes on from here: rendered phrases stay in {store_path(output)}.")
        raise
