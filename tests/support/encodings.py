"""Recordings in many containers, written by PyAV, and headers that lie."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import soundfile

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


class Pipe(io.RawIOBase):
    """Takes bytes and cannot go back: a muxer cannot fill in a length afterwards."""

    def __init__(self):
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, some) -> int:
        self.content += some
        return len(some)


def encode(path: Path, samples: np.ndarray, rate: int, codec: str, container: str, piped: bool = False,
           options: dict[str, str] | None = None, codec_options: dict[str, str] | None = None,
           picture: tuple[float, float] | None = None) -> Path:
    """Write (n,) or (n, channels) samples.

    Args:
        piped: the muxer cannot seek, as behind a pipe. options, codec_options: FFmpeg's.
        picture: begin and end of a video track in seconds, relative to the sound's begin.
    """
    pipe = Pipe()
    target = {"file": pipe} if piped else {"file": str(path)}
    with av.open(mode="w", format=container, options=options or {}, **target) as out:
        video = out.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p") if picture else None
        _write_sound(out, samples, rate, codec, codec_options, -picture[0] if picture else 0.0)
        if video is not None and picture is not None:
            for _ in range(round(10 * (picture[1] - picture[0]))):
                frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
    if piped:
        path.write_bytes(bytes(pipe.content))
    return path


def mute_video(path: Path, container: str) -> Path:
    """A second of pictures, and no sound track."""
    with av.open(str(path), mode="w", format=container) as out:
        video = out.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p")
        for _ in range(10):
            out.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")))
        out.mux(video.encode(None))
    return path


def _write_sound(out, samples: np.ndarray, rate: int, codec: str, codec_options: dict[str, str] | None, delay: float) -> None:
    planes = np.ascontiguousarray(np.atleast_2d(samples.T), dtype=np.float32)
    layout = LAYOUTS[len(planes)]
    stream = out.add_stream(codec, rate=rate, layout=layout, options=codec_options or {})
    resampler = av.AudioResampler(format=stream.format or "fltp", layout=layout, rate=rate)
    for start in range(0, planes.shape[1], 1 << 14):
        block = np.ascontiguousarray(planes[:, start:start + (1 << 14)])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.rate, frame.pts = rate, start + round(delay * rate)
        for ready in resampler.resample(frame):
            out.mux(stream.encode(ready))
    for ready in resampler.resample(None):
        out.mux(stream.encode(ready))
    out.mux(stream.encode(None))


def wav_bytes(samples: np.ndarray, rate: int, data_size: int | None = None, riff_size: int | None = None,
              after: bytes = b"", magic: bytes = b"RIFF") -> bytes:
    """(n,) or (n, channels) samples as a 16-bit WAV that claims the given sizes. after: bytes behind the data chunk."""
    order = ">" if magic == b"RIFX" else "<"
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    data = (np.clip(samples, -1, 1) * 32767).astype(f"{order}i2").tobytes()
    fmt = struct.pack(f"{order}HHIIHH", 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    size = struct.pack(f"{order}I", len(data) if data_size is None else data_size)
    body = b"WAVEfmt " + struct.pack(f"{order}I", 16) + fmt + b"data" + size + data + after
    return magic + struct.pack(f"{order}I", len(body) if riff_size is None else riff_size) + body


def id3(size: int = 40) -> bytes:
    """An ID3v2.3 tag with a title of `size` bytes."""
    title = b"\0" + b"x" * size
    tag = b"TIT2" + struct.pack(">I", len(title)) + b"\0\0" + title
    length = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + length + tag


def soundfile_bytes(samples: np.ndarray, rate: int, container: str, subtype: str | None = None) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format=container, subtype=subtype)
    return content.getvalue()
