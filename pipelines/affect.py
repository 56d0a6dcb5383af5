"""Arousal and valence: two axes of the SACE embedding on which the presets have known places, and mixes for all other places.

The places are conventional ones of the circumplex of affect (Russell, 1980). The axes are the linear map of least norm that puts
the presets' utterance embeddings there, with neutral at the origin. Held-out recordings that no axis was fitted to lie near the
preset of their label (docs/lab-notes/mixes.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipelines.errors import ZestError
from pipelines.factors import Emotion
from pipelines.labels import NEUTRAL, LabelError, why_unknown
from pipelines.mix import EmotionMix, number_of, told_apart, weights_of

AROUSAL, VALENCE = "arousal", "valence"
POINT = re.compile(r"\s*(arousal|valence)\s*:([^,+:]*)[,+]\s*(arousal|valence)\s*:([^,:]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Affect:
    """A point of the plane. arousal: calm -1 to excited 1. valence: unpleasant -1 to pleasant 1. Raises ZestError outside."""

    arousal: float
    valence: float

    def __post_init__(self):
        for name in (AROUSAL, VALENCE):
            value = getattr(self, name)
            if not -1 <= value <= 1:  # refuses NaN, too
                raise ZestError(f"The {name} must lie between -1 and 1, not {value:g}.")

    def __str__(self) -> str:
        return f"{AROUSAL}:{self.arousal:g},{VALENCE}:{self.valence:g}"


ANCHORS = {NEUTRAL: Affect(0.0, 0.0), "angry": Affect(0.8, -0.6), "happy": Affect(0.6, 0.8), "sad": Affect(-0.6, -0.6),
           "surprised": Affect(0.8, 0.3)}


def read_affect(text: str) -> Affect | None:
    """A point from arousal:0.6,valence:-0.3; None where the text is none. Raises ZestError: a number is missing or outside."""
    match = POINT.fullmatch(text)
    if match is None:
        return None
    first, one, second, other = match.groups()
    values = {first.lower(): number_of(first.lower(), one), second.lower(): number_of(second.lower(), other)}
    if len(values) < 2:
        raise ZestError(f"Give {AROUSAL} and {VALENCE} once each, as in {Affect(0.6, -0.3)}.")
    return Affect(values[AROUSAL], values[VALENCE])


def target_name(emotion: str | None, references: Sequence[tuple[str, float]] = ()) -> str:
    """The canonical name of a target: of a preset, a mix or a point as it is written, and of references with weights.

    Args:
        references: names with weights, beside or instead of the emotion.
    Returns:
        '' where there is neither.
    Raises:
        ZestError: the emotion is none of these, or the weights sum to nothing.
    """
    point = read_affect(emotion) if emotion else None
    if not references:
        return str(point or EmotionMix.read(emotion)) if emotion else ""
    presets = [(str(point), 1.0)] if point else weights_of(emotion) if emotion else []
    return str(EmotionMix.of(told_apart([*presets, *references])))


def mix_at(places: Mapping[str, Affect], point: Affect) -> EmotionMix:
    """The mix of at most three presets at a point; outside the presets, at the nearest point between them.

    It changes continuously with the point, and at the place of a preset it is that preset alone.
    """
    names, target = list(places), np.array([point.arousal, point.valence])
    corners = np.array([(places[name].arousal, places[name].valence) for name in names])
    found = min((_nearest(corners[list(three)], target) + (three,) for three in _triangles(corners)), key=lambda one: one[0])
    return EmotionMix.of([(names[index], weight) for index, weight in zip(found[2], found[1])])


def places_of(presets: Iterable[str]) -> dict[str, Affect]:
    """Places of those presets that have one, neutral first. Raises ZestError: neutral or two of the others are missing."""
    presets = set(presets)
    found = {name: place for name, place in ANCHORS.items() if name in presets}
    if NEUTRAL not in found or len(found) < 3:
        raise ZestError("This checkpoint has too few presets for arousal and valence: neutral and two others are needed.")
    return found


def known_target(emotion: str) -> str:
    """As `target_name`, of emotions that are known labels. Raises LabelError: one is not."""
    reason = None if read_affect(emotion) else why_unknown(name for name, _ in weights_of(emotion))
    if reason:
        raise LabelError(reason)
    return target_name(emotion)


@dataclass(frozen=True)
class AffectPlane:
    """The plane of a checkpoint.

    Attributes:
        axes: (2, 128), arousal and valence. origin: (128,), the embedding of neutral. places: of the presets.
    """

    axes: np.ndarray
    origin: np.ndarray
    places: Mapping[str, Affect]

    @classmethod
    def of(cls, presets: Mapping[str, Emotion]) -> AffectPlane:
        """From a checkpoint's presets. Raises ZestError: neutral or two of the others are missing."""
        places = places_of(presets)
        known = [name for name in places if name != NEUTRAL]
        origin = presets[NEUTRAL].utterance.astype(np.float64)
        away = np.stack([presets[name].utterance - origin for name in known])
        wished = np.array([(places[name].arousal, places[name].valence) for name in known])
        axes = (np.linalg.pinv(away) @ wished).T
        return cls(axes, origin, places)

    def place(self, emotion: Emotion) -> tuple[float, float]:
        """(arousal, valence) of any emotion, such as a reference's; not bounded. A mix lies at the mean of its parts."""
        arousal, valence = self.axes @ (emotion.utterance - self.origin)
        return float(arousal), float(valence)

    def mix(self, point: Affect) -> EmotionMix:
        """The mix at a point, as `mix_at`."""
        return mix_at(self.places, point)


def _triangles(corners: np.ndarray) -> list[tuple[int, ...]]:
    """Delaunay triangles: those in whose circumcircle no other corner lies; few corners, so all are tried."""
    found = []
    for three in combinations(range(len(corners)), 3):
        a, b, c = corners[list(three)]
        double = 2 * float((b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0])
        if abs(double) < 1e-9:
            continue
        ab, ac = float((b - a) @ (b - a)), float((c - a) @ (c - a))
        centre = a + np.array([(c - a)[1] * ab - (b - a)[1] * ac, (b - a)[0] * ac - (c - a)[0] * ab]) / double
        others = [corner for index, corner in enumerate(corners) if index not in three]
        radius = math.dist(centre, a)
        if all(math.dist(centre, corner) >= radius - 1e-9 for corner in others):
            found.append(three)
    return found


def _nearest(triangle: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Distance from a triangle, and the weights of its corners at the nearest point."""
    weights = np.linalg.solve(np.vstack([triangle.T, np.ones(3)]), np.append(target, 1.0))
    if (weights >= -1e-9).all():
        return 0.0, weights.clip(0)
    best = (math.inf, weights)
    for one, other in combinations(range(3), 2):
        along = triangle[other] - triangle[one]
        part = float(np.clip((target - triangle[one]) @ along / (along @ along), 0, 1))
        distance = math.dist(triangle[one] + part * along, target)
        if distance < best[0]:
            edge = np.zeros(3)
            edge[one], edge[other] = 1 - part, part
            best = (distance, edge)
    return best
