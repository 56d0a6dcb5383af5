"""The Convert tab: a recording and an emotion in, the converted recording, its contours and numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency
from gradio.helpers import Examples

from pipelines.baselines import BASELINES
from pipelines.decoders import DECODERS
from pipelines.settings import Settings, about
from workbench.cli.progress import fraction_hook
from workbench.conversion import MODEL_QUEUE
from workbench.conversion_request import ConversionRequest
from workbench.listening.admin import AdminAccess
from workbench.listening.gather_tab import gather_panel
from workbench.tabs import tables, text
from workbench.tabs.plot import plot_html
from workbench.tabs.problems import (
    QUIET,
    RecordingInput,
    attempt,
    check_recording,
    problem,
    problem_slot,
    recording_input,
    show_problem,
    slot_updates,
)
from workbench.tabs.score import ScoredConversion, score_result

DEFAULTS = Settings()
RECORDING = "recording"  # the value of the emotion choice that asks for a reference
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SETTING_SLOTS = ("strength", "decoder", "seed", "f0")  # inputs beside the recordings that can have a problem
SLOTS = ("source", "reference", *SETTING_SLOTS)


@dataclass(frozen=True)
class Inputs:
    """The components whose values `request_of` takes, in the order of its parameters, and the slots of their problems."""

    source: RecordingInput
    emotion: gr.Radio
    reference: RecordingInput
    strength: gr.Slider
    tempo: gr.Checkbox
    decoder: gr.Dropdown
    seed: gr.Number
    f0: gr.Dropdown
    slots: dict[str, gr.HTML]

    def all(self) -> list[Any]:
        return [self.source.audio, self.emotion, self.reference.audio, *self.choices()[1:]]

    def choices(self) -> list[Any]:
        """Those that are no recordings."""
        return [self.emotion, self.strength, self.tempo, self.decoder, self.seed, self.f0]

    def problems(self) -> list[gr.HTML]:
        return [self.slots[name] for name in SLOTS]


@dataclass(frozen=True)
class Outputs:
    """The components that a conversion fills, in this order; `results` is shown with the first result.

    failed: why the last try gave no result. changed: said once the inputs are no longer those of the result. request: its inputs.
    """

    converted: gr.Audio
    plot: gr.HTML
    table: gr.HTML
    status: gr.HTML
    details: gr.JSON
    result: gr.State
    request: gr.State
    results: gr.Column
    failed: gr.HTML
    changed: gr.HTML

    def all(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]


def request_of(source: str | None, emotion: str, reference: str | None, strength: float | None, tempo: bool, decoder: str,
               seed: float | None, f0: str) -> ConversionRequest:
    """The request that the values of the inputs make; a reference counts only where the emotion is to come from it."""
    by_reference = emotion == RECORDING
    return ConversionRequest(source, None if by_reference else emotion, reference if by_reference else None, strength, tempo,
                             decoder, seed, f0)


def convert(*values: Any, progress: gr.Progress = gr.Progress()) -> list[Any]:
    """Updates for `Outputs` and the slots of all inputs. values: of the inputs, as `request_of` takes them."""
    request = request_of(*values)
    found = request.problems()
    if found:
        return [*(gr.skip() for _ in fields(Outputs)), *_slots(found)]
    hook = fraction_hook(lambda fraction, stage: progress(fraction, desc=stage), request.emotion is None)
    described, sentence = attempt(lambda: request.convert(hook))
    if described is None:
        kept = [gr.skip() for _ in fields(Outputs)]
        kept[-2] = problem(sentence)
        return [*kept, *_slots({})]
    document, names = described.document, (Path(values[0]).name, request.reference and Path(request.reference).name)
    result = ScoredConversion(values[0], request.reference, str(described.output), request.emotion or "", document["system"])
    return [str(described.output), plot_html(described.figure(), tables.contours_text(document)), tables.tables(document),
            tables.status(document, *names), document, result, request, gr.update(visible=True), problem(""), problem(""),
            *_slots({})]


def look(*values: Any) -> list[Any]:
    """Before anything is converted: what the inputs lack, and the button, which stays as it is where they lack something."""
    found = request_of(*values).problems()
    return [*_slots(found), gr.skip() if found else gr.update(value=text.CONVERTING, interactive=False)]


def _slots(found: Mapping[str, str]) -> list[Any]:
    """Updates for the slots of all inputs. What is said of a recording without a problem stays."""
    return [problem(found.get(name, "")) if name in found or name in SETTING_SLOTS else gr.skip() for name in SLOTS]


def changed(shown: ConversionRequest | None, *values: Any) -> dict[str, Any]:
    """Says that what is shown was converted from other inputs, where it was."""
    stale = shown is not None and shown.essence() != request_of(*values).essence()
    return gr.update(value=f'<p class="zest-note" role="status">{text.CHANGED}</p>' if stale else "", visible=stale)


def check_choices(*values: Any) -> list[Any]:
    """Reference, its slot and those of the settings, when a choice has changed."""
    request = request_of(*values)
    found = request.setting_problems()
    needed, given = values[1] == RECORDING, values[2]
    said = problem("") if not needed else check_recording(given) if given else gr.skip()  # that it is missing may stand there
    return [gr.update(visible=needed), said, *slot_updates(SETTING_SLOTS, found)]


def convert_tab(presets: Sequence[str], decoders: Sequence[str], trouble: str | None, access: AdminAccess) -> None:
    """Build the tab inside the current Blocks.

    Args:
        presets: the checkpoint's stored emotions. decoders: those it has the weights for.
        trouble: a sentence to show at once, where the checkpoint cannot be loaded. access: of administrators, who can send
            a conversion to a listening test.
    """
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            inputs = _inputs(presets, decoders)
            button = gr.Button(text.CONVERT, variant="primary", size="lg", elem_id="zest-convert")
            examples = _examples(inputs)
        with gr.Column(scale=7, min_width=320):
            outputs = _outputs(trouble, presets, access)
    slots = [inputs.slots[name] for name in ("reference", *SETTING_SLOTS)]
    gr.on([one.change for one in inputs.choices()], check_choices, inputs.all(), [inputs.reference.audio, *slots],
          trigger_mode="always_last", **QUIET)
    gr.on([one.change for one in inputs.all()], changed, [outputs.request, *inputs.all()], outputs.changed,
          trigger_mode="always_last", **QUIET)
    _run(button.click, inputs, outputs, button)
    _run(examples.load_input_event.success, inputs, outputs, button)


def _inputs(presets: Sequence[str], decoders: Sequence[str]) -> Inputs:
    source = recording_input(text.SOURCE_LABEL, "zest-source")
    gr.Markdown(text.LIMITS_NOTE, elem_classes="zest-limits")
    choices = [(preset.capitalize(), preset) for preset in presets] + [(text.FROM_RECORDING, RECORDING)]
    first = "angry" if "angry" in presets else choices[0][1]
    emotion = gr.Radio(choices, value=first, label=text.EMOTION_LABEL, info=text.EMOTION_INFO, elem_id="zest-emotion")
    reference = recording_input(text.REFERENCE_LABEL, "zest-reference", visible=first == RECORDING)
    slots = {"source": source.problem, "reference": reference.problem}
    limits: Any = about("strength")  # whose bounds are numbers
    strength = gr.Slider(limits.low, limits.high, step=limits.step, **_setting("strength"))
    strength.preprocess = lambda payload: payload  # any number may be typed; what is out of range is told in the slot
    slots["strength"] = problem_slot("zest-strength-problem")
    tempo = gr.Checkbox(**_setting("tempo"))
    rendering = [(DECODERS[name].label, name) for name in decoders]
    rendering += [(text.BASELINE.format(baseline.label), name) for name, baseline in BASELINES.items()]
    shown: dict[str, Any] = {**_setting("decoder"), "value": decoders[0]}
    decoder = gr.Dropdown(rendering, **shown)
    slots["decoder"] = problem_slot("zest-decoder-problem")
    with gr.Row():
        choices = [(label, name) for name, label in about("f0").choices.items()]
        f0 = gr.Dropdown(choices, scale=3, min_width=200, **_setting("f0"))
        seed = gr.Number(scale=2, min_width=90, **_setting("seed"))  # its bounds are told in its slot
    slots |= {"f0": problem_slot("zest-f0-problem"), "seed": problem_slot("zest-seed-problem")}
    return Inputs(source, emotion, reference, strength, tempo, decoder, seed, f0, slots)


def _setting(name: str) -> dict[str, Any]:
    """What a component of the page shows of a setting, whichever kind of component it is."""
    return {"value": getattr(DEFAULTS, name), "label": about(name).label, "info": about(name).help, "elem_id": f"zest-{name}"}


def _outputs(trouble: str | None, presets: Sequence[str], access: AdminAccess) -> Outputs:
    failed = problem_slot("zest-failed")
    status = gr.HTML(tables.empty(trouble or text.EMPTY), elem_id="zest-status")
    with gr.Column(visible=False, elem_id="zest-results") as results:
        change = gr.HTML(visible=False, padding=False, elem_id="zest-changed")
        converted = gr.Audio(label=text.RESULT_LABEL, interactive=False, buttons=["download"], elem_id="zest-converted")
        plot = gr.HTML(elem_id="zest-plot", padding=False)
        table = gr.HTML(elem_id="zest-table")
        result = gr.State()
        score_result(result, converted)
        if access.administration.configured:
            gather_panel(access, result, converted, ["", *presets])
        with gr.Accordion(text.DETAILS_LABEL, open=False):
            details = gr.JSON(show_label=False, elem_id="zest-details")
    return Outputs(converted, plot, table, status, details, result, gr.State(), results, failed, change)


def _examples(inputs: Inputs) -> Examples:
    rows = (("Man, angry", "source-man.wav", "angry", None), ("Woman, sad", "source-woman.wav", "sad", None),
            ("Man, emotion of a recording", "source-man.wav", RECORDING, "reference-lively.wav"))
    return gr.Examples(
        [[str(EXAMPLES / source), emotion, reference and str(EXAMPLES / reference)] for _, source, emotion, reference in rows],
        inputs=[inputs.source.audio, inputs.emotion, inputs.reference.audio], example_labels=[row[0] for row in rows],
        label=text.EXAMPLES_LABEL, cache_examples=False, api_visibility="private")


def _run(trigger, inputs: Inputs, outputs: Outputs, button: gr.Button) -> Dependency:
    """Look at the inputs; button off, convert, button on again whatever happened."""
    values, slots = inputs.all(), inputs.problems()
    looked = trigger(look, values, [*slots, button], **QUIET)
    looked.then(None, None, None, js=show_problem("zest-status"), api_visibility="private")
    run = looked.then(convert, values, [*outputs.all(), *slots], api_visibility="private", concurrency_id=MODEL_QUEUE,
                      show_progress_on=outputs.status)
    return run.then(lambda: gr.update(value=text.CONVERT, interactive=True), None, button, **QUIET)
