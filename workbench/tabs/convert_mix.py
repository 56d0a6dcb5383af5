"""The mix on the Convert tab: recordings come into the mixer and go out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from workbench.studio.mixer import mixer_value
from workbench.tabs import text
from workbench.tabs.convert_inputs import Inputs
from workbench.tabs.problems import QUIET, problem
from workbench.uploads import upload_problem

MOST = 4  # recordings of a mix


def connect_mixer(inputs: Inputs, presets: Sequence[str]) -> None:
    """Give the mixer's recordings their events, inside the current Blocks."""
    def add(given: Sequence[str] | str | None, paths: list[str], value: Any) -> list[Any]:
        return added(presets, [given] if isinstance(given, str) else list(given or ()), paths, value)

    def take_out(paths: list[str], value: Any, event: gr.EventData) -> list[Any]:
        return taken_out(presets, paths, value, event.index)

    shown = [inputs.recordings, inputs.mixer, inputs.slots["references"]]
    inputs.add.upload(add, [inputs.add, inputs.recordings, inputs.mixer], shown, **QUIET)
    inputs.mixer.delete(take_out, [inputs.recordings, inputs.mixer], shown, **QUIET)


def added(presets: Sequence[str], given: Sequence[str], paths: Sequence[str], value: Any) -> list[Any]:
    """The recordings with more of them, the mixer's value, and why one was not taken. Before anything was moved, recordings take
    the place of the emotions that the mixer begins with."""
    sentence = next(filter(None, map(upload_problem, given)), "")
    if not sentence and len(paths) + len(given) > MOST:
        sentence = text.TOO_MANY_RECORDINGS.format(MOST)
    if sentence:
        return [gr.skip(), gr.skip(), problem(sentence)]
    weights, shares, touched = _read(value, len(paths))
    paths, shares = [*paths, *given], [*shares, *(0.5 for _ in given)]
    return [paths, _value(presets, weights if touched else {}, paths, shares), problem("")]


def taken_out(presets: Sequence[str], paths: Sequence[str], value: Any, index: Any) -> list[Any]:
    """The recordings without one of them, as `added`."""
    weights, shares, _ = _read(value, len(paths))
    kept = [place for place in range(len(paths)) if place != index]
    return [[paths[place] for place in kept],
            _value(presets, weights, [paths[place] for place in kept], [shares[place] for place in kept]), problem("")]


def _read(value: Any, count: int) -> tuple[dict[str, float], list[float], bool]:
    """Weights of the emotions and of so many recordings, and whether a slider was moved."""
    value = value if isinstance(value, Mapping) else {}
    rows = [row.get("weight", 0.0) for row in value.get("recordings") or [] if isinstance(row, Mapping)]
    return dict(value.get("weights") or {}), (rows + [0.5] * count)[:count], bool(value.get("touched") or rows)


def _value(presets: Sequence[str], weights: Mapping[str, float], paths: Sequence[str], shares: Sequence[float]) -> dict[str, Any]:
    names = [Path(path).name for path in paths]
    return mixer_value(presets, weights, tuple(zip(names, shares)), touched=True)
