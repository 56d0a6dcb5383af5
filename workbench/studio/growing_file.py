"""The beginning of a WAV file that still grows, served as a whole file, also in parts, as players ask for it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from starlette.responses import StreamingResponse

from pipelines.features.growing import HEAD

BLOCK = 1 << 18  # bytes
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class GrowingResponse(StreamingResponse):
    """The first `size` bytes of a WAV of `GrowingWav`, with a head that tells so many; size is cut to what there is.

    Args:
        asked: the header Range, '' for all.
    """

    def __init__(self, path: Path, size: int, asked: str, headers: Mapping[str, str]):
        size = max(HEAD, min(size, path.stat().st_size))
        size -= (size - HEAD) % 2  # whole samples of 16 bits
        first, last = part_of(asked, size)
        told = {"Accept-Ranges": "bytes", "Content-Length": str(max(0, last - first + 1))}
        if asked:
            told["Content-Range"] = f"bytes {first}-{last}/{size}" if first < size else f"bytes */{size}"
        status = 200 if not asked else 206 if first < size else 416
        super().__init__(bytes_of(path, size, first, last), status, dict(headers) | told, "audio/wav")


def part_of(asked: str, size: int) -> tuple[int, int]:
    """First and last byte of the first range that is asked for; all where none is."""
    match = RANGE.match(asked)
    if match is None or match.group(0) == "bytes=-":
        return 0, size - 1
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)


def bytes_of(path: Path, size: int, first: int, last: int) -> Iterator[bytes]:
    """Bytes from first to last of the file that has but `size` of them."""
    with path.open("rb") as file:
        head = bytearray(file.read(HEAD))
        head[4:8], head[40:44] = struct.pack("<I", size - 8), struct.pack("<I", size - HEAD)
        if first < HEAD:
            yield bytes(head[first:last + 1])
        place = max(first, HEAD)
        file.seek(place)
        while place <= last and (block := file.read(min(BLOCK, last + 1 - place))):
            place += len(block)
            yield block
