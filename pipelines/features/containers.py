"""Sound out of any container that FFmpeg knows, to its real end, past packets that cannot be decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pipelines.features.container_ends import matroska_states_length
from pipelines.features.padding import Padding, added_by
from pipelines.features.sinks import CountingSink, Sound
from pipelines.features.tail import Readable, Tail

# Containers that state the length of their sound; what others state is an estimate, or the length of the picture.
STATING = {"mov,mp4,m4a,3gp,3g2,mj2", "flac", "aiff", "au", "caf", "w64", "wav", "tta", "wv"}
BARE = {"aac", "mp3", "ac3", "eac3", "loas", "amr", "dts", "truehd"}  # streams without time stamps: FFmpeg counts frames
BY_CODEC = {"aiff", "w64"}  # state the length of plain samples; of coded ones FFmpeg makes up a length
VIDEOS = {"mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "3gp", "h264", "hevc"}  # FFmpeg's names
MPEG = {"mp3", "aac"}  # bare streams whose every frame says how long it is
LOSSLESS = {"flac", "alac", "wavpack", "tta"}
FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}
GAP = 0.05  # s between time stamps from which silence is filled in
LONGEST_GAP = 60.0  # s; a longer one is a jump of a clock, not lost sound
CODEC_FRAMES = 2304  # samples; encoders' padding that a stated length may count


@dataclass(frozen=True)
class ContainerSound:
    """What a container holds.

    Attributes:
        sound: what was decoded.
        stated: seconds that the container firmly states, None where it states nothing or only an estimate.
        tolerance: seconds by which a whole file may be shorter than stated.
        damaged: packets that could not be decoded. filled: seconds of silence where time stamps show a gap.
        tracks: sound tracks; the first one is read. container: FFmpeg's name of it.
    """

    sound: Sound
    stated: float | None
    tolerance: float
    damaged: int
    filled: float
    tracks: int
    container: str

    @property
    def is_mpeg(self) -> bool:
        """Whether frames of MP3 or AAC follow each other without a container around them."""
        return self.container in MPEG

    @property
    def exceeds(self) -> bool:
        """Whether more was decoded than the container states: a decoder fills in for frames that it cannot find."""
        return self.stated is not None and self.sound.seconds > self.stated + self.tolerance


@dataclass
class _Frames:
    """Decoded frames on their way into a sink. timed: the container has time stamps. filled: seconds of silence so far."""

    sink: CountingSink
    timed: bool
    padding: Padding
    filled: float = 0.0
    _begin: float | None = None

    def add(self, frame: Any) -> None:
        block, rate = _floats(frame), int(frame.sample_rate or frame.rate)
        if not len(block) or rate <= 0:
            return
        self._fill_gap(frame, rate, block.shape[1])
        self.sink.add(self.padding.without_lead(block), rate)

    def _fill_gap(self, frame: Any, rate: int, channels: int) -> None:
        if not self.timed or frame.pts is None or frame.time_base is None:
            return
        now = float(frame.pts * frame.time_base)
        there = self.sink.seconds + self.padding.dropped / rate
        if self._begin is None:
            self._begin = now - there
        gap = now - self._begin - there
        if GAP < gap <= LONGEST_GAP:
            self.sink.add(np.zeros((round(gap * rate), channels), dtype=np.float32), rate)
            self.filled += gap
        elif abs(gap) > GAP:  # the clock jumped, as where recordings were joined
            self._begin = now - there


def read_container(file: Readable, sink: CountingSink, longest: float = float("inf")) -> ContainerSound | None:
    """The first sound track of a container, to its end or to just beyond `longest` seconds; None where nothing can be decoded.

    Args:
        file: is read from its first byte. sink: what the samples go to.
    """
    import av  # imported late: 60 ms that most recordings do not need

    av.logging.set_level(av.logging.PANIC)  # FFmpeg's own complaints are not sentences for users
    try:
        with av.open(Tail(file, 0), metadata_errors="replace") as container:
            return _read_track(file, container, Sound(sink, partial(_read_again, file, longest)), longest)
    except (av.FFmpegError, ValueError, EOFError, OSError, MemoryError, RuntimeError, LookupError):
        return None


def has_only_pictures(file: Readable) -> bool:
    """Whether this is a video without any sound track."""
    import av

    try:
        with av.open(Tail(file, 0), metadata_errors="replace") as container:
            kinds = {stream.type for stream in container.streams}
            return container.format.name.split(",")[0] in VIDEOS and "video" in kinds and "audio" not in kinds
    except (av.FFmpegError, ValueError, EOFError, OSError, MemoryError, RuntimeError, LookupError):
        return False


def _read_again(file: Readable, longest: float, sink: CountingSink) -> None:
    read_container(file, sink, longest)


def _read_track(file: Readable, container: Any, sound: Sound, longest: float) -> ContainerSound | None:
    tracks = container.streams.audio
    if not tracks or tracks[0].codec_context is None:  # a damaged header can name a codec that nobody knows
        return None
    track, damaged = tracks[0], 0
    packets, padding = added_by(container, track)
    own = _Frames(sound.sink, container.format.name not in BARE, padding)
    for frames in _decoded(packets, track):
        if frames is None:
            damaged += 1
            continue
        for frame in frames:
            own.add(frame)
        if sound.seconds > longest:
            break
    if not sound.sink.stretches:
        return None
    codec, stated = track.codec_context.name, _stated(file, container, track)
    tolerance = GAP + (0 if codec in LOSSLESS or codec.startswith("pcm") else CODEC_FRAMES / sound.rate)
    trimmed = replace(sound, surplus=padding.surplus(sound, stated))
    return ContainerSound(trimmed, stated, tolerance, damaged, own.filled, len(tracks), container.format.name)


def _decoded(packets: Iterator[Any], track: Any) -> Iterator[list[Any] | None]:
    """The frames of one packet after the other, None for a packet that cannot be decoded."""
    import av

    flushed = False
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except (av.FFmpegError, ValueError, EOFError, OSError):  # the container itself breaks off here
            yield None
            break
        flushed = flushed or packet.size == 0
        yield _frames(packet.decode)
    if not flushed:
        yield _frames(lambda: track.codec_context.decode(None))


def _frames(decode: Any) -> list[Any] | None:
    import av

    try:
        return list(decode())
    except EOFError:
        return []
    except (av.FFmpegError, ValueError, OSError, RuntimeError):
        return None


def _stated(file: Readable, container: Any, track: Any) -> float | None:
    import av

    name = container.format.name
    plain = name not in BY_CODEC or track.codec_context.name.startswith("pcm")
    if name in STATING and plain and track.duration and track.time_base:
        return float(track.duration * track.time_base)
    if name.startswith("matroska") and not container.streams.video and container.duration and matroska_states_length(file):
        return container.duration / av.time_base
    return None


def _floats(frame: Any) -> np.ndarray:
    """(n, channels) float32 within [-1, 1] of a frame in any sample format."""
    kind = frame.format.name.removesuffix("p")
    values = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(-1, max(1, frame.layout.nb_channels))
    if kind not in FULL_SCALE:
        return np.ascontiguousarray(values, dtype=np.float32)
    centred = values.astype(np.float64) - (128 if kind == "u8" else 0)
    return (centred / FULL_SCALE[kind]).astype(np.float32)
