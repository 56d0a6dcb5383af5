"""EmoDB, the Berlin Database of Emotional Speech (Burkhardt et al., Interspeech 2005): 10 German actors, 10 sentences,
seven emotions.

Layout: `wav/03a01Fa.wav`: speaker (2), sentence (3), emotion (the German word's letter), take (a, b, c ...).

Split: none is published. Speakers 15 and 16 are `dev`, because the shipped zest-mini was trained on the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusReader, files

EMOTIONS = {"W": "angry", "L": "bored", "E": "disgusted", "A": "fearful", "F": "happy", "T": "sad", "N": "neutral"}
MEN = {"03", "10", "11", "12", "15"}
DEV = {"15", "16"}
TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.", "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.", "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen."}
NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])[a-z]?")


def has_layout(folder: Path) -> bool:
    return (folder / "wav").is_dir() and any(NAME.fullmatch(path.stem) for path in (folder / "wav").glob("*.wav"))


def entries(root: Path) -> Iterator[CorpusEntry]:
    for path in files(root / "wav", ".wav"):
        if name := NAME.fullmatch(path.stem):
            speaker, sentence, emotion = name.groups()
            yield CorpusEntry(path, f"emodb-{speaker}", "male" if speaker in MEN else "female", EMOTIONS[emotion], "de",
                        f"emodb-{sentence}", TEXTS.get(sentence, ""), "dev" if speaker in DEV else "train")


CORPUS = CorpusReader("emodb", "EmoDB", "free for research (TU Berlin)", "recordings such as wav/03a01Fa.wav", has_layout,
                      entries, languages=("de",), split="15 and 16 `dev`")
