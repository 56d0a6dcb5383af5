"""Who listens: each observer turns clips into observations that fit into a line of JSON.

Building one costs nothing; its model is loaded with the first clip. `key` names model and version, because another
model's observations are another thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.instruments.recogniser import MODEL
from evaluation.metrics.needs import missing_package, version
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE

SPEECH_DB = 40.0  # what is so much below the loudest frame, at the ends of a clip, is not speech


@dataclass(frozen=True)
class Transcript:
    """Words, by Whisper: {"text", "seconds"}; seconds from the first to the last speech."""

    size: str = MODEL
    per_language = True

    @property
    def key(self) -> str:
        from evaluation.instruments.recogniser_weights import digest

        return f"whisper-{self.size}-{digest(self.size)}-greedy-thinned"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.instruments.recogniser import transcribe

        texts = transcribe(clips, language, self.size)
        return [{"text": text, "seconds": speech_seconds(clip)} for text, clip in zip(texts, clips, strict=True)]

    def unavailable(self) -> str | None:
        from evaluation.instruments.recogniser_weights import unavailable

        return unavailable(self.size)


@dataclass(frozen=True)
class Emotion:
    """Posteriors of an emotion judge: {emotion: probability} over the emotions it knows."""

    judge: str
    per_language = False

    @property
    def key(self) -> str:
        from evaluation.judges.registry import digest

        return f"judge-{self.judge}-{digest(self.judge)}"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.judges.registry import judge_named

        judge = judge_named(self.judge)
        rows = judge.posteriors(clips)
        return [dict(zip(judge.emotions, _rounded(row), strict=True)) for row in rows]

    def unavailable(self) -> str | None:
        from evaluation.judges.registry import unavailable

        return unavailable(self.judge)


@dataclass(frozen=True)
class Voice:
    """Speaker embedding of unit length, a list of numbers."""

    model: str
    per_language = False

    @property
    def key(self) -> str:
        from evaluation.instruments.speaker_similarity import key_of

        return key_of(self.model)

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.instruments.speaker_similarity import speaker_embedding

        return [_rounded(speaker_embedding(clip, self.model)) for clip in clips]

    def unavailable(self) -> str | None:
        from evaluation.instruments.speaker_similarity import unavailable

        return unavailable(self.model)


@dataclass(frozen=True)
class Melody:
    """F0, 10 ms, by WORLD's dio and stonemask: {"hz": [Hz, 0 where unvoiced], "step": 0.01}."""

    per_language = False

    @property
    def key(self) -> str:
        return f"pyworld-{version('pyworld')}-dio-stonemask-10ms"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.instruments.f0 import world_f0

        return [{"hz": np.round(world_f0(clip, 0.01), 2).tolist(), "step": 0.01} for clip in clips]

    def unavailable(self) -> str | None:
        return missing_package("pyworld")


@dataclass(frozen=True)
class Spectrum:
    """What two recordings of one sentence are aligned and compared by, at 5 ms; see evaluation/instruments/cepstra.py."""

    per_language = False

    @property
    def key(self) -> str:
        return f"pyworld-{version('pyworld')}-mel-cepstrum-5ms"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.instruments.cepstra import analyse

        return [analyse(clip) for clip in clips]

    def unavailable(self) -> str | None:
        return missing_package("pyworld")


@dataclass(frozen=True)
class Clock:
    """{"seconds": length, "speech": from the first to the last speech}."""

    key = "clock-40db"
    per_language = False

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        return [{"seconds": round(len(clip) / SAMPLE_RATE, 4), "speech": speech_seconds(clip)} for clip in clips]

    def unavailable(self) -> str | None:
        return missing_package("librosa")


@dataclass(frozen=True)
class DistillMos:
    """Predicted MOS, one number."""

    per_language = False

    @property
    def key(self) -> str:
        return f"distillmos-{version('distillmos')}"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.instruments.predicted_mos import predicted_mos

        return [round(predicted_mos(clip), 4) for clip in clips]

    def unavailable(self) -> str | None:
        return missing_package("distillmos") or missing_package("torchaudio")


@dataclass(frozen=True)
class DnsMos:
    """DNSMOS P.835: {"overall", "signal", "background"}."""

    per_language = False

    @property
    def key(self) -> str:
        return f"dnsmos-p835-speechmos-{version('speechmos')}"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        _refuse(self.unavailable())
        from evaluation.instruments.predicted_mos import dnsmos

        return [{name: round(value, 4) for name, value in dnsmos(clip).items()} for clip in clips]

    def unavailable(self) -> str | None:
        return missing_package("speechmos") or missing_package("onnxruntime")


def speech_seconds(clip: np.ndarray) -> float:
    """From the first to the last frame within 40 dB of the loudest; (n,) at 16 kHz."""
    import librosa

    _, (start, end) = librosa.effects.trim(clip, top_db=SPEECH_DB, frame_length=400, hop_length=160)
    return round(float(end - start) / SAMPLE_RATE, 4)


def transcript_models(size: str) -> str:
    """For MetricInfo.models."""
    return f"openai-whisper {version('openai-whisper')}, size {size}; jiwer {version('jiwer')}"


def _rounded(vector: np.ndarray) -> list[float]:
    """Five digits; float64 first, or 0.1 would be written with seventeen."""
    return np.round(np.asarray(vector, dtype=np.float64), 5).tolist()


def _refuse(reason: str | None) -> None:
    if reason:
        raise ZestError(reason)
