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


@dataclass(frozen=True)
class _Channels:
    """levels: (frames, channels) dB within the band. loud: (channels,) dB of the loud frames. speech: the same with credit
    for modulation, which noise does not have."""

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
    if len(chosen) == count and measured.loud[count] > measured.loud[best] - LOST_DB:
        return mean, ""
    return _of_chosen(samples, chosen, best, measured, rate)


def _of_chosen(samples: np.ndarray, chosen: list[int], best: int, measured: _Channels, rate: int) -> tuple[np.ndarray, str]:
    count = samples.shape[1]
    mean = samples[:, chosen].mean(axis=1)
    if _measure(mean[:, None], rate).loud[0] > measured.loud[best] - LOST_DB:
        return mean, f"only channel {_listed(chosen)} of {count} was used; the others hold little or no speech."
    alike = np.corrcoef(measured.levels[:, chosen].T)[chosen.index(best)]
    if (alike[[chosen.index(one) for one in chosen if one != best]] < SAME_SPEECH).all():
        return samples[:, chosen].sum(axis=1), f"channels {_listed(chosen)} of {count} hold different speech; they were added."
    return samples[:, best], (f"only channel {best + 1} of {count} was used; averaged, they cancel each other out "
                              "(opposite phase or different delays).")


def _measure(samples: np.ndarray, rate: int) -> _Channels:
    from scipy.signal import butter, sosfilt  # imported late: a help page need not wait for it

    sections = butter(2, (BAND[0], min(BAND[1], 0.45 * rate)), "bandpass", fs=rate, output="sos")
    speech = sosfilt(sections, samples, axis=0)
    frame = max(1, round(FRAME * rate))
    padded = np.pad(speech, ((0, -len(speech) % frame), (0, 0)))
    power = np.square(padded).reshape(-1, frame, samples.shape[1]).mean(axis=1)
    levels = 10 * np.log10(power + 1e-12)
    soft, loud = np.percentile(levels, [10, 95], axis=0)
    return _Channels(np.maximum(levels, loud - 40), loud, loud + np.minimum(loud - soft, MODULATION_DB))


def _listed(indices: list[int]) -> str:
    return ", ".join(str(index + 1) for index in indices)
