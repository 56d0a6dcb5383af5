"""RAVDESS (Livingstone & Russo, PLoS ONE 2018): 24 actors, two sentences, eight emotions in two strengths, two takes.

Layout: `Actor_12/03-01-05-01-02-01-12.wav`: modality (03 audio only), channel (01 speech, 02 song), emotion, strength,
sentence, take, actor. Song and video are left out.

Split: none is published. Actors 19 to 24 are `dev`, because the shipped zest-mini was trained on 1 to 18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusReader, files, folders

EMOTIONS = {"01": "neutral", "02": "calm", "03": "happy", "04": "sad", "05": "angry", "06": "fearful", "07": "disgusted",
            "08": "surprised"}
TEXTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
NAME = re.compile(r"03-01-(0[1-8])-0[12]-(0[12])-0[12]-(\d\d)")
FIRST_DEV = 19


def has_layout(folder: Path) -> bool:
    return any(re.fullmatch(r"Actor_\d\d", child.name) for child in folders(folder))


def entries(root: Path) -> Iterator[CorpusEntry]:
    for folder in folders(root):
        if not re.fullmatch(r"Actor_\d\d", folder.name):
            continue
        for path in files(folder, ".wav"):
            if name := NAME.fullmatch(path.stem):
                emotion, sentence, actor = name.groups()
                yield CorpusEntry(path, f"ravdess-{actor}", "male" if int(actor) % 2 else "female", EMOTIONS[emotion], "en",
                            f"ravdess-{sentence}", TEXTS[sentence], "dev" if int(actor) >= FIRST_DEV else "train")


CORPUS = CorpusReader("ravdess", "RAVDESS", "CC BY-NC-SA 4.0",
                      "actors' folders with recordings such as Actor_12/03-01-05-01-02-01-12.wav", has_layout, entries,
                      split="actors 19-24 `dev`")
