"""CREMA-D (Cao et al., IEEE TAC 2014): 91 actors, 12 sentences, six emotions.

Layout: `AudioWAV/1001_DFA_ANG_XX.wav`: actor, sentence, emotion, strength; `VideoDemographics.csv` has the actors' sex.

Split: none is published. A seeded tenth of the women and of the men is `dev`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusReader, decode, files, held_out

EMOTIONS = {"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
TEXTS = {
    "IEO": "It's eleven o'clock.", "TIE": "That is exactly what happened.", "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.", "TAI": "The airplane is almost full.", "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.", "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.", "ITS": "I think I've seen this before.", "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes."}
NAME = re.compile(r"(1\d{3})_([A-Z]{3})_([A-Z]{3})_(?:LO|MD|HI|XX|X)")  # one published file ends in a single X


def has_layout(folder: Path) -> bool:
    return (folder / "AudioWAV").is_dir()


def entries(root: Path) -> Iterator[CorpusEntry]:
    found = [(path, NAME.fullmatch(path.stem)) for path in files(root / "AudioWAV", ".wav")]
    named = [(path, *name.groups()) for path, name in found if name and name[2] in TEXTS and name[3] in EMOTIONS]
    sexes = _sexes(root / "VideoDemographics.csv")
    dev = held_out({actor: sexes.get(actor, "") for _, actor, _, _ in named})
    for path, actor, sentence, emotion in named:
        yield CorpusEntry(path, f"cremad-{actor}", sexes.get(actor, ""), EMOTIONS[emotion], "en", f"cremad-{sentence.lower()}",
                    TEXTS[sentence], "dev" if actor in dev else "train")


def _sexes(path: Path) -> dict[str, str]:
    """Actor to sex; empty where the table is missing."""
    if not path.is_file():
        return {}
    rows = csv.DictReader(decode(path.read_bytes()).splitlines())
    return {row.get("ActorID") or "": (row.get("Sex") or "").lower() for row in rows}


CORPUS = CorpusReader("cremad", "CREMA-D", "ODbL 1.0", "recordings such as AudioWAV/1001_DFA_ANG_XX.wav", has_layout, entries,
                      split="a seeded tenth of the women and of the men `dev`")
