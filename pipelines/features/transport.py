"""MPEG transport streams: where one ends, and where others begin that were joined behind it.

Decoders follow a program's tables only until they have found its streams, so a second recording of another codec is taken for
damage. Tables and their checksum: ISO/IEC 13818-1, 2.4.4.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pipelines.features.integrity import REVERSED
from pipelines.features.tail import Readable

PACKET, PACKETS = 188, 4096  # bytes of a packet; how many are looked at together
SIZES = ((PACKET, 0), (192, 4), (204, 0))  # bytes from packet to packet, and how many stand before the first one
SYNC = 0x47  # first byte of a packet
FOLLOWING = 4  # packets by which a stream is known
BEGINS, FILLED = 64, 32  # bits of the second byte: something begins in the packet; of the fourth: filling stands before it
PID = 0x1FFF  # bits that number a packet


def transport_end(file: Readable, start: int, size: int) -> int:
    """Behind the last packet of an MPEG transport stream that begins at `start`."""
    place = start
    while some := _read(file, place, min(PACKETS * PACKET, size - place)):
        marks = some[::PACKET]
        whole = len(marks) - len(marks.lstrip(b"\x47"))
        place += min(whole * PACKET, len(some))
        if whole < len(marks):
            return place
    return place


def is_transport(head: bytes) -> bool:
    """Whether a transport stream begins with these bytes."""
    return _packet_size(head) is not None


def transport_starts(file: Readable, size: int) -> Iterator[int]:
    """Where each recording begins in a transport stream: at the table that is followed by other streams than those before."""
    last = 0
    yield last
    found = _packet_size(_read(file, 0, FOLLOWING * SIZES[-1][0]))
    if found is None:
        return
    step, before = found
    tables = _Tables()
    for place, packet in _packets_that_begin(file, step, before, size):
        start = tables.changes_at(packet, place - before)
        if start is not None and start > last:
            yield start
            last = start


@dataclass
class _Tables:
    """The tables of a transport stream as they are read.

    programs: by the number (PID) of the packets that list a program's streams: that list, empty until it comes. all: the list
    of programs. begin: byte of the last packet with that.
    """

    programs: dict[int, bytes] = field(default_factory=dict)
    all: bytes = b""
    begin: int = 0

    def changes_at(self, packet: bytes, place: int) -> int | None:
        """Where another recording begins by this packet's word; None where it says what was said before."""
        pid = int.from_bytes(packet[1:3], "big") & PID
        section = _section(packet) if pid == 0 or pid in self.programs else b""
        if not section:
            return None
        if pid == 0:
            return self._of_programs(section, place)
        before, self.programs[pid] = self.programs[pid], _streams(section)
        return self.begin if before and before != self.programs[pid] else None

    def _of_programs(self, section: bytes, place: int) -> int | None:
        self.begin = place
        before, self.all = self.all, section[8:-4]
        if before == self.all:
            return None
        entries = [self.all[at:at + 4] for at in range(0, len(self.all) - 3, 4)]
        self.programs = {int.from_bytes(entry[2:], "big") & PID: b"" for entry in entries if any(entry[:2])}
        return place if before else None


def _packets_that_begin(file: Readable, step: int, before: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Where packets are that begin a table or a stretch of sound, and these packets; past bytes that are no packets."""
    place = before
    while place + PACKET <= size:
        some = _read(file, place, min(PACKETS * step, size - place))
        count = max(1, len(some) // step)
        rows = np.frombuffer(some.ljust(count * step, b"\0")[:count * step], dtype=np.uint8).reshape(count, step)
        good = rows[:, 0] == SYNC
        count = count if good.all() else int(np.argmin(good))
        if not count:
            place += _to_next_packet(some, step)
            continue
        for row in np.flatnonzero(rows[:count, 1] & BEGINS):
            yield place + int(row) * step, rows[row, :PACKET].tobytes()
        place += count * step


def _to_next_packet(some: bytes, step: int) -> int:
    """Bytes to where packets follow each other again, or to the end."""
    at = some.find(SYNC, 1)
    while at >= 0 and any(mark != SYNC for mark in some[at:at + FOLLOWING * step:step]):
        at = some.find(SYNC, at + 1)
    return at if at > 0 else len(some)


def _packet_size(head: bytes) -> tuple[int, int] | None:
    """Bytes from packet to packet and before the first one; None where no transport stream begins."""
    return next((one for one in SIZES if head[one[1]::one[0]][:FOLLOWING] == bytes([SYNC]) * FOLLOWING), None)


def _section(packet: bytes) -> bytes:
    """The table that begins in a packet and is all in it, with its checksum; empty where that is wrong."""
    payload = 4 + (1 + packet[4] if packet[3] & FILLED else 0)
    begin = payload + 1 + (packet[payload] if payload < PACKET else 0)
    length = 3 + (int.from_bytes(packet[begin + 1:begin + 3], "big") & 0xFFF)
    section = packet[begin:begin + length]
    return section if len(section) == length > 12 and zlib.crc32(section.translate(REVERSED)) == 0xFFFFFFFF else b""


def _streams(section: bytes) -> bytes:
    """Kind and number of each stream of a program."""
    place, found = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF), b""
    while place + 5 <= len(section) - 4:
        found += section[place:place + 3]
        place += 5 + (int.from_bytes(section[place + 3:place + 5], "big") & 0xFFF)
    return found


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
