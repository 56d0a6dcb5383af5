"""An emotion as a mix: which emotions, and how much of each. It is read and written as angry:0.6,sad:0.4."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pipelines.errors import ZestError
from pipelines.factors import Emotion
from pipelines.labels import folded

WHOLE = 1000  # weights are whole thousandths, so that a written mix is read as the same one
Weights: TypeAlias = Sequence[tuple[str, float]]
EXAMPLE = "angry:0.6,sad:0.4"


@dataclass(frozen=True)
class EmotionMix:
    """Names and weights. Equal for two ways to write the same mix: heaviest first, equal weights by name.

    Attributes:
        thousandths: (name, weight) of every emotion with a weight; weights sum to 1000.
    """

    thousandths: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, weights: Iterable[tuple[str, float]]) -> EmotionMix:
        """Normalise. Raises ZestError: a weight is negative or no number, a name stands twice, or the sum is nothing."""
        given = list(weights)
        for name, weight in given:
            if not math.isfinite(weight) or weight < 0:
                raise ZestError(f"The weight of '{name}' must be 0 or a positive number, not {weight:g}.")
        _refuse_twice([name for name, _ in given])
        total = math.fsum(weight for _, weight in given)
        if not given or total <= 0 or not math.isfinite(total):
            raise ZestError(f"The weights of a mix must sum to more than 0, as in {EXAMPLE}.")
        return cls(_rounded([(name, WHOLE * weight / total) for name, weight in given]))

    @classmethod
    def read(cls, text: str) -> EmotionMix:
        """From its name. Raises ZestError: as `of`, or the text is none."""
        return cls.of(read_weights(text))

    @classmethod
    def of_emotion(cls, emotion: Emotion) -> EmotionMix | None:
        """What a mixed emotion consists of; None for one emotion."""
        return cls.of(_names(emotion.parts)) if emotion.parts else None

    @property
    def weights(self) -> dict[str, float]:
        """By name; they sum to 1."""
        return {name: part / WHOLE for name, part in self.thousandths}

    @property
    def main(self) -> str:
        """The name with the most weight."""
        return self.thousandths[0][0]

    def __str__(self) -> str:
        """Its canonical name: the emotion's own where there is one, else as angry:0.6,sad:0.4."""
        if len(self.thousandths) == 1:
            return self.main
        return ",".join(f"{name}:{weight:g}" for name, weight in self.weights.items())


def said_mix(weights: Mapping[str, float]) -> str:
    """A mix for readers: 'angry 0.6 + sad 0.4'."""
    return " + ".join(f"{name} {weight:.2g}" for name, weight in weights.items())


EmotionLike: TypeAlias = str | Mapping[str, float] | EmotionMix
References: TypeAlias = Mapping[Any, float] | list[tuple[Any, float]]  # recordings with weights


def read_weights(text: str) -> list[tuple[str, float]]:
    """Names and weights as they are written, in that order. Names are folded; without any weight all are alike.

    Args:
        text: angry, or angry:0.6,sad:0.4; a plus separates as a comma does.
    Raises:
        ZestError: a name or a weight is missing, or a weight is no number.
    """
    parts = [part.strip() for part in re.split(r"[,+]", text)]
    if len(parts) > 1 and "" in parts:
        raise ZestError(f"The mix '{text[:60]}' has an empty entry; write it as {EXAMPLE}.")
    split = [part.rpartition(":") if ":" in part else (part, "", "") for part in parts]
    weighted = [bool(colon) for _, colon, _ in split]
    if any(weighted) and not all(weighted):
        raise ZestError(f"Give every emotion of the mix '{text[:60]}' a weight, as in {EXAMPLE}.")
    return [(folded(name), number_of(name, weight) if colon else 1.0) for name, colon, weight in split]


def references_of(given: Any) -> list[tuple[Any, float]] | None:
    """Recordings with weights, where several are given: {"a.wav": 0.5, "b.wav": 0.5}, or a list of pairs. None for one recording.

    Raises:
        ZestError: a weight is no number, or the list is empty.
    """
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, list) and all(isinstance(one, tuple) and len(one) == 2 for one in given):
        pairs = list(given)
    else:
        return None
    if not pairs:
        raise ZestError("There are no references in the mix; give at least one recording with a weight.")
    return [(recording, number_of("reference", weight)) for recording, weight in pairs]


def weights_of(given: str | Mapping[str, float] | EmotionMix) -> list[tuple[str, float]]:
    """Names and weights of an emotion as Python callers give it. Raises ZestError: it is none."""
    if isinstance(given, EmotionMix):
        return list(given.weights.items())
    if isinstance(given, str):
        found = read_weights(given)
    elif isinstance(given, Mapping):
        found = [(folded(str(name)), number_of(str(name), weight)) for name, weight in given.items()]
    else:
        raise ZestError(f"An emotion is a name, a mix such as '{EXAMPLE}', or a dictionary of weights, not "
                        f"{type(given).__name__}.")
    _refuse_twice([name for name, _ in found])
    return found


def _refuse_twice(names: Sequence[str]) -> None:
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ZestError(f"The mix names '{twice}' twice; give each emotion one weight.")


def check_target(reference: Any, emotion: Any) -> list[tuple[Any, float]]:
    """The references with their weights, held against the emotion beside them; none where the emotion says all.

    Raises:
        ZestError: neither is given, or both and not with weights, or the weights are none.
    """
    if reference is None and emotion is None:
        raise ZestError("Give either a reference recording or the name of an emotion.")
    pairs = references_of(reference)
    weighted = emotion is None or (":" in emotion if isinstance(emotion, str) else True)
    if reference is not None and emotion is not None and (pairs is None or not weighted):
        raise ZestError("Give either a reference recording or the name of an emotion, and not both; to mix them, give both "
                        "weights.")
    if pairs is None:
        return [] if reference is None else [(reference, 1.0)]
    EmotionMix.of(told_apart([(_called(recording, index), weight) for index, (recording, weight) in enumerate(pairs, 1)]))
    return pairs


def _called(recording: Any, index: int) -> str:
    """What sentences call a reference: its file's name, or its place where it has none."""
    return Path(recording).name if isinstance(recording, (str, Path)) else f"reference {index}"


def number_of(name: str, weight: Any) -> float:
    """A weight. Raises ZestError: it is no number."""
    wrong = ZestError(f"The weight of '{name}' must be 0 or a positive number, not '{str(weight)[:30]}'.")
    if isinstance(weight, bool):  # which float() takes for 1 or 0
        raise wrong
    try:
        return float(weight)
    except (TypeError, ValueError):
        raise wrong from None


def mixed(emotions: Sequence[tuple[Emotion, float]], name: str = "") -> Emotion:
    """One emotion from several.

    Networks that read one embedding get the weighted mean of the utterance embeddings. The pitch predictor, the acoustic model
    and the tempo predictor see each part by itself, and their predictions are averaged with the weights. So a predicted change
    lies between those of the parts. Attention over the union of the frames, weighted or not, would not be monotone
    (docs/lab-notes/mixes.md).

    Args:
        emotions: with weights; those of weight 0 are left out. name: of the mix, its canonical one if left out.
    Returns:
        the emotion itself where only one has a weight.
    """
    mix = EmotionMix.of(_names(emotions))
    by_name = dict(zip([label for label, _ in _names(emotions)], [emotion for emotion, _ in emotions]))
    parts = tuple((by_name[label], weight) for label, weight in mix.weights.items())
    if len(parts) == 1:
        return replace(parts[0][0], name=name) if name else parts[0][0]
    utterance = sum(weight * one.utterance for one, weight in parts)
    return Emotion(name or str(mix), np.concatenate([one.frames for one, _ in parts]),
                   np.asarray(utterance, dtype=np.float32), parts=parts)


def _names(emotions: Sequence[tuple[Emotion, float]]) -> list[tuple[str, float]]:
    return told_apart([(one.name, weight) for one, weight in emotions])


def told_apart(weights: Weights) -> list[tuple[str, float]]:
    """The same with other names: two recordings of one file name are told apart by a number."""
    names: list[str] = []
    for own, _ in weights:
        same = sum(name == own or name.startswith(f"{own} (") for name in names)
        names.append(f"{own} ({same + 1})" if same else own)
    return [(name, weight) for name, (_, weight) in zip(names, weights)]


def _rounded(shares: list[tuple[str, float]]) -> tuple[tuple[str, int], ...]:
    """Shares of WHOLE as whole numbers of the same sum, by largest remainders; what comes to nothing is left out."""
    whole = {name: int(share) for name, share in shares}
    by_remainder = sorted(shares, key=lambda one: (whole[one[0]] - one[1], one[0]))
    for name, _ in by_remainder[:WHOLE - sum(whole.values())]:
        whole[name] += 1
    return tuple(sorted(((name, part) for name, part in whole.items() if part), key=lambda one: (-one[1], one[0])))
