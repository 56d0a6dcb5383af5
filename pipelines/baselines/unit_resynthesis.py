"""Speech resynthesis from units, codes of F0 and an x-vector (Polyak et al., Interspeech 2021).

The emotion is moved by taking the reference's codes of F0, as the paper compares itself with it (arXiv 2401.04511, section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_f0_codes, load_generator, load_speaker, load_unit_encoder
from pipelines.decoders.rendering import predict_mel, render, render_factors
from pipelines.device import check_device
from pipelines.errors import CheckpointError, ZestError
from pipelines.features.audio import NOMINAL, Recording, speech_level
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, F0Contour, PitchTrack, track
from pipelines.features.prosody import analyse, network_features
from pipelines.features.vocoder_features import STEP, VocoderFeatures
from pipelines.networks.f0_codes import F0Codes, Standardised, code_count, frame_codes, hertz, standardised, stretched
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FINE, FactorGenerator
from pipelines.networks.speaker import PublishedSpeaker, SpeakerEncoder, voice_vector
from pipelines.networks.units import HOP, UnitEncoder

MISSING = "This checkpoint has no polyak, which the baseline of that name needs; train it with 'zest train polyak'."


@dataclass(frozen=True)
class Polyak:
    """Its networks, in eval mode on one device."""

    units: UnitEncoder
    speaker: SpeakerEncoder | PublishedSpeaker
    codes: F0Codes
    generator: FactorGenerator | FactorDecoder
    device: str


def load_polyak(checkpoint: Folder, device: str = "cpu",
                generator: FactorGenerator | FactorDecoder | None = None) -> Polyak:
    """generator: another one than the checkpoint's, as one in training.

    Raises:
        CheckpointError: a part is missing, with the command that trains it, or damaged. ZestError: there is no such device.
    """
    check_device(device)
    generator = load_generator(checkpoint, "polyak") if generator is None else generator
    if generator is None:
        raise CheckpointError(MISSING)
    return Polyak(load_unit_encoder(checkpoint).to(device), load_speaker(checkpoint).to(device),
                  load_f0_codes(checkpoint).to(device), generator.to(device), device)


def resynthesis(checkpoint: Folder, generator: FactorGenerator | FactorDecoder,
                device: str = "cpu") -> Callable[[Recording], np.ndarray]:
    """A function of a recording to the same, (n,) float32 at 16 kHz, resynthesised from its own units, codes and x-vector."""
    networks = load_polyak(checkpoint, device, generator)
    return lambda recording: resynthesise(recording.samples, recording.samples, networks)[0]


@torch.inference_mode()
def resynthesise(source: np.ndarray, reference: np.ndarray, networks: Polyak) -> tuple[np.ndarray, F0Contour]:
    """Words and voice of the source with the F0 contour of the reference: its codes, stretched to the source's length and decoded
    at the height and range of the source.

    Args:
        source, reference: (n,) float32 at 16 kHz.
    Returns:
        converted samples at the source's level, and the contour that was asked for: voiced where the source is.
    Raises:
        ZestError: the reference has no voiced speech.
    """
    pitch = track(source, STEP)
    own = analyse(source, pitch)
    speaker, target = standardised(own), standardised(own if reference is source else analyse(reference))
    if not target.voiced.any():
        raise ZestError("The reference has no voiced speech whose F0 could be taken; choose another reference.")
    features = torch.from_numpy(network_features(own))[None].to(networks.device)
    waveform = torch.from_numpy(source)[None].to(networks.device)
    voice = voice_vector(networks.speaker, waveform, features, torch.ones(features.shape[:2], device=networks.device))
    units = _units(source, networks)[:len(own.f0)]
    codes = stretched(networks.codes.encode(target), code_count(len(units)))
    samples = _rendered(units, codes, speaker, pitch, voice, networks) * (speech_level(source) / NOMINAL)
    asked = np.where(speaker.voiced[:len(units)] > 0, hertz(networks.codes, codes, speaker, len(units)), 0.0)
    return samples / max(1.0, float(np.abs(samples).max(initial=0.0))), F0Contour(asked)


def _units(samples: np.ndarray, networks: Polyak) -> np.ndarray:
    """(frames,) int64, or (frames, units) float32 where the generator was trained on soft ones."""
    content, temperature = networks.units.encode(samples), networks.generator.temperature
    if temperature == 0:
        return content.units.astype(np.int64)
    hidden = torch.from_numpy(content.hidden[networks.units.layer]).to(networks.device)
    return networks.units.soft_units(hidden, temperature).cpu().numpy()


def _rendered(units: np.ndarray, codes: np.ndarray, speaker: Standardised, pitch: PitchTrack, voice: torch.Tensor,
              networks: Polyak) -> np.ndarray:
    """At the nominal level, by either design; both end 10 ms behind the last unit frame."""
    generator, count = networks.generator, len(units)
    if isinstance(generator, FactorDecoder):
        samples = render_factors(generator, units, frame_codes(codes, count), speaker.voiced[:count], voice)
        return samples[:len(samples) - HOP // 2]
    frames = FINE * count - 1
    f0 = hertz(networks.codes, codes, speaker, frames, FINE)
    voiced = (pitch.contour(SYNTHESIS_CONFIDENCE).hz > 0)[:frames].astype(np.float32)
    mel = predict_mel(generator.trunk, units, f0, voiced, voice)
    return render(generator.vocoder, VocoderFeatures(mel, f0, voiced), networks.device)
