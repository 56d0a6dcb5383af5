"""Long recordings on the Convert tab: a lane of phrases, each with an emotion, a strength and a tempo of its own.

What is longer than 60 s comes here by itself; a shorter source by a button under Advanced. The lane speaks with
workbench/studio/long_routes.py; here is what needs the values of other inputs.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.errors import ZestError
from pipelines.features.audio import is_long
from pipelines.features.writing import AudioForm
from pipelines.plan.segments import Segment
from pipelines.plan.table import read_plan
from pipelines.settings import Settings, about
from workbench import sentences
from workbench.api.long import request_for
from workbench.cli.names import default_name, variant
from workbench.conversion import CHECKPOINT_VARIABLE, page_converter
from workbench.conversion_request import DEFAULTS
from workbench.rendering import DIRECTED
from workbench.sentences import attempt
from workbench.studio.long_jobs import long_board, reading, rendering
from workbench.studio.long_store import GIVEN, READY
from workbench.studio.page_store import long_store
from workbench.tabs import text
from workbench.tabs.convert_inputs import Inputs
from workbench.tabs.problems import QUIET, problem
from workbench.uploads import CLEARED

WITH_TOKEN = "(...values) => [window.zest.visitor(), ...values.slice(1)]"
NO_PLAN = "There is no long recording here any more; give it again."


def connect_lane(inputs: Inputs) -> None:
    """Give the lane of the inputs its events, and Advanced a button for short sources, inside the current Blocks."""
    lane, source, token = inputs.lane, inputs.source, gr.Textbox(visible=False)
    template = [inputs.emotion, inputs.strength, inputs.tempo]
    with inputs.advanced:
        direct = gr.Button(text.DIRECT, size="sm", elem_id="zest-direct")
    lane.upload(begin_reading, template, lane, **QUIET)
    lane.submit(begin_rendering, [inputs.decoder, inputs.seed, inputs.f0, inputs.denoise], lane, **QUIET)
    direct.click(take_over, [token, source.audio, *template], [source.audio, source.problem, lane], js=WITH_TOKEN, **QUIET)
    source.audio.change(partial(take_over, only_long=True), [token, source.audio, *template],
                        [source.audio, source.problem, lane], js=WITH_TOKEN, **QUIET)


def begin_reading(emotion: str, strength: float | None, tempo: bool, event: gr.EventData) -> dict[str, Any]:
    """Find the phrases of what was uploaded; each begins with what the inputs ask for. Returns the lane's value."""
    return _said(attempt(lambda: _read(str(event.key), emotion, strength, tempo))[1])


def begin_rendering(decoder: str, seed: float | None, f0: str, denoise: bool, event: gr.EventData) -> dict[str, Any]:
    """Render the plan with these settings. Returns the lane's value."""
    return _said(attempt(lambda: _render(str(event.key), decoder, seed, f0, bool(denoise)))[1])


def take_over(token: str, path: str | None, emotion: str, strength: float | None, tempo: bool,
              only_long: bool = False) -> list[Any]:
    """The source becomes a recording that is directed. only_long: where it is no longer than 60 s, nothing happens."""
    if only_long and not _is_long(path):
        return [gr.skip()] * 3
    if not path:
        return [gr.skip(), problem(sentences.NO_SOURCE), gr.skip()]
    _, sentence = attempt(lambda: _given(token, Path(path), emotion, strength, tempo))
    if sentence:
        return [gr.skip(), problem(sentence), gr.skip()]
    return [None, problem(""), _said("")]


def _is_long(path: str | None) -> bool:
    found, _ = attempt(lambda: bool(path) and is_long(path or ""))
    return bool(found)


def _given(token: str, path: Path, emotion: str, strength: float | None, tempo: bool) -> None:
    if not path.exists():
        raise ZestError(CLEARED)
    project = long_store().begin(token, path.name, path.stat().st_size)
    try:
        shutil.copyfile(path, project.upload)
        _read(token, emotion, strength, tempo)
    except BaseException:
        long_store().remove(token)
        raise


def _read(token: str, emotion: str, strength: float | None, tempo: bool) -> None:
    project = long_store().project(token)
    if project.state == GIVEN:
        _, refused = attempt(lambda: page_converter("").check_emotion(emotion))  # that of a recording is none
        strength = strength if strength is not None and about("strength").allows(strength) else DEFAULTS.strength
        template = Segment(0.0, 0.0, "" if refused else emotion, None, strength, bool(tempo))
        long_board().start(token, *reading(long_store(), token, project, template))


def _render(token: str, decoder: str, seed: float | None, f0: str, denoise: bool) -> None:
    project = long_store().project(token)
    if project.state != READY:
        raise ZestError(NO_PLAN)
    segments = read_plan(project.plan)
    request = request_for(segments, decoder, seed, f0)
    settings, baseline = request.settings(), request.baseline
    name = f"{_result_name(project.name, segments, settings, baseline, denoise)}.wav"
    long_board().start(token, *rendering(project, segments, settings, name, lambda: page_converter(baseline), denoise))


def _result_name(source: str, segments: Sequence[Segment], settings: Settings, baseline: str, denoise: bool = False) -> str:
    """As the command line calls it: source, target, and every setting that is not the default and that all phrases share."""
    directed = [one for one in segments if not one.is_kept]
    targets, ways = {one.target for one in directed}, {(one.strength, one.tempo) for one in directed}
    if len(ways) == 1 and not baseline:
        strength, tempo = ways.pop()
        settings = replace(settings, strength=strength, tempo=tempo)
    return default_name(Path(source), targets.pop() if len(targets) == 1 else DIRECTED, settings, baseline,
                        others=variant(os.environ.get(CHECKPOINT_VARIABLE), AudioForm(), denoise))


def _said(sentence: str) -> dict[str, Any]:
    """The lane's value: a sentence beside it, '' for none, and a mark that it is a new one."""
    return {"sentence": sentence, "mark": uuid.uuid4().hex}
