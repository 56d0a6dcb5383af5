"""ESD, the Emotional Speech Dataset (Zhou et al., ICASSP 2021, arXiv 2010.14794): 10 English and 10 Mandarin speakers say
350 sentences of their language in five emotions.

Layout: `0011/Angry/0011_000351.wav`, or with the published subsets `0011/Angry/train/0011_000351.wav`; `0011/0011.txt`
holds number, text and emotion between tabs, in UTF-8, UTF-16, GBK or Windows-1252, speaker by speaker.
Numbers run through the emotions (neutral 1-350, angry 351-700, happy, sad, surprised), so that the number modulo 350 is
the sentence.

Split: the published one, which is by *sentence*: 1-20 evaluation, 21-50 test, 51-350 train, for every speaker. ZEST's
authors train on these speakers and test on the other sentences. There is no `dev`, because that means unseen speakers here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusReader, decode, files, folders

EMOTIONS = {"neutral": "neutral", "angry": "angry", "happy": "happy", "sad": "sad", "surprise": "surprised"}
SENTENCES = 350
MEN = {4, 5, 6, 8, 10, 11, 12, 13, 14, 20}
FIRST_ENGLISH = 11
SUBSETS = ("evaluation", "test", "train")
NAME = re.compile(r"(\d{4})_(\d{6})")
LINE = re.compile(r"(\d{4}_\d{6})\s+(.*)")


def has_layout(folder: Path) -> bool:
    speakers = [child for child in folders(folder) if re.fullmatch(r"00\d\d", child.name)]
    return any(part.name.lower() in EMOTIONS for speaker in speakers for part in folders(speaker))


def entries(root: Path) -> Iterator[CorpusEntry]:
    for folder in folders(root):
        if re.fullmatch(r"00\d\d", folder.name):
            yield from _speaker(folder)


def _speaker(folder: Path) -> Iterator[CorpusEntry]:
    number = int(folder.name)
    language = "en" if number >= FIRST_ENGLISH else "zh"
    texts = _texts(folder, language)
    for path in files(folder, ".wav"):
        name, below = NAME.fullmatch(path.stem), path.relative_to(folder).parts
        emotion = EMOTIONS.get(below[0].lower())
        if not name or not emotion:
            continue
        sentence = sentence_of(int(name[2]))
        subset = below[1] if len(below) == 3 and below[1] in SUBSETS else subset_of(sentence)
        yield CorpusEntry(path, f"esd-{folder.name}", "male" if number in MEN else "female", emotion, language,
                    f"esd-{language}-{sentence:03d}", texts.get(path.stem) or texts.get(str(sentence), ""), subset)


def sentence_of(number: int) -> int:
    """1 to 350: which of the parallel sentences a recording's number is."""
    return (number - 1) % SENTENCES + 1


def subset_of(sentence: int) -> str:
    """The published subset of a sentence, for trees without subset folders."""
    return "evaluation" if sentence <= 20 else "test" if sentence <= 50 else "train"


def _texts(folder: Path, language: str) -> dict[str, str]:
    """Recording to text; also sentence number to text, for the few recordings whose own line is missing or broken."""
    path = folder / f"{folder.name}.txt"
    texts: dict[str, str] = {}
    if not path.is_file():
        return texts
    for line in decode(path.read_bytes(), "gb18030" if language == "zh" else "cp1252").splitlines():
        found = LINE.match(line.strip().lstrip("\ufeff"))
        if not found:
            continue
        text = _without_emotion(found[2])
        texts[found[1]] = text
        texts.setdefault(str(sentence_of(int(found[1][5:]))), text)
    return texts


def _without_emotion(rest: str) -> str:
    """The text of a line 'text<tab>emotion'; where the tabs were lost, a last word that names an emotion goes."""
    if "\t" in rest:
        return rest.split("\t")[0].strip()
    head, _, last = rest.rpartition(" ")
    return head.strip() if last.lower() in EMOTIONS else rest.strip()


CORPUS = CorpusReader("esd", "ESD", "research use only (ESD release form)",
                      "speakers' folders with recordings such as 0011/Angry/0011_000351.wav", has_layout, entries,
                      languages=("en", "zh"),
                      split="published, by **sentence**: 1-20 `evaluation`, 21-50 `test`, others `train`; no `dev`")
