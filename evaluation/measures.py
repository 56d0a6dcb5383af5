"""The measurements that the quality table is made of, each on one clip at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.judge import DEFAULT_FOLDER, JUDGES, load_judge
from evaluation.score_cache import Measure

WORDS, VOICE, NATURALNESS, MELODY = "words", "voice", "naturalness", "melody"
EVERYTHING = (*JUDGES, VOICE, MELODY, WORDS, NATURALNESS)  # quick ones first: an interrupted run has them


def measure(name: str) -> Measure:
    """A measure by its name: 'words', 'voice', 'naturalness', 'melody', or a judge's name."""
    if name in JUDGES:
        weights = (DEFAULT_FOLDER / f"{name}.safetensors").read_bytes()
        digest = hashlib.sha256(weights).hexdigest()[:8]  # a retrained judge is another judge
        return Measure(f"judge-{name}-{digest}", lambda clips: load_judge(name).posteriors(clips).round(5).tolist())
    return _PLAIN[name]


def _words(clips: Sequence[np.ndarray]) -> list[Any]:
    from evaluation.recogniser import transcribe

    return transcribe(clips, "en")


def _voice(clips: Sequence[np.ndarray]) -> list[Any]:
    from evaluation.speaker_similarity import speaker_embedding

    return [speaker_embedding(clip).round(5).tolist() for clip in clips]


def _naturalness(clips: Sequence[np.ndarray]) -> list[Any]:
    from evaluation.predicted_mos import predicted_mos

    return [round(predicted_mos(clip), 4) for clip in clips]


def _melody(clips: Sequence[np.ndarray]) -> list[Any]:
    from evaluation.melody import contour_of

    return [contour_of(clip).hz.round(2).tolist() for clip in clips]


_PLAIN = {
    WORDS: Measure("whisper-base-en", _words), VOICE: Measure("resemblyzer-0.1.4", _voice),
    NATURALNESS: Measure("distillmos-0.9.1", _naturalness), MELODY: Measure("swift-f0-10ms", _melody),
}
