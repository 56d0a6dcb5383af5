"""Feed the readers of recordings, zips, lists and plans with damaged files: each gives a result or a sentence, never a traceback.

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
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soundfile
import typer

from evaluation.pair import read_pairs
from evaluation.run import open_scored
from pipelines.affect import known_target
from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.plan.segments import check_segments
from pipelines.plan.table import read_plan, row_names, write_plan
from pipelines.training.data.manifest_check import read_checked_manifest
from workbench.cli.batch import read_batch

RATE = 16_000
SHORT = 1000  # bytes
TYPED = np.frombuffer(b',;:."\'\t\n\r 0159-+=/\\asdn', dtype=np.uint8)  # what mistakes in a list are made of
NAMED = ("a.wav", "b.wav", "J\u00fcrgen.wav")  # recordings of the lists, which are there
CONTAINERS = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3", "CAF", "W64", "AU")
CODED = (("aac", "adts", RATE), ("aac", "ipod", RATE), ("aac", "mpegts", RATE), ("alac", "caf", RATE),
         ("libmp3lame", "wav", RATE), ("libmp3lame", "mpegts", RATE), ("libmp3lame", "avi", RATE), ("aac", "flv", 44_100),
         ("flac", "ogg", RATE), ("libopus", "webm", 48_000), ("libopus", "ogg", 48_000))  # codec, container, Hz
MANIFEST = (b"path,corpus,speaker,emotion,language,text_id,text,seconds,split\n"
            b"a.wav,x,a,angry,en,1,Hello,2,train\nb.wav,x,b,Sad,EN,1,,1.5,dev\n,,,,,,,,\n")
PLANS = (b"start,end,emotion,reference,strength,tempo\n0,1.5,angry,,1.2,no\n0:01.5,2,,a.wav,,yes\n2,3,keep,,,\n",
         b"start;end;emotion;words\r\n0,5;1,5;angry:0.6,sad:0.4;Hello there\r\n1:00:00;1:00:05;arousal:0.6,valence:-0.3;\r\n",
         "start\tend\treference\n0\t1\tJ\u00fcrgen.wav:0.5,b.wav:0.5\n".encode("utf-16"))
LISTS = (b"source,reference,converted,emotion,text\na.wav,a.wav,a.wav,angry,Hello\n,,,,\n",
         b"source;reference;emotion\r\na.wav;b.wav;sad\r\n",
         "source,emotion,output\nJ\u00fcrgen.wav,sad,x.wav\n".encode("utf-16"))
ODD_NAMES = ("b.WAV", "Zo\u00eb.flac", "\\a.wav", "x/../b.wav", "__MACOSX/a.wav", "notes.txt", "a.wav", "b" * 250 + ".wav",
             "c\x00d.wav", "list.CSV", "-", ".hidden.wav", "CON.wav", "e.webm")


def recording(random: np.random.Generator) -> bytes:
    """A second of noise in some container; sometimes two of them joined."""
    one, other = (coded(*CODED[int(random.integers(len(CODED)))]) if random.random() < 0.4 else plain(random) for _ in range(2))
    return one + (other if random.random() < 0.7 else one) if random.random() < 0.15 else one


@cache
def coded(codec: str, container: str, rate: int) -> bytes:
    """Noise through one of FFmpeg's encoders."""
    import av

    content = io.BytesIO()
    with av.open(content, mode="w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(format=stream.format or "fltp", layout="mono", rate=rate)
        noise = 0.2 * np.random.default_rng(0).standard_normal((1, rate)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        frame.rate, frame.pts = rate, 0
        for ready in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return content.getvalue()


def plain(random: np.random.Generator) -> bytes:
    """Noise in one of libsndfile's containers."""
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
    lists = (*LISTS, MANIFEST)
    return lists[int(random.integers(len(lists)))]


def plan(random: np.random.Generator) -> bytes:
    return PLANS[int(random.integers(len(PLANS)))]


def read_any_plan(path: Path) -> None:
    """As `zest convert --plan` does, and written again: what is written says the same."""
    segments = read_plan(path)
    check_segments(segments, check_emotion=known_target, names=row_names(path))
    write_plan(path.with_name("again.csv"), segments)
    read_plan(path.with_name("again.csv"))


def damaged(content: bytes, random: np.random.Generator, share: float = 1.0) -> bytes:
    """Bytes flipped, overwritten, dropped, doubled or cut off; mostly near the beginning, where headers are."""
    if random.random() > share:
        return content
    short = len(content) < SHORT  # a list: most of it is to stay as it is, so that what is behind its header is read
    for _ in range(int(random.integers(1, 3 if short else 6))):
        here = int(random.integers(0, max(1, min(len(content), 200 if random.random() < 0.6 else len(content)))))
        size = int(random.integers(1, 8 if short else 60))
        noise = bytes(random.choice(TYPED, size)) if short and random.random() < 0.7 else random.bytes(size)
        content = (content[:here] + noise + content[here + size:], content[:here] + content[here + size:],
                   content[:here] + noise + content[here:], content[:here + size] + content[here:], content[:here],
                   content[:here] + b"\xff" * size + content[here + size:])[int(random.integers(6))]
    return content


def read_any_list(path: Path) -> None:
    """By every reader of lists; a sentence of one must not keep the others from it."""
    refused: list[ZestError] = []
    readers = (read_pairs, read_checked_manifest, lambda one: read_batch(one, one.parent / "out"))
    for read in readers:
        try:
            read(path)
        except ZestError as error:
            refused.append(error)
    if len(refused) == len(readers):
        raise refused[0]


READERS: dict[str, tuple[str, Callable[[np.random.Generator], bytes], Callable[[Path], object]]] = {
    "recording": ("x.wav", recording, load), "list": ("x.csv", listing, read_any_list), "plan": ("x.csv", plan, read_any_plan),
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
        for named in NAMED if kind in ("list", "plan") else ():
            (path.parent / named).write_bytes(coded("pcm_s16le", "wav", RATE))
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
