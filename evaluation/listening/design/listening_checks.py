"""Checks of room, device and hearing before a listening test, after ITU-T P.808, with sound that is computed here.

    environment   which of two clips has less noise, at 40 and 50 dB below a synthetic voice: audible where it is quiet
    bandwidth     whether two clips sound the same, of which one may end at 3.5 or 5 kHz: a telephone headset makes them alike
    hearing       how many tones are in pink noise, at 0.5 to 4 kHz

P.808 plays recorded speech, and triplets of spoken digits in noise. No recording of digits may be shipped here, so tones take
their place. A tone of -8 dB stands about 8 dB above its threshold in pink noise: of 7.3 octaves of noise an auditory filter
passes about a fifth of one (Glasberg & Moore 1990), which is 16 dB less than all of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from evaluation.listening.design.questions import ALIKE, CHECK_QUESTIONS, COUNTED, QUIETER, SIDES
from evaluation.listening.design.trials import CHECK, ClipContent, Trial, opaque
from evaluation.listening.errors import StudyError
from pipelines.features.audio import SAMPLE_RATE

CHECKS = {"environment": "environment-check", "bandwidth": "bandwidth-check", "hearing": "hearing-check"}  # names: questions
TASKS = 4  # of each check
NOISES = (40, 50)  # dB by which noise is below the voice
BANDS = (3500, 5000)  # Hz where a clip ends
TONES = (500, 1000, 2000, 4000)  # Hz
TONE_DB = -8.0  # of a tone, against all of the noise
KIND = "check"  # first word of what such a clip holds
SYLLABLE, EDGE = 0.22, 0.35  # seconds: of the voice, and of noise alone before and after it
FORMANTS = ((700, 1200, 2600), (300, 2200, 3000), (500, 900, 2500), (400, 2000, 2600))  # Hz, of four vowels


@dataclass(frozen=True)
class CheckTasks:
    """clips: what each clip id holds. trials: in the order of CHECKS."""

    clips: dict[str, ClipContent]
    trials: tuple[Trial, ...]


def parse_checks(names: Iterable[str]) -> tuple[str, ...]:
    """Names of checks in the order of CHECKS. Raises StudyError: an unknown one."""
    given = [name.strip() for name in names if name.strip()]
    unknown = [name for name in given if name not in CHECKS]
    if unknown:
        raise StudyError(f"There is no listening check '{unknown[0]}'; choose from {', '.join(CHECKS)}.")
    return tuple(name for name in CHECKS if name in given)


def check_questions(names: Iterable[str]) -> tuple[str, ...]:
    """The questions of these checks."""
    return tuple(CHECKS[name] for name in names)


def draw_checks(names: Sequence[str], salt: str, seed: int) -> CheckTasks:
    """The tasks of these checks; which clip is the right one is drawn. salt: makes ids opaque."""
    dice, clips, trials = random.Random(f"{seed}|checks"), {}, []
    for name in names:
        question = CHECK_QUESTIONS[CHECKS[name]]
        for number, (kinds, right) in enumerate(_tasks(question.kind, dice)):
            ids = [opaque(salt, "check", name, number, place) for place in range(len(kinds))]
            clips |= {one: ClipContent(f"{KIND} {kind}", "") for one, kind in zip(ids, kinds, strict=True)}
            trials.append(Trial(opaque(salt, "check", name, number), question.name, CHECK, "",
                                tuple(zip(question.roles(len(ids)), ids, strict=True)), (), (right,)))
    return CheckTasks(clips, tuple(trials))


def is_check(content: ClipContent) -> bool:
    return content.kind.startswith(f"{KIND} ")


def render_check(content: ClipContent) -> np.ndarray:
    """(n,) float64 at 16 kHz of what a clip of a check holds; the same every time."""
    _, kind, *numbers = content.kind.split(" ")
    return RENDER[kind](*map(int, numbers))


def _tasks(kind: str, dice: random.Random) -> list[tuple[tuple[str, ...], str]]:
    """(what the clips hold, the right answer) of every task."""
    voices = dice.sample(range(100), TASKS)
    if kind == QUIETER:
        better = [SIDES[place % 2] for place in range(TASKS)]
        dice.shuffle(better)
        orders = {"a": NOISES[::-1], "b": NOISES}
        return [(tuple(f"noise {decibels} {voice}" for decibels in orders[side]), side)
                for side, voice in zip(better, voices, strict=True)]
    if kind == ALIKE:
        full = SAMPLE_RATE // 2
        pairs = [(full, full), (full, full), *(dice.sample((full, band), 2) for band in BANDS)]
        dice.shuffle(pairs)
        return [(tuple(f"band {band} {voice}" for band in pair), "same" if len(set(pair)) == 1 else "different")
                for pair, voice in zip(pairs, voices, strict=True)]
    counts = dice.sample([int(count) for count in COUNTED[1:]], len(TONES))
    return [((f"tones {count} {frequency} {voice}",), str(count))
            for count, frequency, voice in zip(counts, dice.sample(TONES, len(TONES)), voices, strict=True)]


@lru_cache(maxsize=2 * TASKS)
def synthetic_voice(seed: int) -> np.ndarray:
    """(n,) float64 at 16 kHz, RMS 1 while it sounds: six syllables of harmonics under formants, with hissing sounds between them.

    The hiss has its energy above 4 kHz, as an s has, so that a band that ends below it is noticed.
    """
    dice = np.random.default_rng(seed)
    length = int(SYLLABLE * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    pieces = []
    for _ in range(6):
        f0 = dice.uniform(110, 190) * (1 - 0.3 * time)
        phase, voice = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE, np.zeros(length)
        formants = FORMANTS[dice.integers(len(FORMANTS))]
        for harmonic in range(1, 40):
            gain = sum(1 / (1 + ((harmonic * 150 - formant) / 120) ** 2) for formant in formants)
            voice += gain / np.sqrt(harmonic) * np.sin(harmonic * phase)
        hiss = _band_noise(dice, int(0.1 * SAMPLE_RATE), 4000, 7800)
        pieces += [voice / voice.std() * np.hanning(length), 0.5 * hiss * np.hanning(len(hiss))]
    found = np.concatenate(pieces)
    return found / found.std()


def _with_noise(decibels: int, seed: int) -> np.ndarray:
    edge = np.zeros(int(EDGE * SAMPLE_RATE))
    voice = np.concatenate([edge, synthetic_voice(seed), edge])
    return voice + 10 ** (-decibels / 20) * pink_noise(len(voice), seed)


def _in_band(ends: int, seed: int) -> np.ndarray:
    from evaluation.listening.design.clips import low_pass

    voice = synthetic_voice(seed)
    return voice if ends >= SAMPLE_RATE // 2 else low_pass(voice, float(ends))


def _tones(count: int, frequency: int, seed: int) -> np.ndarray:
    """So many tones of 0.2 s, 0.3 s apart, in noise of RMS 1."""
    length, gap = int(0.2 * SAMPLE_RATE), np.zeros(int(0.3 * SAMPLE_RATE))
    ramp = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.02 * SAMPLE_RATE))
    tone = np.sqrt(2) * 10 ** (TONE_DB / 20) * ramp * np.sin(2 * np.pi * frequency * np.arange(length) / SAMPLE_RATE)
    silence = [np.zeros(length + len(gap))] * (len(COUNTED) - count)  # the length does not tell the number
    found = np.concatenate([gap, *[np.concatenate([tone, gap])] * count, *silence])
    return found + pink_noise(len(found), seed)


def pink_noise(length: int, seed: int) -> np.ndarray:
    """(length,) with equal power in every octave from 50 Hz on, RMS 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    shaped = np.fft.irfft(spectrum * np.where(frequencies < 50, 0, 1 / np.sqrt(np.maximum(frequencies, 50))), length)
    return shaped / shaped.std()


def _band_noise(dice: np.random.Generator, length: int, low: float, high: float) -> np.ndarray:
    spectrum = np.fft.rfft(dice.standard_normal(length))
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    found = np.fft.irfft(spectrum * ((frequencies > low) & (frequencies < high)), length)
    return found / found.std()


RENDER = {"noise": _with_noise, "band": _in_band, "tones": _tones}
