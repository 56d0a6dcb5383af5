"""LibriSpeech (Panayotov et al., ICASSP 2015): audio books read in English; no emotion labels, and not neutral either.

Layout: `test-clean/61/70968/61-70968-0000.flac` with `61-70968.trans.txt` beside it; `SPEAKERS.TXT` has the readers' sex.
The folder of one subset alone will do.

Split: the published subsets train-*, dev-* and test-*, which share no speaker, as `train`, `dev` and `test`. The shipped
zest-mini was trained on excerpts of other readers of all of them: see `zest protocol --unseen-by`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusReader, decode, files, folders
from pipelines.labels import UNLABELLED

SUBSET = re.compile(r"(train|dev|test)-(clean|other)(-\d+)?")
NAME = re.compile(r"(\d+)-(\d+)-\d+")
SEXES = {"F": "female", "M": "male"}


def has_layout(folder: Path) -> bool:
    return any(re.fullmatch(r"\d+", reader.name) for subset in _subsets(folder) for reader in folders(subset))


def entries(root: Path) -> Iterator[CorpusEntry]:
    for subset in _subsets(root):
        sexes = _sexes(subset.parent / "SPEAKERS.TXT")
        split = subset.name.split("-")[0]
        for chapter in (chapter for reader in folders(subset) for chapter in folders(reader)):
            yield from _chapter(chapter, split, sexes)


def _subsets(folder: Path) -> list[Path]:
    if SUBSET.fullmatch(folder.name):
        return [folder]
    return [child for child in folders(folder) if SUBSET.fullmatch(child.name)]


def _chapter(folder: Path, split: str, sexes: dict[str, str]) -> Iterator[CorpusEntry]:
    texts: dict[str, str] = {}
    for listing in files(folder, ".txt"):
        lines = decode(listing.read_bytes()).splitlines() if listing.name.endswith(".trans.txt") else []
        texts |= {name: text for name, _, text in (line.partition(" ") for line in lines)}
    for path in files(folder, ".flac"):
        if name := NAME.fullmatch(path.stem):
            yield CorpusEntry(path, f"librispeech-{name[1]}", sexes.get(name[1], ""), UNLABELLED, "en",
                        f"librispeech-{path.stem}", texts.get(path.stem, ""), split)


def _sexes(path: Path) -> dict[str, str]:
    """Reader to sex from lines 'ID | SEX | SUBSET | MINUTES | NAME'; empty where the table is missing."""
    if not path.is_file():
        return {}
    cells = [line.split("|") for line in decode(path.read_bytes()).splitlines() if not line.startswith(";")]
    return {row[0].strip(): SEXES.get(row[1].strip(), "") for row in cells if len(row) > 1}


CORPUS = CorpusReader("librispeech", "LibriSpeech", "CC BY 4.0", "recordings such as test-clean/61/70968/61-70968-0000.flac",
                      has_layout, entries, split="published, by speaker: `train`, `dev`, `test`")
