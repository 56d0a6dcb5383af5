"""A recording taken apart into its factors: units, F0 and envelope, EASE vector, SACE embedding."""

from __future__ import annotations

import numpy as np
import torch

from pipelines.checkpoints.loading import Models
from pipelines.device import one_thread
from pipelines.factors import Emotion, Factors
from pipelines.features import prosody, world
from pipelines.features.audio import Recording
from pipelines.features.pitch import VOICED_CONFIDENCE, track
from pipelines.hooks import Hook, silent, stage
from pipelines.networks.sace import emotion_frames, pool_frames
from pipelines.networks.speaker import ease_vector, voice_vector
from pipelines.networks.units import EncodedContent


@torch.inference_mode()
@one_thread()
def encoded(models: Models, recording: Recording, hook: Hook = silent, synthesis: bool = True) -> Factors:
    """The factors. synthesis: with the full-resolution WORLD frames, which a reference does not need."""
    with stage(hook, "pitch"):
        pitch = track(recording.samples, world.FRAME_SECONDS if synthesis else 0.01)
    with stage(hook, "envelope"):
        frames = world.analyse(recording.samples, pitch) if synthesis else None
        bands = world.to_bands(frames.envelope[::4]) if frames is not None else world.compact(
            recording.samples, pitch.contour(world.SYNTHESIS_CONFIDENCE).hz)
        own = prosody.from_track(pitch.every(4 if synthesis else 2), bands)
    with stage(hook, "units"):
        content = models.units.encode(recording.samples)
    count = min(len(content.units), len(own.f0))
    own = prosody.Prosody(own.f0[:count], own.voicing[:count], own.bands[:count])
    features, waveform = (models.tensor(part)[None] for part in (prosody.network_features(own), recording.samples))
    mask = torch.ones(1, count, device=models.device)
    with stage(hook, "speaker"):
        ease = ease_vector(models.speaker, waveform, features, mask)[0]
    with stage(hook, "emotion"):
        hidden = models.tensor(content.hidden[:, :count])[None]
        sace = emotion_frames(models.sace, waveform, hidden, features, mask)
        utterance = models.sace.utterance(sace, mask)
        posteriors = models.sace.classify(utterance).softmax(-1)[0].cpu().numpy()
        pooled, there = pool_frames(sace, mask)
        emotion = Emotion(recording.name, pooled[0][there[0] > 0.5].cpu().numpy(), utterance[0].cpu().numpy(),
                          prosody.octaves(own.f0), own.voicing >= VOICED_CONFIDENCE, posteriors)
    soft = _soft_units(models, content, count) if synthesis else None
    return Factors(recording, content.units[:count], own, ease.cpu().numpy(), emotion, frames, soft)


@torch.inference_mode()
def xvector(models: Models, source: Factors) -> np.ndarray:
    """(width,) float32 speaker vector of an encoded recording, from which EASE is computed."""
    features, waveform = (models.tensor(part)[None]
                          for part in (prosody.network_features(source.prosody), source.recording.samples))
    mask = torch.ones(features.shape[:2], device=models.device)
    return voice_vector(models.speaker, waveform, features, mask)[0].cpu().numpy()


def _soft_units(models: Models, content: EncodedContent, count: int) -> np.ndarray | None:
    """(count, units), for a generator that was trained on them."""
    generator, units = models.generator, models.units
    if generator is None or generator.temperature == 0:
        return None
    return units.soft_units(models.tensor(content.hidden[units.layer, :count]), generator.temperature).cpu().numpy()
