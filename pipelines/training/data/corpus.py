"""Training speech: a table of clips, read from a manifest CSV, and their samples."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.errors import RecipeError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.channels import to_mono
from pipelines.features.decoding import decode
from pipelines.features.resampling import resample
from pipelines.labels import UNLABELLED, folded, language_code, why_unknown
from pipelines.names import find_file, forget_folders
from pipelines.tables import Table, lines, read_table
from pipelines.training.data.packed_clips import FULL_SCALE, is_packed, read_packed, to_int16

COLUMNS = ("path", "corpus", "speaker", "emotion", "language", "text_id", "text", "seconds", "split")
USED = ("train", "dev")  # splits that training reads


@dataclass(frozen=True)
class Clip:
    """One recording. `path` is absolute; `emotion` is 'unlabelled' where nobody labelled it; `speed` is how many times as fast
    it is played (clip_choice.py)."""

    path: Path
    corpus: str
    speaker: str
    emotion: str
    language: str
    text_id: str
    text: str
    seconds: float
    split: str
    speed: float = 1.0

    @property
    def variant(self) -> str:
        """Tells features of one recording at different speeds apart."""
        return "" if self.speed == 1.0 else f"-x{self.speed:g}"


def read_manifest(path: Path | str) -> list[Clip]:
    """Read a manifest CSV; paths inside it are relative to the CSV's folder. No recording is looked at.

    Emotions, splits and languages are folded to lower case.

    Raises:
        RecipeError: the file is missing, is not a CSV, lacks a column, is empty, has a length that is not a number, or an
            unknown emotion.
    """
    return list(clips_by_line(path).values())


def clips_by_line(path: Path | str) -> dict[int, Clip]:
    """As `read_manifest`, with the line in the file of each clip."""
    path = Path(path)
    if not path.is_file():
        raise RecipeError(f"There is no manifest at {path}; pass --manifest with the path of a manifest.csv.")
    table = read_table(path, COLUMNS, "manifest")
    _refuse_odd_cells(path, table)
    forget_folders()
    return {row.line: _clip(path.parent, row.cells) for row in table.rows}


def _refuse_odd_cells(path: Path, table: Table) -> None:
    for row in table.rows:
        if _seconds(row.cells["seconds"]) is None:
            raise RecipeError(f"The manifest {path} has '{row.cells['seconds'][:60]}' as seconds in line {row.line}; "
                              "it must be a number.")
    nameless = [row.line for row in table.rows if not row.cells["path"]]
    if nameless:
        raise RecipeError(f"The manifest {path} names no recording in {lines(nameless)}; fill the column 'path'.")
    wrong = [row.line for row in table.rows if why_unknown([row.cells["emotion"]])]
    if wrong:
        reason = why_unknown(row.cells["emotion"] for row in table.rows)
        raise RecipeError(f"{reason} It stands in the manifest {path}, {lines(wrong)}.")


def _clip(folder: Path, cells: dict[str, str]) -> Clip:
    return Clip(find_file(folder, cells["path"]), cells["corpus"], cells["speaker"], folded(cells["emotion"]) or UNLABELLED,
                language_code(cells["language"]), cells["text_id"], cells["text"], _seconds(cells["seconds"]) or 0.0,
                cells["split"].lower())


def _seconds(cell: str) -> float | None:
    """None where it is no number. Spreadsheets of some countries write a comma."""
    try:
        seconds = float(cell.replace(",", "."))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def training_clips(clips: list[Clip]) -> list[Clip]:
    """The clips whose speakers may train: split 'train' only."""
    chosen = [clip for clip in clips if clip.split == "train"]
    if not chosen:
        raise RecipeError("The manifest has no clip with split 'train'; nothing can be trained on it.")
    shared = {clip.speaker for clip in chosen} & {clip.speaker for clip in clips if clip.split == "dev"}
    if shared:
        raise RecipeError(f"Speaker {sorted(shared)[0]} is in both 'train' and 'dev'; splits must be by speaker.")
    return chosen


def dev_clips(clips: list[Clip]) -> list[Clip]:
    """The clips of held-out speakers, for choosing and reporting only."""
    return [clip for clip in clips if clip.split == "dev"]


def read_samples(clip: Clip) -> np.ndarray:
    """(n,) float32 at 16 kHz, mono, at the clip's speed.

    Raises:
        AudioError: the recording cannot be read. RecipeError: it was not packed.
    """
    if is_packed(clip.path):
        return _at_16_khz(read_packed(clip.path) / np.float32(FULL_SCALE), SAMPLE_RATE * clip.speed)
    return read_file(clip.path, clip.speed)


def read_file(path: Path, speed: float = 1.0) -> np.ndarray:
    """The same of a recording's file."""
    decoded = decode(path)
    return _at_16_khz(to_mono(decoded.samples, decoded.rate)[0].astype(np.float32), decoded.rate * speed)


def _at_16_khz(samples: np.ndarray, rate: float) -> np.ndarray:
    return samples if rate == SAMPLE_RATE else resample(samples, rate, SAMPLE_RATE).astype(np.float32)


def read_all(clips: list[Clip]) -> list[np.ndarray]:
    """int16 samples of every clip, in order. All of them stay in memory: eight hours take less than one gigabyte."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(quantised, clips))


def quantised(clip: Clip) -> np.ndarray:
    """(n,) int16 at 16 kHz, at the clip's speed; of a packed clip the very samples that were packed."""
    return read_packed(clip.path) if is_packed(clip.path) and clip.speed == 1.0 else to_int16(read_samples(clip))
