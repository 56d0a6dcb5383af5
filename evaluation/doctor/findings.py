"""From measures to sentences: what is doubtful, what it will cost, and what to do.

Thresholds are set on recordings of the training corpora and on damaged versions of them (docs/lab-notes/doctor.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluation.doctor.measures import Measures
from pipelines.features.voice_activity import LEAST_SHARE

NOISE_DB = 23.5  # range from which down there is noise
CLIPPED = 0.002  # share of samples
HUM_DB = 22.0  # over the neighbours
NARROW_DB = -60.0  # of the upper band
DECAY = 138.0  # dB/s, of a room of 0.4 s
NOTES = 0.35  # share of the voiced frames that are held notes
VOICED = 0.06  # share of the speech, under which it is whispered
ONE_VOICE = 0.72  # cosine


@dataclass(frozen=True)
class Finding:
    """One thing that is doubtful.

    Attributes:
        code: for programs: noise, clipping, hum, bandwidth, reverberation, speakers, music, no_speech, whisper, long, reading,
            synthetic, or unusable.
        cost: what it will cost, one sentence. advice: what to do, one sentence; '' where the first says both.
        value: what was measured, None where nothing was. unit: of the value.
        prevents: the recording cannot be converted as it is.
    """

    code: str
    cost: str
    advice: str = ""
    value: float | None = None
    unit: str = ""
    prevents: bool = False

    @property
    def said(self) -> str:
        """The value with its unit, '' without one."""
        return "" if self.value is None else f"{self.value:.3g} {self.unit}".strip()


def findings_of(measured: Measures) -> list[Finding]:
    """What the measures say, the worst first."""
    if measured.speech < LEAST_SHARE:
        return [_music(measured) if measured.steady >= NOTES else _no_speech(measured), *_damages(measured, speech=False)]
    return [*_whose(measured), *_damages(measured, speech=True)]


def refused(sentence: str) -> Finding:
    """Of a recording that cannot be read or used. sentence: what is wrong and what to do."""
    return Finding("unusable", sentence, prevents=True)


def too_long(limit: float) -> Finding:
    """Of a recording that is too long for one conversion."""
    return Finding("long", f"The recording is longer than the {limit:g} s that one conversion takes; its first minute was "
                           "checked.",
                   "Convert it with a plan, or cut it.", limit, "s", prevents=True)


def warned(sentences: Iterable[str], codes: Sequence[str] = ()) -> list[Finding]:
    """What the reader noticed: damaged places, an offset, channels that were left out. Clipping has a finding of its own.

    Args:
        codes: of findings that are there already.
    """
    return [Finding("reading", sentence) for sentence in sentences
            if "is clipped" not in sentence and not ("has hum of" in sentence and "hum" in codes)]


def synthetic(mark: str) -> Finding:
    """The recording says in its metadata that no person spoke it so (pipelines/features/mark.py)."""
    return Finding("synthetic", f"The file says: {mark[:200]}", "Convert a person's own recording where there is one; "
                   "a conversion of a conversion sounds worse.")


def _no_speech(measured: Measures) -> Finding:
    return Finding("no_speech", "Hardly any of this is speech, so the result would mean nothing.",
                   "Choose a recording of one person who speaks.", 100 * measured.speech, "% speech")


def _music(measured: Measures) -> Finding:
    return Finding("music", "This sounds like music, which would be changed as if it were speech.",
                   "Choose a recording of speech, or take the voice out of the music first.", 100 * measured.steady,
                   "% held notes")


def _whose(measured: Measures) -> list[Finding]:
    """What is unusual about the speech itself."""
    found = []
    if measured.voiced < VOICED:
        found.append(Finding("whisper", "The speech is whispered, so only its envelope and tempo will change, and not its F0.",
                             "Record it with a full voice.", 100 * measured.voiced, "% voiced"))
    if measured.speakers < ONE_VOICE:
        found.append(Finding("speakers", "More than one person seems to speak, and all would get one mixed voice.",
                             "Cut the recording, and convert each person alone.", measured.speakers, "similarity"))
    return found


def _damages(measured: Measures, speech: bool) -> list[Finding]:
    """What the room and the equipment did. speech: without any, noise and reverberation say nothing."""
    found = []
    noisy = measured.range_db < NOISE_DB
    if speech and noisy:
        found.append(Finding("noise", "There is noise, which will be changed along with the voice and may warble.",
                             "Record closer to the microphone, or denoise the source (--denoise).", measured.range_db,
                             "dB above the noise"))
    if measured.clipped > CLIPPED:
        found.append(Finding("clipping", "The recording is clipped, and the result will sound harsh.",
                             "Record it again with less gain.", 100 * measured.clipped, "% of the samples"))
    if measured.hum_db > HUM_DB:
        found.append(Finding("hum", f"There is hum of {measured.hum_hz:g} Hz, which may be taken for a voice in pauses.",
                             "Use another cable or socket, or a high-pass filter.", measured.hum_db, "dB"))
    if speech and measured.narrow_db < NARROW_DB:
        found.append(Finding("bandwidth", "There is nothing above 4 kHz, as on a telephone, and the result will be as dull.",
                             "Use the original recording instead of one from a call.", measured.narrow_db, "dB"))
    if speech and not noisy and measured.decay < DECAY:  # noise hides how sounds decay
        found.append(Finding("reverberation", "The room is audible, and the result will smear where F0 and tempo change.",
                             "Record in a smaller or softer room, closer to the microphone.", measured.decay, "dB/s decay"))
    return found
