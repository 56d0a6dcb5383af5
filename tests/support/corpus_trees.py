"""Small trees in the corpora's published folder layouts: file names and tables as published, audio made here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

ESD_EMOTIONS = ("Neutral", "Angry", "Happy", "Sad", "Surprise")  # in the order of the numbers
RATE = 16_000


def record(path: Path, seconds: float = 0.25, container: str | None = None) -> Path:
    """A quarter of a second of noise: readers look at headers only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = 0.1 * np.random.default_rng(0).standard_normal(int(seconds * RATE))
    soundfile.write(path, noise, RATE, subtype="PCM_16", format=container)
    return path


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def esd(root: Path, speaker: str, sentences: Iterable[int], encoding: str, texts: dict[int, str], subsets: bool = False) -> None:
    """One speaker of ESD with every sentence in every emotion, and the speaker's table of texts."""
    lines = []
    for place, emotion in enumerate(ESD_EMOTIONS):
        for sentence in sentences:
            name = f"{speaker}_{350 * place + sentence:06d}"
            subset = ("evaluation" if sentence <= 20 else "test" if sentence <= 50 else "train",) * subsets
            record(Path(root, speaker, emotion, *subset, f"{name}.wav"))
            lines.append(f"{name}\t{texts[sentence]}\t{emotion}")
    write(root / speaker / f"{speaker}.txt", "\r\n".join(lines), encoding)


def ravdess(root: Path) -> None:
    for name in ("03-01-05-01-02-01-12", "03-01-02-01-01-02-12", "03-02-05-01-02-01-12", "01-01-05-01-02-01-12"):
        record(root / "Audio_Speech_Actors_01-24" / "Actor_12" / f"{name}.wav")
    record(root / "Audio_Speech_Actors_01-24" / "Actor_19" / "03-01-08-02-01-01-19.wav")


def cremad(root: Path, actors: Iterable[int] = (1001, 1002, 1040)) -> None:
    for actor in actors:
        record(root / "AudioWAV" / f"{actor}_DFA_ANG_XX.wav")
        record(root / "AudioWAV" / f"{actor}_ITH_NEU_X.wav")
    rows = [f'{actor},51,"{"Female" if actor % 2 else "Male"}","Caucasian","Not Hispanic"' for actor in actors]
    write(root / "VideoDemographics.csv", "\n".join(('"ActorID","Age","Sex","Race","Ethnicity"', *rows)))


def emodb(root: Path) -> None:
    for name in ("03a01Fa", "03a01Nc", "08b10Wa", "15a02La", "16a07Eb"):
        record(root / "wav" / f"{name}.wav")


def nemo(root: Path) -> None:
    """The published table pads the speaker's name with spaces."""
    header = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"
    rows = []
    for name, emotion in (("WR0_surprised_64", "surprised"), ("EB0_neutral_64", "neutral"), ("EB0_fear_13", "fear")):
        record(root / "samples" / f"{name}.wav")
        text = "Interesuje mnie historia Polski." if name.endswith("13") else "„Ucho” wykrywa dźwięki."
        sex = "male" if name.startswith("W") else "female"
        rows.append(f"{name}.wav\t{emotion}\t{text}\t{text.lower()}\t        {name[:3]}\t{sex}\t23")
    write(root / "data.tsv", "\n".join((header, *rows)) + "\n")


def timit(root: Path) -> None:
    """One speaker in upper case with NIST SPHERE audio, one with a RIFF copy beside it, one distribution in lower case."""
    text = "0 46797 She had your dark suit in greasy wash water all year.\n"
    record(root / "TRAIN" / "DR1" / "FCJF0" / "SA1.WAV", container="NIST")
    write(root / "TRAIN" / "DR1" / "FCJF0" / "SA1.TXT", text)
    record(root / "TRAIN" / "DR1" / "FCJF0" / "SX37.WAV", container="NIST")
    record(root / "TRAIN" / "DR1" / "FCJF0" / "SX37.WAV.wav", seconds=0.5, container="WAV")
    record(root / "TEST" / "DR3" / "MPGH0" / "SA1.WAV", container="NIST")


def librispeech(root: Path) -> None:
    for subset, reader, chapter in (("test-clean", 61, 70968), ("dev-other", 116, 288045), ("train-clean-100", 103, 1240)):
        folder = root / "LibriSpeech" / subset / str(reader) / str(chapter)
        for number in range(2):
            record(folder / f"{reader}-{chapter}-{number:04d}.flac")
        write(folder / f"{reader}-{chapter}.trans.txt", f"{reader}-{chapter}-0000 HE BEGAN A CONFUSED COMPLAINT\n"
                                                        f"{reader}-{chapter}-0001 GIVE NOT SO EARNEST A MIND\n")
    write(root / "LibriSpeech" / "SPEAKERS.TXT", ";ID  |SEX| SUBSET           |MINUTES| NAME\n"
          "61   | M | test-clean       | 8.08  | Paul-Gabriel Wiener\n116  | M | dev-other | 8.05 | A | B\n"
          "103  | F | train-clean-100  | 25.1  | Karen Savage\n")
