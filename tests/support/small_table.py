"""A small manifest that serves every setting of the paper, and metrics that need no model, for tests of the paper's table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from unittest.mock import patch

from evaluation.metrics.base import Seen, Value
from evaluation.pair import Pair
from evaluation.report import write_report
from evaluation.table1.reproduce import Reproduction, TableRequest, reproduce_table1
from pipelines.features.audio import save
from pipelines.training.data.corpus import Clip, read_manifest
from tests.support.run_folder import ENTRIES, LEVELS, METRICS, OBSERVERS, VOICES, Fake
from tests.support.speech import speak
from tests.support.tiny import write_manifest

SPEAKERS = ("anna", "bert")
SECONDS = 1.05
FEARFUL = 0.6  # peak of fearful clips, which the level judge does not know
CHOSEN = ("words", "emotion", "voice")


def _hit(pair: Pair, seen: Seen) -> Value | None:
    """As a judge that knows no fear."""
    return METRICS["emotion"].score(pair, seen) if pair.emotion in LEVELS else None


EMOTION = Fake(METRICS["emotion"].info, "judge", _hit, Value(0.0))
MEASURED = (METRICS["words"], EMOTION, METRICS["voice"])
KNOWN = {metric.info.name: replace(ENTRIES[metric.info.name], metric=metric) for metric in MEASURED}


def write_table_corpus(folder: Path) -> Path:
    """Two speakers with two sentences in four emotions, and a reader without any label; all `dev`."""
    folder.mkdir(parents=True)
    rows = []
    for speaker, text, (emotion, level) in product(SPEAKERS, "12", {**LEVELS, "fearful": FEARFUL}.items()):
        name = f"{speaker}-{text}-{emotion}.wav"
        clip = speak(VOICES[speaker], SECONDS, seed=len(rows))
        save(folder / name, clip / abs(clip).max() * level)
        rows.append((name, "acted", speaker, emotion, "en", f"acted-{text}", f"Text {text}.", SECONDS, "dev"))
    save(folder / "book.wav", speak(VOICES["cora"], SECONDS, seed=99))
    rows.append(("book.wav", "books", "cora", "unlabelled", "en", "", "A book.", SECONDS, "dev"))
    return write_manifest(folder / "manifest.csv", rows)


def clips_of(folder: Path) -> list[Clip]:
    return read_manifest(write_table_corpus(folder))


def small_table(clips: list[Clip], folder: Path, **options) -> Reproduction:
    """12 pairs of the natural source and its WORLD copy unless `options` (of Request, and hook) say otherwise."""
    hook = {"hook": options.pop("hook")} if "hook" in options else {}
    request = TableRequest(**{"rows": ("source", "copy"), "count": 12, "draws": 100} | options)
    few_cards = partial(write_report, worst=1)  # drawing those of the ten worst pairs takes longer than all the rest
    with patch("evaluation.table1.reproduce.write_report", few_cards):
        return reproduce_table1(clips, folder, request, MEASURED, OBSERVERS, KNOWN, "zest reproduce table1 -o RUN", **hook)
