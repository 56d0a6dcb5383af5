"""Training speech: a table of clips, read from a manifest CSV, and their samples."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soxr

from pipelines.errors import RecipeError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.channels import to_mono
from pipelines.features.decoding import decode

COLUMNS = ("path", "corpus", "speaker", "emotion", "language", "text_id", "text", "seconds", "split")


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
    """Read a manifest CSV; paths inside it are relative to the CSV's folder.

    Raises:
        RecipeError: the file is missing, is not a CSV, lacks a column, is empty, or has a length that is not a number.
    """
    path = Path(path)
    if not path.is_file():
        raise RecipeError(f"There is no manifest at {path}; pass --manifest with the path of a manifest.csv.")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False).fillna("")
    except ValueError as error:  # pandas' parser, encoding and empty-data errors are ValueErrors
        raise RecipeError(f"{path} cannot be read as a CSV file with a header line.") from error
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise RecipeError(f"The manifest {path} has no column '{missing[0]}'; it needs {', '.join(COLUMNS)}.")
    if table.empty:
        raise RecipeError(f"The manifest {path} has no rows.")
    seconds = pd.to_numeric(table["seconds"], errors="coerce")
    if seconds.isna().any():
        line = int(seconds.isna().to_numpy().argmax())
        raise RecipeError(f"The manifest {path} has '{table['seconds'][line]}' as seconds in line {line + 2}; "
                          "it must be a number.")
    return [Clip(path.parent / row.path, row.corpus, row.speaker, row.emotion, row.language, row.text_id, row.text,
                 float(length), row.split) for row, length in zip(table.itertuples(), seconds, strict=True)]


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
    """(n,) float32 at 16 kHz, mono, at the clip's speed. Raises AudioError where the recording cannot be read."""
    decoded = decode(clip.path)
    samples, rate = to_mono(decoded.samples, decoded.rate)[0].astype(np.float32), decoded.rate * clip.speed
    return samples if rate == SAMPLE_RATE else soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32)


def read_all(clips: list[Clip]) -> list[np.ndarray]:
    """int16 samples of every clip, in order. All of them stay in memory: eight hours take less than one gigabyte."""
    def quantised(clip: Clip) -> np.ndarray:
        return (np.clip(read_samples(clip), -1, 1) * 32767).astype(np.int16)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(quantised, clips))
