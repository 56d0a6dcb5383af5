"""How fast Whisper transcribes short clips, and whether the faster ways write the same.

python -m benchmarks.recogniser_speed MANIFEST [--clips 100] [--corpus ravdess --corpus librispeech] [--json speed.json]

Every way transcribes the same clips in the same process. The first row is openai-whisper's own `transcribe`, one clip a call,
padded to 30 s; 'same' counts transcripts that are equal to the first row's after the normaliser.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks import JsonFile, columns, write_json
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE

WAYS = {  # name: (seconds kept whole, None for what the clip's length chooses; clips per batch)
    "thinned padding, one by one": (None, 1), "thinned padding, batches of 8": (None, 8)}


def main(
    manifest: Annotated[Path, typer.Argument(help="CSV with path, corpus, text, seconds and split")],
    clips: Annotated[int, typer.Option(help="how many dev clips, spread evenly over the list")] = 100,
    corpus: Annotated[list[str] | None, typer.Option(help="which corpora; English ones by default")] = None,
    language: Annotated[str, typer.Option(help="of the clips")] = "en",
    size: Annotated[str, typer.Option(help="of Whisper")] = "base",
    threads: Annotated[int, typer.Option(help="of torch")] = 1,
    json_file: JsonFile = None,
) -> None:
    """Print processor seconds per clip, speed against `transcribe`, and the share of clips with the same text."""
    import torch

    torch.set_num_threads(threads)
    try:
        texts, speech = read(manifest, corpus or ["ravdess", "librispeech"], language, clips)
        found = compare(texts, speech, language, size)
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(report(found, speech, size, threads))
    if json_file is not None:
        write_json(json_file, found)


def read(manifest: Path, corpora: Sequence[str], language: str, count: int) -> tuple[list[str], list[np.ndarray]]:
    """Texts and samples of `count` dev clips of at most 10 s."""
    import pandas as pd

    from pipelines.features.audio import load

    table = pd.read_csv(manifest, keep_default_na=False)
    own = table[(table.split == "dev") & table.corpus.isin(corpora) & (table.language == language) & (table.seconds <= 10)]
    if own.empty:
        raise ZestError(f"{manifest} has no dev clips in '{language}' of {', '.join(corpora)}.")
    own = own.iloc[np.unique(np.linspace(0, len(own) - 1, min(count, len(own))).astype(int))]
    own = own.sort_values("seconds")  # as observers get them: batches of alike length
    return list(own.text), [load(manifest.parent / path).samples for path in own.path]


def compare(texts: Sequence[str], clips: Sequence[np.ndarray], language: str, size: str) -> list[dict]:
    """One row a way. The model is loaded and warmed up before the clock starts."""
    from evaluation.instruments.recogniser import normalise, transcribe
    from evaluation.instruments.recogniser_weights import load
    from evaluation.metrics.words import character_edits

    model = load(size)
    ways: dict[str, Callable[[Sequence[np.ndarray]], list[str]]] = {
        "whisper's transcribe, temperature 0": lambda some: [
            model.transcribe(clip, language=language, temperature=0.0, fp16=False)["text"] for clip in some]}
    for name, (window, batch) in WAYS.items():
        ways[name] = lambda some, window=window, batch=batch: transcribe(some, language, size, batch, window)
    rows, first, expected = [], [], [normalise(text, language) for text in texts]
    for name, way in ways.items():
        way(sorted(clips, key=len)[::max(1, len(clips) // 8)])  # every window's model is built
        transcripts, seconds = _timed(way, clips)
        plain = [normalise(text, language) for text in transcripts]
        first = first or plain
        edits, characters = np.sum([character_edits(*pair) for pair in zip(expected, plain, strict=True)], axis=0)
        rows.append({"way": name, "seconds": seconds / len(clips),
                     "faster": rows[0]["seconds"] * len(clips) / seconds if rows else 1.0,
                     "same": 100 * float(np.mean([a == b for a, b in zip(plain, first, strict=True)])),
                     "cer": 100 * float(edits / characters),
                     "differing": [[a, b] for a, b in zip(first, plain, strict=True) if a != b]})
        print(f"{name}: {seconds / len(clips):.2f} CPU s a clip", file=sys.stderr)
    return rows


def report(rows: Sequence[dict], clips: Sequence[np.ndarray], size: str, threads: int) -> str:
    """The table with its heading."""
    seconds = np.array([len(clip) / SAMPLE_RATE for clip in clips])
    cells = [[row["way"], f"{row['seconds']:.3f}", f"{row['faster']:.1f}", f"{row['same']:.1f}", f"{row['cer']:.2f}"]
             for row in rows]
    return (f"Whisper {size}, {counted(len(clips), 'clip')} of {seconds.mean():.1f} s on average "
            f"({seconds.min():.1f} to {seconds.max():.1f}), {threads} thread(s).\n\n"
            + columns(("way", "CPU s per clip", "times faster", "same text %", "CER %"), cells))


def _timed(way: Callable, clips: Sequence[np.ndarray]) -> tuple[list[str], float]:
    """Seconds of processor time, summed over threads: a machine that is busy with something else does not spoil them."""
    begun = time.process_time()
    transcripts = way(clips)
    return transcripts, time.process_time() - begun


if __name__ == "__main__":
    typer.run(main)
