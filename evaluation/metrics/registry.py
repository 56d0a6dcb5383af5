"""All metrics by name, and who observes for them.

A name is `metric` or `metric@model`: `cer` is measured with Whisper base, `cer@small` with Whisper small; judges are always
named, as in `emotion@whisper`; `voice-to-source@ecapa` takes another speaker embedding than Resemblyzer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evaluation.instruments.recogniser import MODEL
from evaluation.instruments.recogniser_weights import SIZES
from evaluation.instruments.speaker_similarity import MODELS as EMBEDDINGS
from evaluation.judges.mini import JUDGES
from evaluation.judges.registry import ALIASES, NAMES
from evaluation.metrics import emotion, naturalness, parallel, tempo, unseen, voice, words
from evaluation.metrics import f0 as melody
from evaluation.metrics.base import Marked, Metric, Observer
from evaluation.metrics.observers import Clock, DistillMos, DnsMos, Emotion, Melody, Spectrum, Transcript, Voice
from pipelines.errors import ZestError


@dataclass(frozen=True)
class Family:
    """Metrics that differ in the model alone. make: a metric from the model's name; models: the first is the default one."""

    make: Callable[[str], Metric]
    models: tuple[str, ...] = ()


def _plain(make: Callable[[], Metric]) -> Family:
    return Family(lambda _: make())


_SIZES = (MODEL, *(size for size in SIZES if size != MODEL))
FAMILIES: Mapping[str, Family] = {
    **{one.base: Family(one, _SIZES) for one in (words.Cer, words.CappedCer, words.Wer, words.Empty, words.Looping)},
    **{one.base: Family(one, NAMES) for one in (emotion.Accuracy, emotion.Posterior, unseen.NearerToReference)},
    **{one.base: Family(one, EMBEDDINGS) for one in (
        voice.ToSource, voice.ToReference, voice.CloserToSource, voice.Accept, voice.SpeakerAccuracy)},
    **{one.base: _plain(one) for one in (melody.Correlation, melody.Rmse, melody.ShapeRmse, melody.MeanError, melody.RangeError,
                                         melody.MeanShift, melody.VoicingF1)},
    **{one.base: Family(one, _SIZES) for one in (tempo.TempoRatio, tempo.TempoError)},
    "duration-ratio": _plain(tempo.DurationRatio),
    "distillmos": _plain(naturalness.DistillMosScore),
    **{f"dnsmos-{part}": _plain(lambda part=part: naturalness.DnsMosScore(part)) for part in naturalness.PARTS},
    **{one.base: _plain(one) for one in (
        parallel.MelCepstralDistortion, parallel.ParallelRmse, parallel.ParallelCorrelation, parallel.ParallelDuration)},
}
ALWAYS_NAMED = (emotion.Accuracy.base, emotion.Posterior.base, unseen.NearerToReference.base)  # the model belongs to the name

OBSERVERS: Mapping[str, Observer] = {
    **{f"transcript@{size}": Transcript(size) for size in SIZES},
    **{f"emotion@{judge}": Emotion(judge) for judge in NAMES},
    **{f"voice@{model}": Voice(model) for model in EMBEDDINGS},
    "f0": Melody(), "spectrum": Spectrum(), "clock": Clock(), "distillmos": DistillMos(), "dnsmos": DnsMos(),
}


def _default_models(family: str) -> tuple[str, ...]:
    return JUDGES if family in ALWAYS_NAMED else FAMILIES[family].models[:1]


def _name(family: str, model: str = "") -> str:
    plain = not model or (family not in ALWAYS_NAMED and model == FAMILIES[family].models[0])
    return family if plain else f"{family}@{model}"


DEFAULT: tuple[str, ...] = tuple(_name(family, model) for family in FAMILIES for model in _default_models(family) or ("",))


def names() -> tuple[str, ...]:
    """Every metric with every model; the default set first."""
    every = [_name(family, model) for family, one in FAMILIES.items() for model in one.models or ("",)]
    return (*DEFAULT, *(name for name in every if name not in DEFAULT))


def metric(name: str) -> Metric:
    """A metric by name. One that needs marks (`needs_marks`) gives None for every pair until `with_marks` was called.

    Raises:
        ZestError: there is no such metric, or not with this model.
    """
    family, _, model = name.partition("@")
    if family not in FAMILIES:
        raise ZestError(f"There is no metric called '{family}'; 'zest metrics' lists them.")
    one, model = FAMILIES[family], ALIASES.get(model, model)
    if model and model not in one.models:
        known = f"choose one of {', '.join(one.models)}" if one.models else "it has one way only"
        raise ZestError(f"The metric {family} cannot be had with '{model}'; {known}.")
    return one.make(model or (one.models[0] if one.models else ""))


def needs_marks(name: str) -> bool:
    """Does it need natural marks (evaluation/natural_reference/computed.py) first?"""
    return isinstance(metric(name), Marked)


def observer(name: str) -> Observer:
    """An observer by the name that metrics give. Raises ZestError where there is none."""
    if name not in OBSERVERS:
        raise ZestError(f"There is no observer called '{name}'; choose one of {', '.join(OBSERVERS)}.")
    return OBSERVERS[name]


def available(name: str) -> str | None:
    """Why a metric cannot be measured here, as a sentence; None where it can. Loads no weights. Raises ZestError as `metric`."""
    return observer(metric(name).observer).unavailable()
