"""`zest manifest CORPUS PATH`: a corpus in its published folder layout becomes a manifest.csv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from evaluation.corpora import CORPORA
from pipelines.counting import counted
from workbench.cli.progress import say

if TYPE_CHECKING:
    from evaluation.corpora.base import CorpusEntry


def manifest(
    corpus: Annotated[str, typer.Argument(help=f"One of {', '.join(CORPORA)}.")],
    path: Annotated[Path, typer.Argument(help="Folder that the corpus was unpacked to.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="CSV file to write; manifest-CORPUS.csv if left out. An existing file is replaced.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """List a corpus' recordings with speaker, emotion, text, length and split, for `zest train` and `zest protocol`."""
    from evaluation.corpora.manifest import read_corpus, reader, write_manifest
    from pipelines.files import check_writable

    output = output or Path(f"manifest-{reader(corpus).name}.csv")
    check_writable(output)
    found = read_corpus(corpus, path, _progress)
    write_manifest(output, found)
    speakers = {entry.speaker for entry, _ in found.rows}
    hours = sum(seconds for _, seconds in found.rows) / 3600
    if found.left_out:
        say(f"Left out {counted(len(found.left_out), 'recording')} that cannot be read, {found.left_out[0].name} first.")
    say(f"Wrote {output}: {counted(len(found.rows), 'recording')} of {counted(len(speakers), 'speaker')}, {hours:.2f} hours.")
    if as_json:
        print(json.dumps({"manifest": str(output), "corpus": corpus, "root": str(found.root), "recordings": len(found.rows),
                          "speakers": len(speakers), "hours": hours, "left_out": [str(path) for path in found.left_out]}))


def _progress(entries: Sequence[CorpusEntry]) -> Iterable[CorpusEntry]:
    """A bar on stderr while the audio headers are read; silent where stderr is not a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(entries, "Reading audio headers", console=console, transient=True, disable=not console.is_terminal)
