"""What the Convert tab shows of conversions: how far they are, and each result with its contours and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.hooks import Hook
from pipelines.mix import said_mix
from workbench.conversion import DescribedConversion
from workbench.conversion_request import ConversionRequest
from workbench.scoring import ScoredConversion
from workbench.sentences import attempt
from workbench.studio.comparison import Comparison, compared, comparison, player_of
from workbench.studio.jobs import WAITING, WORKING, JobState, Task
from workbench.studio.turns import Work, waiting
from workbench.studio.words import spoken
from workbench.tabs import tables, text
from workbench.tabs.problems import note_html, problem

Keep = Callable[[ConversionRequest, DescribedConversion, Comparison], tuple[str, str]]  # a take's id, or '' and why there is none


@dataclass(frozen=True)
class Shown:
    """A result as the page shows it. output: path of the WAV. studio: what is heard and seen of it. document: all its numbers.

    take: the id of the take that it is kept as, '' for none; unkept: why it is not kept.
    """

    request: ConversionRequest
    output: str
    studio: Comparison
    document: dict[str, Any]
    take: str = ""
    unkept: str = ""

    @property
    def name(self) -> str:
        """The emotion, or the recording that gave it, or the baseline that moves none."""
        return said_mix(self.document.get("mix") or {}) or self.request.target or self.document["system"]

    def scored(self) -> ScoredConversion:
        """What is scored of it."""
        mix = self.document.get("mix") or {}
        return ScoredConversion(self.request.source, self.request.own_reference, self.output,
                                "" if mix else self.request.emotion or "", self.document["system"], mix=tuple(mix.items()))


@dataclass(frozen=True)
class Outputs:
    """The components that a conversion fills, in this order; CSS hides all but the first three until `status` tells of a result.

    progress: shown while something runs. failed: why the last try gave no result. changed: said once the inputs are no longer
    those of the result. siblings: the results side by side, where there are several; shown: these results. request: the inputs
    of the one in view. compared: what the player offers, also of earlier conversions of the same source.
    """

    progress: gr.HTML
    failed: gr.HTML
    status: gr.HTML
    changed: gr.HTML
    siblings: gr.HTML
    player: gr.HTML
    contours: gr.HTML
    table: gr.HTML
    details: gr.JSON
    result: gr.State
    request: gr.State
    shown: gr.State
    compared: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]


def updates(**changes: Any) -> list[Any]:
    """Updates for `Outputs`; what is not named stays."""
    return [changes.pop(one.name, gr.skip()) for one in fields(Outputs)]


def in_view(shown: Sequence[Shown], index: int, kept: Sequence[Comparison] = ()) -> dict[str, Any]:
    """What `updates` takes to show one of these results. kept: what the player offers already."""
    one = shown[index]
    request, document = one.request, one.document
    takes = compared(kept, [one.studio for one in shown])
    names = Path(request.source or "").name, request.own_reference and Path(request.own_reference).name
    said = tables.status(document, *names) + (note_html(one.unkept) if one.unkept else "")
    return {"status": said, "changed": problem(""),
            "siblings": siblings(shown, index),
            "contours": one.studio.contours, "player": player_of(takes, one.studio),
            "compared": takes, "table": tables.tables(document), "details": document,
            "result": one.scored(), "request": request, "shown": list(shown)}


def more_to_hear(shown: Sequence[Shown], kept: Sequence[Comparison]) -> dict[str, Any]:
    """What `updates` takes when one more result is there and the first stays in view."""
    takes = compared(kept, [one.studio for one in shown])
    return {"player": player_of(takes, shown[0].studio), "compared": takes}


def take_scored(shown: Sequence[Shown], scored: ScoredConversion | None) -> str:
    """The id of the take that was scored, '' for none."""
    return next((one.take for one in shown if scored is not None and one.output == scored.converted), "")


def words_said(comparisons: Sequence[Comparison], scored: ScoredConversion | None, card: Mapping[str, Any] | None) -> Any:
    """The contours of a conversion that was just scored, with its words; they stay as they are where none are known."""
    if scored is None or not card:
        return gr.skip()
    value, _ = attempt(lambda: spoken(comparisons, scored.converted or "", card.get("transcripts") or {}, scored.language))
    return gr.skip() if value is None else value


def siblings(shown: Sequence[Shown], index: int) -> Any:
    """A button for each of several results; one alone needs none."""
    if len(shown) < 2:
        return gr.update(value="", visible=False)
    buttons = "".join(
        f'<button type="button" data-index="{number}" aria-pressed="{"true" if number == index else "false"}">'
        f'<b><span aria-hidden="true">&#9654;</span> {escape(one.name.capitalize())}</b>'
        f'<small>{one.document["converted_seconds"]:.1f} s, {_f0(one.document)}</small></button>'
        for number, one in enumerate(shown))
    return gr.update(value=f'<div class="zest-siblings" role="group" aria-label="{text.SIBLINGS}">{buttons}</div>', visible=True)


def task_of(request: ConversionRequest, keep: Keep, turn: Work) -> Task[Shown]:
    """The work of one conversion. keep: keeps it as a take, also where nobody looks any more. turn: what its turn is for."""

    def work(hook: Hook) -> Shown:
        described = request.convert(hook)
        studio = comparison(described, request.source or "", request.own_reference, tables.contours_text(described.document))
        return Shown(request, str(described.output), studio, described.document, *keep(request, described, studio))

    return Task(target_of(request), work, by_reference=request.emotion is None, turn=turn)


def target_of(request: ConversionRequest) -> str:
    """'source-man.wav to angry', for those who wait."""
    one = request.own_reference
    target = Path(one).name if one else request.target or request.baseline
    return f"{Path(request.source or '').name} to {target}"


def every_preset(request: ConversionRequest, presets: Sequence[str]) -> list[ConversionRequest]:
    """The same for each stored emotion."""
    return [replace(request, emotion=preset, reference=None, references=()) for preset in presets]


def begins(task: str, tasks: int) -> dict[str, Any]:
    """The update of the progress before there is a place in the line."""
    return progress_html(JobState(WORKING, task=task, stage=text.BEGINS), tasks)


def progress_html(state: JobState, tasks: int) -> dict[str, Any]:
    """The update of the progress: what is converted, and how far it is, or how many come first."""
    counter = f" ({state.made + 1} of {tasks})" if tasks > 1 else ""
    said = waiting(state.place) if state.state == WAITING else state.stage or text.LOADING
    value = "" if state.state == WAITING and not state.made else f' value="{state.fraction:.3f}"'
    headline = escape(text.CONVERTING_WHAT.format(state.task)) + counter
    return gr.update(value=(
        f'<div class="zest-message zest-running"><p class="headline">{headline}</p>'
        f'<progress max="1"{value} aria-label="{text.PROGRESS}"></progress><p role="status">{escape(said)}</p></div>'))


def _f0(document: dict[str, Any]) -> str:
    found = document["f0"]["converted"]
    return "no voiced frame" if found is None else f"{found['mean_hz']:.0f} Hz"
