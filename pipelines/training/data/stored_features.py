"""Features of training clips that are computed once and stored: prosody, the vocoder's input, the teacher's states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch
from tqdm import tqdm

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.whisper import encoder_blocks, load_packaged_encoder
from pipelines.counting import counted
from pipelines.errors import CheckpointError, RecipeError
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, track
from pipelines.features.vocoder_features import MELS, VocoderFeatures, vocoder_features
from pipelines.features.world import BANDS, compact
from pipelines.networks.whisper_front import WhisperEncoder, WhisperSizes
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip, read_samples

PROSODY, VOCODER = f"prosody-{BANDS}", f"vocoder-{MELS}"
TEACHER = "base"  # of Whisper's sizes
TEACHER_STATES = f"whisper-{TEACHER}"
BLOCKS = 6
BLOCK = 4  # of these, whose states are learnt: later blocks lean towards text, earlier ones towards sound


def prosody_features(samples: np.ndarray) -> dict[str, np.ndarray]:
    """`f0` (frames,) Hz at every frame, `confidence` (frames,), `bands` (frames, 40) log power; 50 Hz."""
    fine = track(samples, 0.01)
    bands = compact(samples, fine.contour(SYNTHESIS_CONFIDENCE).hz)
    coarse = fine.every(2)
    return {"f0": coarse.hz.astype(np.float32), "confidence": coarse.confidence.astype(np.float16),
            "bands": bands.astype(np.float16)}


WORLD_FEATURES: dict[str, Callable[[np.ndarray], dict[str, np.ndarray]]] = {
    PROSODY: prosody_features, VOCODER: lambda samples: vars(vocoder_features(samples))}


def stored(kind: str, clip: Clip, cache: FeatureCache) -> dict[str, np.ndarray]:
    """One of WORLD_FEATURES of a clip, computed where it is not in the cache.

    Raises:
        RecipeError: it is not, and WORLD or the F0 tracker is not installed, as on a borrowed machine.
    """
    def compute() -> dict[str, np.ndarray]:
        try:
            return WORLD_FEATURES[kind](read_samples(clip))
        except ModuleNotFoundError as error:
            raise RecipeError(f"The features of {clip.path.name} are not stored, and {error.name}, which computes them, is not "
                              "installed; pack again with 'zest train pack' for this stage and recipe.") from error

    return cache.get(kind + clip.variant, clip.path, compute)


def stored_features(clips: list[Clip], cache: FeatureCache) -> list[VocoderFeatures]:
    """The vocoder's input of every clip, in order."""
    return [VocoderFeatures(**stored(VOCODER, clip, cache))
            for clip in tqdm(clips, desc="vocoder features", unit="clip", mininterval=5)]


def teacher_encoder(cache: FeatureCache, blocks: int = BLOCKS) -> WhisperEncoder:
    """The first blocks of Whisper's encoder, in eval mode: from the cache where a pack brought them, else as installed.

    Raises:
        CheckpointError: neither is there, or the cache's are damaged or fewer.
    """
    folder = Folder(cache.root)
    if not folder.has(TEACHER_STATES):
        return load_packaged_encoder(TEACHER).first(blocks)
    sizes = [int(folder.setting(TEACHER_STATES, size)) for size in ("width", "heads", "blocks")]
    if sizes[-1] < blocks:
        raise CheckpointError(f"The teacher in {cache.root} has {counted(sizes[-1], 'block')}, but {blocks} are needed; pack "
                              "it again for this recipe with 'zest train pack'.")
    return folder.fill(WhisperEncoder(WhisperSizes(*sizes)), TEACHER_STATES).first(blocks)


def store_teacher(cache: FeatureCache, encoder: WhisperEncoder) -> None:
    """Put a teacher into the cache (16 bits, in which Whisper's weights are published), for `teacher_encoder`."""
    Folder(cache.root).write(TEACHER_STATES, encoder.state_dict(), asdict(encoder.sizes))


def teacher_features(encoder: WhisperEncoder, waveform: np.ndarray) -> dict[str, np.ndarray]:
    """Of an un-padded clip, (n,) at 16 kHz: `frames` (frames, 512) of block 4 at 50 Hz, and `pooled` (6, 1024).

    pooled: mean and deviation over time of every block.
    """
    states = encoder_blocks(encoder, torch.from_numpy(waveform))
    pooled = [torch.cat([state.mean(0), state.std(0)]) for state in states]
    return {"frames": states[BLOCK - 1].numpy().astype(np.float16), "pooled": torch.stack(pooled).numpy().astype(np.float16)}


class Teacher:
    """Whisper's states of clips, from the cache; the encoder is loaded only when a clip's are missing."""

    def __init__(self, cache: FeatureCache):
        self.cache, self.encoder = cache, None

    def __call__(self, clip: Clip, waveform: Callable[[], np.ndarray]) -> dict[str, np.ndarray]:
        return self.cache.get(TEACHER_STATES, clip.path, lambda: self._compute(waveform()))

    def _compute(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        if self.encoder is None:
            self.encoder = teacher_encoder(self.cache)
        return teacher_features(self.encoder, waveform)
