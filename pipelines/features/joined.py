"""Where recordings of one format begin that were joined end to end in one file, where readers stop behind the first one.

Bare AAC needs no search: decoders go on. riff.py finds the parts of a WAV file, joined_formats.py other formats.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.features.container_ends import matroska_starts
from pipelines.features.integrity import EBML, is_mpeg, mp3_length
from pipelines.features.tail import Readable
from pipelines.features.transport import is_transport, transport_starts

OGG, FIRST_PAGE = b"OggS", 2  # a page's mark, and the bit that says that a stream begins with it
SEARCHED = 1 << 20  # bytes that are searched at a time
FLAC, CAF = b"fLaC\0\0\0\x22", b"caff\0\1\0\0desc"
WAVE64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"
SIGNATURES = (FLAC, CAF, WAVE64, ASF, b"TTA1\1\0", b"#!AMR")  # first bytes that are no chance
WAVPACK, FIRST_BLOCK = b"wvpk", 1 << 11  # a block's mark, and the bit of those that begin with the first channel
AIFF = (b"AIFF", b"AIFC")
XING = (b"Xing", b"Info")  # stand in the first frame of an MP3
SIDE_INFO = (36, 21, 13)  # bytes from the frame's beginning to that mark
MOST = 1000  # recordings


def joined(file: Readable, head: bytes, size: int) -> list[tuple[int, int]]:
    """Begin and end of each recording in a file of `size` bytes; one of all where nothing was joined, or nobody can tell."""
    starts = [0]
    if head[:4] == OGG:
        starts = list(_ogg(file, size))
    elif head[4:8] == b"ftyp":
        starts = list(_mp4(file, size))
    elif head[:4] == b"FORM":
        starts = list(_aiff(file, size))
    elif head[:4] == EBML:
        starts = list(matroska_starts(file, size))
    elif head[:4] == WAVPACK:
        starts = [place for place in _found(file, WAVPACK, 0, size) if begins_wavpack(_read(file, place, 28))]
    elif mark := next((mark for mark in SIGNATURES if head.startswith(mark)), b""):
        starts = list(_found(file, mark, 0, size))
    elif is_transport(head):
        starts = list(transport_starts(file, size))
    elif is_mpeg(head):
        starts = [0, *(place for place in _mp3(file, head, size))]
    starts = starts[:MOST] or [0]
    return list(zip(starts, [*starts[1:], size], strict=True))


def _ogg(file: Readable, size: int) -> Iterator[int]:
    """A stream begins where a page says so, behind one that does not: streams that play together begin together."""
    place, begun = 0, False
    while place < size:
        head = _read(file, place, 27)
        if len(head) < 27 or head[:4] != OGG:
            place = next(_found(file, OGG, place + 1, size), size)
            continue
        first = bool(head[5] & FIRST_PAGE)
        if first and not begun:
            yield place
        begun = first
        place += 27 + head[26] + sum(_read(file, place + 27, head[26]))


def _found(file: Readable, mark: bytes, place: int, size: int) -> Iterator[int]:
    """Where a mark stands, from `place` on."""
    while place < size:
        some = _read(file, place, SEARCHED)
        at = some.find(mark)
        while at >= 0:
            yield place + at
            at = some.find(mark, at + 1)
        place += SEARCHED - len(mark) + 1


def _mp3(file: Readable, head: bytes, size: int) -> list[int]:
    """Where frames with a Xing header begin, but for the first one."""
    frames = []
    for mark in XING:
        for place in _found(file, mark, 0, size):
            before = _read(file, max(0, place - SIDE_INFO[0]), min(place, SIDE_INFO[0]))
            frames += [place - back for back in SIDE_INFO if back <= len(before) and mp3_length(before[-back:], 0)]
    return sorted(frames)[1:] if frames and min(frames) < len(head) else sorted(frames)


def _mp4(file: Readable, size: int) -> Iterator[int]:
    """A second file begins with its type, once the first one's index has come."""
    complete = False
    yield 0
    for place, name, _ in _boxes(file, 0, size):
        if name == b"ftyp" and complete:
            yield place
        complete = name == b"moov" or complete and name != b"ftyp"


def _boxes(file: Readable, place: int, size: int) -> Iterator[tuple[int, bytes, int]]:
    """Where each box of an MP4 begins, its name and its length, until something else comes."""
    while place + 8 <= size:
        head = _read(file, place, 16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # 0: to the end of the file; others are damage
            return
        yield place, name, length
        place += length


def mp4_end(file: Readable, start: int, size: int) -> int:
    """Where an MP4 ends that begins at `start`: behind its last box that fits into the file."""
    fitting = [place + length for place, name, length in _boxes(file, start, size)
               if place + length <= size and all(32 <= byte < 127 or byte == 0xA9 for byte in name)]
    return max(fitting, default=start + 1)


def _aiff(file: Readable, size: int) -> Iterator[int]:
    place = 0
    while place + 12 <= size and _is_aiff(head := _read(file, place, 12)):
        yield place
        length = int.from_bytes(head[4:8], "big")
        place += 8 + length + length % 2


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in AIFF


def begins_wavpack(head: bytes) -> bool:
    """Whether a WavPack file begins with this block: its first sample is the first of all."""
    version, first, flags = (int.from_bytes(head[place:place + size], "little") for place, size in ((8, 2), (16, 4), (24, 4)))
    return 0x400 <= version <= 0x4FF and first == 0 and head[11:12] == b"\0" and bool(flags & FIRST_BLOCK)


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
