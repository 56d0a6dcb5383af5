"""A recording is read to its real end whatever its header says, by whichever reader can; what was lost is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipelines.features.audio import load
from pipelines.features.channels import to_mono
from pipelines.features.decoding import ENDINGS, decode
from pipelines.features.resampling import resample
from tests.support.encodings import encode, id3, soundfile_bytes, wav_bytes
from tests.support.speech import MAN, RATE, WOMAN, speak

SECONDS = 3.0
ENDS = 0.05  # s by which a decoded length may differ
CODEC = 0.13  # s that AAC without a container and MP3 without a Xing header are longer: encoders fill frames


def speech() -> np.ndarray:
    """Loud, then nothing, then soft: an encoder of varying rate needs fewer and fewer bytes."""
    once = speak(MAN, SECONDS / 3)
    return np.concatenate([once, np.zeros_like(once), 0.3 * once])


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def vbr(folder: Path) -> Path:
    """MP3 of varying rate without a Xing header."""
    options, codec = {"write_xing": "0", "id3v2_version": "0"}, {"global_quality": "236", "flags": "+qscale"}
    return encode(folder / "vbr.mp3", speech(), RATE, "libmp3lame", "mp3", options=options, codec_options=codec)


def mp3(folder: Path) -> bytes:
    return encode(folder / "one.mp3", speech(), RATE, "libmp3lame", "mp3").read_bytes()


def webm(folder: Path, piped: bool = False) -> Path:
    return encode(folder / "a.webm", np.repeat(speech(), 3), 48_000, "libopus", "webm", piped=piped)


def flac_that_states(samples: int) -> bytes:
    """A FLAC whose header states another number of samples; 0 means unknown."""
    content = bytearray(soundfile_bytes(speech(), RATE, "FLAC"))
    kept = int.from_bytes(content[18:26], "big") >> 36 << 36
    content[18:26] = (kept | samples).to_bytes(8, "big")
    return bytes(content)


COUNT = len(speech())
GARBAGE = np.random.default_rng(0).bytes(3000)

# name: (how to make it, its length in seconds, by how much a codec's padding may lengthen it)
WHOLE: dict[str, tuple[Callable[[Path], Path], float, float]] = {
    "MP3 of varying rate without a Xing header": (vbr, SECONDS, CODEC),
    "AAC without a container": (lambda at: encode(at / "a.aac", speech(), RATE, "aac", "adts"), SECONDS, CODEC),
    "AAC in a transport stream": (lambda at: encode(at / "a.ts", speech(), RATE, "aac", "mpegts"), SECONDS, CODEC),
    "FLAC behind a pipe": (lambda at: encode(at / "p.flac", speech(), RATE, "flac", "flac", piped=True), SECONDS, 0),
    "WAV behind a pipe": (lambda at: encode(at / "p.wav", speech(), RATE, "pcm_s16le", "wav", piped=True), SECONDS, 0),
    "WebM behind a pipe": (lambda at: webm(at, piped=True), SECONDS, 0),
    "MP3 inside WAV": (lambda at: encode(at / "m.wav", speech(), RATE, "libmp3lame", "wav"), SECONDS, CODEC),
    "WAV with an empty data chunk": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 0)), SECONDS, 0),
    "WAV never finalised": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 0, 0)), SECONDS, 0),
    "WAV of unknown size": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 2**32 - 1, 2**32 - 1)), SECONDS, 0),
    "RIFX of unknown size": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 2**32 - 1, magic=b"RIFX")), SECONDS, 0),
    "a RIFF size far too big": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, riff_size=10**8)), SECONDS, 0),
    "a RIFF size far too small": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, riff_size=100)), SECONDS, 0),
    "FLAC that states half": (lambda at: put(at / "h.flac", flac_that_states(COUNT // 2)), SECONDS, 0),
    "FLAC that states nothing": (lambda at: put(at / "n.flac", flac_that_states(0)), SECONDS, 0),
    "a video whose sound ends early": (
        lambda at: encode(at / "v.mp4", speech(), RATE, "aac", "mp4", picture=(0, 9)), SECONDS, CODEC),
    "a video whose sound begins late": (
        lambda at: encode(at / "v.mkv", speech(), RATE, "aac", "matroska", picture=(-4, 5)), SECONDS, CODEC),
    "an ID3 tag before WAV": (lambda at: put(at / "a.wav", id3() + wav_bytes(speech(), RATE)), SECONDS, 0),
    "an ID3 tag before Ogg": (lambda at: put(at / "a.ogg", id3(900) + soundfile_bytes(speech(), RATE, "OGG")), SECONDS, 0),
    "MP3s joined": (lambda at: put(at / "j.mp3", 2 * mp3(at)), 2 * SECONDS, CODEC),
    "WAVs joined": (lambda at: put(at / "j.wav", 2 * wav_bytes(speech(), RATE)), 2 * SECONDS, 0),
    "FLACs joined": (lambda at: put(at / "j.flac", 2 * soundfile_bytes(speech(), RATE, "FLAC")), 2 * SECONDS, 0),
    "Oggs joined": (lambda at: put(at / "j.ogg", 2 * soundfile_bytes(speech(), RATE, "OGG")), 2 * SECONDS, 0),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_lengths_that_lie_are_not_believed_and_all_sound_is_read_without_a_complaint(kind, tmp_path):
    make, seconds, padding = WHOLE[kind]
    recording = load(make(tmp_path))
    assert seconds - ENDS <= recording.seconds <= seconds + ENDS + padding
    assert recording.warnings == ()
    loud = np.abs(recording.samples[-RATE // 2:]).max()
    assert loud > 0.05, "the soft end is missing"


WRITTEN = {  # by endings that pages or lists of recordings name: codec and container, as FFmpeg calls them
    "wav": ("pcm_s16le", "wav"), "rf64": ("pcm_s16le", "wav"), "flac": ("flac", "flac"), "mp3": ("libmp3lame", "mp3"),
    "ogg": ("libopus", "ogg"), "oga": ("flac", "ogg"), "opus": ("libopus", "ogg"), "m4a": ("aac", "ipod"),
    "aac": ("aac", "adts"), "aif": ("pcm_s16be", "aiff"), "aiff": ("pcm_s16be", "aiff"), "aifc": ("pcm_s16be", "aiff"),
    "webm": ("libopus", "webm"), "mp4": ("aac", "mp4"), "caf": ("alac", "caf"), "w64": ("pcm_s16le", "w64"),
    "au": ("pcm_s16be", "au"), "snd": ("pcm_mulaw", "au"), "mka": ("flac", "matroska"), "mkv": ("aac", "matroska"),
    "mov": ("aac", "mov"), "3gp": ("aac", "3gp"), "wma": ("libmp3lame", "asf"), "ac3": ("ac3", "ac3"), "wv": ("wavpack", "wv"),
    "amr": ("libopencore_amrnb", "amr")}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_that_is_said_to_be_read_is(ending, tmp_path):
    codec, container = WRITTEN[ending.removeprefix(".")]
    rate = 8000 if ending == ".amr" else 48_000 if codec in ("libopus", "ac3") else RATE
    samples = resample(speech(), RATE, rate)
    path = encode(tmp_path / f"speech{ending}", samples, rate, codec, container)
    assert load(path).seconds == pytest.approx(SECONDS, abs=CODEC + ENDS)


def in_the_middle(content: bytes, how: str) -> bytes:
    """600 bytes of it overwritten with noise or zeros, or cut out."""
    middle = {"noise": GARBAGE[:600], "zeros": bytes(600), "gone": b""}[how]
    place = len(content) // 2
    return content[:place] + middle + content[place + 600:]


# name: (how to make it, seconds that 600 bytes hold at most: a page of Ogg is large, and FFmpeg goes on with the next cluster)
DAMAGED: dict[str, tuple[Callable[[Path], bytes], float]] = {
    "x.mp3": (mp3, 0.4),
    "x.aac": (lambda at: encode(at / "a.aac", speech(), RATE, "aac", "adts").read_bytes(), 1.1),
    "x.flac": (lambda at: soundfile_bytes(speech(), RATE, "FLAC"), 0.3),
    "x.ogg": (lambda at: soundfile_bytes(speech(), RATE, "OGG"), 2.5),
    "x.webm": (lambda at: webm(at).read_bytes(), 1.9),
    "x.ts": (lambda at: encode(at / "a.ts", speech(), RATE, "aac", "mpegts").read_bytes(), 0.1),
}


@pytest.mark.parametrize("how", ["noise", "zeros", "gone"])
@pytest.mark.parametrize("name", DAMAGED)
def test_damage_in_the_middle_costs_only_the_damaged_part_and_is_said(name, how, tmp_path):
    make, most = DAMAGED[name]
    recording = load(put(tmp_path / name, in_the_middle(make(tmp_path), how)))
    assert SECONDS - most < recording.seconds < SECONDS + CODEC + ENDS
    assert "is damaged" in recording.warnings[0] and len(recording.warnings) == 1


@pytest.mark.parametrize("name", ["x.mp3", "x.aac", "x.flac", "x.ogg", "x.webm"])
def test_a_stream_that_stops_early_is_read_and_said_to_be_cut_off(name, tmp_path):
    content = DAMAGED[name][0](tmp_path)
    recording = load(put(tmp_path / name, content[:7 * len(content) // 10]))
    assert 0.5 < recording.seconds < SECONDS
    assert "cut off" in " ".join(recording.warnings)


@pytest.mark.parametrize("content", [wav_bytes(speech(), RATE), soundfile_bytes(speech(), RATE, "FLAC")], ids=["WAV", "FLAC"])
def test_garbage_before_a_recording_is_skipped_with_a_note(content, tmp_path):
    recording = load(put(tmp_path / "garbage.wav", GARBAGE + content))
    assert recording.seconds == pytest.approx(SECONDS, abs=ENDS)
    assert recording.warnings == ("garbage.wav begins with 3000 bytes that are no sound; they were skipped.",)


def test_a_wav_longer_than_its_header_says_is_read_with_a_note(tmp_path):
    recording = load(put(tmp_path / "more.wav", wav_bytes(speech(), RATE, data_size=COUNT)))
    assert recording.seconds == pytest.approx(SECONDS, abs=ENDS)
    assert "goes on behind the end" in recording.warnings[0]


def test_what_other_tools_append_to_a_wav_is_no_sound(tmp_path):
    chunk = b"LIST" + (18).to_bytes(4, "little") + b"INFOINAM" + (6).to_bytes(4, "little") + "Jürg".encode("latin-1") + b"\0\0"
    for index, after in enumerate((chunk, b"TAG" + bytes(125), bytes(9000), id3(500))):
        decoded = decode(put(tmp_path / f"{index}.wav", wav_bytes(speech(), RATE, after=after)))
        assert len(decoded.samples) == COUNT and decoded.notes == ()


def mixed(*channels: np.ndarray) -> tuple[np.ndarray, str]:
    return to_mono(np.stack(channels, axis=1), RATE)


def level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.square(samples).mean())))


VOICE, OTHER = speak(MAN, 2.0), speak(WOMAN, 2.0, seed=1)
QUIET = np.zeros_like(VOICE)
NOISE = np.random.default_rng(0).standard_normal(len(VOICE)).astype(np.float32)
HUM = 0.1 * np.sin(2 * np.pi * 50 * np.arange(len(VOICE)) / RATE)


@pytest.mark.parametrize(("channels", "words"), [
    ((VOICE, -VOICE), "only channel 1 of 2"), ((VOICE, -0.5 * VOICE), "only channel 1 of 2"),
    ((VOICE, VOICE, -VOICE, -VOICE), "only channel 1 of 4"),
    ((VOICE, QUIET), "only channel 1 of 2"), ((QUIET, VOICE), "only channel 2 of 2"),
    ((0.002 * NOISE, VOICE), "only channel 2 of 2"), ((HUM, VOICE), "only channel 2 of 2"),
    ((0.3 * NOISE, VOICE), "only channel 2 of 2"), ((QUIET + 0.2, VOICE), "only channel 2 of 2"),
    ((QUIET, QUIET, VOICE, QUIET, QUIET, QUIET), "only channel 3 of 6"),
    ((0.1 * NOISE, 0.1 * NOISE[::-1], VOICE, 3 * HUM, 0.01 * NOISE, QUIET), "only channel 3 of 6")])
def test_the_channel_with_speech_is_taken_at_its_level_with_a_note(channels, words):
    mono, note = mixed(*channels)
    assert level(mono) == pytest.approx(level(VOICE), abs=0.5)
    assert np.corrcoef(mono, VOICE)[0, 1] > 0.99
    assert words in note


@pytest.mark.parametrize("channels", [(VOICE,), (VOICE, VOICE), (VOICE, 0.8 * VOICE), (VOICE, 0.5 * VOICE), (VOICE,) * 6])
def test_alike_channels_are_averaged_without_a_note(channels):
    mono, note = mixed(*channels)
    assert mono == pytest.approx(np.mean(channels, axis=0), abs=1e-6) and note == ""


def test_two_speakers_on_two_channels_are_both_kept(tmp_path):
    half = len(VOICE) // 2
    first, second = np.concatenate([VOICE[:half], QUIET[half:]]), np.concatenate([QUIET[:half], OTHER[half:]])
    mono, note = mixed(first, second)
    assert mono == pytest.approx(first + second, abs=1e-6) and "different speech" in note


def test_the_note_on_channels_names_the_file(tmp_path):
    recording = load(put(tmp_path / "phase.wav", wav_bytes(np.stack([VOICE, -VOICE], axis=1), RATE)))
    assert recording.warnings[0].startswith("phase.wav: only channel 1 of 2 was used")
    assert recording.samples == pytest.approx(VOICE, abs=1e-3)
