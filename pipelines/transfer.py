"""From a source's factors to those of the target emotion: timing, F0 contour and envelope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from pipelines.checkpoints.loading import Models
from pipelines.device import one_thread
from pipelines.errors import ZestError
from pipelines.factors import Emotion, Factors, Transferred
from pipelines.features import prosody, world
from pipelines.features.contour import PREDICTED, REFERENCE, anchor_f0, bounded_change, limited_speed, smooth_f0
from pipelines.features.envelope_change import smooth_change
from pipelines.features.pitch import VOICED_CONFIDENCE
from pipelines.mix import mixed
from pipelines.networks.tempo import run_lengths, warp_positions
from pipelines.settings import Settings

VOICED_ENOUGH = 0.02  # share of voiced frames below which there is no contour to move


@torch.inference_mode()
@one_thread()
def transfer(models: Models, source: Factors, emotion: Emotion, settings: Settings = Settings()) -> Transferred:
    """The source's factors with the target emotion, `strength` of the way there."""
    target = _variant(emotion, settings.seed)
    positions = _positions(models, source, target, settings)
    nearest = np.clip(np.rint(positions).astype(int), 0, len(source.units) - 1)
    units, voicing = source.units[nearest], source.prosody.voicing[nearest]
    own_octaves = np.interp(positions, np.arange(len(source.units)), prosody.octaves(source.prosody.f0))
    octaves, difference = _predict(models, source, target, nearest, own_octaves, settings.f0)
    octaves = own_octaves + settings.strength * (octaves - own_octaves)
    return Transferred(source, target, positions, units, voicing, octaves, own_octaves, settings.strength * difference,
                       settings.strength)


def is_voiced(factors: Factors) -> bool:
    """Whether enough of it is voiced."""
    return bool(factors.prosody.contour.voiced.mean() >= VOICED_ENOUGH)


def reference_f0(own: np.ndarray, voiced: np.ndarray, emotion: Emotion) -> np.ndarray:
    """The reference's contour in the source's length and at the source's level: (frames,) octaves above 100 Hz.

    The contour is stretched linearly from end to end, since no alignment of two different sentences is right. It is moved
    so that the means over voiced frames agree, since the level of F0 tells first of all who speaks.

    Args:
        own, voiced: (frames,) octaves of the source, and which of its frames are voiced.
    Raises:
        ZestError: the emotion is a preset or a mix, which has no contour, or its recording has no voiced speech.
    """
    if emotion.octaves is None or emotion.voiced is None:
        kind = "mix" if emotion.parts else "preset"
        raise ZestError(f"F0 of the reference needs a reference recording; a {kind} has none.")
    if not emotion.voiced.any():
        raise ZestError(f"{emotion.name} has no voiced speech whose F0 could be taken; choose another reference.")
    places = np.linspace(0, len(emotion.octaves) - 1, len(own))
    stretched = np.interp(places, np.arange(len(emotion.octaves)), emotion.octaves)
    level = own[voiced].mean() if voiced.any() else own.mean()
    return stretched + level - emotion.octaves[emotion.voiced].mean()


def _variant(emotion: Emotion, seed: int) -> Emotion:
    """Another reading of the emotion: its half-second frames weighted at random; seed 0 leaves it as it is."""
    if emotion.parts and seed:
        return mixed([(_variant(one, seed), weight) for one, weight in emotion.parts], emotion.name)
    if seed == 0 or len(emotion.frames) < 2:
        return emotion
    weights = np.random.default_rng(seed).dirichlet(np.full(len(emotion.frames), 2.0)).astype(np.float32)
    order = np.argsort(-weights)[:max(2, len(weights) // 2)]
    return replace(emotion, frames=emotion.frames[np.sort(order)], utterance=weights @ emotion.frames)


def _mean(emotion: Emotion, predict: Callable[[Emotion], torch.Tensor]) -> torch.Tensor:
    """What a network predicts for an emotion; for a mix, the mean over its parts with their weights."""
    first, *others = ((predict(one), weight) for one, weight in emotion.weighted)
    mean = first[0] if not others else first[1] * first[0]
    for predicted, weight in others:
        mean = mean + weight * predicted
    return mean


def _positions(models: Models, source: Factors, emotion: Emotion, settings: Settings) -> np.ndarray:
    """Where each new frame lies in the source: the ratio of two predicted durations, run by run."""
    frames, tempo = np.arange(len(source.units), dtype=np.float64), models.tempo
    if tempo is None or not settings.tempo or settings.strength == 0:
        return frames
    runs, durations = run_lengths(source.units)
    runs, ease = models.tensor(runs.astype(np.int64))[None], models.tensor(source.ease)[None]
    mask = torch.ones(1, runs.shape[1], device=models.device)

    def predict(part: Emotion) -> torch.Tensor:
        return tempo(runs, mask, models.tensor(part.utterance)[None], ease)[0]

    own, target = (_mean(one, predict).cpu().numpy() for one in (source.emotion, emotion))
    return warp_positions(durations, np.exp(settings.strength * (target - own)))


def _predict(models: Models, source: Factors, emotion: Emotion, nearest: np.ndarray, own_octaves: np.ndarray,
             f0: str = PREDICTED) -> tuple[np.ndarray, np.ndarray]:
    """Target octaves (frames,) and envelope difference (frames, 40), at full strength. nearest: (frames,) of the source's frames.

    The checkpoint's gains widen what differs between the two predictions, never what differs from the source.
    """
    units, voicing, given = source.units[nearest], source.prosody.voicing[nearest], own_octaves
    if f0 == REFERENCE:
        given = reference_f0(own_octaves, voicing >= VOICED_CONFIDENCE, emotion)
    moved, confidence, own = (models.tensor(part)[None] for part in (units.astype(np.int64), voicing, own_octaves))
    mask, ease = torch.ones_like(confidence), models.tensor(source.ease)[None]
    voiced = (confidence >= 0.5).float()
    target = models.tensor(given)[None]
    if f0 == PREDICTED and is_voiced(source):
        target = _predicted_contour(models, moved, own, voiced, source.emotion, emotion, ease)
    acoustic = models.acoustic
    if acoustic is None:
        return target[0].cpu().numpy(), np.zeros((len(own_octaves), world.BANDS), np.float32)
    bands = models.tensor(prosody.speech_bands(source.prosody.bands)[nearest])[None] if acoustic.sees_source else None

    def envelope(part: Emotion, contour: torch.Tensor) -> torch.Tensor:
        return acoustic(moved, contour, voiced, mask, models.tensor(part.utterance)[None], ease, bands)

    before, after = (_mean(one, partial(envelope, contour=contour))
                     for contour, one in ((own, source.emotion), (target, emotion)))
    gains = models.gains
    change = smooth_change(after - before, mask, gains.envelope_seconds, gains.envelope_fast)
    return target[0].cpu().numpy(), gains.envelope * change[0].cpu().numpy()


def _predicted_contour(models: Models, units: torch.Tensor, own: torch.Tensor, voiced: torch.Tensor, before: Emotion,
                       after: Emotion, ease: torch.Tensor) -> torch.Tensor:
    """(1, time) octaves: the source's contour with what the pitch predictor says that the emotion changes."""
    mask, pitch = torch.ones_like(own), models.pitch

    def contour(emotion: Emotion) -> torch.Tensor:
        frames = models.tensor(emotion.frames)[None]
        return pitch(units, mask, frames, torch.ones(frames.shape[:2], device=mask.device), ease)

    predicted = [_mean(emotion, contour) for emotion in (before, after)]
    wider = smooth_f0(predicted[0] + models.gains.f0 * (predicted[1] - predicted[0]))
    moved = own + bounded_change(anchor_f0(own, predicted[0], wider, voiced) - own)
    return models.tensor(limited_speed(moved[0].cpu().numpy()))[None]
