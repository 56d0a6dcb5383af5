"""Where a container ends by its own word, whatever is joined behind it. What lies inside is not looked at.

CAF: Apple's Core Audio Format specification 1.0. Matroska: RFC 9559 over RFC 8794 (EBML). ASF: Microsoft's Advanced Systems
Format specification, revision 01.20.03.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from pipelines.features.integrity import CLUSTER, EBML, ELEMENTS, SEGMENT, ebml_number
from pipelines.features.tail import Readable

INFO, DURATION = b"\x15I\xa9f", b"D\x89"  # of a segment of Matroska
ASF_DATA = b"\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"
ASF_FILE = b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\0\xc0\x0c\x20\x53\x65"  # properties of the file, with the size of packets
ASF_OBJECTS = (b"\x30\x26\xb2\x75", ASF_DATA[:4], b"\x90\x08\0\x33", b"\xd3\x29\xe2\xd6", b"\xf8\x03\xb1\xfe",
               b"\xd0\x3f\xb7\x3c")  # first bytes of the identifiers of header, data and four kinds of index
ASF_DATA_HEAD, ASF_PACKET_SIZE = 50, 92  # bytes: of the data's own head; where the file's properties say how long packets are
ASF_PACKET = b"\x82\0\0"  # first bytes of a packet


def caf_end(file: Readable, start: int, size: int) -> int:
    """Behind the samples of a CAF file that begins at `start`, where it says how long they are."""
    place = start + 8
    while place + 12 <= size:
        head = _read(file, place, 12)
        length = int.from_bytes(head[4:12], "big", signed=True)
        if length < 0 or place + 12 + length > size:
            return place
        place += 12 + length
        if head[:4] == b"data":
            return place
    return place


def matroska_end(file: Readable, start: int, size: int) -> int:
    """Behind the last element of a Matroska file that begins at `start`; the segment's own size is not believed."""
    return max((end for _, _, end in _elements(file, start, size)), default=start + 1)


def matroska_states_length(file: Readable) -> bool:
    """Whether a Matroska file names its own length, which a live recording cannot; FFmpeg makes one up where it does not."""
    size = file.seek(0, os.SEEK_END)
    for place, name, end in _elements(file, 0, size):
        if name == INFO:
            return any(child == DURATION for child in _children(_read(file, place, end - place)))
        if name == CLUSTER:
            return False
    return False


def _children(content: bytes) -> Iterator[bytes]:
    """Names of the elements inside the element that these bytes are."""
    place, outermost = 0, True
    while (name := ebml_number(content, place, 4)) and (length := ebml_number(content, place + name[1], 8)):
        yield content[place:place + name[1]]
        place += name[1] + length[1] + (0 if outermost else length[0])
        outermost = False


def matroska_starts(file: Readable, size: int) -> Iterator[int]:
    """Where each of the Matroska files begins that follow each other from the first byte on."""
    return (place for place, name, _ in _elements(file, 0, size) if name == EBML)


def _elements(file: Readable, place: int, size: int) -> Iterator[tuple[int, bytes, int]]:
    """Where each element begins, its name, and where the next one begins: inside it for segments and where no size is known."""
    while place < size:
        head = _read(file, place, 12)
        name = ebml_number(head, 0, 4)
        length = ebml_number(head, name[1], 8) if name else None
        if name is None or length is None or head[:name[1]] not in ELEMENTS:
            return
        inside = place + name[1] + length[1]
        is_open = head.startswith(SEGMENT) or length[0] == (1 << 7 * length[1]) - 1 or inside + length[0] > size
        end = inside if is_open else inside + length[0]
        yield place, head[:name[1]], end
        place = end


def asf_end(file: Readable, start: int, size: int) -> int:
    """Behind the last object of an ASF file that begins at `start`, or behind the last packet of a live recording."""
    place, packet = start, 0
    while place + 24 <= size:
        head = _read(file, place, ASF_DATA_HEAD)
        length = int.from_bytes(head[16:24], "little")
        if head[:4] not in ASF_OBJECTS or length < 24:
            return place
        if head.startswith(ASF_DATA) and (length <= ASF_DATA_HEAD or place + length > size):
            return _packets_end(file, place + ASF_DATA_HEAD, packet, size)
        if place + length > size:
            return place
        packet = packet or _packet_size(_read(file, place, min(length, 1 << 16)))
        place += length
    return place


def _packet_size(header: bytes) -> int:
    """Bytes of each packet, 0 where the header does not say."""
    place = header.find(ASF_FILE)
    return int.from_bytes(header[place + ASF_PACKET_SIZE:place + ASF_PACKET_SIZE + 4], "little") if place >= 0 else 0


def _packets_end(file: Readable, place: int, packet: int, size: int) -> int:
    while packet and place + packet <= size and _read(file, place, len(ASF_PACKET)) == ASF_PACKET:
        place += packet
    return place


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
