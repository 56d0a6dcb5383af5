"""Recordings as files: format, sampling rate and resolution, and samples in that form."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.errors import OutputError, ZestError
from pipelines.features.mark import TOOL
from pipelines.files import check_ending

FORMATS = {  # what libsndfile writes, by the ending of a file's name: container and encoding
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}
ENDINGS = f"{', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"
CONTAINERS = tuple(ending[1:] for ending in FORMATS)
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}  # bits a sample, by what users write
OF_SUBTYPES = {".wav": ("16", "24", "float"), ".flac": ("16", "24")}  # formats without loss
SOURCE_RATE = "source"
LOWEST_RATE, HIGHEST_RATE = 16_000, 48_000  # Hz
RATES = {".mp3": (16_000, 22_050, 24_000, 32_000, 44_100, 48_000), ".opus": (16_000, 24_000, 48_000)}  # others take any


@dataclass(frozen=True)
class AudioForm:
    """How a result is written.

    Attributes:
        rate: 'source' for the source's own, at least 16 kHz and at most 48 kHz; or Hz between them.
        subtype: '16' or '24' bits, or 'float'; '' for 16 bits, where the format has them.
        container: of a name without an ending: wav, flac, mp3, ogg or opus; '' for WAV.
        mark: whether the metadata say that the speech is synthetic (mark.py).
    Raises:
        ZestError: there is no such rate, subtype or container.
    """

    rate: str | int = SOURCE_RATE
    subtype: str = ""
    container: str = ""
    mark: bool = True

    def __post_init__(self):
        if self.rate != SOURCE_RATE:
            object.__setattr__(self, "rate", _known_rate(self.rate))
        if self.subtype and self.subtype not in SUBTYPES:
            raise ZestError(f"There is no subtype '{self.subtype}'; choose one of {', '.join(SUBTYPES)}.")
        if self.container and self.container not in CONTAINERS:
            raise ZestError(f"There is no format '{self.container}'; choose one of {', '.join(CONTAINERS)}.")

    def ending(self, path: Path | str) -> str:
        """The format of a file of this name. Raises OutputError: none, or the name and the container disagree."""
        check_ending(path, FORMATS, "recordings")
        own = Path(path).suffix.lower()
        own = own if own in FORMATS else ""
        if own and self.container and own != f".{self.container}":
            raise OutputError(f"Cannot write {path}: its name ends in {own}, and the format is {self.container}; leave one out.")
        return own or f".{self.container or 'wav'}"

    def differences(self) -> tuple[str, ...]:
        """What differs from the defaults and no ending says, for names of results: 44100hz, 24bit, float."""
        rate = "" if self.rate == SOURCE_RATE else f"{self.rate}hz"
        return tuple(filter(None, (rate, "" if self.subtype in ("", "16") else self.subtype.replace("24", "24bit"))))

    def check(self, path: Path | str) -> None:
        """Raises OutputError: a file of this name cannot have this form."""
        ending = self.ending(path)
        if self.subtype and self.subtype not in OF_SUBTYPES.get(ending, ()):
            kinds = ", ".join(f"{one} takes {' or '.join(known)}" for one, known in OF_SUBTYPES.items())
            raise OutputError(f"Cannot write {path}: {ending} has no subtype '{self.subtype}' ({kinds}); choose another.")
        if self.rate != SOURCE_RATE and self.rate not in RATES.get(ending, (self.rate,)):
            raise OutputError(f"Cannot write {path}: {ending} has no rate of {self.rate} Hz; choose one of "
                              f"{', '.join(map(str, RATES[ending]))}.")

    def hertz(self, source_rate: int, path: Path | str = "") -> int:
        """The rate of a file of this name whose source has this rate: the next higher one that the format knows."""
        if self.rate != SOURCE_RATE:
            return int(self.rate)
        least = min(max(source_rate, LOWEST_RATE), HIGHEST_RATE)
        return next((rate for rate in RATES.get(self.ending(path), (least,)) if rate >= least), HIGHEST_RATE)


def encoded(samples: np.ndarray, rate: int, path: Path | str, form: AudioForm = AudioForm(), mark: str = "") -> bytes:
    """Samples, (n,) float, in the format that the name of the file asks for.

    mark: what the metadata say (mark.py), '' for nothing.
    Raises:
        OutputError: as `AudioForm.check`.
    """
    import soundfile  # imported late: a training on packed speech has none

    form.check(path)
    container, encoding = FORMATS[form.ending(path)]
    content = io.BytesIO()
    with soundfile.SoundFile(content, "w", rate, 1, SUBTYPES.get(form.subtype, encoding), format=container) as file:
        if mark:
            file.software, file.comment = TOOL, mark
        file.write(samples)
    return content.getvalue()


def _known_rate(rate: str | int) -> int:
    """Raises ZestError: it is no rate of a result."""
    try:
        hertz = float(rate)
    except (TypeError, ValueError):
        hertz = float("nan")
    if not (hertz.is_integer() and LOWEST_RATE <= hertz <= HIGHEST_RATE):
        raise ZestError(f"There is no rate '{rate}'; use {SOURCE_RATE}, or {LOWEST_RATE} to {HIGHEST_RATE} Hz, such as 44100.")
    return int(hertz)
