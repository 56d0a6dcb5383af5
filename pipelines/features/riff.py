"""Where the samples of a WAV file lie. Sizes in its header are hints: recorders leave them at zero, and tools write wrong ones.

Reads RIFF, RIFX (big-endian), RF64 and BW64. A WAV file may hold several parts: files joined end to end, or two data chunks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.features.tail import Readable, Section

MAGIC = {b"RIFF": "<", b"RIFX": ">", b"RF64": "<", b"BW64": "<"}  # with the byte order of sizes
ORDERS: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
UNKNOWN = 0x7FFF0000  # bytes; sizes from here on say that the writer did not know
PLAIN = {1, 3, 6, 7, 0xFFFE}  # PCM, float, A-law, mu-law, extensible: a block is one sample of each channel
MP3, EXTENSIBLE = 0x55, 0xFFFE
WIDTHS = (1, 2, 3, 4, 8)  # bytes of a sample
TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")  # what other tools append behind the last chunk
MAX_CHUNKS = 10_000
PADDING = 0.2  # s; a coded block is not longer
UNTOLD = b"\xff\xff\xff\xff"  # a size that stands elsewhere
SHORTEST = 0.05  # s; less behind the named end is no sound


@dataclass(frozen=True)
class WavPart:
    """One stretch of samples.

    Attributes:
        fmt: content of its fmt chunk. order: '<' or '>' of its numbers.
        start, size: where its samples lie in the file, bytes. declared: the size that the header names, None if unknown.
        begin: where its file begins, bytes.
        frames: samples of each channel by its fact chunk, 0 if unknown: codecs fill their last block.
        width_guessed: the header leaves the bits of a sample out, and its other numbers contradict each other.
    """

    fmt: bytes
    order: str
    start: int
    size: int
    declared: int | None
    begin: int = 0
    frames: int = 0
    width_guessed: bool = False

    @property
    def fields(self) -> tuple[int, int, int, int, int, int]:
        """Format tag, channels, rate (Hz), bytes per second, bytes per block, bits."""
        return struct.unpack(f"{self.order}HHIIHH", self.fmt[:16])

    @property
    def is_coded(self) -> bool:
        """Is a block more than one sample of each channel? Then the byte rate is a hint only."""
        return self.fields[0] not in PLAIN

    @property
    def is_mp3(self) -> bool:
        return self.fields[0] == MP3

    @property
    def byte_rate(self) -> int:
        """Bytes per second: of plain formats from rate and block, of others as the header names it."""
        tag, _, rate, named, block, _ = self.fields
        return max(1, rate * block if tag in PLAIN else named)

    def is_all(self, count: int) -> bool:
        """Whether `count` decoded samples are what the fact chunk names, with a filled last block."""
        return self.frames > 0 and 0 <= count - self.frames < PADDING * self.fields[2]

    def padding(self, count: int) -> int:
        """How many of `count` decoded samples the last block was filled with."""
        return count - self.frames if self.is_coded and self.is_all(count) else 0

    @property
    def missing(self) -> float:
        """What the header names and the file does not hold, as a share of what the file holds."""
        return max(0, (self.declared or 0) - self.size) / max(1, self.size)

    @property
    def extra(self) -> float:
        """What lies behind the end that the header names, as a share of what the file holds."""
        return 0.0 if self.declared is None else max(0, self.size - self.declared) / max(1, self.size)

    @property
    def contradicts_itself(self) -> bool:
        """Do rate, channels and width of a plain format not fit each other? Then one of them is wrong."""
        tag, channels, rate, named, block, bits = self.fields
        return self.width_guessed or tag in PLAIN and (block != channels * ((bits + 7) // 8) or named != rate * block)

    def as_file(self, content: Readable, longest: float) -> Readable:
        """The part as a WAV file whose header is right, cut after `longest` seconds where that is known."""
        block = max(1, self.fields[4])
        count = self.size if self.is_coded else int(min(self.size, longest * self.byte_rate + block))
        count = count if self.is_coded or count < block else count // block * block
        before = self._before_samples(content)
        size = len(before) + 8 + count
        if size < 1 << 32:
            magic = b"RIFX" if self.order == ">" else b"RIFF"
            head = magic + struct.pack(f"{self.order}I", size) + before + b"data" + struct.pack(f"{self.order}I", count)
        else:  # sizes beyond 4 GB stand in a chunk of their own
            sizes = b"ds64" + struct.pack("<IQQQI", 28, size + 36, count, 0, 0)
            head = b"RF64" + UNTOLD + before[:4] + sizes + before[4:] + b"data" + UNTOLD
        return Section(head, content, self.start, count)

    def _before_samples(self, content: Readable) -> bytes:
        """What stands between a file's size and its samples."""
        if self.is_coded:  # chunks of its own, such as fact, may matter to a decoder
            content.seek(self.begin + 8)
            return content.read(self.start - 8 - self.begin - 8)
        return b"WAVEfmt " + struct.pack(f"{self.order}I", len(self.fmt)) + self.fmt + b"\0" * (len(self.fmt) % 2)


def is_wav(head: bytes) -> bool:
    """Do these first bytes introduce a WAV file?"""
    return head[:4] in MAGIC and head[8:12] == b"WAVE"


def is_mp3_in_wav(head: bytes) -> bool:
    """Does the header of a WAV file name MP3, whether or not the file has samples? head: the first bytes."""
    place = head.find(b"fmt ") + 8
    return is_wav(head) and place >= 8 and int.from_bytes(head[place:place + 2], ORDERS[MAGIC[head[:4]]]) == MP3


def wav_parts(file: Readable, start: int, end: int) -> list[WavPart]:
    """The parts of a WAV file that lies from `start` to `end`; none where it has no samples or no format."""
    parts: list[WavPart] = []
    while start + 12 <= end and len(parts) < MAX_CHUNKS:
        file.seek(start)
        head = file.read(12)
        if not is_wav(head):
            break
        own = list(_parts_of_one(file, start, end, MAGIC[head[:4]]))
        parts += [part for part in own if part.size > 0]
        if not own:
            break
        start = _skip_padding(file, own[-1].start + own[-1].size, end)
    return parts


def _parts_of_one(file: Readable, start: int, end: int, order: str) -> Iterator[WavPart]:
    """Every data chunk of one WAV file, until another file begins."""
    fmt, long_size, frames, guessed = b"", None, 0, False
    for name, place, declared in _chunks(file, start + 12, end, order):
        if name in MAGIC:
            return
        if name == b"fmt ":
            fmt, guessed = _usable(_read(file, place, min(declared, 256)), order)
        if name == b"fact":
            frames = struct.unpack(f"{order}I", _read(file, place, 4).ljust(4, b"\0"))[0]
        if name == b"ds64":
            long_size = struct.unpack("<Q", _read(file, place + 8, 8).ljust(8, b"\0"))[0]
        if name == b"data" and len(fmt) >= 16:
            size = long_size if declared >= UNKNOWN and long_size else declared
            yield replace(_part(file, fmt, order, place, end, size), begin=start, frames=frames, width_guessed=guessed)


def _chunks(file: Readable, place: int, end: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, where its content begins, declared size) of each chunk. A data chunk of a wrong size is followed by what fits."""
    for _ in range(MAX_CHUNKS):
        head = _read(file, place, 8)
        if len(head) < 8:
            return
        name, size = head[:4], struct.unpack(f"{order}I", head[4:])[0]
        yield name, place + 8, size
        if name == b"data" and not _fits(file, place + 8 + size, end, order):
            return
        place += 8 + size + (size % 2 and not _is_known(_read(file, place + 8 + size, 4)))
        if place >= end:
            return


def _is_known(name: bytes) -> bool:
    """Whether it is a chunk that readers need: some writers forget the byte that fills a chunk of odd size."""
    return name in (b"fmt ", b"data", b"fact", b"ds64")


def _usable(fmt: bytes, order: str) -> tuple[bytes, bool]:
    """A fmt chunk as readers know it: with its bits where they are left out, and PCM where a coding of its own is not named. And
    whether the bits are a guess."""
    if 14 <= len(fmt) < 16:
        return _with_bits(fmt, order)
    if len(fmt) >= 40 and struct.unpack(f"{order}H", fmt[:2])[0] == EXTENSIBLE and not any(fmt[24:40]):
        return struct.pack(f"{order}H", 1) + fmt[2:16], False
    return fmt, False


def _with_bits(fmt: bytes, order: str) -> tuple[bytes, bool]:
    """From the bytes of a block; where no sample is as wide, from the bytes of a second."""
    tag, channels, rate, named, block = struct.unpack(f"{order}HHIIH", fmt[:14])
    width, guessed = block // max(1, channels), False
    if tag in PLAIN and width not in WIDTHS:
        width, guessed = named // max(1, rate * channels), True
        block = width * channels if width in WIDTHS and width * channels < 1 << 16 else block
    return struct.pack(f"{order}HHIIHH", tag, channels, rate, named, block, min(8 * width, 0xFFFF)), guessed


def _part(file: Readable, fmt: bytes, order: str, place: int, end: int, declared: int) -> WavPart:
    unknown = declared >= UNKNOWN and place + declared > end
    if unknown or place + declared > end:
        return WavPart(fmt, order, place, end - place, None if unknown else declared)
    if _fits(file, place + declared, end, order):
        return WavPart(fmt, order, place, declared, declared)
    longer = WavPart(fmt, order, place, end - place, declared or None)
    return longer if longer.size / longer.byte_rate > SHORTEST else WavPart(fmt, order, place, declared, declared)


def _fits(file: Readable, place: int, end: int, order: str) -> bool:
    """Does a chunk, another file, a tag or nothing begin here, so that samples end where the header says?"""
    if place >= end - 1:
        return place <= end
    after = _read(file, place, 8)
    padded = _read(file, place + 1, 8) if after[:1] == b"\0" else after
    return any(_begins_something(some, end - place, order) for some in (after, padded)) or _is_blank(file, place, end)


def _begins_something(head: bytes, rest: int, order: str) -> bool:
    if head.startswith(TAGS) or head[:4] in MAGIC:
        return True
    named = len(head) == 8 and all(32 <= byte < 127 for byte in head[:4])
    return named and struct.unpack(f"{order}I", head[4:])[0] <= rest


def _is_blank(file: Readable, place: int, end: int) -> bool:
    """Is there nothing but zeros from here on?"""
    file.seek(place)
    while place < end:
        some = file.read(min(1 << 20, end - place))
        if not some or some.strip(b"\0"):
            return not some
        place += len(some)
    return True


def _skip_padding(file: Readable, place: int, end: int) -> int:
    """Where the next file begins behind a part: at once, or behind the chunks and the padding that follow the part."""
    file.seek(place)
    some = file.read(min(1 << 16, max(0, end - place)))
    found = [at for magic in MAGIC if (at := some.find(magic)) >= 0 and some[at + 8:at + 12] == b"WAVE"]
    return place + min(found) if found else end


def _read(file: Readable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
