"""The API: what programs and agents call over HTTP and MCP (docs/api.md).

Within one version, names, order and defaults of parameters and outputs stay. No endpoint belongs to a component of the page, so
that what programs see does not follow from what the page looks like. They are defined before all tabs, so that their numbers do
not depend on what the tabs hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.affect import AROUSAL, VALENCE
from pipelines.baselines import BASELINES
from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import is_long
from pipelines.features.writing import SOURCE_RATE
from pipelines.labels import folded
from pipelines.mix import number_of
from pipelines.version import zest_version
from workbench import sentences
from workbench.api.endpoint import FILE, Endpoint, shown
from workbench.api.types import F0, SETTINGS, File, Rate, Seed, Strength, Subtype, describes_settings
from workbench.api.version import API_VERSION
from workbench.cli.info import describe
from workbench.cli.progress import fraction_hook
from workbench.conversion import MODEL_QUEUE, converter, page_checkpoint
from workbench.conversion_request import DEFAULTS, ConversionRequest
from workbench.scoring import ScoredConversion, numbers_of
from workbench.scoring import score as score_one
from workbench.studio.turns import turn_at_models, with_place

LONG = "{name} is longer than 60 s; /plan and /direct take up to 60 minutes."
RECORDINGS = ("source", "reference", "references", "converted")  # parameters whose problems are those of a recording


@describes_settings
def convert(source: File, emotion: str | None = None, reference: File | None = None, strength: Strength = DEFAULTS.strength,
            tempo: bool = DEFAULTS.tempo, decoder: str = DEFAULTS.decoder, seed: Seed = DEFAULTS.seed, f0: F0 = "predicted",
            rate: Rate = SOURCE_RATE, subtype: Subtype = "", references: list[File] | None = None,
            weights: list[float] | None = None, denoise: bool = False, mark: bool = True) -> tuple[str, str, dict[str, Any]]:
    """Convert the emotion of a recording of 0.5 to 60 seconds; its words and voice stay. Give an emotion or a reference.

    Args:
        source: Recording whose words and voice are kept.
        emotion: neutral, angry, happy, sad or surprised, or a mix such as angry:0.6,sad:0.4, where no reference is given.
        reference: Recording whose emotion is taken, where no emotion is given.
        rate: Sampling rate of the result: source for the source's own, 16 to 48 kHz, or a number of Hz between them.
        subtype: Resolution of the result: 16 or 24 bits, or float; 16 if left out.
        references: Several recordings whose emotions are mixed, alone or with an emotion that has weights.
        weights: One number for each of the references; all alike if left out.
        denoise: Take steady noise out of the source first.
        mark: Whether the file's metadata say that its speech is synthetic, and how it was converted.

    Returns:
        the converted recording (WAV), a picture of the F0 contours (PNG), and the numbers: target, system, settings, F0 in Hz
        of source and result, lengths in seconds, notes on what is doubtful about the recordings.
    """
    request = checked(ConversionRequest(source, emotion, reference, strength, tempo, decoder, seed, f0,
                                         rate or SOURCE_RATE, subtype, _weighted(references, weights), denoise, mark))
    hook = with_place(shown(), lambda show: fraction_hook(show, request.emotion is None))
    described = turn_at_models(hook, request.turn()).do(lambda: request.convert(hook))
    return str(described.output), str(described.save_plot()), described.document


def score(source: File, converted: File, reference: File | None = None, said: str = "", emotion: str = "",
          language: str = "en") -> dict[str, Any]:
    """Score one conversion by any system: words, emotion, voice, F0, predicted naturalness, beside natural speech.

    Args:
        source: Recording whose words and voice were to be kept.
        converted: The conversion, such as the one of /convert.
        reference: Recording whose emotion was taken, if there was one.
        said: What the source says; without it, the transcript of the source stands in.
        emotion: The target emotion: neutral, angry, happy, sad, surprised, a mix such as angry:0.6,sad:0.4, or nothing.
        language: Two letters, such as en.

    Returns:
        the score card: a verdict in one sentence, then words (errors in percent), emotions (probabilities before and after),
        voice (cosines), F0, naturalness (predicted MOS), warnings, each with what natural speech scores.
    """
    one = ScoredConversion(source, reference, converted, emotion, said=said, language=language or "en")
    _refuse(one.problems())
    return numbers_of(score_one(one, shown()))


def check(source: File) -> dict[str, Any]:
    """Check a recording before it is converted: noise, clipping, hum, bandwidth, reverberation, speakers, music, whisper, length.

    Args:
        source: Recording to be checked.

    Returns:
        whether it is usable, findings (each with what it costs and what to do), and all measures.
    """
    from evaluation.doctor.check import check as check_recording  # imported late: its detector takes a second

    return check_recording(source).document()


def presets() -> dict[str, Any]:
    """List the emotions, decoders and baselines that this workbench converts with.

    Returns:
        presets with their arousal and valence (-1 to 1), decoders with the best one first, and baselines to compare with.
    """
    document = describe(page_checkpoint(), converter())
    places = {name: dict(zip((AROUSAL, VALENCE), place)) for name, place in document["affect"].items()}
    return {"presets": [{"name": name, AROUSAL: None, VALENCE: None} | places.get(name, {}) for name in document["presets"]],
            "decoders": document["decoders"], "baselines": list(BASELINES)}


def info() -> dict[str, Any]:
    """Tell the version of this API, the versions of the workbench and its weights, and which recordings it takes.

    Returns:
        api (the version), zest, checkpoint, weights, recordings (formats, lengths and rates), and what zest info prints.
    """
    document = describe(page_checkpoint(), converter())
    return {"api": API_VERSION, "zest": zest_version()} | document | {"checkpoint": Path(document["checkpoint"]).name}


def _weighted(references: Sequence[str] | None, weights: Sequence[Any] | None) -> tuple[tuple[str, float], ...]:
    """Each of the references with its weight. Raises ZestError: there are not as many, or one is no number."""
    paths = list(references or ())
    if weights is not None and (not isinstance(weights, list) or len(weights) != len(paths)):
        raise ZestError(sentences.ONE_WEIGHT_EACH)
    return tuple((path, number_of(Path(path).name, weight)) for path, weight in zip(paths, weights or [1.0] * len(paths)))


def checked(request: ConversionRequest) -> ConversionRequest:
    """The request with what its target is, or ZestError: what a program says must all be honoured."""
    by_reference = not folded(request.emotion or "")
    if request.needs_target and by_reference and not request.reference and not request.references:
        raise ZestError(sentences.NO_TARGET)
    if not by_reference and request.reference:
        raise ZestError(sentences.TWO_TARGETS)
    given = [name for name in SETTINGS if name != "decoder" and getattr(request, name) != getattr(DEFAULTS, name)]
    if request.baseline and given:
        raise ZestError(sentences.BASELINE_HAS_NO.format(baseline=request.baseline, setting=given[0]))
    request = replace(request, emotion=None) if by_reference else request
    if request.source and Path(request.source).exists() and is_long(request.source):
        raise AudioError(LONG.format(name=Path(request.source).name))
    _refuse(request.problems())
    return request


def _refuse(problems: Mapping[str, str]) -> None:
    """Raises ZestError with the first sentence, if there is one."""
    for name, sentence in problems.items():
        raise (AudioError if name in RECORDINGS else ZestError)(sentence)


SHORT = (Endpoint(convert, {"converted": FILE, "f0_contours": FILE, "numbers": "convert"}, MODEL_QUEUE),
         Endpoint(score, {"numbers": "score"}, MODEL_QUEUE), Endpoint(check, {"numbers": "check"}, MODEL_QUEUE),
         Endpoint(presets, {"numbers": "presets"}), Endpoint(info, {"numbers": "info"}))
