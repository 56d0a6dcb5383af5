"""A small finished run and studies of it, for the tests of listening tests. Voices are synthetic, clips are short."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.listening.design.create import create_study
from evaluation.listening.design.study import Study
from evaluation.pair import Pair, pairs_hash, write_pairs
from evaluation.run.folder import EvaluationRun, open_run
from pipelines.features.audio import save
from tests.support.speech import MAN, WOMAN, in_emotion, speak

SYSTEMS = ("copy", "f0-swap", "transfer")
ALL_QUESTIONS = ("naturalness", "emotion-similarity", "speaker-similarity", "emotion-choice", "preference")
OTHER_DESIGNS = ("quality", "comparison", "emotion-comparison", "degradation", "emotion-preference", "abx", "mushra",
                 "mushra-no-reference", "emotion-strength")
EMOTIONS = ("angry", "sad")
VOICES = {"anna": WOMAN, "bert": MAN}
FAILED = ("transfer", "anna-sad-0")  # the one conversion that is missing


def finished_run(folder: Path, sentences: int = 2, seconds: float = 0.55) -> EvaluationRun:
    """Two speakers, two emotions, so many sentences; three systems whose conversions are the voice at other levels."""
    clips, run = folder / "corpus", folder / "RUN"
    clips.mkdir(parents=True)
    pairs = []
    for number, (name, voice) in enumerate(VOICES.items()):
        for sentence in range(sentences):
            spoken = {emotion: save(clips / f"{name}-{emotion}-{sentence}.wav",
                                    speak(in_emotion(voice, emotion), seconds, seed=10 * number + sentence))
                      for emotion in ("neutral", *EMOTIONS)}
            pairs += [Pair(f"{name}-{emotion}-{sentence}", spoken["neutral"], spoken[emotion], emotion, "ssst",
                           source_speaker=name, reference_speaker=name, parallel=spoken[emotion]) for emotion in EMOTIONS]
    for place, system in enumerate(SYSTEMS):
        (run / "wavs" / system).mkdir(parents=True)
        for pair in pairs:
            if (system, pair.id) != FAILED:
                save(run / "wavs" / system / f"{pair.id}.wav",
                     speak(VOICES[pair.source_speaker], seconds + 0.05 * place, seed=place + 3) * (0.2 + 0.3 * place))
    write_pairs(run / "pairs.csv", pairs)
    info = {"pairs_hash": pairs_hash(pairs), "metrics": {}, "seed": 0,
            "systems": {name: {"spec": {"kind": name}, "checkpoint_hash": None} for name in SYSTEMS}}
    (run / "run.json").write_text(json.dumps(info))
    (run / "scores.jsonl").write_text("".join(json.dumps({"system": name, "pair": pair.id, "values": {}}) + "\n"
                                              for name in SYSTEMS for pair in pairs))
    return open_run(run)


def small_study(run: EvaluationRun, folder: Path, **changed) -> Study:
    """Two systems, two questions, four listeners: sets of 15 trials."""
    settings = {"systems": ("copy", "transfer"), "questions": ("naturalness", "emotion-choice"), "listeners": 4, "seed": 5,
                "cap": 15, "salt": "pepper"} | changed
    return create_study(run, folder=folder, **settings)
