"""The Convert tab: a recording and an emotion in, the converted recording, its contours and numbers out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio.helpers import Examples
from gradio.utils import get_upload_folder
from matplotlib.figure import Figure

from pipelines.baselines import BASELINES
from pipelines.decoders import DECODERS
from pipelines.settings import Settings, about
from workbench.cli.progress import fraction_hook
from workbench.conversion import MODEL_QUEUE, convert_and_describe, page_converter
from workbench.listening.admin import AdminAccess
from workbench.listening.gather_tab import gather_panel
from workbench.tabs import tables, text
from workbench.tabs.feedback import alert, as_alerts
from workbench.tabs.score import ScoredConversion, score_result

DEFAULTS = Settings()
RECORDING = "recording"  # the value of the emotion choice that asks for a reference
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Inputs:
    """The components that `convert` reads, in the order of its parameters."""

    source: gr.Audio
    emotion: gr.Radio
    reference: gr.Audio
    strength: gr.Slider
    tempo: gr.Checkbox
    decoder: gr.Dropdown
    seed: gr.Number
    f0: gr.Dropdown

    def all(self) -> list[gr.components.Component]:
        return [self.source, self.emotion, self.reference, self.strength, self.tempo, self.decoder, self.seed, self.f0]


@dataclass(frozen=True)
class Outputs:
    """The components that `convert` fills, in the order of what it returns; `results` is shown with the first result."""

    converted: gr.Audio
    plot: gr.Plot
    table: gr.HTML
    status: gr.HTML
    details: gr.JSON
    result: gr.State
    results: gr.Column

    def all(self) -> list[gr.components.Component]:
        return [self.converted, self.plot, self.table, self.status, self.details, self.result]


def describes_settings(function: Callable) -> Callable:
    """Adds the settings to the Args of a docstring, from which Gradio's API page describes the parameters."""
    lines = "".join(f"        {name}: {about(name).help}\n" for name in asdict(DEFAULTS))
    function.__doc__ = (function.__doc__ or "").replace("\n    Returns:", f"{lines}\n    Returns:")
    return function


@describes_settings
def convert(source: str | None, emotion: str, reference: str | None, strength: float = DEFAULTS.strength,
            tempo: bool = DEFAULTS.tempo, decoder: str = DEFAULTS.decoder, seed: float = DEFAULTS.seed, f0: str = DEFAULTS.f0,
            progress: gr.Progress = gr.Progress()) -> tuple[str, Figure, str, str, dict[str, Any], ScoredConversion]:
    """Convert the emotion of a recording; its words and voice stay.

    Args:
        source: Recording whose words and voice are kept, 0.5 to 60 seconds.
        emotion: neutral, angry, happy, sad or surprised; or "recording" to take it from the reference.
        reference: Recording whose emotion is taken; read only with emotion "recording".

    Returns:
        16-bit WAV at 16 kHz, F0 contours, tables as HTML, status as HTML, and all numbers as JSON.
    """
    if source is None:
        raise alert(text.NO_SOURCE)
    if emotion == RECORDING and reference is None:
        raise alert(text.NO_REFERENCE)
    with as_alerts():
        converter = page_converter(decoder)  # the one choice offers decoders and baselines, which have no settings
        rendering = DEFAULTS.decoder if decoder in BASELINES else decoder
        settings = Settings(float(strength), bool(tempo), rendering, int(seed or 0), f0)
        target = (reference, None) if emotion == RECORDING else (None, emotion)
        hook = fraction_hook(lambda fraction, stage: progress(fraction, desc=stage), emotion == RECORDING)
        output = Path(get_upload_folder()) / uuid.uuid4().hex / f"converted-{emotion}.wav"  # Gradio serves it and cleans up
        described = convert_and_describe(converter, source, *target, settings, output, hook)
        figure, document = described.figure(), described.document
    result = ScoredConversion(source, target[0], str(described.output), target[1] or "")
    return str(described.output), figure, tables.tables(document), tables.status(document), document, result


def convert_tab(presets: Sequence[str], decoders: Sequence[str], problem: str | None, access: AdminAccess) -> None:
    """Build the tab inside the current Blocks.

    Args:
        presets: the checkpoint's stored emotions. decoders: those it has the weights for.
        problem: a sentence to show at once, where the checkpoint cannot be loaded. access: of administrators, who can send
            a conversion to a listening test.
    """
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            inputs = _inputs(presets, decoders)
            button = gr.Button(text.CONVERT, variant="primary", size="lg", elem_id="zest-convert")
            examples = _examples(inputs)
        with gr.Column(scale=7, min_width=320):
            outputs = _outputs(problem, presets, access)
    inputs.emotion.change(_show_reference, inputs.emotion, inputs.reference, api_visibility="private", queue=False,
                          show_progress="hidden")
    _run(button.click, inputs, outputs, button, api_name="convert")
    _run(examples.load_input_event.success, inputs, outputs, button, api_name=None)


def _inputs(presets: Sequence[str], decoders: Sequence[str]) -> Inputs:
    sources: list[Literal["upload", "microphone"]] = ["upload", "microphone"]
    source = gr.Audio(label=text.SOURCE_LABEL, sources=sources, type="filepath", buttons=[], elem_id="zest-source")
    gr.Markdown(text.LIMITS_NOTE, elem_classes="zest-limits")
    choices = [(preset.capitalize(), preset) for preset in presets] + [(text.FROM_RECORDING, RECORDING)]
    first = "angry" if "angry" in presets else choices[0][1]
    emotion = gr.Radio(choices, value=first, label=text.EMOTION_LABEL, info=text.EMOTION_INFO, elem_id="zest-emotion")
    reference = gr.Audio(label=text.REFERENCE_LABEL, sources=sources, type="filepath", visible=first == RECORDING,
                         buttons=[], elem_id="zest-reference")
    limits: Any = about("strength")  # whose bounds are numbers
    strength = gr.Slider(limits.low, limits.high, step=limits.step, **_setting("strength"))
    tempo = gr.Checkbox(**_setting("tempo"))
    rendering = [(DECODERS[name].label, name) for name in decoders]
    rendering += [(text.BASELINE.format(baseline.label), name) for name, baseline in BASELINES.items()]
    shown: dict[str, Any] = {**_setting("decoder"), "value": decoders[0]}
    decoder = gr.Dropdown(rendering, allow_custom_value=True, **shown)  # programs may say a decoder's older name
    with gr.Row():
        choices = [(label, name) for name, label in about("f0").choices.items()]
        f0 = gr.Dropdown(choices, scale=3, min_width=200, **_setting("f0"))
        seed = gr.Number(precision=0, minimum=about("seed").low, scale=2, min_width=90, **_setting("seed"))
    return Inputs(source, emotion, reference, strength, tempo, decoder, seed, f0)


def _setting(name: str) -> dict[str, Any]:
    """What a component of the page shows of a setting, whichever kind of component it is."""
    return {"value": getattr(DEFAULTS, name), "label": about(name).label, "info": about(name).help, "elem_id": f"zest-{name}"}


def _outputs(problem: str | None, presets: Sequence[str], access: AdminAccess) -> Outputs:
    status = gr.HTML(tables.empty(problem or text.EMPTY), elem_id="zest-status")
    with gr.Column(visible=False, elem_id="zest-results") as results:
        converted = gr.Audio(label=text.RESULT_LABEL, interactive=False, buttons=["download"], elem_id="zest-converted")
        plot = gr.Plot(label=text.PLOT_LABEL, show_label=False, format="png", elem_id="zest-plot")
        table = gr.HTML(elem_id="zest-table")
        result = gr.State()
        score_result(result, converted)
        if access.administration.configured:
            gather_panel(access, result, converted, ["", *presets])
        with gr.Accordion(text.DETAILS_LABEL, open=False):
            details = gr.JSON(show_label=False, elem_id="zest-details")
    return Outputs(converted, plot, table, status, details, result, results)


def _examples(inputs: Inputs) -> Examples:
    rows = (("Man, angry", "source-man.wav", "angry", None), ("Woman, sad", "source-woman.wav", "sad", None),
            ("Man, emotion of a recording", "source-man.wav", RECORDING, "reference-lively.wav"))
    return gr.Examples(
        [[str(EXAMPLES / source), emotion, reference and str(EXAMPLES / reference)] for _, source, emotion, reference in rows],
        inputs=[inputs.source, inputs.emotion, inputs.reference], example_labels=[row[0] for row in rows],
        label=text.EXAMPLES_LABEL, cache_examples=False, api_visibility="private")


def _run(trigger, inputs: Inputs, outputs: Outputs, button: gr.Button, api_name: str | None) -> None:
    """Button off, convert, button on again whatever happened; the results show with the first success."""
    quiet = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    visibility = "public" if api_name else "private"
    run = trigger(lambda: gr.update(value=text.CONVERTING, interactive=False), None, button, **quiet).then(
        convert, inputs.all(), outputs.all(), api_name=api_name, api_visibility=visibility, concurrency_id=MODEL_QUEUE,
        show_progress_on=outputs.status, scroll_to_output=True)
    run.success(lambda: (gr.update(visible=True), _ready()), None, [outputs.results, button], **quiet)
    run.failure(_ready, None, button, **quiet)


def _ready() -> dict[str, Any]:
    return gr.update(value=text.CONVERT, interactive=True)


def _show_reference(emotion: str) -> dict[str, Any]:
    return gr.update(visible=emotion == RECORDING)
