"""For any length, rate, channels, container and damage: a decoded length is what was written, or a sentence says otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pipelines.errors import AudioError, RecipeError
from pipelines.features.decoding import decode
from pipelines.tables import read_any_table
from tests.support.encodings import encode, id3, soundfile_bytes, wav_bytes

QUICK = settings(max_examples=25, deadline=None, derandomize=True, database=None,
                 suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FEW = settings(QUICK, max_examples=10)
WITHIN = 0.05  # s
CODEC_FRAMES = 3 * 1152  # samples that an encoder may add
RATES = some.sampled_from([8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192_000])
SECONDS = some.floats(0.1, 2.5)
CHANNELS = some.sampled_from([1, 2, 6, 8])
LOSSLESS = [*(("WAV", width) for width in ("PCM_16", "PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
            *((container, "PCM_16") for container in ("WAVEX", "RF64", "AIFF", "AU", "CAF", "W64", "FLAC")),
            ("WAVEX", "FLOAT"), ("AIFF", "PCM_24"), ("AIFF", "ULAW"), ("AU", "FLOAT"), ("CAF", "PCM_24"), ("W64", "DOUBLE"),
            ("FLAC", "PCM_S8"), ("FLAC", "PCM_24")]
CODED = [("libmp3lame", "mp3"), ("aac", "adts"), ("aac", "mp4"), ("aac", "matroska"), ("libmp3lame", "wav"), ("flac", "ogg"),
         ("libopus", "ogg"), ("libopus", "webm"), ("aac", "mpegts"), ("alac", "ipod"), ("alac", "caf"), ("aac", "ipod")]
JOINED = ("mp3", "wav")  # put together byte by byte, with a word on each one's length; bare AAC says nothing
STREAMS = {"mp3": ("libmp3lame", "mp3"), "adts": ("aac", "adts"), "MP3 in WAV": ("libmp3lame", "wav")}
HEADERS = {"WAV": 44, "WAVEX": 80, "RF64": 104, "AIFF": 54, "AU": 28, "W64": 112}  # bytes that may name another rate or width
STARTS = (b"", b"RIFF\x10\0\0\0WAVEfmt ", b"fLaC", b"OggS", b"ID3\x03\0\0\0\0\0\x10", b"\xff\xfb\x90\0", b"\x1aE\xdf\xa3")
MP3_RATES = [16000, 22050, 44100, 48000]


def noise(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    samples = 0.2 * np.random.default_rng(0).standard_normal((round(seconds * rate), channels))
    return samples[:, 0] if channels == 1 else samples


def written(kind: str, folder: Path) -> bytes:
    """2 s of noise at 16 kHz."""
    if kind not in STREAMS:
        return soundfile_bytes(noise(2, 16000), 16000, kind)
    return encode(folder / "written", noise(2, 16000), 16000, *STREAMS[kind]).read_bytes()


def read(folder: Path, content: bytes, name: str = "x.wav") -> tuple[float, tuple[str, ...]]:
    (folder / name).write_bytes(content)
    decoded = decode(folder / name)
    return len(decoded.samples) / decoded.rate, decoded.notes


@given(seconds=SECONDS, rate=RATES, channels=CHANNELS, kind=some.sampled_from(LOSSLESS))
@QUICK
def test_a_whole_file_is_read_whole_without_a_note(seconds, rate, channels, kind, tmp_path):
    container, subtype = kind
    length, notes = read(tmp_path, soundfile_bytes(noise(seconds, rate, channels), rate, container, subtype))
    assert length == pytest.approx(round(seconds * rate) / rate, abs=1e-6) and notes == ()


@given(seconds=some.floats(0.5, 2.5), rate=some.sampled_from(MP3_RATES), channels=some.sampled_from([1, 2]),
       kind=some.sampled_from(CODED), times=some.integers(1, 3))
@FEW
def test_a_coded_file_is_read_as_long_as_it_was_written(seconds, rate, channels, kind, times, tmp_path):
    codec, container = kind
    rate = 48_000 if codec == "libopus" else rate
    content = encode(tmp_path / "coded", noise(seconds, rate, channels), rate, codec, container).read_bytes()
    times = times if container in JOINED else 1
    length, notes = read(tmp_path, content * times, f"x.{container}")
    assert length == pytest.approx(times * seconds, abs=times * WITHIN)
    assert notes == ()


@given(seconds=some.floats(0.5, 2.5), rate=RATES, channels=some.sampled_from([1, 2]), data=some.integers(0, 2**32 - 1),
       riff=some.integers(0, 2**32 - 1), tag=some.booleans(), magic=some.sampled_from([b"RIFF", b"RIFX"]))
@QUICK
def test_no_size_in_a_wav_header_is_believed(seconds, rate, channels, data, riff, tag, magic, tmp_path):
    content = wav_bytes(noise(seconds, rate, channels), rate, data, riff, magic=magic)
    length, _ = read(tmp_path, id3() * tag + content)
    assert length == pytest.approx(seconds, abs=WITHIN)


@given(kind=some.sampled_from(["WAV", "FLAC", "OGG", "AIFF", "CAF", "W64", "mp3", "adts"]), share=some.floats(0.15, 0.97))
@QUICK
def test_a_file_that_was_cut_is_said_to_be_or_refused(kind, share, tmp_path):
    content = written(kind, tmp_path)
    try:
        length, notes = read(tmp_path, content[:int(share * len(content))], f"x.{kind.lower()}")
    except AudioError as error:
        assert str(error).endswith(".")
        return
    assert length <= 2.2
    assert notes or length >= 2 - WITHIN


@given(kind=some.sampled_from([*HEADERS, "FLAC", "OGG", *STREAMS]), place=some.floats(0, 1), size=some.integers(1, 400),
       seed=some.integers(0, 99))
@QUICK
def test_damage_anywhere_changes_no_length_without_a_sentence(kind, place, size, seed, tmp_path):
    content = bytearray(written(kind, tmp_path))
    at = max(int(place * (len(content) - size)), HEADERS.get(kind, 0))  # a header of another rate is wrong, and nobody can know
    content[at:at + size] = np.random.default_rng(seed).bytes(size)
    try:
        length, notes = read(tmp_path, bytes(content))
    except AudioError as error:
        assert str(error).endswith(".")
        return
    assert notes or -WITHIN <= length - 2 <= WITHIN + (CODEC_FRAMES / 16000 if kind in STREAMS else 0)


@pytest.mark.parametrize(("kind", "place"), [("MP3 in WAV", 0.3), ("adts", 0.5), ("FLAC", 0.98)])
def test_a_frame_that_was_lost_in_silence_is_said(kind, place, tmp_path):
    content = bytearray(written(kind, tmp_path))
    at = int(place * len(content))
    content[at:at + 40] = bytes(range(40))
    _, notes = read(tmp_path, bytes(content))
    assert len(notes) == 1 and "is damaged" in notes[0]


@pytest.mark.parametrize(("container", "codec"), [("AIFF", "GSM610"), ("W64", "MS_ADPCM"), ("W64", "IMA_ADPCM")])
def test_a_length_that_a_reader_makes_up_is_no_promise(container, codec, tmp_path):
    length, notes = read(tmp_path, soundfile_bytes(noise(2, 16000), 16000, container, codec))
    assert length == pytest.approx(2, abs=0.06) and notes == ()


@given(content=some.binary(max_size=400))
@QUICK
def test_bytes_that_are_nothing_get_a_sentence(content, tmp_path):
    for start in STARTS:
        try:
            read(tmp_path, start + content)
        except AudioError as error:
            assert str(error).endswith(".") and "\n" not in str(error)


CELLS = some.text(some.characters(blacklist_categories=("Cs", "Cc")), max_size=8).map(lambda cell: cell.replace('"', "").strip())


@given(rows=some.lists(some.lists(CELLS, min_size=2, max_size=2), max_size=6), delimiter=some.sampled_from(",;\t"),
       end=some.sampled_from(["\n", "\r\n"]), encoding=some.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
       trailing=some.integers(0, 3))
@QUICK
def test_a_list_comes_back_as_it_was_written(rows, delimiter, end, encoding, trailing, tmp_path):
    lines = [["source", "emotion"], *rows]
    text = "".join(delimiter.join([*(f'"{cell}"' for cell in line), *[""] * trailing]) + end for line in lines)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    table = read_any_table(tmp_path / "list.csv")
    assert [list(row.cells.values()) for row in table.rows] == [row for row in rows if any(row)]


@given(content=some.binary(max_size=300))
@QUICK
def test_bytes_as_a_list_give_rows_or_a_sentence(content, tmp_path):
    (tmp_path / "list.csv").write_bytes(content)
    try:
        read_any_table(tmp_path / "list.csv")
    except RecipeError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
