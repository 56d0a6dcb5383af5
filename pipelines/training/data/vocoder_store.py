"""What the vocoder hears of the training clips, computed once."""

from __future__ import annotations

from tqdm import tqdm

from pipelines.features.vocoder_features import MELS, VocoderFeatures, vocoder_features
from pipelines.training.data.audio_store import read_samples
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip

KIND = f"vocoder-{MELS}"


def stored_features(clips: list[Clip], cache: FeatureCache) -> list[VocoderFeatures]:
    """Of every clip, in order."""
    return [_stored(clip, cache) for clip in tqdm(clips, desc="vocoder features", unit="clip", mininterval=5)]


def _stored(clip: Clip, cache: FeatureCache) -> VocoderFeatures:
    arrays = cache.get(KIND + clip.variant, clip.path, lambda: vars(vocoder_features(read_samples(clip))))
    return VocoderFeatures(**arrays)
