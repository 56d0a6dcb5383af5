"""The natural reference of benchmark tables: judges and voices on natural dev speech, corpus by corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.instruments.speaker_similarity import RESEMBLYZER
from evaluation.judges.mini import JUDGES
from evaluation.natural_reference.computed import JudgeReference, NaturalClip, judge_reference, voice_reference
from evaluation.protocol.settings import TARGETS
from evaluation.run.observations import Observations
from pipelines.hooks import Hook, silent
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import Clip, dev_clips

VOICE = f"voice@{RESEMBLYZER}"


def natural_reference(clips: Sequence[Clip], observed: Observations, hook: Hook = silent) -> dict[str, Any]:
    """What the dev clips of the five emotions score.

    Returns:
        {"judges": judge to corpus (and 'all') to percent judged right: 'five' emotions, 'four' without neutral (means over
        emotions), and each; "cross_emotion_cosine": of one speaker's neutral and emotional recordings, None without any}.
    Raises:
        ZestError: no such clip, or a model is missing.
    """
    chosen = [clip for clip in dev_clips(list(clips)) if clip.emotion in EMOTIONS]
    paths = [clip.path for clip in chosen]
    for name in (*(f"emotion@{judge}" for judge in JUDGES), VOICE):
        observed.observe(name, paths, hook=hook)
    voices = [(NaturalClip(clip.path, clip.speaker, clip.emotion), observed.get(VOICE, clip.path)) for clip in chosen]
    return {"judges": {judge: _by_corpus(chosen, f"emotion@{judge}", observed) for judge in JUDGES},
            "cross_emotion_cosine": voice_reference(voices).cross_emotion}


def _by_corpus(clips: Sequence[Clip], judge: str, observed: Observations) -> dict[str, dict[str, float]]:
    groups = {"all": clips} | {corpus: [clip for clip in clips if clip.corpus == corpus]
                               for corpus in sorted({clip.corpus for clip in clips})}
    return {name: _shares(judge_reference([(clip.emotion, observed.get(judge, clip.path)) for clip in own]))
            for name, own in groups.items()}


def _shares(reference: JudgeReference) -> Mapping[str, float]:
    each = {label: 100 * row[label] / sum(row.values()) for label, row in reference.confusion.items()}
    four = [each[label] for label in TARGETS if label in each]
    return {"five": reference.accuracy, "four": float(np.mean(four)) if four else float("nan")} | each
