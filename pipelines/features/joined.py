"""Where recordings of one format begin that were joined end to end in one file, where readers stop behind the first one.

Bare AAC needs no search: decoders go on. riff.py finds the parts of a WAV file, joined_formats.py other formats.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from pipelines.features.container_ends import matroska_starts
from pipelines.features.integrity import EBML, is_mpeg, mp3_length
from pipelines.features.program_stream import is_program, program_starts
from pipelines.features.tail import Readable
from pipelines.features.transport import is_transport, transport_starts

OGG, FIRST_PAGE = b"OggS", 2  # a page's mark, and the bit that says that a stream begins with it
SEARCHED = 1 << 20  # bytes that are searched at a time
FLAC, CAF = b"fLaC\0\0\0\x22", b"caff\0\1\0\0desc"
WAVE64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"
NUT, WTV = b"nut/multimedia container\0", b"\xb7\xd8\0\x20\x37\x49\xda\x11\xa6\x4e\0\x07\xe9\x5e\xad\x8d"
FLV = tuple(b"FLV\1" + bytes([holds]) + b"\0\0\0\x09" for holds in (4, 5))  # sound; sound and pictures
SIGNATURES = (FLAC, CAF, WAVE64, ASF, b"TTA1\1\0", b"#!AMR", b"Creative Voice File\x1a", NUT, WTV, *FLV)  # no chance
WAVPACK, FIRST_BLOCK = b"wvpk", 1 << 11  # a block's mark, and the bit of those that begin with the first channel
AIFF, AU = (b"AIFF", b"AIFC"), b".snd"
IRCAM = {b"\x64\xa3\1\0": "<", b"\x64\xa3\2\0": ">", b"\x64\xa3\3\0": "<", b"\x64\xa3\4\0": ">"}  # with their byte order
IRCAM_CODINGS = {1, 2, 3, 4, 0x10001, 0x20001, 0x40004}
GXF, GXF_END = b"\0\0\0\0\1\xbc", b"\0\0\0\0\1\xfb\0\0\0\x10\0\0\0\0\xe1\xe2"  # a list of tracks, which may repeat; the end
XING = (b"Xing", b"Info")  # stand in the first frame of an MP3
SIDE_INFO = (36, 21, 13)  # bytes from the frame's beginning to that mark
MOST = 1000  # recordings


def joined(file: Readable, head: bytes, size: int) -> list[tuple[int, int]]:
    """Begin and end of each recording in a file of `size` bytes; one of all where nothing was joined, or nobody can tell."""
    starts = list(_starts(file, head, size))[:MOST] or [0]
    return list(zip(starts, [*starts[1:], size], strict=True))


def _starts(file: Readable, head: bytes, size: int) -> Iterator[int]:
    """Where each recording begins."""
    searches = {OGG: _ogg, b"FORM": _aiff, EBML: matroska_starts}
    if head[:4] in searches:
        yield from searches[head[:4]](file, size)
    elif head[4:8] == b"ftyp":
        yield from _mp4(file, size)
    elif begins := next((begins for mark, begins in CHECKED.items() if head.startswith(mark) and begins(head)), None):
        yield from (place for place in _found(file, head[:4], 0, size) if begins(_read(file, place, 28)))
    elif mark := next((mark for mark in SIGNATURES if head.startswith(mark)), b""):
        yield from _found(file, mark, 0, size)
    elif head[:4] in IRCAM and begins_ircam(head):
        places = sorted(place for mark in IRCAM for place in _found(file, mark, 0, size))
        yield from (place for place in places if begins_ircam(_read(file, place, 16)))
    elif head.startswith(GXF):
        yield from (0, *(place + len(GXF_END) for place in _found(file, GXF_END + GXF, 0, size)))
    elif is_program(head):
        yield from program_starts(file, size)
    elif is_transport(head):
        yield from transport_starts(file, size)
    elif is_mpeg(head):
        yield from (0, *_mp3(file, head, size))


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


def begins_au(head: bytes) -> bool:
    start, coding, rate, channels = (int.from_bytes(head[place:place + 4], "big") for place in (4, 12, 16, 20))
    return 24 <= start <= 4096 and 1 <= coding <= 27 and 4000 <= rate <= 384_000 and 1 <= channels <= 8


def begins_ircam(head: bytes) -> bool:
    """Whether an IRCAM file begins here: a mark of two bytes, so what stands behind it counts."""
    if head[:4] not in IRCAM or len(head) < 16:
        return False
    rate, channels, coding = struct.unpack(f"{IRCAM[head[:4]]}fII", head[4:16])
    return math.isfinite(rate) and 4000 <= rate <= 384_000 and 1 <= channels <= 8 and coding in IRCAM_CODINGS


def is_avi(head: bytes) -> bool:
    """Whether an AVI begins here; the later stretches of a long one call themselves AVIX."""
    return head[:4] == b"RIFF" and head[8:12] == b"AVI "


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


CHECKED = {WAVPACK: begins_wavpack, AU: begins_au, b"RIFF": is_avi}  # marks of four bytes, and what must follow them
