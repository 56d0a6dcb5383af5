"""All metrics by name, and their observers.

A name is `metric` or `metric@model`: `cer` is measured with Whisper base, `cer@small` with Whisper small; judges are always
named, as in `emotion@whisper`; `voice-to-source@ecapa` takes another speaker embedding than Resemblyzer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evaluation.instruments.training_data import circular
from evaluation.judges import registry as judges
from evaluation.metrics import affect, emotion, f0, naturalness, parallel, tempo, voice, words
from evaluation.metrics.base import Metric, NeedsNaturalReference, Observer
from evaluation.pair import Pair
from pipelines.errors import ZestError

FILES = (words, emotion, affect, voice, f0, tempo, naturalness, parallel)
METRICS: tuple[type[Metric], ...] = tuple(metric for file in FILES for metric in file.METRICS)


def families() -> Mapping[str, type[Metric]]:
    """By the name without model."""
    return {one.base: one for one in METRICS}


def default_names() -> tuple[str, ...]:
    """What is measured unless other metrics are asked for."""
    return tuple(one.name_with(model) for one in METRICS if one.by_default for model in one.default_models() or ("",))


def names() -> tuple[str, ...]:
    """Every metric with every model; the default set first."""
    every = (one.name_with(model) for one in METRICS for model in one.models() or ("",))
    return tuple(dict.fromkeys((*default_names(), *every)))


def further_names() -> tuple[str, ...]:
    """Metrics outside the default set that need no more models than it does."""
    judge = judges.default_names()[0]
    return tuple(one.name_with(judge) for one in METRICS if not one.by_default and judge in one.models())


def metric(name: str) -> Metric:
    """A metric by name. One that needs a natural reference gives None for every pair until it has one.

    Raises:
        ZestError: there is no such metric, or not with this model.
    """
    base, _, model = name.partition("@")
    if base not in families():
        raise ZestError(f"There is no metric called '{base}'; 'zest metrics' lists them.")
    one, model = families()[base], judges.aliases().get(model, model)
    if model and model not in one.models():
        known = f"choose one of {', '.join(one.models())}" if one.models() else "it has one way only"
        raise ZestError(f"The metric {base} cannot be had with '{model}'; {known}.")
    return one(model)


def needs_natural_reference(name: str) -> bool:
    """Does it need numbers of natural speech (evaluation/natural_reference/computed.py) first?"""
    return isinstance(metric(name), NeedsNaturalReference)


def observers() -> dict[str, Observer]:
    """By the names that metrics give, of every metric with every model."""
    found = (one(model).observing() for one in METRICS for model in one.models() or ("",))
    return {observer.name: observer for observer in found}


def circular_warnings(measured: Iterable[str], pairs: Iterable[Pair]) -> list[str]:
    """One line where models of these metrics learnt from corpora of the pairs, or none. Unknown names are passed over."""
    known = set(names())
    return circular(((name, metric(name).training_data()) for name in dict.fromkeys(measured) if name in known), pairs)


def observer(name: str) -> Observer:
    """An observer by the name that metrics give. Raises ZestError where there is none."""
    if name not in observers():
        raise ZestError(f"There is no observer called '{name}'; choose one of {', '.join(observers())}.")
    return observers()[name]


def available(name: str) -> str | None:
    """Why a metric cannot be measured here, as a sentence; None where it can. Loads no weights. Raises ZestError as `metric`."""
    return metric(name).observing().unavailable()
