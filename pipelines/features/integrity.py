"""Is all of a stream there? Frames of MP3 and AAC, pages of Ogg, and announced sizes, where decoders skip in silence."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

EBML, SEGMENT, CLUSTER = b"\x1aE\xdf\xa3", b"\x18S\x80g", b"\x1fC\xb6u"
ELEMENTS = {EBML, SEGMENT, CLUSTER, b"\x16T\xaek", b"\x15I\xa9f", b"\x1cS\xbbk", b"\x11M\x9bt", b"\x12T\xc3g",
            b"\x10C\xa7p", b"\x19A\xa4i", b"\xec", b"\xbf", b"\xe7", b"\xa3", b"\xa0", b"\xab", b"\xa7"}  # of segments, clusters
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz, by the version bits of MPEG audio
SAMPLES = {3: 1152, 2: 576, 0: 576}  # per frame of layer III
KBPS = {True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # of MPEG 1, layer III
        False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)}
KBPS_II = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)  # of MPEG 1, layer II; of MPEG 2 as layer III
AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
TAGS = {b"TAG": 128, b"APETAGEX": 32, b"LYRICS": 1 << 16}  # first bytes, and how many a tag takes at least
PADDING = 1024  # bytes of zeros between two frames that are no damage
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Integrity:
    """cut: the stream stops before its own end. damaged: bytes in its middle belong to nothing."""

    cut: bool = False
    damaged: bool = False


def integrity(content: bytes, size: int, mpeg: bool = False) -> Integrity:
    """What the structure of a stream says. Whole, where its format is none of those that are known here.

    Args:
        content: the file, or its first bytes where it is long. size: of the whole file, bytes.
        mpeg: it holds frames of MP3 or AAC, whatever it begins with.
    """
    if content[:4] == b"OggS":
        return _ogg(content)
    if mpeg or is_mpeg(content):
        return _frames(content)
    cut = {EBML: _segment_end, b"caff": _caf_end, b"riff": _wave64_end}.get(content[:4])
    return Integrity(cut=cut is not None and cut(content) > size)


def is_mpeg(head: bytes) -> bool:
    """Does an MP3, an MP2 or a bare AAC stream begin here?"""
    return head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] >> 5 == 7)


def stated_by_xing(head: bytes) -> float | None:
    """Seconds that the Xing or Info header of an MP3 states; None without one. head: the first bytes of the file."""
    for mark in (b"Xing", b"Info"):
        place = head.find(mark)
        if place >= 0 and len(head) >= place + 12:
            flags, frames = struct.unpack(">II", head[place + 4:place + 12])
            at = next((at for at in range(place - 4, max(-1, place - 64), -1) if mp3_length(head, at)), None)
            if at is None or not flags & 1 or not frames:
                return None
            version = head[at + 1] >> 3 & 3
            return frames * SAMPLES[version] / RATES[version][head[at + 2] >> 2 & 3]
    return None


def _frames(content: bytes) -> Integrity:
    """Every frame of MP3, MP2 or AAC says how long it is, so the next one must begin there."""
    place, seen, lost = 0, 0, 0
    while place < len(content) - 8:
        length = _frame_length(content, place)
        if length:
            seen += 1
            if place + length > len(content):
                return Integrity(cut=seen > 1, damaged=lost > 0)
        else:
            length = _tag_length(content, place)
            gap = 0 if length else _to_next_frame(content, place + 1)
            lost += gap > 0 and (any(content[place:place + gap]) or seen > 0 and PADDING < gap < len(content) - place)
            length = length or gap
        place += length
    return Integrity(damaged=lost > 0)


def _to_next_frame(content: bytes, start: int) -> int:
    """Bytes from one before `start` to where two frames follow each other again, or to the end."""
    place = content.find(b"\xff", start)
    while place >= 0:
        length = _frame_length(content, place)
        after = place + length
        if length and (after >= len(content) - 8 or _frame_length(content, after)):
            return place - start + 1
        place = content.find(b"\xff", place + 1)
    return len(content) - start + 1


def mp3_length(content: bytes, place: int) -> int:
    """Bytes of the layer III frame that begins here, 0 where none does or its bit rate is free."""
    if len(content) < place + 4 or content[place] != 0xFF:
        return 0
    first, second = content[place + 1], content[place + 2]
    version, index, rate = first >> 3 & 3, second >> 4, second >> 2 & 3
    if first >> 5 != 7 or first >> 1 & 3 != 1 or version == 1 or index == 15 or rate == 3:
        return 0
    return SAMPLES[version] // 8 * 1000 * KBPS[version == 3][index] // RATES[version][rate] + (second >> 1 & 1) * (index > 0)


def mp2_length(content: bytes, place: int) -> int:
    """Bytes of the layer II frame that begins here, 0 where none does or its bit rate is free."""
    if len(content) < place + 4 or content[place] != 0xFF:
        return 0
    first, second = content[place + 1], content[place + 2]
    version, index, rate = first >> 3 & 3, second >> 4, second >> 2 & 3
    if first >> 5 != 7 or first >> 1 & 3 != 2 or version == 1 or index in (0, 15) or rate == 3:
        return 0
    return 144 * 1000 * (KBPS_II if version == 3 else KBPS[False])[index] // RATES[version][rate] + (second >> 1 & 1)


def _frame_length(content: bytes, place: int) -> int:
    return mp3_length(content, place) or aac_length(content, place) or mp2_length(content, place)


def aac_length(content: bytes, place: int) -> int:
    """Bytes of the ADTS frame that begins here, 0 where none does."""
    if len(content) < place + 7 or content[place] != 0xFF or content[place + 1] & 0xF6 != 0xF0:
        return 0
    length = (content[place + 3] & 3) << 11 | content[place + 4] << 3 | content[place + 5] >> 5
    return length if length > 7 else 0


def ac3_length(content: bytes, place: int) -> int:
    """Bytes of the AC-3 frame that begins here, 0 where none does."""
    head = content[place:place + 6]
    if len(head) < 6 or head[:2] != b"\x0b\x77" or head[4] >> 6 == 3 or head[4] & 63 >= 2 * len(AC3_KBPS) or head[5] >> 3 > 8:
        return 0
    kbps, odd = AC3_KBPS[(head[4] & 63) // 2], head[4] & 1
    return (4 * kbps, 2 * (kbps * 96_000 // 44_100 + odd), 6 * kbps)[head[4] >> 6]


def transport_length(content: bytes, place: int) -> int:
    """Bytes of the packet of an MPEG transport stream that begins here, 0 where none does."""
    return 188 if content[place:place + 1] == b"\x47" else 0


def _tag_length(content: bytes, place: int) -> int:
    if content[place:place + 3] == b"ID3":
        return id3_length(content[place:place + 10])
    return next((length for start, length in TAGS.items() if content.startswith(start, place)), 0)


def id3_length(head: bytes) -> int:
    """Bytes of the ID3v2 tag that begins with these ten bytes, 0 where none does."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = sum((byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + 10 * bool(head[5] & 16)


def _ogg(content: bytes) -> Integrity:
    """Pages follow each other without a gap, their checksums are right, and the last one says that it is the last."""
    place, damaged, last = 0, False, False
    while place < len(content):
        page = _page(content, place)
        if page is None:
            following = content.find(b"OggS", place + 1)
            cut = following < 0
            if cut and any(content[place:]):
                return Integrity(cut=not last, damaged=damaged)
            damaged, place = damaged or not cut, following if not cut else len(content)
            continue
        last = bool(page[5] & 4)
        place += len(page)
    return Integrity(cut=not last, damaged=damaged)


def _page(content: bytes, place: int) -> bytes | None:
    """The Ogg page that begins here; None where none does, it is not all there, or its checksum is wrong."""
    head = content[place:place + 27]
    if len(head) < 27 or head[:4] != b"OggS":
        return None
    segments = content[place + 27:place + 27 + head[26]]
    page = content[place:place + 27 + head[26] + sum(segments)]
    if len(segments) < head[26] or len(page) < 27 + head[26] + sum(segments):
        return None
    checked = (page[:22] + b"\0\0\0\0" + page[26:]).translate(REVERSED)  # Ogg's checksum runs through bits the other way round
    found = int(f"{zlib.crc32(checked, 0xFFFFFFFF) ^ 0xFFFFFFFF:032b}"[::-1], 2)
    return page if found == struct.unpack("<I", page[22:26])[0] else None


def _segment_end(content: bytes) -> int:
    """Where a Matroska file ends by its own word: its segment, or the last block of a live recording, which names no size for
    that; 0 where nobody can tell."""
    place, end = content.find(SEGMENT, 0, 256), 0
    while 0 <= place < len(content):
        name = ebml_number(content, place, 4)
        size = ebml_number(content, place + name[1], 8) if name else None
        if name is None or size is None or content[place:place + name[1]] not in ELEMENTS:
            return end if place + 12 > len(content) else 0
        place += name[1] + size[1]
        if size[0] < (1 << 7 * size[1]) - 1:  # else it is unknown, and what is inside follows
            place = end = place + size[0]
    return end


def ebml_number(content: bytes, place: int, widest: int) -> tuple[int, int] | None:
    """A number of Matroska, whose first byte's leading zeros tell its width, and the width in bytes; None where none begins."""
    width = 9 - content[place].bit_length() if place < len(content) else 9
    if width > widest or place + width > len(content):
        return None
    return int.from_bytes(content[place:place + width], "big") & ((1 << 7 * width) - 1), width


def _caf_end(content: bytes) -> int:
    place = 8
    while place + 12 <= len(content):
        name, size = struct.unpack(">4sq", content[place:place + 12])
        if size < 0 or name == b"data":
            return place + 12 + max(0, size)
        place += 12 + size
    return place


def _wave64_end(content: bytes) -> int:
    return struct.unpack("<Q", content[16:24])[0] if len(content) >= 24 else 0
