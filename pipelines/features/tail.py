"""A file as decoders are given it: some part of it, and with no error where a damaged header sends them astray."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

Readable = BinaryIO | io.RawIOBase


class Section(io.RawIOBase):
    """A stretch of a file behind other first bytes, as a file of its own. A decoder that seeks beyond either end is at that end.

    Args:
        before: bytes that stand at its beginning. start, size: of the stretch, bytes.
    """

    def __init__(self, before: bytes, file: Readable, start: int, size: int):
        self._before, self._file, self._start = before, file, start
        self._place, self._size = 0, len(before) + size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = min(max(0, offset + (0, self._place, self._size)[whence]), self._size)
        return self._place

    def readinto(self, buffer) -> int:
        if self._place < len(self._before):
            some = self._before[self._place:self._place + len(buffer)]
        else:
            self._file.seek(self._start + self._place - len(self._before))
            some = self._file.read(min(len(buffer), self._size - self._place))
        buffer[:len(some)] = some
        self._place += len(some)
        return len(some)


class Tail(Section):
    """A file from some byte on."""

    def __init__(self, file: Readable, start: int):
        super().__init__(b"", file, start, max(0, file.seek(0, os.SEEK_END) - start))
