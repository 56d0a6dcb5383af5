"""The API: what programs call over HTTP, listed in docs/api.md. Names, order and defaults stay.

The endpoints have components of their own, which no page shows, so that what programs see does not follow from what the page
looks like. They are built before all tabs, so that their numbers do not depend on what the tabs hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.baselines import BASELINES
from pipelines.decoders import DECODERS
from pipelines.errors import ZestError
from pipelines.features.audio import is_long
from pipelines.features.writing import SOURCE_RATE, SUBTYPES
from pipelines.labels import EMOTIONS, folded
from pipelines.mix import number_of
from pipelines.settings import about
from workbench.api_long import direct, plan
from workbench.api_values import reads_values
from workbench.cli.progress import fraction_hook
from workbench.conversion import MODEL_QUEUE
from workbench.conversion_request import DEFAULTS, ConversionRequest
from workbench.studio.turns import model_turns
from workbench.tabs import text
from workbench.tabs.convert_run import waiting
from workbench.tabs.feedback import as_errors
from workbench.tabs.score import LANGUAGES, ScoredConversion, shown_by
from workbench.tabs.score import score as score_one

LONG = "{name} is longer than 60 s; /plan and /direct take up to 60 minutes."
RECORDING = "recording"  # a name of an emotion that programs may give beside a reference
SETTINGS = tuple(asdict(DEFAULTS))


def describes_settings(function: Callable) -> Callable:
    """Adds the settings to the Args of a docstring, from which Gradio's API page describes the parameters."""
    lines = "".join(f"        {name}: {about(name).help}\n" for name in SETTINGS)
    function.__doc__ = (function.__doc__ or "").replace("\n    Returns:", f"{lines}\n    Returns:")
    return function


@reads_values
@describes_settings
def convert(*, source: str, emotion: str | None = None, reference: str | None = None, strength: float = DEFAULTS.strength,
            tempo: bool = DEFAULTS.tempo, decoder: str = DEFAULTS.decoder, seed: float = DEFAULTS.seed, f0: str = DEFAULTS.f0,
            rate: str = SOURCE_RATE, subtype: str = "", references: list[str] | None = None, weights: list[float] | None = None,
            denoise: bool = False, mark: bool = True,
            progress: gr.Progress = gr.Progress()) -> tuple[str, str, str, list[str], dict[str, Any]]:
    """Convert the emotion of a recording; its words and voice stay.

    Args:
        source: Recording whose words and voice are kept, 0.5 to 60 seconds.
        emotion: neutral, angry, happy, sad or surprised, or a mix such as angry:0.6,sad:0.4, where no reference is given.
        reference: Recording whose emotion is taken, where no emotion is given.
        rate: source for the source's own sampling rate, 16 to 48 kHz; or Hz between them.
        subtype: 16 or 24 bits, or float.
        references: Several recordings whose emotions are mixed, alone or with an emotion that has weights.
        weights: One number for each of the references; all alike if left out.
        denoise: Take steady noise out of the source first.
        mark: Whether the file's metadata say that its speech is synthetic, and how it was converted.

    Returns:
        The converted recording (WAV), its F0 contours (PNG), the name of the system that converted, notes on
        the recordings, and all numbers.
    """
    with as_errors():
        request = _checked(ConversionRequest(source, emotion, reference, strength, tempo, decoder, seed, f0, rate or SOURCE_RATE,
                                             subtype, _weighted(references, weights), denoise, mark))
        hook = fraction_hook(lambda fraction, stage: progress(fraction, desc=stage), request.emotion is None)
        with model_turns().turn(lambda place: progress(0, desc=waiting(place)), request.turn()):
            described = request.convert(hook)
        document = described.document
        return str(described.output), str(described.save_plot()), document["system"], document["notes"], document


@reads_values
def score(*, source: str, reference: str | None = None, converted: str, said: str = "", emotion: str = "", language: str = "en",
          progress: gr.Progress = gr.Progress()) -> tuple[str, dict[str, Any]]:
    """Score one conversion by any system: words, emotion, voice, F0, predicted naturalness, beside natural speech.

    Args:
        source: Recording whose words and voice were to be kept.
        reference: Recording whose emotion was taken, if there was one.
        converted: The conversion.
        said: What the source says; without it, the transcript of the source stands in.
        emotion: The target emotion: neutral, angry, happy, sad, surprised, a mix such as angry:0.6,sad:0.4, or nothing.
        language: Two letters, such as en.

    Returns:
        The score card as HTML, and all its numbers.
    """
    with as_errors():
        target = "" if folded(emotion) == RECORDING else emotion
        one = ScoredConversion(source, reference, converted, target, said=said, language=language or "en")
        _refuse(one.problems())
        return score_one(one, shown_by(progress))


@reads_values
def check(*, source: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Check a recording before it is converted: noise, clipping, hum, bandwidth, reverberation, speakers, music, whisper, length.

    Args:
        source: The recording.

    Returns:
        What is doubtful, each with its cost and what to do; and all numbers.
    """
    from evaluation.doctor.check import check as check_recording  # imported late: its detector takes a second

    with as_errors():
        if not source:
            raise ZestError(text.NO_SOURCE)
        document = check_recording(source).document()
        return document["findings"], document


def api(presets: Sequence[str]) -> None:
    """Define the endpoints inside the current Blocks. presets: the checkpoint's stored emotions."""
    with gr.Column(visible=False):
        _endpoint("convert", convert, _convert_inputs(presets), [
            gr.Audio(label="converted"), gr.File(label="f0_contours"), gr.Textbox(label="system"), gr.JSON(label="notes"),
            gr.JSON(label="numbers")])
        _endpoint("score", score, _score_inputs(), [gr.Textbox(label="card"), gr.JSON(label="numbers")])
        _endpoint("check", check, {"source": gr.Audio(label="source", type="filepath")},
                  [gr.JSON(label="findings"), gr.JSON(label="numbers")])
        _long_endpoints()


def _endpoint(name: str, function: Callable, inputs: dict[str, Any],
              outputs: list[gr.components.Component], queue: str | None = MODEL_QUEUE) -> None:
    """queue: whose events run one at a time; None where they take turns by themselves."""
    own: dict[str, Any] = {"concurrency_id": queue} if queue else {"concurrency_limit": None}
    gr.Button(visible=False).click(function, inputs_kwargs=inputs, outputs=outputs, api_name=name, **own)


def _long_endpoints() -> None:
    """Of recordings of up to an hour, which take their turn phrase by phrase instead of all at once."""
    _endpoint("plan", plan, {"source": _file("source"), "emotion": gr.Textbox(None, label="emotion"), **_way_inputs()},
              [gr.File(label="plan"), gr.JSON(label="rows")], None)
    references = gr.File(label="references", type="filepath", file_count="multiple")
    _endpoint("direct", direct, {"source": _file("source"), "plan": _file("plan"), "references": references, **_voice_inputs(),
                                **_file_inputs()},
              [gr.Audio(label="converted"), gr.JSON(label="numbers")], None)


def _file(label: str) -> gr.File:
    return gr.File(label=label, type="filepath")


def _convert_inputs(presets: Sequence[str]) -> dict[str, Any]:
    return {"source": gr.Audio(label="source", type="filepath"),
            "emotion": gr.Dropdown([*presets, RECORDING], value=None, label="emotion", allow_custom_value=True),
            "reference": gr.Audio(label="reference", type="filepath"), **_way_inputs(), **_voice_inputs(),
            "references": gr.File(label="references", file_count="multiple", type="filepath"),
            "weights": gr.JSON(label="weights"),
            **_file_inputs()}


def _way_inputs() -> dict[str, Any]:
    """What a plan says of each phrase."""
    return {"strength": gr.Number(DEFAULTS.strength, label="strength"), "tempo": gr.Checkbox(DEFAULTS.tempo, label="tempo")}


def _voice_inputs() -> dict[str, Any]:
    """What holds for all phrases."""
    return {"decoder": gr.Dropdown(["", *DECODERS, *BASELINES], value="", label="decoder", allow_custom_value=True),
            "seed": gr.Number(DEFAULTS.seed, label="seed"),
            "f0": gr.Dropdown(list(about("f0").choices), value=DEFAULTS.f0, label="f0", allow_custom_value=True),
            "rate": gr.Dropdown([SOURCE_RATE, "16000", "44100", "48000"], value=SOURCE_RATE, label="rate",
                                allow_custom_value=True),
            "subtype": gr.Dropdown(["", *SUBTYPES], value="", label="subtype", allow_custom_value=True)}


def _file_inputs() -> dict[str, Any]:
    return {"denoise": gr.Checkbox(False, label="denoise"), "mark": gr.Checkbox(True, label="mark")}


def _score_inputs() -> dict[str, Any]:
    return {**{name: gr.Audio(label=name, type="filepath") for name in ("source", "reference", "converted")},
            "said": gr.Textbox("", label="said"),
            "emotion": gr.Dropdown(["", *EMOTIONS], value="", label="emotion", allow_custom_value=True),
            "language": gr.Dropdown(list(LANGUAGES), value="en", label="language", allow_custom_value=True)}


def _weighted(references: Sequence[str] | None, weights: Sequence[Any] | None) -> tuple[tuple[str, float], ...]:
    """Each of the references with its weight. Raises ZestError: there are not as many, or one is no number."""
    paths = list(references or ())
    if weights is not None and (not isinstance(weights, list) or len(weights) != len(paths)):
        raise ZestError(text.ONE_WEIGHT_EACH)
    return tuple((path, number_of(Path(path).name, weight)) for path, weight in zip(paths, weights or [1.0] * len(paths)))


def _checked(request: ConversionRequest) -> ConversionRequest:
    """The request with what its target is, or ZestError: what a program says must all be honoured."""
    by_reference = folded(request.emotion or "") in ("", RECORDING)
    if request.needs_target and by_reference and not request.reference and not request.references:
        raise ZestError(text.NO_REFERENCE if request.emotion else text.NO_TARGET)
    if not by_reference and request.reference:
        raise ZestError(text.TWO_TARGETS)
    given = [name for name in SETTINGS if name != "decoder" and getattr(request, name) != getattr(DEFAULTS, name)]
    if request.baseline and given:
        raise ZestError(text.BASELINE_HAS_NO.format(baseline=request.baseline, setting=given[0]))
    request = replace(request, emotion=None) if by_reference else request
    if request.source and Path(request.source).exists() and is_long(request.source):
        raise ZestError(LONG.format(name=Path(request.source).name))
    _refuse(request.problems())
    return request


def _refuse(problems: Mapping[str, str]) -> None:
    """Raises ZestError with the first sentence, if there is one."""
    for sentence in problems.values():
        raise ZestError(sentence)
