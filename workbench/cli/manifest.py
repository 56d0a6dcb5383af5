"""`zest manifest CORPUS PATH`: a corpus in its published folder layout becomes a manifest.csv."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from evaluation.corpora import CORPORA
from pipelines.counting import counted
from pipelines.errors import OverwriteError
from pipelines.files import TABLES, check_ending
from pipelines.outputs import check_outputs, is_plain_file
from workbench.cli.names import check_replacing
from workbench.cli.options import AsJson, Overwrite
from workbench.cli.output import print_json
from workbench.cli.progress import say

if TYPE_CHECKING:
    from evaluation.corpora.base import CorpusEntry


def manifest(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help=f"One of {', '.join(CORPORA)}.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder that the corpus was unpacked to.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", metavar="FILE", help="CSV file to write; manifest-CORPUS.csv if left out.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """List a corpus' recordings with speaker, emotion, text, length and split, for `zest train` and `zest protocol`."""
    from evaluation.corpora.manifest import read_corpus, reader, write_manifest

    name = output or Path(f"manifest-{reader(corpus).name}.csv")
    check_outputs([path], [name])
    check_ending(name, TABLES, "lists")
    _refuse_file_of_the_corpus(name, path)
    check_replacing([name] if output else [], [] if output else [name], overwrite)
    found, output = read_corpus(corpus, path, _progress), name
    check_outputs([entry.path for entry, _ in found.rows], [output])
    write_manifest(output, found)
    speakers = {entry.speaker for entry, _ in found.rows}
    hours = sum(seconds for _, seconds in found.rows) / 3600
    if found.left_out:
        say(f"Left out {counted(len(found.left_out), 'recording')} that cannot be read, {found.left_out[0].name} first.")
    say(f"Wrote {output}: {counted(len(found.rows), 'recording')} of {counted(len(speakers), 'speaker')}, {hours:.2f} hours.")
    if as_json:
        print_json({"manifest": str(output), "corpus": corpus, "root": str(found.root), "recordings": len(found.rows),
                    "speakers": len(speakers), "hours": hours, "left_out": [str(path) for path in found.left_out]}, None)


def _refuse_file_of_the_corpus(output: Path, folder: Path) -> None:
    """A table that the corpus came with is not replaced; an older manifest may lie in its folder."""
    inside = Path(os.path.realpath(output)).is_relative_to(os.path.realpath(folder))
    if not inside or not is_plain_file(output):
        return
    with output.open("rb") as file:
        if not file.readline().removeprefix(codecs.BOM_UTF8).startswith(b"path,corpus,speaker"):
            raise OverwriteError(f"{output} is a file of the corpus and no manifest; write the manifest to another file.")


def _progress(entries: Sequence[CorpusEntry]) -> Iterable[CorpusEntry]:
    """A bar on stderr while the audio headers are read; silent where stderr is not a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(entries, "Reading audio headers", console=console, transient=True, disable=not console.is_terminal)
