"""MPEG program streams (.mpg, .vob): where others begin that were joined behind the first one.

Decoders take sound of another codec, which has another number, for a second track and leave it out. Packs and packets: ISO/IEC
13818-1, 2.5.3; 11172-1, 2.4.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.features.tail import Readable

START, PACK, END = b"\0\0\1", 0xBA, 0xB9  # of everything; bytes behind it
PRIVATE, SOUND = 0xBD, range(0xC0, 0xE0)  # numbers of packets: AC-3, DTS and PCM with a number of their own inside, MPEG audio
INSIDE = range(0x80, 0xD0)  # those numbers
SEARCHED = 1 << 16  # bytes that are searched at a time
HEAD = 300  # bytes; a packet's header is not longer


def is_program(head: bytes) -> bool:
    """Whether a program stream begins with these bytes."""
    return head[:3] == START and head[3:4] == bytes([PACK]) and len(head) > 13 and (head[4] >> 6 == 1 or head[4] >> 4 == 2)


def program_starts(file: Readable, size: int) -> Iterator[int]:
    """Where each recording begins: at a pack whose clock goes back, with other sound behind it than before."""
    yield 0
    before: set[int] = set()
    for place, sound in _stretches_of_one_clock(file, size):
        if before and sound and sound != before:
            yield place
        before = sound or before


def _stretches_of_one_clock(file: Readable, size: int) -> Iterator[tuple[int, set[int]]]:
    """Where a clock begins, and the numbers of the sound under it."""
    begin, last = 0, -1
    sound: set[int] = set()
    for place, head in _packets(file, size):
        if head[3] == PACK:
            clock = _clock(head)
            if clock < last:
                yield begin, sound
                begin, sound = place, set()
            last = clock
        elif head[3] in SOUND:
            sound.add(head[3])
        elif head[3] == PRIVATE and len(head) > 9 and len(head) > 9 + head[8] and head[9 + head[8]] in INSIDE:
            sound.add(head[9 + head[8]])
    yield begin, sound


def _packets(file: Readable, size: int) -> Iterator[tuple[int, bytes]]:
    """Place and first bytes of each pack and packet; what is damaged is passed by, to the next pack."""
    place = 0
    while place + 4 <= size:
        head = _read(file, place, HEAD)
        if head[:3] != START or (head[3] == PACK and not is_program(head)) or len(head) < 6 and head[3] != END:
            place = _next_pack(file, place + 1, size)
            continue
        yield place, head
        place += _length(head)


def _length(head: bytes) -> int:
    if head[3] == PACK:
        return 14 + (head[13] & 7) if head[4] >> 6 == 1 else 12
    return 4 if head[3] == END else 6 + int.from_bytes(head[4:6], "big")


def _clock(head: bytes) -> int:
    """The system clock reference of a pack, 90 kHz."""
    if head[4] >> 6 == 1:
        bits = int.from_bytes(head[4:10], "big")
        return (bits >> 43 & 7) << 30 | (bits >> 27 & 0x7FFF) << 15 | bits >> 11 & 0x7FFF
    bits = int.from_bytes(head[4:9], "big")
    return (bits >> 33 & 7) << 30 | (bits >> 17 & 0x7FFF) << 15 | bits >> 1 & 0x7FFF


def _next_pack(file: Readable, place: int, size: int) -> int:
    mark = START + bytes([PACK])
    while place < size:
        at = _read(file, place, SEARCHED).find(mark)
        if at >= 0:
            return place + at
        place += SEARCHED - len(mark) + 1
    return size


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
