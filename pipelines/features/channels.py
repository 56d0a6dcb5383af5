"""Many channels to one: speech at its level, whichever channels carry it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BAND = (200.0, 3400.0)  # Hz in which speech is looked for; hum, rumble and subwoofers lie below
FRAME = 0.02  # s
FAINT_DB = 20.0  # below the loudest channel: such a channel is empty, or an echo of the others
WORTH_DB = 10.0  # by which a channel may be worse than the best one and still count as speech
LOST_DB = 3.5  # by which averaging may soften speech
MODULATION_DB = 20.0  # between loud and soft frames; more makes nothing more like speech
SAME_SPEECH = 0.5  # correlation of frame levels from which two channels hold the same speech
COPY = 0.5  # correlation of waveforms, at the best lag, from which one channel is a copy or an echo of the other
AT_ONCE = 0.85  # share of it that is left without a lag; less, and averaging is a comb filter
LAG = 0.12  # s by which copies are apart at most
WINDOW = 1.0  # s in which they are compared
BOTH_DB = 15.0  # below its loudest window, where a channel still speaks
COARSE = 8000  # Hz at which they are compared at least


@dataclass(frozen=True)
class _Channels:
    """levels: (frames, channels) dB within the band. loud: (channels,) dB of the loud frames. speech: the same with credit
    for modulation, which noise does not have. band: (n, channels) what lies within the band."""

    band: np.ndarray
    levels: np.ndarray
    loud: np.ndarray
    speech: np.ndarray


def to_mono(samples: np.ndarray, rate: int) -> tuple[np.ndarray, str]:
    """(n, channels) float to (n,) float64, and what a user should know of it: '' where all channels were averaged.

    Alike channels are averaged. Where averaging would soften the speech (opposite phase, empty channels, a centre channel),
    the channels with speech are taken at their level. Two channels with different speakers are added.
    """
    samples = np.asarray(samples, dtype=np.float64)
    count = samples.shape[1]
    mean = samples.mean(axis=1)
    if count == 1 or not len(samples) or not np.isfinite(samples).all():
        return mean, ""
    measured = _measure(np.column_stack([samples, mean]), rate)
    best = int(measured.speech[:count].argmax())
    if measured.loud[best] < -90:
        return mean, ""
    chosen = [index for index in range(count) if measured.speech[index] > measured.speech[best] - WORTH_DB
              and measured.loud[index] > measured.loud[best] - FAINT_DB]
    copies = [_copy(measured.band[:, best], measured.band[:, one], rate) for one in chosen if one != best]
    at_once = all(alike < COPY or at_once >= AT_ONCE * alike for alike, at_once in copies)
    if at_once and len(chosen) == count and measured.loud[count] > measured.loud[best] - LOST_DB:
        return mean, ""
    return _of_chosen(samples, chosen, best, measured, rate, copies, at_once)


def _of_chosen(samples: np.ndarray, chosen: list[int], best: int, measured: _Channels, rate: int,
               copies: list[tuple[float, float]], at_once: bool) -> tuple[np.ndarray, str]:
    """copies: of each other chosen channel, as of `_copy`. at_once: none of them lags."""
    count = samples.shape[1]
    mean = samples[:, chosen].mean(axis=1)
    if at_once and _measure(mean[:, None], rate).loud[0] > measured.loud[best] - LOST_DB:
        return mean, f"only channel {_listed(chosen)} of {count} was used; the others hold little or no speech."
    levels = np.corrcoef(measured.levels[:, chosen].T)[chosen.index(best)]
    others = levels[[chosen.index(one) for one in chosen if one != best]]
    if all(alike < COPY and (level < SAME_SPEECH or alike < COPY / 2) for (alike, _), level in zip(copies, others)):
        return samples[:, chosen].sum(axis=1), f"channels {_listed(chosen)} of {count} hold different speech; they were added."
    return samples[:, best], (f"only channel {best + 1} of {count} was used; averaged, they cancel each other out "
                              "(opposite phase or different delays).")


def _copy(best: np.ndarray, other: np.ndarray, rate: int) -> tuple[float, float]:
    """How alike two channels' waveforms are where both speak, 0 to 1: at the best lag, and without one (negative: inverted)."""
    step = max(1, rate // COARSE)
    size, lag = round(WINDOW * rate / step), round(LAG * rate / step)
    windows = [np.pad(one[::step], (0, -len(one[::step]) % size)).reshape(-1, size) for one in (best, other)]
    powers = [np.square(one).sum(axis=1) for one in windows]
    both = np.logical_and(*(power > power.max() * 10 ** (-BOTH_DB / 10) for power in powers))
    if not both.any():
        return 0.0, 0.0
    spectra = [np.fft.rfft(one[both], 2 * size) for one in windows]
    scale = np.sqrt(powers[0][both] * powers[1][both]) + 1e-12
    found = np.fft.irfft(spectra[0] * spectra[1].conj(), 2 * size) / scale[:, None]
    near = np.abs(np.concatenate([found[:, :lag + 1], found[:, -lag:]], axis=1)).max(axis=1)
    return float(np.median(near)), float(np.percentile(found[:, 0], 10))


def _measure(samples: np.ndarray, rate: int) -> _Channels:
    from scipy.signal import butter, sosfilt  # imported late: a help page need not wait for it

    sections = butter(2, (BAND[0], min(BAND[1], 0.45 * rate)), "bandpass", fs=rate, output="sos")
    speech = np.asarray(sosfilt(sections, samples, axis=0))
    frame = max(1, round(FRAME * rate))
    padded = np.pad(speech, ((0, -len(speech) % frame), (0, 0)))
    power = np.square(padded).reshape(-1, frame, samples.shape[1]).mean(axis=1)
    levels = 10 * np.log10(power + 1e-12)
    soft, loud = np.percentile(levels, [10, 95], axis=0)
    return _Channels(speech, np.maximum(levels, loud - 40), loud, loud + np.minimum(loud - soft, MODULATION_DB))


def _listed(indices: list[int]) -> str:
    return ", ".join(str(index + 1) for index in indices)
