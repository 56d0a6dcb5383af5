"""A file as decoders are given it: from some byte on, and with no error where a damaged header sends them astray."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

Readable = BinaryIO | io.RawIOBase


class Tail(io.RawIOBase):
    """A file from some byte on, as a file of its own. A decoder that seeks beyond either end is at that end."""

    def __init__(self, file: Readable, start: int):
        self._file, self._start = file, start
        self._place, self._size = 0, max(0, file.seek(0, os.SEEK_END) - start)

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
        self._file.seek(self._start + self._place)
        some = self._file.read(len(buffer))
        buffer[:len(some)] = some
        self._place += len(some)
        return len(some)
