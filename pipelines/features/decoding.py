"""One way to read a recording: whatever one of the installed readers can decode is read to its real end.

libsndfile and FFmpeg (through PyAV) both try, and the one that decodes more is believed. What a header says about the length
is never a limit. It only tells whether something is missing, which a note then says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from pipelines.errors import AudioError
from pipelines.features.containers import GAP, ContainerSound, has_only_pictures, read_container
from pipelines.features.integrity import Integrity, id3_length, integrity, is_mpeg, stated_by_xing
from pipelines.features.joined import joined
from pipelines.features.joined_formats import stretches
from pipelines.features.riff import WavPart, is_mp3_in_wav, is_wav, wav_parts
from pipelines.features.sinks import CountingSink, KeepingSink, Sound, join
from pipelines.features.tail import Readable, Section, Tail

NAMED = {"WAV": (".wav",), "FLAC": (".flac",), "MP3": (".mp3",), "OGG": (".ogg", ".oga", ".opus"), "M4A": (".m4a", ".aac"),
         "AIFF": (".aif", ".aiff"), "WebM": (".webm",), "MP4": (".mp4",)}  # formats that pages name, with their endings
FORMATS = f"{', '.join(NAMED)} or anything else that FFmpeg reads"
ENDINGS = tuple(ending for endings in NAMED.values() for ending in endings) + (
    ".aifc", ".caf", ".w64", ".rf64", ".au", ".snd", ".mka", ".mkv", ".mov", ".3gp", ".wma", ".amr", ".ac3", ".wv")
HEAD = 1 << 16  # bytes in which formats introduce themselves
SEARCHED = 1 << 20  # bytes of garbage before a recording that are skipped at most
STARTS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"fLaC", b"OggS", b"FORM", b"\x1aE\xdf\xa3", b"ftyp")
BEFORE = {b"ftyp": 4}  # bytes of the start that lie before its mark
CHECKED = 1 << 26  # bytes whose structure is checked
TRIES = 6  # starts that are tried behind garbage
BLOCK = 1 << 20  # values decoded at a time
CONTRADICTS = "The header of {name} contradicts itself; its length and pitch may be wrong."
OTHER_CODEC = 0.02  # s by which two readers may differ over one file


@dataclass(frozen=True)
class DecodedAudio:
    """samples: (n, channels) float32. rate: Hz. notes: plain sentences about what is missing or was skipped."""

    samples: np.ndarray
    rate: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecodedSounds:
    """What a file holds, one sound after the other. notes: as of DecodedAudio."""

    sounds: tuple[Sound, ...]
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return sum(sound.seconds for sound in self.sounds)


NewSink = Callable[[], CountingSink]


def decode(path: Path, longest: float = float("inf")) -> DecodedAudio:
    """Read a recording of any rate, width, number of channels and container to its real end.

    Args:
        longest: seconds; reading stops just behind them.
    Raises:
        AudioError: the file is missing, empty, not audio, or no reader can decode any of it.
    """
    with decoding(path, KeepingSink, longest) as found:
        stretches = [sound.whole() for sound in found.sounds]
    samples, rate = join([one for one in stretches if len(one[0])] or stretches[:1])
    return DecodedAudio(samples, rate, found.notes)


@contextmanager
def decoding(path: Path, new_sink: NewSink, longest: float = float("inf")) -> Iterator[DecodedSounds]:
    """What `decode` reads, in sinks of the caller's choice. Inside, its sounds can be decoded again.

    Args:
        new_sink: a sink for each try of a reader.
    Raises:
        AudioError: as `decode`.
    """
    refuse_unreadable(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise _not_read(path, error) from error
    with file:
        try:
            if _size(file) == 0:
                raise empty(path.name)
            found = _decode(file, path.name, longest, new_sink)
            mute = found is None and has_only_pictures(file)
        except OSError as error:
            raise _not_read(path, error) from error
        if mute:
            raise AudioError(f"{path.name} is a video without sound; choose a recording, or a video with sound.")
        if found is None:
            raise AudioError(f"{path.name} is not a recording that can be read, or it is damaged; use {FORMATS}.")
        yield found


def _not_read(path: Path, error: OSError) -> AudioError:
    return AudioError(f"{path} cannot be read: {error.strerror or error}.")


def talks_aloud(path: Path | str) -> bool:
    """Whether libsndfile would write to standard error about a file by itself, as its MP3 reader does. Raises OSError."""
    with open(path, "rb") as file:
        head = _head(file)
    return is_mpeg(head) or is_mp3_in_wav(head)


def refuse_unreadable(path: Path) -> None:
    """Raises AudioError: the path is not that of a file with bytes that may be read."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise AudioError(f"There is no file at {path}; check the path.") from None
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a closed folder, a NUL inside
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(f"{str(path)[:80]} cannot be read: {reason[:1].lower()}{reason[1:]}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(f"{path} is a folder; name one recording.")
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{path} is not a file; save the recording to a file first.")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path} cannot be read: permission denied.")
    if status.st_size == 0:
        raise empty(path.name)


def empty(name: str) -> AudioError:
    return AudioError(f"{name} is empty: it has no samples; choose another recording.")


def _decode(file: Readable, name: str, longest: float, new_sink: NewSink) -> DecodedSounds | None:
    """As it stands; behind a tag or garbage at its beginning, where it does not begin like a recording or that reads worse."""
    head = _head(file)
    behind = _behind_tag(head)
    found = None if behind else _decode_here(file, name, longest, new_sink)
    if found is not None and (not found.notes or _begins_well(head)):
        return found
    for start in _other_starts(file, behind):
        other = _decode_here(Tail(file, start), name, longest, new_sink)
        if other is not None and (found is None or other.seconds >= found.seconds - GAP):
            skipped = () if start == behind else (f"{name} begins with {start} bytes that are no sound; they were skipped.",)
            return replace(other, notes=skipped + other.notes)
    return _decode_here(file, name, longest, new_sink) if behind else found


def _begins_well(head: bytes) -> bool:
    return head.startswith(STARTS) or head[4:8] == b"ftyp" or is_mpeg(head)


def _decode_here(file: Readable, name: str, longest: float, new_sink: NewSink) -> DecodedSounds | None:
    """Stretches of different formats one after the other. None where the first one cannot be decoded."""
    spans = stretches(file, _size(file))
    if len(spans) == 1:
        return _decode_one_format(file, name, longest, new_sink)
    sounds: list[Sound] = []
    notes: list[str] = []
    for start, end in spans:
        found = _decode_one_format(Section(b"", file, start, end - start), name, longest, new_sink)
        if found is None and not sounds:
            return None
        if found is None:
            notes.append(f"{name} goes on with {end - start} bytes that cannot be read; they were left out.")
            continue
        sounds += found.sounds
        notes += found.notes
        if sum(sound.seconds for sound in sounds) > longest:
            break
    return DecodedSounds(tuple(sounds), tuple(dict.fromkeys(notes)))


def _decode_one_format(file: Readable, name: str, longest: float, new_sink: NewSink) -> DecodedSounds | None:
    head = _head(file)
    if is_wav(head):
        parts = wav_parts(file, 0, _size(file))
        found = _decode_wav(file, parts, name, longest, new_sink) if parts else None
        if found is not None:
            return found
        if any(part.contradicts_itself for part in parts):
            other = _decode_any(file, head, name, longest, new_sink)
            return other and replace(other, notes=(*other.notes, CONTRADICTS.format(name=name)))
    if head[:4] in (b".snd", b"dns.") and not any(head[8:12]):  # AU that was never finalised: its size becomes an unknown one
        file = Section(head[:8] + b"\xff" * 4, file, 12, _size(file) - 12)
    spans = joined(file, head, _size(file))
    found = _decode_joined(file, spans, name, longest, new_sink) if len(spans) > 1 else None
    return found or _decode_any(file, head, name, longest, new_sink)


def _decode_joined(file: Readable, spans: list[tuple[int, int]], name: str, longest: float,
                   new_sink: NewSink) -> DecodedSounds | None:
    """One recording after the other; None where one of them cannot be decoded."""
    sounds: list[Sound] = []
    notes: list[str] = []
    for start, end in spans:
        one = Section(b"", file, start, end - start)
        found = _decode_any(one, _head(one), name, longest, new_sink)
        if found is None:
            return None
        sounds += found.sounds
        notes += found.notes
        if sum(sound.seconds for sound in sounds) > longest:
            break
    return DecodedSounds(tuple(sounds), tuple(dict.fromkeys(notes)))


def _decode_wav(file: Readable, parts: list[WavPart], name: str, longest: float, new_sink: NewSink) -> DecodedSounds | None:
    """None where no reader knows the coding of one of its parts."""
    sounds: list[Sound] = []
    damaged = False
    for part in parts:
        found = _decode_part(part, file, longest, new_sink)
        if found is None:
            return None
        sounds.append(found[0])
        damaged = damaged or found[1]
        if sum(sound.seconds for sound in sounds) > longest:
            return DecodedSounds(tuple(sounds))
    return DecodedSounds(tuple(sounds), tuple(_wav_notes(parts, name, [sound.seconds for sound in sounds], damaged)))


def _decode_part(part: WavPart, content: Readable, longest: float, new_sink: NewSink) -> tuple[Sound, bool] | None:
    """libsndfile reads every plain coding; of others the reader is believed that decodes more, and FFmpeg of MP3, whose filling
    it leaves out. And whether something was lost."""
    file = part.as_file(content, longest)
    if part.is_mp3:  # never by libsndfile, which talks to standard error; without the header where that is damaged
        bare = Section(b"", content, part.start, part.size)
        other = read_container(file, new_sink(), longest) or read_container(bare, new_sink(), longest)
        return other and (_without_filling(other.sound, part), other.damaged > 0)
    sound, broken = _by_libsndfile(file, longest, new_sink())
    damaged = False
    if part.is_coded or broken or sound is None:
        other = read_container(file, new_sink(), longest)
        damaged = other is not None and other.damaged > 0
        complete = sound is not None and not broken and part.is_all(sound.count)
        if other is not None and not complete and (sound is None or other.sound.seconds > sound.seconds + OTHER_CODEC):
            sound, broken = other.sound, False
    if broken or sound is None or sound.rate == 0:
        return None
    return _without_filling(sound, part), damaged


def _without_filling(sound: Sound, part: WavPart) -> Sound:
    return replace(sound, surplus=max(sound.surplus, part.padding(sound.sink.count)))


def _wav_notes(parts: list[WavPart], name: str, seconds: list[float], damaged: bool) -> Iterator[str]:
    there = sum(seconds)
    if damaged:
        yield _damaged(name)
    missing, extra = (sum(getattr(part, kind) * own for part, own in zip(parts, seconds, strict=False))
                      for kind in ("missing", "extra"))
    if missing > GAP:
        yield _cut_off(name, there, there + missing)
    if extra > GAP:
        yield f"{name} goes on behind the end that its header names; all {there:.1f} s of it were read."
    if any(part.contradicts_itself for part in parts):
        yield CONTRADICTS.format(name=name)


def _decode_any(file: Readable, head: bytes, name: str, longest: float, new_sink: NewSink) -> DecodedSounds | None:
    """By both readers, but for MP3: libsndfile's MP3 reader talks to standard error by itself."""
    by_ffmpeg = read_container(file, new_sink(), longest)
    mpeg = is_mpeg(head) or (by_ffmpeg is not None and by_ffmpeg.is_mpeg)
    sound, broken = (None, False) if mpeg or is_mp3_in_wav(head) else _by_libsndfile(file, longest, new_sink())
    own = 0.0 if sound is None else sound.seconds
    other = 0.0 if by_ffmpeg is None else by_ffmpeg.sound.seconds
    if own == other == 0.0:
        cut = _structure(file, mpeg).cut
        return DecodedSounds((sound,)) if sound is not None and sound.rate and not broken and not cut else None
    if sound is not None and own >= other - OTHER_CODEC:
        found, damaged, filled = sound, broken, 0.0
    else:
        assert by_ffmpeg is not None  # since it decoded more
        found, damaged, filled = by_ffmpeg.sound, by_ffmpeg.damaged > 0 or broken and by_ffmpeg.exceeds, by_ffmpeg.filled
        # Tags between joined MP3s are refused by decoders; integrity.py knows better.
        damaged = damaged and by_ffmpeg.container != "mp3"
    notes = [] if by_ffmpeg is None or by_ffmpeg.tracks < 2 else [
        f"{name} has {by_ffmpeg.tracks} sound tracks; the first one was read."]
    if max(own, other) <= longest:
        structure = _structure(file, mpeg)
        notes += _loss_notes(structure, name, max(own, other), _stated(by_ffmpeg, head), damaged, filled)
    return DecodedSounds((found,), tuple(notes))


def _structure(file: Readable, mpeg: bool) -> Integrity:
    file.seek(0)
    return integrity(file.read(CHECKED), _size(file), mpeg)


def _loss_notes(structure: Integrity, name: str, seconds: float, stated: tuple[float, float] | None, damaged: bool,
                filled: float) -> Iterator[str]:
    """stated: seconds, and how many of them a whole file may lack. filled: seconds of silence."""
    short = stated is not None and seconds < stated[0] - stated[1]
    if filled or (not short and (structure.damaged or damaged and not structure.cut)):
        yield _damaged(name, filled)
    if stated is not None and short:
        yield _cut_off(name, seconds, stated[0])
    if structure.cut and not short:
        yield f"{name} seems to be cut off: its end is missing; the {seconds:.1f} s that are there were read."


def _stated(by_ffmpeg: ContainerSound | None, head: bytes) -> tuple[float, float] | None:
    """Seconds that the file states firmly, and the tolerance."""
    stated = None if by_ffmpeg is None else stated_by_xing(head) if is_mpeg(head) else by_ffmpeg.stated
    return None if stated is None or by_ffmpeg is None else (stated, by_ffmpeg.tolerance)


def _damaged(name: str, filled: float = 0.0) -> str:
    silence = f"; {filled:.1f} s of silence stand for what is missing" if filled else ""
    return f"{name} is damaged: part of it could not be decoded{silence}."


def _cut_off(name: str, there: float, stated: float) -> str:
    return f"{name} is damaged or cut off, or its header is wrong: {there:.1f} of {stated:.1f} s can be read."


def _by_libsndfile(file: Readable, longest: float, sink: CountingSink) -> tuple[Sound | None, bool]:
    """What was decoded, None where the file cannot be opened; and whether reading broke off at an error."""
    import soundfile  # imported late: a training on packed speech has no decoder

    again = partial(_by_libsndfile, file, longest)
    try:
        with soundfile.SoundFile(cast(BinaryIO, Tail(file, 0))) as sound:
            sink.add(np.zeros((0, sound.channels), dtype=np.float32), sound.samplerate)
            size = max(1, BLOCK // sound.channels)
            broken = _read_blocks(lambda: sound.read(size, dtype="float32", always_2d=True), sink, longest)
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError, TypeError, MemoryError):
        return None, False
    return Sound(sink, again), broken


def _read_blocks(read: Callable[[], np.ndarray], sink: CountingSink, longest: float) -> bool:
    """Blocks until nothing comes any more, an error (which gives True), or `longest` seconds are over."""
    import soundfile

    rate = sink.rate
    while rate and sink.seconds <= longest:
        try:
            block = read()
        except (soundfile.SoundFileError, RuntimeError, ValueError, MemoryError):
            return True
        if not len(block):
            break
        sink.add(block, rate)
    return False


def _behind_tag(head: bytes) -> int:
    """Where a recording begins behind an ID3 tag, 0 where there is no tag or an MP3 follows."""
    place = id3_length(head[:10])
    return place if head[place:place + 4].startswith(STARTS) and place else 0


def _other_starts(file: Readable, behind: int) -> list[int]:
    """Bytes at which a recording may begin behind a tag (`behind`) or garbage, the likeliest first."""
    file.seek(0)
    garbage = file.read(SEARCHED)
    places = [behind]
    for start in STARTS:
        place = garbage.find(start, 1) - BEFORE.get(start, 0)
        places += [place] if place > 0 and not (start == b"RIFF" and garbage[place + 8:place + 12] != b"WAVE") else []
    return [place for place in dict.fromkeys([behind, *sorted(places)]) if place > 0][:TRIES]


def _head(file: Readable) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def _size(file: Readable) -> int:
    return file.seek(0, os.SEEK_END)
