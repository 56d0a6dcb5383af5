"""TIMIT (Garofolo et al., LDC93S1): 630 American speakers read ten sentences each; no emotion labels.

Layout: `TRAIN/DR1/FCJF0/SA1.WAV` (NIST SPHERE) with `SA1.TXT` ('first-sample last-sample text') beside it, in upper or
lower case; some distributions add a RIFF copy `SA1.WAV.wav`, which is then taken instead.

Split: the published TRAIN and TEST folders, which share no speaker, as `train` and `test`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusReader, decode, files, folders
from pipelines.labels import UNLABELLED

SPLITS = ("train", "test")
SEXES = {"F": "female", "M": "male"}
SENTENCE = re.compile(r"S[AIX]\d+")
SPEAKER = re.compile(r"[FM][A-Z]{2,3}\d")


def has_layout(folder: Path) -> bool:
    splits = [child for child in folders(folder) if child.name.lower() in SPLITS]
    return any(re.fullmatch(r"DR[1-8]", region.name.upper()) for split in splits for region in folders(split))


def entries(root: Path) -> Iterator[CorpusEntry]:
    for part in folders(root):
        if part.name.lower() in SPLITS:
            yield from _part(part)


def _part(folder: Path) -> Iterator[CorpusEntry]:
    found: dict[tuple[str, str], Path] = {}
    for path in files(folder, ".wav"):
        speaker, sentence = path.parent.name.upper(), path.name.upper().split(".")[0]
        if SPEAKER.fullmatch(speaker) and SENTENCE.fullmatch(sentence):
            known = found.get((speaker, sentence))
            found[speaker, sentence] = path if known is None or len(path.name) > len(known.name) else known
    for (speaker, sentence), path in found.items():
        yield CorpusEntry(path, f"timit-{speaker.lower()}", SEXES[speaker[0]], UNLABELLED, "en", f"timit-{sentence.lower()}",
                    _text(path, sentence), folder.name.lower())


def _text(path: Path, sentence: str) -> str:
    """The transcript beside a recording, '' where there is none."""
    for beside in (path.parent / f"{sentence}.TXT", path.parent / f"{sentence.lower()}.txt"):
        if beside.is_file():
            return re.sub(r"^\d+\s+\d+\s+", "", decode(beside.read_bytes()).strip())
    return ""


CORPUS = CorpusReader("timit", "TIMIT", "LDC user agreement (LDC93S1)", "recordings such as TRAIN/DR1/FCJF0/SA1.WAV",
                      has_layout, entries, split="published, by speaker: `train`, `test`")
