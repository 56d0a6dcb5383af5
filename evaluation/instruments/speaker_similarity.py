"""Is the voice kept? Speaker embeddings that the converter does not use.

resemblyzer: GE2E (Wan et al., 2018), 256-d, weights in the package. ecapa: ECAPA-TDNN (Desplanques et al., 2020) of
SpeechBrain, 192-d. wavlm: WavLM base+ with an x-vector head (Chen et al., 2022), 512-d. Both come from the hub or its cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from evaluation.instruments.needs import hub_revision, missing_package, unavailable_from_hub, version
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.quiet import quiet

RESEMBLYZER, ECAPA, WAVLM = "resemblyzer", "ecapa", "wavlm"
PACKAGES = {RESEMBLYZER: "resemblyzer", ECAPA: "speechbrain", WAVLM: "transformers"}
MODELS = tuple(PACKAGES)
ECAPA_HUB_ID, WAVLM_HUB_ID = "speechbrain/spkrec-ecapa-voxceleb", "microsoft/wavlm-base-plus-sv"
HUB_IDS = {ECAPA: ECAPA_HUB_ID, WAVLM: WAVLM_HUB_ID}
INSTEAD = "the Resemblyzer metrics"
SHORTEST = SAMPLE_RATE // 4


def speaker_embedding(samples: np.ndarray, model: str = RESEMBLYZER) -> np.ndarray:
    """(n,) float32 at 16 kHz to a vector of unit length: (256,) resemblyzer, (192,) ecapa, (512,) wavlm.

    Raises:
        ZestError: unknown model, or it cannot be loaded.
    """
    _refuse_unknown(model)
    return {RESEMBLYZER: _resemblyzer_embedding, ECAPA: _ecapa_embedding, WAVLM: _wavlm_embedding}[model](samples)


def key_of(model: str) -> str:
    """Model and version, safe as a file name."""
    _refuse_unknown(model)
    return f"resemblyzer-{version('resemblyzer')}" if model == RESEMBLYZER else f"{model}-voxceleb-{hub_revision(HUB_IDS[model])}"


def unavailable(model: str) -> str | None:
    """Why a model cannot be used here, None where it can; loads no weights."""
    _refuse_unknown(model)
    missing = missing_package(PACKAGES[model])
    return missing if missing or model == RESEMBLYZER else unavailable_from_hub(HUB_IDS[model], INSTEAD)


def _refuse_unknown(model: str) -> None:
    if model not in MODELS:
        raise ZestError(f"There is no speaker embedding called '{model}'; choose one of {', '.join(MODELS)}.")


def _resemblyzer_embedding(samples: np.ndarray) -> np.ndarray:
    """Silences are cut and the level evened first."""
    with quiet("resemblyzer"):  # its voice detector imports pkg_resources, which gives a notice
        from resemblyzer import preprocess_wav

    speech = preprocess_wav(np.asarray(samples, dtype=np.float32), source_sr=SAMPLE_RATE)
    if len(speech) < SHORTEST:  # its voice activity detector found next to nothing: judge the whole clip
        speech = np.asarray(samples, dtype=np.float32)
    vector: Any = _resemblyzer().embed_utterance(speech)  # with embeddings of windows only where they are asked for
    return vector


def windows_of(samples: np.ndarray) -> np.ndarray:
    """(windows, 256) by Resemblyzer of 1.6 s each, half of which overlap, of (n,) float32 at 16 kHz; silences are cut first."""
    with quiet("resemblyzer"):
        from resemblyzer import preprocess_wav

    speech = preprocess_wav(np.asarray(samples, dtype=np.float32), source_sr=SAMPLE_RATE)
    if len(speech) < SAMPLE_RATE:
        return np.zeros((0, 256), np.float32)
    _, windows, _ = _resemblyzer().embed_utterance(speech, return_partials=True)
    return windows


def _ecapa_embedding(samples: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        encoder: Any = load_ecapa()
        vector = encoder.encode_batch(torch.from_numpy(np.asarray(samples, dtype=np.float32))[None])[0, 0].numpy()
    return vector / np.linalg.norm(vector)


def _wavlm_embedding(samples: np.ndarray) -> np.ndarray:
    import torch

    extractor, model = load_wavlm()
    inputs = extractor(np.asarray(samples, dtype=np.float32), sampling_rate=SAMPLE_RATE, return_tensors="pt")
    with torch.no_grad():
        vector = model(**inputs).embeddings[0].numpy()
    return vector / np.linalg.norm(vector)


@lru_cache(maxsize=1)
def load_wavlm(source: str = WAVLM_HUB_ID) -> tuple[Any, Any]:
    """transformers' feature extractor and WavLMForXVector from a hub id or a folder. Raises ZestError: they cannot be loaded."""
    reason = missing_package("transformers")
    if reason:
        raise ZestError(reason)
    try:
        with quiet("transformers"):
            from transformers import AutoFeatureExtractor, WavLMForXVector

            return AutoFeatureExtractor.from_pretrained(source), WavLMForXVector.from_pretrained(source).eval()
    except Exception as error:  # as below
        raise ZestError(_not_loaded(source, error)) from error


def _not_loaded(source: str, error: Exception) -> str:
    return f"The speaker model {source} could not be loaded ({type(error).__name__}); check the network, or use {INSTEAD}."


@lru_cache(maxsize=1)
def _resemblyzer():
    with quiet("resemblyzer"):
        from resemblyzer import VoiceEncoder

        return VoiceEncoder("cpu", verbose=False)


@lru_cache(maxsize=1)
def load_ecapa(source: str = ECAPA_HUB_ID):
    """SpeechBrain's EncoderClassifier from a hub id or a folder. Raises ZestError where it cannot be loaded."""
    reason = missing_package("speechbrain")
    if reason:
        raise ZestError(reason)
    try:
        with quiet("speechbrain"):
            from speechbrain.inference.speaker import EncoderClassifier

            return EncoderClassifier.from_hparams(source=source, run_opts={"device": "cpu"})
    except Exception as error:  # its loaders raise hub, network, YAML and file errors alike
        raise ZestError(_not_loaded(source, error)) from error
