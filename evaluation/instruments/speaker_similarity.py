"""Is the voice kept? Speaker embeddings that the converter does not use.

resemblyzer: GE2E (Wan et al., 2018), 256-d, weights in the package. ecapa: ECAPA-TDNN (Desplanques et al., 2020) of
SpeechBrain, 192-d, from the hub or its cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from evaluation.instruments.needs import hub_revision, missing_package, unavailable_from_hub, version
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.quiet import quiet

RESEMBLYZER, ECAPA = "resemblyzer", "ecapa"
MODELS = (RESEMBLYZER, ECAPA)
ECAPA_HUB_ID = "speechbrain/spkrec-ecapa-voxceleb"
SHORTEST = SAMPLE_RATE // 4


def speaker_embedding(samples: np.ndarray, model: str = RESEMBLYZER) -> np.ndarray:
    """(n,) float32 at 16 kHz to a vector of unit length: (256,) resemblyzer, (192,) ecapa.

    Raises:
        ZestError: unknown model, or it cannot be loaded.
    """
    _refuse_unknown(model)
    return _resemblyzer_embedding(samples) if model == RESEMBLYZER else _ecapa_embedding(samples)


def key_of(model: str) -> str:
    """Model and version, safe as a file name."""
    _refuse_unknown(model)
    return f"resemblyzer-{version('resemblyzer')}" if model == RESEMBLYZER else f"ecapa-voxceleb-{hub_revision(ECAPA_HUB_ID)}"


def unavailable(model: str) -> str | None:
    """Why a model cannot be used here, None where it can; loads no weights."""
    _refuse_unknown(model)
    if model == RESEMBLYZER:
        return missing_package("resemblyzer")
    return missing_package("speechbrain") or unavailable_from_hub(ECAPA_HUB_ID, "the Resemblyzer metrics")


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
        raise ZestError(f"The speaker model {source} could not be loaded ({type(error).__name__}); "
                        "check the network, or use the Resemblyzer metrics.") from error
