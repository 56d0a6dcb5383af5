"""From a corpus' folder to a manifest: the entries of its reader with the seconds that the audio headers say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluation.corpora import CORPORA
from evaluation.corpora.base import CorpusEntry, CorpusError, CorpusReader, find_root
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.lengths import stated_seconds
from pipelines.files import PATH_BYTES, write_whole

COLUMNS = ("path", "corpus", "speaker", "sex", "emotion", "language", "text_id", "text", "seconds", "split", "licence")
GIT_LFS = b"version https://git-lfs"


@dataclass(frozen=True)
class Manifest:
    """A corpus as a table. `rows` pairs every entry with its length in seconds; `left_out` has what cannot be read."""

    corpus: CorpusReader
    root: Path
    rows: tuple[tuple[CorpusEntry, float], ...]
    left_out: tuple[Path, ...]


def reader(name: str) -> CorpusReader:
    """The reader of a corpus.

    Raises:
        ZestError: there is none of this name.
    """
    if name not in CORPORA:
        raise ZestError(f"There is no reader for the corpus '{name}'; there is one for {', '.join(CORPORA)}.")
    return CORPORA[name]


def read_corpus(name: str, folder: Path,
                progress: Callable[[Sequence[CorpusEntry]], Iterable[CorpusEntry]] = lambda entries: entries) -> Manifest:
    """Read a corpus from its published layout. Only audio headers are read, never samples.

    Args:
        name: a key of `evaluation.corpora.CORPORA`.
        progress: wraps the entries while their headers are read, for example `tqdm.tqdm`.

    Raises:
        ZestError: no reader has this name.
        CorpusError: the folder is missing or in another layout, or none of its recordings can be read.
    """
    corpus = reader(name)
    root = find_root(corpus, folder)
    entries = list(corpus.entries(root))
    if not entries:
        raise CorpusError(f"{root} has {corpus.title}'s folders but no recordings: expected {corpus.layout}.")
    rows: list[tuple[CorpusEntry, float]] = []
    left_out: list[Path] = []
    for entry in progress(entries):
        seconds = stated_seconds(entry.path)
        if seconds:
            rows.append((entry, seconds))
        else:
            left_out.append(entry.path)
    if not rows:
        raise CorpusError(_why_none(root, left_out))
    return Manifest(corpus, root, tuple(rows), tuple(left_out))


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest CSV; recordings in or below its folder are named relative to it, others by their full path.

    Raises:
        OutputError: the file cannot be written.
    """
    import pandas as pd

    folder = path.absolute().parent  # links stay: where one leads to may have any name

    def named(path: Path) -> str:
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)

    rows = [{**asdict(entry), "path": named(entry.path.absolute()), "corpus": manifest.corpus.name,
             "seconds": round(seconds, 2), "licence": manifest.corpus.licence} for entry, seconds in manifest.rows]
    write_whole(path, pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).to_csv(index=False).encode(errors=PATH_BYTES))


def _why_none(root: Path, left_out: list[Path]) -> str:
    first = left_out[0]
    try:
        with first.open("rb") as file:
            pointer = file.read(len(GIT_LFS)) == GIT_LFS
    except OSError:
        pointer = False
    reason = "they are Git LFS pointers, run 'git lfs pull' there first" if pointer else f"{first.name} is not audio"
    return f"None of the {counted(len(left_out), 'recording')} in {root} can be read: {reason}."
