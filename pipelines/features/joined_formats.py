"""Where recordings of different formats begin that were joined end to end in one file: every reader stops behind the first one.

joined.py and riff.py find where recordings of one format follow each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipelines.features.container_ends import asf_end, caf_end, matroska_end
from pipelines.features.integrity import EBML, aac_length, ac3_length, id3_length, mp3_length, transport_length
from pipelines.features.joined import (
    AIFF,
    ASF,
    AU,
    CAF,
    FLAC,
    FLV,
    IRCAM,
    OGG,
    SEARCHED,
    SIDE_INFO,
    WAVE64,
    XING,
    begins_au,
    begins_ircam,
    begins_wavpack,
    is_avi,
    mp4_end,
)
from pipelines.features.riff import is_wav, wav_parts
from pipelines.features.tail import Readable
from pipelines.features.transport import transport_end

WITHIN = {b"\x7fFLAC": 9, b"\x63\xa2": 8}  # what stands within so many bytes before the mark of a FLAC inside Ogg or Matroska
SYNCS = {"mp3": (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2"), "aac": (b"\xff\xf1", b"\xff\xf9"),
         "ac3": (b"\x0b\x77",), "ts": (b"\x47\x40\x11", b"\x47\x40\0")}  # first bytes of a frame; of a transport stream's tables
LENGTHS: dict[str, Callable[[bytes, int], int]] = {"mp3": mp3_length, "aac": aac_length, "ac3": ac3_length,
                                                   "ts": transport_length}
SAME = {"mp3": (0xFFFE0C, 0), "aac": (0xFFFF3C, 0), "ac3": (0xC00000, 4), "ts": (0, 0)}  # bits of 3 bytes that frames share
FRAMES = 5  # that follow each other: no chance, wherever they stand
FRAME = 8192  # bytes, the longest of them
ENDS: dict[str, Callable[[Readable, int, int], int]] = {"mp4": mp4_end, "caf": caf_end, "ebml": matroska_end, "asf": asf_end,
                                                        "ts": transport_end}
BARE = ("flac", "ogg", "aiff", "au", "wv", "tta", "wav", "caf", "w64", "mp4", "mp3", "aac", "amr", "ebml", "asf", "ac3",
        "ts", "ircam")  # behind these, bare frames are found
MOST = 200  # changes of format


@dataclass(frozen=True)
class _Mark:
    """Bytes by which a format is known, how far behind its beginning they stand, and what its first bytes must be."""

    kind: str
    mark: bytes
    back: int
    begins: Callable[[bytes], bool]


def _begins_mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and 8 <= int.from_bytes(head[:4], "big") <= 512 and head[8:12].isascii()


def _begins_tta(head: bytes) -> bool:
    return head[4:6] in (b"\1\0", b"\2\0", b"\3\0") and 1 <= head[6] <= 8 and head[7] == 0 and head[8] in (8, 16, 24)


def _always(_head: bytes) -> bool:
    return True


MARKS = (
    _Mark("wav", b"WAVE", 8, is_wav), _Mark("flac", FLAC, 0, _always), _Mark("caf", CAF, 0, _always),
    _Mark("w64", WAVE64, 0, _always), _Mark("asf", ASF, 0, _always), _Mark("amr", b"#!AMR", 0, _always),
    _Mark("ogg", OGG + b"\0\2", 0, lambda head: not any(head[6:14])), _Mark("mp4", b"ftyp", 4, _begins_mp4),
    *(_Mark("aiff", name, 8, lambda head: head[:4] == b"FORM") for name in AIFF),
    _Mark("ebml", EBML, 0, lambda head: b"webm" in head or b"matroska" in head),
    _Mark("wv", b"wvpk", 0, begins_wavpack), _Mark("au", AU, 0, begins_au), _Mark("tta", b"TTA1", 0, _begins_tta),
    _Mark("avi", b"AVI ", 8, is_avi), *(_Mark("flv", mark, 0, _always) for mark in FLV),
    *(_Mark("ircam", mark, 0, begins_ircam) for mark in IRCAM))
HEAD = 64  # bytes that a format is known by


def stretches(file: Readable, size: int) -> list[tuple[int, int]]:
    """Begin and end of each stretch of one format in a file of `size` bytes; one of all where the format never changes."""
    kind = _kind_at(file, 0)
    if not kind:
        return [(0, size)]
    begun = [(0, kind)]
    end = _own_end(file, kind, 0, size)
    for place, other in sorted(_candidates(file, kind, end, size)):
        if place >= end and other != begun[-1][1] and len(begun) < MOST:
            begun.append((place, other))
            end = _own_end(file, other, place, size)
    starts = [place for place, _ in begun]
    return list(zip(starts, [*starts[1:], size], strict=True))


def _kind_at(file: Readable, place: int) -> str:
    """Which format begins here; '' for one that is not known here."""
    head = _read(file, place, HEAD)
    for one in MARKS:
        if head[one.back:].startswith(one.mark) and one.begins(head):
            return one.kind
    behind = place + id3_length(head[:10])
    return next((kind for kind in SYNCS if _frames_at(file, behind, kind)), "")


def _own_end(file: Readable, kind: str, start: int, size: int) -> int:
    """Where the first recording of a stretch ends by its own word, so that nothing inside is looked at; else just behind its
    beginning."""
    if kind == "wav":
        first = next(iter(wav_parts(file, start, size)), None)
        declared = 0 if first is None or not first.declared or first.declared > first.size else first.declared
        return start + HEAD if first is None else first.start + declared
    return ENDS[kind](file, start, size) if kind in ENDS else start + 1


def _candidates(file: Readable, kind: str, start: int, size: int) -> Iterator[tuple[int, str]]:
    """Wherever a recording may begin from `start` on: (byte, format)."""
    for some, place in _blocks(file, start, size):
        for one in MARKS:
            yield from _marked(file, some, place, one)
        yield from _tagged(file, some, place)
        for other, syncs in SYNCS.items():
            if kind in BARE and kind != other:
                found = min((at for sync in syncs for at in _all(some, sync) if _frames_at(file, place + at, other)), default=-1)
                yield from [(place + found, other)] * (found >= 0)


def _marked(file: Readable, some: bytes, place: int, one: _Mark) -> Iterator[tuple[int, str]]:
    for at in _all(some, one.mark):
        start = place + at - one.back
        if start > 0 and one.begins(_read(file, start, HEAD)) and not (one.kind == "flac" and _is_inside(file, start)):
            yield start, one.kind


def _tagged(file: Readable, some: bytes, place: int) -> Iterator[tuple[int, str]]:
    """MP3s and AACs behind a tag, and MP3s by the header in their first frame."""
    for at in _all(some, b"ID3"):
        behind = place + at + id3_length(_read(file, place + at, 10))
        kind = next((kind for kind in SYNCS if behind > place + at and _frames_at(file, behind, kind)), "")
        yield from [(place + at, kind)] * bool(kind)
    for at in (at for mark in XING for at in _all(some, mark)):
        for back in SIDE_INFO:
            if place + at >= back and mp3_length(_read(file, place + at - back, 4), 0):
                yield place + at - back, "mp3"


def _is_inside(file: Readable, start: int) -> bool:
    """Whether this is the FLAC of an Ogg or Matroska file, which repeats FLAC's own beginning."""
    return any(mark in _read(file, max(0, start - back), min(start, back)) for mark, back in WITHIN.items())


def _frames_at(file: Readable, place: int, kind: str) -> bool:
    """Whether frames of one rate follow each other from here on, to the end of the file where that comes first."""
    if not LENGTHS[kind](_read(file, place, 10), 0):
        return False
    content, at, alike = _read(file, place, FRAMES * FRAME), 0, set()
    for number in range(FRAMES):
        length = LENGTHS[kind](content, at)
        if not length:
            return number > 1 and at >= len(content)
        mask, behind = SAME[kind]
        alike.add(int.from_bytes(content[at + behind:at + behind + 3], "big") & mask)
        at += length
    return len(alike) == 1


def _blocks(file: Readable, start: int, size: int) -> Iterator[tuple[bytes, int]]:
    """Bytes and where they begin; two that follow each other share as many as a mark may take."""
    while start < size:
        yield _read(file, start, SEARCHED + 32), start
        start += SEARCHED


def _all(some: bytes, mark: bytes) -> Iterator[int]:
    at = some.find(mark)
    while at >= 0:
        yield at
        at = some.find(mark, at + 1)


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
