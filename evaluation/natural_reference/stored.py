"""The natural reference kept beside the judges, for conversions that come alone and bring no natural speech of their own.

    python -m evaluation.natural_reference.stored --manifest manifest.csv

measures them on the dev split (speakers that no judge was trained on) and writes checkpoints/judge-mini/natural_marks.json.
Each number belongs to the observer key that measured it: another version of a judge or embedding has none, not an old one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from evaluation.instruments.speaker_similarity import RESEMBLYZER
from evaluation.judges.mini import DEFAULT_FOLDER, JUDGES
from evaluation.metrics.base import Observer
from pipelines.counting import counted

FILE = DEFAULT_FOLDER / "natural_marks.json"
OBSERVERS = (*(f"emotion@{judge}" for judge in JUDGES), f"voice@{RESEMBLYZER}")


@dataclass(frozen=True)
class StoredReference:
    """judges: by observer key, as computed.JudgeReference. voices: by observer key, as VoiceReference without centroids.
    about: on which speech they were measured, one sentence."""

    judges: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    voices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    about: str = ""


@cache
def stored_reference(path: Path = FILE) -> StoredReference:
    """Read the file; nothing where the file is missing or damaged (a score card then says that they are not known)."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return StoredReference(document["judges"], document["voices"], document["about"])
    except (OSError, ValueError, KeyError):
        return StoredReference()


def measure(manifest: Path, output: Path = FILE, kept: Path | None = None,
            observers: Mapping[str, Observer] | None = None) -> dict[str, Any]:
    """Measure on a manifest's dev split, and write.

    Args:
        kept: folder of observations (evaluation/run/observations.py), so that clips are observed once.
        observers: by name; the registry's if None.
    Raises:
        ZestError: the manifest cannot be read, or a judge or embedding is missing. OutputError: not writable.
    """
    from evaluation.natural_reference.computed import clips_of_manifest
    from evaluation.run.observations import Observations
    from pipelines.files import write_whole
    from pipelines.outputs import check_outputs
    from pipelines.training.data.corpus import read_manifest

    clips = clips_of_manifest(manifest)
    check_outputs([manifest, *(clip.path for clip in clips)], [output])
    names = OBSERVERS if observers is None else list(observers)
    measured = Observations(kept, observers).natural_reference(clips, names).document()
    corpora = Counter(clip.corpus for clip in read_manifest(manifest) if clip.split == "dev")
    for voice in measured["voices"].values():
        del voice["centroids"]  # embeddings of people; a conversion that comes alone is not asked who speaks
    speakers = len({clip.speaker for clip in clips})
    document = {
        "about": (f"{counted(len(clips), 'natural clip')} of {counted(speakers, 'held-out speaker')} "
                  f"({', '.join(sorted(corpora))})"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"), "command": "python -m evaluation.natural_reference.stored",
        "manifest_hash": hashlib.sha256(manifest.read_bytes()).hexdigest()[:12], "split": "dev",
        "corpora": dict(corpora), **measured}
    write_whole(output, (json.dumps(document, indent=1) + "\n").encode())
    return document


def main(manifest: Annotated[Path, typer.Option(help="Manifest CSV whose dev split is measured.")],
         output: Annotated[Path, typer.Option("--output", "-o")] = FILE,
         kept: Annotated[Optional[Path], typer.Option(help="Folder of observations to go on with.")] = None) -> None:
    """Measure the natural reference that score cards show."""
    print(json.dumps(measure(manifest, output, kept), indent=1))


if __name__ == "__main__":
    typer.run(main)
