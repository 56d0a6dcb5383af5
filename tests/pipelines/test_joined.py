"""Recordings that were joined end to end, of formats whose second coding or codec readers pass by; and what readers say aloud."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from pipelines.features.audio import load
from pipelines.features.decoding import decode
from pipelines.features.joined import joined
from pipelines.features.lengths import stated_seconds
from pipelines.features.mark import read_mark
from pipelines.features.resampling import resample
from tests.support.encodings import encode, id3, wav_bytes
from tests.support.speech import MAN, RATE, speak

SECONDS = 2.0
ENDS = 0.05  # s by which a decoded length may differ
VOICE = speak(MAN, SECONDS)
BROADCAST = 48_000  # Hz


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def program_stream(folder: Path, codec: str, container: str = "vob") -> bytes:
    return encode(folder / f"one.{codec}.mpg", np.repeat(VOICE, 3), BROADCAST, codec, container).read_bytes()


def ircam(coding: str, endian: str = "LITTLE") -> bytes:
    content = io.BytesIO()
    soundfile.write(content, VOICE, RATE, format="IRCAM", subtype=coding, endian=endian)
    return content.getvalue()


def gxf(folder: Path) -> bytes:
    """FFmpeg writes it with 16-bit sound, beside pictures of one size only."""
    path = folder / "one.gxf"
    with av.open(str(path), mode="w", format="gxf") as out:
        video = out.add_stream("mpeg2video", rate=25, width=720, height=576, pix_fmt="yuv420p")
        sound = out.add_stream("pcm_s16le", rate=BROADCAST, layout="mono")
        for _ in range(round(25 * SECONDS)):
            out.mux(video.encode(av.VideoFrame(720, 576, "yuv420p")))
        samples = (np.repeat(VOICE, 3) * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.rate = BROADCAST
        blocks = av.AudioResampler(format="s16", layout="mono", rate=BROADCAST, frame_size=32_768)
        for ready in (*blocks.resample(frame), *blocks.resample(None)):
            out.mux(sound.encode(ready))
        out.mux(video.encode(None))
    return path.read_bytes()


def of_24_bits(content: bytes) -> bytes:
    """A GXF whose list of tracks says so; its samples are those of 16."""
    return content.replace(b"\x8a\xc1", b"\x89\xc1")


JOINED = {  # how to make it, and its length in seconds
    "IRCAM files of one coding": (lambda at: 2 * ircam("PCM_16"), 2 * SECONDS),
    "IRCAM files of other codings and bytes": (
        lambda at: ircam("PCM_16") + ircam("FLOAT") + ircam("ULAW", "BIG"), 3 * SECONDS),
    "an IRCAM file behind a WAV, and the other way round": (
        lambda at: wav_bytes(VOICE, RATE) + ircam("ULAW") + wav_bytes(VOICE, RATE), 3 * SECONDS),
    "program streams of other codecs": (
        lambda at: program_stream(at, "mp2") + program_stream(at, "ac3") + program_stream(at, "pcm_s16be"), 3 * SECONDS),
    "program streams of other codecs as DVDs have them, garbage between them": (
        lambda at: program_stream(at, "ac3", "dvd") + 50 * b"garbage!" + program_stream(at, "mp2", "dvd"), 2 * SECONDS),
    "MPEG 1 streams of other codecs, an end code between them": (
        lambda at: program_stream(at, "mp2", "mpeg") + b"\0\0\1\xb9" + program_stream(at, "ac3", "mpeg"), 2 * SECONDS),
    "program streams of one codec": (lambda at: 2 * program_stream(at, "ac3"), 2 * SECONDS)}


@pytest.mark.parametrize("kind", JOINED)
def test_joined_recordings_are_read_to_the_last_whatever_their_codings(kind, tmp_path):
    make, seconds = JOINED[kind]
    recording = load(put(tmp_path / "joined", make(tmp_path)))
    assert recording.seconds == pytest.approx(seconds, abs=seconds / SECONDS * ENDS) and recording.warnings == ()


def test_joined_gxf_files_are_told_apart_where_their_codings_differ(tmp_path):
    content = gxf(tmp_path)
    other = of_24_bits(content)
    assert other != content and load(put(tmp_path / "one.gxf", content)).seconds == pytest.approx(SECONDS, abs=2 * ENDS)
    begin = len(content)
    assert joined(io.BytesIO(content + other), content[:64], 2 * begin) == [(0, begin), (begin, 2 * begin)]
    assert joined(io.BytesIO(content), content[:64], begin) == [(0, begin)]


@pytest.mark.parametrize(("channels", "block"), [(1, 65_535), (2, 65_535)])
def test_a_wav_without_its_bits_and_with_frames_too_long_is_as_long_as_its_bytes_per_second_say_with_a_note(
        channels, block, tmp_path):
    content = wav_bytes(np.stack([VOICE] * channels, axis=1), RATE)
    fmt = content[20:32] + block.to_bytes(2, "little")
    decoded = decode(put(tmp_path / "a.wav", content[:16] + (14).to_bytes(4, "little") + fmt + content[36:]))
    assert len(decoded.samples) == len(VOICE) and decoded.samples.shape[1] == channels
    assert decoded.notes == ("The header of a.wav contradicts itself; its length and pitch may be wrong.",)


@pytest.mark.parametrize("rate", [44_100, 22_050])
def test_mp2_is_read_without_a_complaint_and_a_cut_is_said(rate, tmp_path):
    path = encode(tmp_path / "a.mp2", resample(VOICE, RATE, rate), rate, "mp2", "mp2")
    content = path.read_bytes()
    assert load(path).seconds == pytest.approx(SECONDS, abs=ENDS) and load(path).warnings == ()
    cut = load(put(tmp_path / "b.mp2", content[:len(content) // 2 + 77]))
    assert cut.warnings == ("b.mp2 seems to be cut off: its end is missing; the 1.0 s that are there were read.",)


def spoken_of(folder: Path) -> list[Path]:
    """Files about which libsndfile's MP3 reader writes to standard error by itself."""
    mp3 = encode(folder / "one.mp3", VOICE, RATE, "libmp3lame", "mp3").read_bytes()
    inside = encode(folder / "one.wav", VOICE, RATE, "libmp3lame", "wav").read_bytes()
    start = inside.find(b"data") + 8
    no_channels = inside[:22] + b"\0\0" + inside[24:]
    return [put(folder / "joined.mp3", mp3 + id3(300) + mp3), put(folder / "gap.mp3", mp3[:2000] + bytes(3000) + mp3[2000:]),
            put(folder / "gap.wav", inside[:start + 900] + bytes(3000) + inside[start + 3900:]),
            put(folder / "channels.wav", no_channels[:start + 900] + bytes(3000) + no_channels[start + 3900:])]


def test_reading_a_recording_its_mark_and_its_length_prints_nothing(tmp_path, capfd):
    for path in spoken_of(tmp_path):
        assert decode(path).rate == RATE
        assert read_mark(path) is None
        assert stated_seconds(path) == pytest.approx(SECONDS, abs=2.2)
    assert capfd.readouterr() == ("", "")
