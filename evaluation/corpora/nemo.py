"""nEMO (Christop, LREC-COLING 2024, arXiv 2404.06292): nine Polish actors, 90 sentences, six emotions.

Layout: `samples/WR0_surprised_64.wav` (speaker, emotion, sentence) and `data.tsv` with file_id, emotion, raw_text,
normalized_text, speaker_id, gender and age.

Split: none is published. MP0 and WR0 are `dev`, because the shipped zest-mini was trained on the other seven.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from evaluation.corpora.base import CorpusEntry, CorpusError, CorpusReader, decode, files

EMOTIONS = {"anger": "angry", "fear": "fearful", "happiness": "happy", "neutral": "neutral", "sadness": "sad",
            "surprised": "surprised"}
COLUMNS = ("file_id", "raw_text", "gender")
DEV = {"mp0", "wr0"}
NAME = re.compile(r"([A-Z]{2}\d)_([a-z]+)_(\d+)")


def has_layout(folder: Path) -> bool:
    return (folder / "samples").is_dir() and (folder / "data.tsv").is_file()


def entries(root: Path) -> Iterator[CorpusEntry]:
    rows = _rows(root / "data.tsv")
    for path in files(root / "samples", ".wav"):
        name = NAME.fullmatch(path.stem)
        if not name or name[2] not in EMOTIONS:
            continue
        speaker, row = name[1].lower(), rows.get(path.name, {})
        yield CorpusEntry(path, f"nemo-{speaker}", row.get("gender", ""), EMOTIONS[name[2]], "pl", f"nemo-{int(name[3]):02d}",
                    row.get("raw_text", ""), "dev" if speaker in DEV else "train")


def _rows(path: Path) -> dict[str, dict[str, str]]:
    """File name to its row; cells are stripped, because the published table pads the speakers' names.

    Raises:
        CorpusError: the table has other columns.
    """
    reader = csv.DictReader(decode(path.read_bytes()).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise CorpusError(f"{path} is not nEMO's table: expected the columns {', '.join(COLUMNS)}, "
                          f"found {', '.join(reader.fieldnames or ['nothing'])[:100]}.")
    return {row["file_id"].strip(): {name: (row[name] or "").strip() for name in COLUMNS} for row in reader}


CORPUS = CorpusReader("nemo", "nEMO", "CC BY-NC-SA 4.0", "recordings such as samples/WR0_surprised_64.wav beside data.tsv",
                      has_layout, entries, languages=("pl",), split="MP0 and WR0 `dev`")
