"""What an encoder adds before and behind a recording, where its container does not say so: frames must be filled.

A container that says it is trimmed by FFmpeg. Of others the least is known that any encoder puts before the sound, because the
first frame of a transform codec cannot be decoded without one before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from pipelines.features.sinks import Sound

MP3_LEAD = 576 + 529  # samples: one granule, and the delay of the filters
AAC_FRAME = 1024  # samples; twice as many where a decoder doubles the rate
FRAMES = {"mp3": 1152, "aac": 2048, "alac": 4096}  # samples by which the end of a codec may be filled at most
STATED = ("mov,mp4,m4a,3gp,3g2,mj2", "caf")  # containers that state the end of a sound to the sample
SOFT = 10 ** (-46 / 20)  # amplitude relative to the loudest, below which the end may be filling
FILLING = 0.045  # s of it that are left out where nobody states the end


@dataclass
class Padding:
    """lead: samples before the sound, still to be left out. dropped: those that were. codec: mp3, aac, alac or ''.

    end: whether the end may be filled, and nothing says so.
    """

    codec: str
    lead: int | None
    end: bool
    stated: bool
    dropped: int = 0
    _last: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    _loudest: float = 0.0

    def without_lead(self, block: np.ndarray) -> np.ndarray:
        """The part of the next (n, channels) samples that is sound."""
        if self.lead is None:  # a frame of AAC tells by its own length
            self.lead = AAC_FRAME * max(1, len(block) // AAC_FRAME)
        count = min(self.lead, len(block))
        self.lead, self.dropped = self.lead - count, self.dropped + count
        block = block[count:]
        if self.end and len(block):
            level = np.abs(block).max(axis=1)
            self._loudest = max(self._loudest, float(level.max()))
            self._last = np.concatenate([self._last, level])[-FRAMES[self.codec]:]
        return block

    def surplus(self, sound: Sound, stated: float | None) -> int:
        """Samples at the end of a decoded sound that are filling. stated: seconds with what lies before the sound."""
        if not self.codec or len(sound.sink.stretches) != 1:
            return 0
        if self.stated and stated is not None:
            more = sound.sink.count + self.dropped - round(stated * sound.rate)
            return more if 0 < more <= FRAMES[self.codec] else 0
        if not self.end:
            return 0
        loud = np.flatnonzero(self._last > SOFT * self._loudest)
        soft = len(self._last) - 1 - int(loud[-1]) if len(loud) else len(self._last)
        return min(soft, max(round(FILLING * sound.rate), FRAMES[self.codec] // 4), sound.sink.count)


def added_by(container: Any, track: Any) -> tuple[Iterator[Any], Padding]:
    """The packets of a track, all of them, and what its encoder added to them."""
    name, codec = container.format.name, _codec(track.codec_context.name)
    if name == "caf" and codec == "alac":  # its packets are not filled, though the container's table says that they are
        from av.codec.context import Flags2

        track.codec_context.flags2 |= Flags2.skip_manual
    packets = iter(container.demux(track))
    first = next(packets, None)
    packets = packets if first is None else chain([first], packets)
    told = codec not in ("mp3", "aac") or _is_told(first)
    lead = 0 if told else MP3_LEAD if codec == "mp3" else None
    end = codec in ("mp3", "aac") and name not in STATED and not (told and name == "mp3")
    return packets, Padding(codec, lead, end, name in STATED)


def _codec(name: str) -> str:
    return next((codec for codec in FRAMES if name.startswith(codec)), "")


def _is_told(first: Any) -> bool:
    """Whether the container says what lies before the sound, so that FFmpeg leaves it out."""
    return first is not None and (first.has_sidedata("skip_samples") or first.pts is not None and first.pts < 0)
