"""Zips of recordings to score, good and bad, made of synthetic speech."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import soundfile

from tests.support.speech import MAN, RATE, WOMAN, in_emotion, speak

HEADER = "id,source,reference,converted,emotion,text,source_speaker\n"


def wav(voice=MAN, seconds: float = 0.8, seed: int = 0) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, speak(voice, seconds, seed), RATE, format="WAV", subtype="PCM_16")
    return content.getvalue()


def recordings(pairs: int = 3) -> dict[str, bytes]:
    """Two sources, a reference, and one conversion a pair."""
    files = {"wavs/man.wav": wav(MAN), "wavs/woman.wav": wav(WOMAN, seed=1),
             "wavs/angry.wav": wav(in_emotion(MAN, "angry"), seed=2)}
    voices = (MAN, WOMAN)
    made = {f"wavs/made{index}.wav": wav(in_emotion(voices[index % 2], "angry"), 0.9, 10 + index) for index in range(pairs)}
    return files | made


def listing(pairs: int = 3) -> str:
    names = (("man", "m"), ("woman", "w"))
    rows = [f"p{index},wavs/{name}.wav,wavs/angry.wav,wavs/made{index}.wav,angry,one two,{speaker}"
            for index in range(pairs) for name, speaker in [names[index % 2]]]
    return HEADER + "\n".join(rows) + "\n"


def pack(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def good(path: Path, pairs: int = 3) -> Path:
    return pack(path, recordings(pairs) | {"pairs.csv": listing(pairs)})
