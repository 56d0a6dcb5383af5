"""Baseline: VAW-GAN. WORLD's spectrum and F0 of the source in another emotion, named by its label.

Energy and timing stay. The source is taken to be neutral: F0 is moved as a whole by what the mean of the training speech changes
from neutral to the target emotion. The generated bands replace the source's; what is finer than 40 bands stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipelines.baselines.base import EMOTION, Baseline, Rendered, Request
from pipelines.errors import CheckpointError, ZestError
from pipelines.features import world
from pipelines.features.pitch import F0_CEIL, F0_FLOOR, VOICED_CONFIDENCE, F0Contour, PitchTrack, fill_unvoiced, track
from pipelines.features.prosody import octaves
from pipelines.features.wavelets import decompose, restore
from pipelines.features.world import FRAME_SECONDS, WorldFrames
from pipelines.labels import EMOTIONS
from pipelines.shipped import restored_by

if TYPE_CHECKING:
    from pipelines.networks.vawgan import VawGan

COARSE = 4  # WORLD frames (5 ms) to one of the wavelets' (20 ms)


@dataclass(frozen=True)
class FineContour:
    """F0 every 5 ms: octaves above 100 Hz, interpolated where unvoiced, and which frames are voiced; (frames,) each."""

    octaves: np.ndarray
    voiced: np.ndarray

    @property
    def level(self) -> float:
        return float(self.octaves[self.voiced].mean()) if self.voiced.any() else 0.0


def vawgan(samples: np.ndarray, emotion: str, network: VawGan) -> tuple[np.ndarray, F0Contour]:
    """Convert (n,) float32 at 16 kHz to an emotion that the network was trained on.

    Returns:
        converted samples, and the contour that was asked for (5 ms steps).
    Raises:
        ZestError: it was not trained on this emotion.
    """
    if emotion not in network.emotions:
        known = ", ".join(network.emotions)
        raise ZestError(f"The baseline vawgan was not trained on the emotion '{emotion}'; choose one of {known}.")
    target, pitch = EMOTIONS.index(emotion), track(samples, FRAME_SECONDS)
    frames, own = world.analyse(samples, pitch), contour_of(pitch)
    moved = moved_contour(own, target, network)
    hz = np.where(frames.f0 > 0, np.clip(frames.f0 * 2.0 ** (moved - own.octaves), F0_FLOOR, F0_CEIL), 0.0)
    context = np.stack([moved - own.level, own.voiced], axis=1).astype(np.float32)
    converted = with_spectrum(replace(frames, f0=hz), target, context, network)
    return world.synthesise(converted), F0Contour(hz, FRAME_SECONDS)


def contour_of(pitch: PitchTrack) -> FineContour:
    """The contour of a recording that was tracked every 5 ms."""
    hz = pitch.contour(VOICED_CONFIDENCE).hz
    return FineContour(octaves(fill_unvoiced(hz)), hz > 0)


def moved_contour(own: FineContour, emotion: int, network: VawGan) -> np.ndarray:
    """(frames,) octaves: the source's contour plus what the generator changes of its coefficients, at the emotion's level.

    Only the change is restored from coefficients, so that nothing is lost which ten of them do not hold.
    """
    if not own.voiced.any():
        return own.octaves
    coefficients = decompose(own.octaves[::COARSE])
    change = restore(network.melody.convert(coefficients, emotion) - coefficients)
    fine = np.interp(np.arange(len(own.octaves)) / COARSE, np.arange(len(change)), change)
    return own.octaves + fine - fine[own.voiced].mean() + float(network.level_change[emotion])


def with_spectrum(frames: WorldFrames, emotion: int, context: np.ndarray, network: VawGan) -> WorldFrames:
    """Frames with the generated bands and the source's energy, frame by frame. context: (frames, 2), see vawgan.CONTEXT."""
    from pipelines.networks.vawgan import shape_and_energy

    shape, _ = shape_and_energy(world.to_bands(frames.envelope))
    changed = world.add_difference(frames, network.spectrum.convert(shape, emotion, context) - shape)
    gain = frames.envelope.sum(axis=1) / changed.envelope.sum(axis=1)
    return replace(changed, envelope=changed.envelope * gain[:, None])


def load(checkpoint: str, device: str) -> VawGan:
    """Raises CheckpointError: neither the checkpoint nor what ships with the repository has the network."""
    from pipelines.checkpoints.folder import Folder, find_folder
    from pipelines.checkpoints.loading import load_vawgan

    folder = Folder(find_folder(checkpoint))
    if not folder.has("vawgan"):
        raise CheckpointError("This checkpoint has no VAW-GAN; train one with 'zest train vawgan', or restore "
                              f"checkpoints/baselines-mini with {restored_by()}.")
    return load_vawgan(folder).to(device)


def convert(request: Request, network: VawGan) -> Rendered:
    """The source in the emotion of this label. Raises ZestError: the network was not trained on it."""
    assert request.emotion is not None  # see Baseline.takes
    return Rendered(*vawgan(request.source, request.emotion, network))


BASELINE = Baseline("vawgan", "VAW-GAN", "WORLD's spectrum and F0 in another emotion, named by its label.", convert,
                    takes=EMOTION, load=load, part="vawgan")
