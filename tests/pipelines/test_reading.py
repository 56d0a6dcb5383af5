"""A recording is read to its real end whatever its header says, by whichever reader can; what was lost is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import AudioError
from pipelines.features.audio import load
from pipelines.features.channels import to_mono
from pipelines.features.decoding import ENDINGS, decode
from pipelines.features.resampling import resample
from tests.support.encodings import encode, id3, mute_video, soundfile_bytes, wav_bytes
from tests.support.speech import MAN, RATE, WOMAN, speak

SECONDS = 3.0
ENDS = 0.05  # s by which a decoded length may differ
CODEC = 0.13  # s that a decoder may add where it goes on behind damage


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


def opus(folder: Path) -> bytes:
    return encode(folder / "one.opus", np.repeat(speech(), 3), 48_000, "libopus", "ogg").read_bytes()


def webm(folder: Path, piped: bool = False) -> Path:
    return encode(folder / "a.webm", np.repeat(speech(), 3), 48_000, "libopus", "webm", piped=piped)


def wma(folder: Path, piped: bool = False) -> bytes:
    return encode(folder / "one.wma", speech(), RATE, "libmp3lame", "asf", piped=piped).read_bytes()


def ac3(folder: Path) -> bytes:
    return encode(folder / "one.ac3", np.repeat(speech(), 3), 48_000, "ac3", "ac3").read_bytes()


def flac_that_states(samples: int) -> bytes:
    """A FLAC whose header states another number of samples; 0 means unknown."""
    content = bytearray(soundfile_bytes(speech(), RATE, "FLAC"))
    kept = int.from_bytes(content[18:26], "big") >> 36 << 36
    content[18:26] = (kept | samples).to_bytes(8, "big")
    return bytes(content)


def m4a(folder: Path, **options: str) -> bytes:
    return encode(folder / "one.m4a", speech(), RATE, "aac", "ipod", options=options).read_bytes()


def fragments(folder: Path) -> bytes:
    """MP4 as a phone's browser records it: no index in front, and nothing says what the encoder put before the sound."""
    return encode(folder / "one.mp4", speech(), RATE, "aac", "mp4", options={"movflags": "frag_keyframe+empty_moov"}).read_bytes()


def mp3_of_no_encoder(folder: Path) -> bytes:
    """An MP3 whose header says how many frames there are, and no longer what LAME put before and behind the sound."""
    content = mp3(folder)
    place = content.find(b"Info") + 120  # behind flags, frames, bytes, table and quality
    return content[:place] + bytes(36) + content[place + 36:]


def au_of_no_size(folder: Path) -> bytes:
    content = soundfile_bytes(speech(), RATE, "AU")
    return content[:8] + bytes(4) + content[12:]


def wav_with(fmt: Callable[[bytes], bytes], before: bytes = b"") -> bytes:
    """A WAV with another fmt chunk and other bytes behind that."""
    content = wav_bytes(speech(), RATE)
    own = fmt(content[20:36])
    return content[:16] + len(own).to_bytes(4, "little") + own + before + content[36:]


def extensible_of_no_coding(fmt: bytes) -> bytes:
    return b"\xfe\xff" + fmt[2:] + b"\x16\0\x10\0" + bytes(20)


def of_ten_formats(folder: Path) -> list[bytes]:
    """One recording each; the bare ones, which have no beginning of their own, behind others."""
    def coded(codec: str, container: str) -> bytes:
        return encode(folder / f"one.{container}", speech(), RATE, codec, container).read_bytes()

    return [wav_bytes(speech(), RATE), m4a(folder), vbr(folder).read_bytes(), soundfile_bytes(speech(), RATE, "FLAC"),
            coded("aac", "adts"), soundfile_bytes(speech(), RATE, "OGG"), soundfile_bytes(speech(), RATE, "AIFF"),
            coded("wavpack", "wv"), webm(folder).read_bytes(), coded("alac", "caf")]


def of_three_codecs(folder: Path) -> list[bytes]:
    """Transport streams: AAC, MP3 and AC-3."""
    return [encode(folder / "one.ts", np.repeat(speech(), 3), 48_000, codec, "mpegts").read_bytes()
            for codec in ("aac", "libmp3lame", "ac3")]


def with_time_codes(content: bytes) -> bytes:
    """A transport stream as camcorders write it: four bytes before each packet."""
    return b"".join(bytes(4) + content[place:place + 188] for place in range(0, len(content), 188))


COUNT = len(speech())
GARBAGE = np.random.default_rng(0).bytes(3000)

# name: (how to make it, its length in seconds)
WHOLE: dict[str, tuple[Callable[[Path], Path], float]] = {
    "MP3 of varying rate without a Xing header": (vbr, SECONDS),
    "AAC without a container": (lambda at: encode(at / "a.aac", speech(), RATE, "aac", "adts"), SECONDS),
    "AAC in a transport stream": (lambda at: encode(at / "a.ts", speech(), RATE, "aac", "mpegts"), SECONDS),
    "FLAC behind a pipe": (lambda at: encode(at / "p.flac", speech(), RATE, "flac", "flac", piped=True), SECONDS),
    "WAV behind a pipe": (lambda at: encode(at / "p.wav", speech(), RATE, "pcm_s16le", "wav", piped=True), SECONDS),
    "WebM behind a pipe": (lambda at: webm(at, piped=True), SECONDS),
    "MP3 in a live Matroska": (lambda at: encode(at / "a.mkv", speech(), RATE, "libmp3lame", "matroska", piped=True), SECONDS),
    "MP3 inside WAV": (lambda at: encode(at / "m.wav", speech(), RATE, "libmp3lame", "wav"), SECONDS),
    "WAV with an empty data chunk": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 0)), SECONDS),
    "WAV never finalised": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 0, 0)), SECONDS),
    "WAV of unknown size": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 2**32 - 1, 2**32 - 1)), SECONDS),
    "RIFX of unknown size": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, 2**32 - 1, magic=b"RIFX")), SECONDS),
    "a RIFF size far too big": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, riff_size=10**8)), SECONDS),
    "a RIFF size far too small": (lambda at: put(at / "a.wav", wav_bytes(speech(), RATE, riff_size=100)), SECONDS),
    "FLAC that states half": (lambda at: put(at / "h.flac", flac_that_states(COUNT // 2)), SECONDS),
    "FLAC that states nothing": (lambda at: put(at / "n.flac", flac_that_states(0)), SECONDS),
    "a video whose sound ends early": (
        lambda at: encode(at / "v.mp4", speech(), RATE, "aac", "mp4", picture=(0, 9)), SECONDS),
    "a video whose sound begins late": (
        lambda at: encode(at / "v.mkv", speech(), RATE, "aac", "matroska", picture=(-4, 5)), SECONDS),
    "an ID3 tag before WAV": (lambda at: put(at / "a.wav", id3() + wav_bytes(speech(), RATE)), SECONDS),
    "an ID3 tag before Ogg": (lambda at: put(at / "a.ogg", id3(900) + soundfile_bytes(speech(), RATE, "OGG")), SECONDS),
    "MP3s joined": (lambda at: put(at / "j.mp3", 2 * mp3(at)), 2 * SECONDS),
    "WAVs joined": (lambda at: put(at / "j.wav", 2 * wav_bytes(speech(), RATE)), 2 * SECONDS),
    "FLACs joined": (lambda at: put(at / "j.flac", 2 * soundfile_bytes(speech(), RATE, "FLAC")), 2 * SECONDS),
    "Oggs joined": (lambda at: put(at / "j.ogg", 2 * soundfile_bytes(speech(), RATE, "OGG")), 2 * SECONDS),
    "Vorbis and Opus joined": (lambda at: put(at / "j.ogg", soundfile_bytes(speech(), RATE, "OGG") + opus(at)), 2 * SECONDS),
    "Oggs of other channels joined": (lambda at: put(at / "j.ogg", soundfile_bytes(speech(), RATE, "OGG") + soundfile_bytes(
        np.stack([speech()] * 2, axis=1), RATE, "OGG")), 2 * SECONDS),
    "FLACs of other rates joined": (lambda at: put(at / "j.flac", soundfile_bytes(speech(), RATE, "FLAC") + soundfile_bytes(
        resample(speech(), RATE, 44_100), 44_100, "FLAC")), 2 * SECONDS),
    "M4As joined": (lambda at: put(at / "j.m4a", 2 * m4a(at)), 2 * SECONDS),
    "AIFFs joined": (lambda at: put(at / "j.aif", 2 * soundfile_bytes(speech(), RATE, "AIFF")), 2 * SECONDS),
    "WebMs joined": (lambda at: put(at / "j.webm", 2 * webm(at).read_bytes()), 2 * SECONDS),
    "CAFs of other codings joined": (lambda at: put(at / "j.caf", soundfile_bytes(speech(), RATE, "CAF") + encode(
        at / "b.caf", speech(), RATE, "alac", "caf").read_bytes()), 2 * SECONDS),
    "WavPacks joined": (lambda at: put(at / "j.wv", 2 * encode(at / "a.wv", speech(), RATE, "wavpack", "wv").read_bytes()),
                        2 * SECONDS),
    "an MP3 behind a WAV": (lambda at: put(at / "j.wav", wav_bytes(speech(), RATE) + mp3(at)), 2 * SECONDS),
    "a bare MP3 behind a WAV": (lambda at: put(at / "j.wav", wav_bytes(speech(), RATE) + vbr(at).read_bytes()), 2 * SECONDS),
    "a bare MP3 behind a WebM": (lambda at: put(at / "j.webm", webm(at).read_bytes() + vbr(at).read_bytes()), 2 * SECONDS),
    "a bare AAC behind a live WebM": (lambda at: put(at / "j.webm", webm(at, piped=True).read_bytes() + encode(
        at / "b.aac", speech(), RATE, "aac", "adts").read_bytes()), 2 * SECONDS),
    "WebMs behind a live one": (lambda at: put(at / "j.webm", webm(at, piped=True).read_bytes() + webm(at).read_bytes()),
                                2 * SECONDS),
    "a bare AC-3 behind a WMA": (lambda at: put(at / "j.wma", wma(at) + ac3(at)), 2 * SECONDS),
    "a transport stream behind a live WMA": (lambda at: put(at / "j.wma", wma(at, piped=True) + encode(
        at / "b.ts", speech(), RATE, "aac", "mpegts").read_bytes()), 2 * SECONDS),
    "a bare AC-3 behind a transport stream": (lambda at: put(at / "j.ts", encode(
        at / "b.ts", speech(), RATE, "aac", "mpegts").read_bytes() + ac3(at)), 2 * SECONDS),
    "AUs of other codings joined": (lambda at: put(at / "j.au", soundfile_bytes(speech(), RATE, "AU") + soundfile_bytes(
        speech(), RATE, "AU", "ULAW")), 2 * SECONDS),
    "AVIs and FLVs of other codecs joined": (lambda at: put(at / "j.avi", b"".join(
        encode(at / f"one.{kind}", resample(speech(), RATE, 44_100), 44_100, codec, kind).read_bytes()
        for kind in ("avi", "flv") for codec in ("libmp3lame", "aac"))), 4 * SECONDS),
    "transport streams of other codecs joined": (lambda at: put(at / "j.ts", b"".join(of_three_codecs(at))), 3 * SECONDS),
    "transport streams with time codes joined": (
        lambda at: put(at / "j.m2ts", b"".join(map(with_time_codes, of_three_codecs(at)))), 3 * SECONDS),
    "ten formats joined": (lambda at: put(at / "j.bin", b"".join(of_ten_formats(at))), 10 * SECONDS),
    "ten formats joined the other way round": (lambda at: put(at / "j.bin", b"".join(of_ten_formats(at)[::-1])), 10 * SECONDS),
    "FLACs inside Ogg and Matroska": (lambda at: put(at / "j.oga", encode(at / "a.oga", speech(), RATE, "flac", "ogg").read_bytes(
        ) + encode(at / "a.mka", speech(), RATE, "flac", "matroska").read_bytes()), 2 * SECONDS),
    "M4A": (lambda at: put(at / "a.m4a", m4a(at)), SECONDS),
    "M4A without an edit list": (lambda at: put(at / "a.m4a", m4a(at, use_editlist="0")), SECONDS),
    "MP4 of a phone's browser": (lambda at: put(at / "a.mp4", fragments(at)), SECONDS),
    "ALAC in CAF": (lambda at: encode(at / "a.caf", speech(), RATE, "alac", "caf"), SECONDS),
    "MP3 that has lost LAME's word": (lambda at: put(at / "m.mp3", mp3_of_no_encoder(at)), SECONDS),
    "AU never finalised": (lambda at: put(at / "a.au", au_of_no_size(at)), SECONDS),
    "WAV without its bits": (lambda at: put(at / "a.wav", wav_with(lambda fmt: fmt[:14])), SECONDS),
    "WAV of an extensible coding that is not named": (
        lambda at: put(at / "a.wav", wav_with(extensible_of_no_coding)), SECONDS),
    "WAV with a chunk of odd size that is not filled": (
        lambda at: put(at / "a.wav", wav_with(bytes, b"LIST\5\0\0\0INFOx")), SECONDS),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_lengths_that_lie_are_not_believed_and_all_sound_is_read_without_a_complaint(kind, tmp_path):
    make, seconds = WHOLE[kind]
    recording = load(make(tmp_path))
    assert recording.seconds == pytest.approx(seconds, abs=ENDS)
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
    assert load(path).seconds == pytest.approx(SECONDS, abs=ENDS)


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


def test_a_live_recording_that_stops_within_a_block_is_said_to_be_cut_off(tmp_path):
    content = webm(tmp_path, piped=True).read_bytes()
    whole, cut = load(put(tmp_path / "a.webm", content)), load(put(tmp_path / "b.webm", content[:7 * len(content) // 10]))
    assert whole.warnings == () and cut.seconds < SECONDS
    assert "seems to be cut off" in cut.warnings[0]


@pytest.mark.parametrize("content", [wav_bytes(speech(), RATE), soundfile_bytes(speech(), RATE, "FLAC")], ids=["WAV", "FLAC"])
def test_garbage_before_a_recording_is_skipped_with_a_note(content, tmp_path):
    recording = load(put(tmp_path / "garbage.wav", GARBAGE + content))
    assert recording.seconds == pytest.approx(SECONDS, abs=ENDS)
    assert recording.warnings == ("garbage.wav begins with 3000 bytes that are no sound; they were skipped.",)


def test_a_wav_longer_than_its_header_says_is_read_with_a_note(tmp_path):
    recording = load(put(tmp_path / "more.wav", wav_bytes(speech(), RATE, data_size=COUNT)))
    assert recording.seconds == pytest.approx(SECONDS, abs=ENDS)
    assert "goes on behind the end" in recording.warnings[0]


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "mpegts"])
def test_a_video_without_sound_is_told_as_what_it_is(container, tmp_path):
    with pytest.raises(AudioError, match="^mute.mp4 is a video without sound; choose a recording, or a video with sound.$"):
        load(mute_video(tmp_path / "mute.mp4", container))


def test_what_begins_like_a_recording_behind_another_and_cannot_be_read_is_said(tmp_path):
    recording = load(put(tmp_path / "more.m4a", m4a(tmp_path) + b"fLaC\0\0\0\x22" + GARBAGE))
    assert recording.seconds == pytest.approx(SECONDS, abs=ENDS)
    assert recording.warnings == ("more.m4a goes on with 3008 bytes that cannot be read; they were left out.",)


def test_a_wav_whose_bits_nothing_tells_gets_a_sentence(tmp_path):
    with pytest.raises(AudioError, match="is not a recording that can be read"):
        load(put(tmp_path / "a.wav", wav_with(lambda fmt: fmt[:8] + bytes(4) + b"\xff\xff\0")))


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


def later(seconds: float) -> np.ndarray:
    return np.roll(np.pad(VOICE, (0, RATE // 4)), round(seconds * RATE))[:len(VOICE)]


def half_inverted() -> np.ndarray:
    return VOICE * np.where(np.arange(len(VOICE)) < len(VOICE) // 2, 1.0, -1.0)


@pytest.mark.parametrize("second", [*map(later, (3e-4, 1e-3, 5e-3, 0.04, 0.1)), -later(1e-3), half_inverted()],
                         ids=["0.3 ms", "1 ms", "5 ms", "40 ms", "100 ms", "1 ms and inverted", "half of it inverted"])
def test_of_copies_that_lag_or_turn_over_one_is_taken_as_it_is(second):
    mono, note = mixed(VOICE, second)
    assert any(np.array_equal(mono, channel) for channel in (VOICE, second)) and "only channel" in note


def test_speech_of_two_people_at_once_is_added():
    mono, note = mixed(VOICE, OTHER[:len(VOICE)])
    assert mono == pytest.approx(VOICE + OTHER[:len(VOICE)], abs=1e-6) and "different speech" in note


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
