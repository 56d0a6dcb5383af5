"""The mixer of emotions as a Gradio component: a pad of arousal and valence, a slider for each emotion and each recording.

Its value is {"weights": {name: 0 to 1}, "recordings": [{"name", "weight"}], "touched"}; what comes back from a browser is read
by `mixture`. Its events: `change` when something was moved, `delete` with the index of a recording that is to go.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from pipelines.affect import ANCHORS, Affect, mix_at, places_of
from pipelines.errors import ZestError
from workbench.studio import assets
from workbench.studio.recognised import measured

STEPS = 20  # of each axis of the pad, and one more point than that
NO_MIX = {"angry": 0.0}  # what a mix of nothing is written as
FIRST = {"angry": 0.6, "sad": 0.4}
References = tuple[tuple[str, float], ...]


def mixer(presets: Sequence[str], elem_id: str, **options: Any) -> gr.HTML:
    """Build it inside the current Blocks. presets: the checkpoint's stored emotions. options: of gr.HTML."""
    static = json.dumps({"presets": list(presets), "places": _places(presets), "points": points(presets), "steps": STEPS,
                         "measured": list(measured())})
    template = (f'<section class="zm" data-studio="mix" role="group" aria-label="Mix of emotions" data-static="{escape(static)}">'
                "</section>")
    return gr.HTML(first_value(presets), html_template=template, css_template=assets.style("mixer.css"),
                   js_on_load=assets.script(assets.MIXER, "Mixer", "trigger, props"), apply_default_css=False, padding=False,
                   elem_id=elem_id, **options)


def first_value(presets: Sequence[str]) -> dict[str, Any]:
    """Before anything was moved."""
    weights = FIRST if FIRST.keys() <= set(presets) else {name: 1.0 for name in presets[:1]}
    return mixer_value(presets, weights)


def mixer_value(presets: Sequence[str], weights: Mapping[str, float], recordings: References = (),
                touched: bool = False) -> dict[str, Any]:
    """The component's value. recordings: names with weights."""
    return {"weights": {name: weights.get(name, 0.0) for name in presets}, "touched": touched,
            "recordings": [{"name": name, "weight": weight} for name, weight in recordings]}


def mixture(value: Any, paths: Sequence[str]) -> tuple[str | None, References]:
    """The emotion with weights, None where recordings are all of the mix, and the recordings with theirs.

    What a browser sent and is no weight counts as 0. A mix of nothing comes back as such, to be refused where it is checked.

    Args:
        value: of the component. paths: of the recordings.
    """
    value = value if isinstance(value, Mapping) else {}
    given, rows = value.get("weights"), value.get("recordings")
    weights = {str(name): _weight(weight) for name, weight in given.items()} if isinstance(given, Mapping) else {}
    rows = [row if isinstance(row, Mapping) else {} for row in rows] if isinstance(rows, list) else []
    references = tuple((path, _weight(row.get("weight"))) for path, row in zip(paths, rows))
    references = tuple((path, weight) for path, weight in references if weight > 0)
    there = {name: weight for name, weight in weights.items() if weight > 0} or ({} if references else NO_MIX)
    return ",".join(f"{name}:{weight:g}" for name, weight in there.items()) or None, references


def _weight(given: Any) -> float:
    return float(given) if isinstance(given, (int, float)) and math.isfinite(given) else 0.0


def _places(presets: Sequence[str]) -> dict[str, tuple[float, float]]:
    """(valence, arousal) of the presets that have a place."""
    return {name: (place.valence, place.arousal) for name, place in ANCHORS.items() if name in presets}


def points(presets: Sequence[str]) -> list[list[int]]:
    """Percent of each preset at every point of the pad, by rows of arousal from -1 to 1; none with too few presets."""
    try:
        places = places_of(presets)
    except ZestError:
        return []
    axis = [round(2 * step / STEPS - 1, 3) for step in range(STEPS + 1)]
    mixes = [mix_at(places, Affect(arousal, valence)).weights for arousal in axis for valence in axis]
    return [[round(100 * mix.get(name, 0.0)) for name in presets] for mix in mixes]
