"""What a corpus reader is: a layout that it recognises and the entries that it reads from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import RecipeError

DEPTH = 2  # how many folders a download may be wrapped in
SHOWN = 3  # names shown of a folder in another layout


class CorpusError(RecipeError):
    """A folder that is not the corpus it was said to be."""


@dataclass(frozen=True)
class CorpusEntry:
    """One recording as its corpus describes it.

    Attributes:
        speaker, text_id: begin with the corpus' name, so that manifests can be joined.
        sex: male, female, or '' where the corpus does not say.
        emotion: one of the field's common names (neutral, calm, angry, happy, sad, surprised, fearful, disgusted, and
            EmoDB's bored), or 'unlabelled'.
        text: what is said, '' where the corpus has no transcript.
        split: train, evaluation, dev or test; whose it is, is said in each reader's module docstring.
    """

    path: Path
    speaker: str
    sex: str
    emotion: str
    language: str
    text_id: str
    text: str
    split: str


@dataclass(frozen=True)
class CorpusReader:
    """A reader.

    Attributes:
        name: as in `zest manifest NAME`. title: as its makers write it. licence: of the recordings.
        layout: completes the sentence 'expected ...'.
        has_layout: is a folder the corpus' root? entries: the recordings below a root, in a fixed order.
        languages: two letters each. split: which speakers or sentences are `dev`, `test` or `evaluation`.
    """

    name: str
    title: str
    licence: str
    layout: str
    has_layout: Callable[[Path], bool]
    entries: Callable[[Path], Iterator[CorpusEntry]]
    languages: tuple[str, ...] = ("en",)
    split: str = ""


def find_root(corpus: CorpusReader, folder: Path) -> Path:
    """The folder that has the corpus' layout: the one given, or one at most two levels below it.

    Raises:
        CorpusError: there is no such folder, or nothing in the layout; the sentence says what was expected and found.
    """
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}; name the folder that {corpus.title} was unpacked to.")
    level = [folder]
    for _ in range(DEPTH + 1):
        for candidate in level:
            if corpus.has_layout(candidate):
                return candidate
        level = [child for parent in level for child in folders(parent)]
    raise CorpusError(f"{folder} is not laid out like {corpus.title}: expected {corpus.layout}, found {_seen(folder)}.")


def folders(parent: Path) -> list[Path]:
    """Sub-folders by name, without hidden ones; none where the folder may not be looked into."""
    return sorted(child for child in _children(parent) if child.is_dir())


def files(folder: Path, *suffixes: str) -> list[Path]:
    """Files at any depth below a folder with one of the suffixes in whatever case, by name; no hidden ones (zip archives
    packed on a Mac carry a '._' twin of every file)."""
    return sorted(path for path in folder.rglob("*")
                  if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file())


def decode(content: bytes, otherwise: str = "cp1252") -> str:
    """Text of unknown encoding: UTF-16 where it has a byte-order mark or zero bytes, else UTF-8, else `otherwise`."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content[:200]:
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode(otherwise, errors="replace")


def held_out(sexes: dict[str, str], share: float = 0.1, seed: int = 0) -> set[str]:
    """The speakers of the dev split where a corpus publishes none: a seeded share of each sex, at least one of two or more.

    Args:
        sexes: speaker to sex. share: of the speakers. seed: another seed, another choice.
    """
    chosen: set[str] = set()
    for sex in sorted(set(sexes.values())):
        own = [speaker for speaker in sexes if sexes[speaker] == sex]
        own.sort(key=lambda speaker: hashlib.sha256(f"{seed}:{speaker}".encode()).hexdigest())
        chosen |= set(own[:max(round(share * len(own)), 1 if len(own) > 1 else 0)])
    return chosen


def _children(parent: Path) -> Iterable[Path]:
    try:
        return [child for child in parent.iterdir() if not child.name.startswith(".")]
    except OSError:
        return []


def _seen(folder: Path) -> str:
    names = sorted(child.name + "/" * child.is_dir() for child in _children(folder))
    if not names:
        return "an empty folder"
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
