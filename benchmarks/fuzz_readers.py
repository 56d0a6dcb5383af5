"""Feed the readers of recordings, zips and lists with damaged files: each gives a result or one sentence, never a traceback.

    python -m benchmarks.fuzz_readers --minutes 10 --inputs 5000

It stops when both the minutes are over and as many inputs were read, and prints counts by reader and outcome. The exit code
is 1 where anything but a ZestError was raised; the inputs that did it stay in the folder that is named.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer

from evaluation.pair import read_pairs
from evaluation.run import open_scored
from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.training.data.corpus import read_manifest
from workbench.cli.batch import read_batch

RATE = 16_000
CONTAINERS = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3", "CAF", "W64", "AU")
LISTS = (b"source,reference,converted,emotion,text\na.wav,a.wav,a.wav,angry,Hello\n,,,,\n",
         b"source;reference;emotion\r\na.wav;b.wav;sad\r\n",
         "source,emotion,output\nJ\u00fcrgen.wav,sad,x.wav\n".encode("utf-16"))
ODD_NAMES = ("b.WAV", "Zo\u00eb.flac", "\\a.wav", "x/../b.wav", "__MACOSX/a.wav", "notes.txt", "a.wav", "b" * 250 + ".wav",
             "c\x00d.wav", "list.CSV", "-", ".hidden.wav", "CON.wav", "e.webm")


def recording(random: np.random.Generator) -> bytes:
    """A second of noise in some container."""
    content = io.BytesIO()
    samples = 0.2 * random.standard_normal((RATE, int(random.integers(1, 3))))
    soundfile.write(content, samples, RATE, format=str(random.choice(CONTAINERS)))
    return content.getvalue()


def archive(random: np.random.Generator) -> bytes:
    """A zip of a list and of recordings by odd names; what is inside is damaged more often than the zip itself."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", int(random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as packed:
        packed.writestr("a.wav", damaged(recording(random), random, 0.5))
        packed.writestr("list.csv", damaged(LISTS[0], random, 0.4))
        if random.random() < 0.3:
            packed.writestr(str(random.choice(ODD_NAMES)), damaged(recording(random), random, 0.5))
    return content.getvalue()


def read_archive(path: Path) -> None:
    """As an evaluation does: the list, then every conversion that it names."""
    scored = open_scored(path, path.parent / "run")
    for system in scored.systems:
        for pair in scored.pairs:
            system.render(pair)


def listing(random: np.random.Generator) -> bytes:
    return LISTS[int(random.integers(len(LISTS)))]


def damaged(content: bytes, random: np.random.Generator, share: float = 1.0) -> bytes:
    """Bytes flipped, overwritten, dropped, doubled or cut off; mostly near the beginning, where headers are."""
    if random.random() > share:
        return content
    for _ in range(int(random.integers(1, 6))):
        here = int(random.integers(0, max(1, min(len(content), 200 if random.random() < 0.6 else len(content)))))
        size = int(random.integers(1, 60))
        noise = random.bytes(size)
        content = (content[:here] + noise + content[here + size:], content[:here] + content[here + size:],
                   content[:here] + noise + content[here:], content[:here + size] + content[here:], content[:here],
                   content[:here] + b"\xff" * size + content[here + size:])[int(random.integers(6))]
    return content


def read_any_list(path: Path) -> None:
    """By every reader of lists; a sentence of one must not keep the others from it."""
    refused: list[ZestError] = []
    for read in (read_pairs, read_manifest, lambda one: read_batch(one, one.parent / "out")):
        try:
            read(path)
        except ZestError as error:
            refused.append(error)
    if len(refused) == 3:
        raise refused[0]


READERS: dict[str, tuple[str, Callable[[np.random.Generator], bytes], Callable[[Path], object]]] = {
    "recording": ("x.wav", recording, load), "list": ("x.csv", listing, read_any_list),
    "zip": ("x.zip", archive, read_archive)}
DAMAGED = {"zip": 0.4}  # share of inputs of a kind that are damaged as a whole; of all others it is all


def main(
    minutes: Annotated[float, typer.Option(help="At least so long.")] = 10.0,
    inputs: Annotated[int, typer.Option(help="At least so many.")] = 5000,
    seed: Annotated[int, typer.Option(help="Same seed, same inputs.")] = 0,
) -> None:
    """Read damaged files, and print counts by reader and outcome."""
    random, counts, begun, number = np.random.default_rng(seed), Counter(), time.monotonic(), 0
    kept = Path(tempfile.mkdtemp(prefix="fuzz-"))
    while number < inputs or time.monotonic() - begun < 60 * minutes:
        kind = list(READERS)[number % len(READERS)]
        counts[kind, outcome(kind, random, kept, number)] += 1
        number += 1
    for (kind, what), count in sorted(counts.items()):
        print(f"{kind:10} {what:10} {count}")
    broken = sum(count for (_, what), count in counts.items() if what == "traceback")
    where = f", kept in {kept}" if broken else ""
    print(f"{number} inputs in {(time.monotonic() - begun) / 60:.1f} minutes, {broken} with a traceback{where}.")
    sys.exit(1 if broken else 0)


def outcome(kind: str, random: np.random.Generator, kept: Path, number: int) -> str:
    """'read', 'sentence' or 'traceback'; an input with a traceback is kept."""
    name, make, read = READERS[kind]
    content = damaged(make(random), random, DAMAGED.get(kind, 1.0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            read(path)
        except ZestError:
            return "sentence"
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            (kept / f"{number}-{name}").write_bytes(content)
            print(f"{number} {kind}: {type(error).__name__}: {error}", file=sys.stderr)
            return "traceback"
    return "read"


if __name__ == "__main__":
    typer.run(main)
