"""How pieces of sound follow each other without a click: equal-power crossfades, aligned waveforms, and one level.

Fades lie inside what is converted, so that what is copied from the source stays bit for bit.
"""

from __future__ import annotations

import numpy as np

from pipelines.features.audio import speech_level

FADE = 0.02  # s
LONG_FADE = 0.16  # s, in a pause: a converted pause has less of the room's noise, which must not begin or end at once
EVEN = 2.0  # times as loud as at its edge a pause may become
SOFT = 0.25, 0.01  # of the level of speech: a pause is softer than the first; what is softer than the second is as soft as that
SEARCH = 0.01  # s to either side in which the next piece is aligned with the end of the one before
MOST_CHANGE = 3.0  # dB by which a converted piece may be louder or softer than its source
FULL = 0.999  # of full scale


def crossfade(going: np.ndarray, coming: np.ndarray) -> np.ndarray:
    """(n,) from one sound to another of the same length, at constant power however alike the two are."""
    angle = (np.arange(len(going)) + 0.5) / max(1, len(going)) * np.pi / 2
    power = np.sqrt(float(np.square(going).sum()) * float(np.square(coming).sum()))
    alike = max(0.0, float(np.dot(going, coming)) / power) if power > 0 else 0.0
    mixed = np.cos(angle) * going + np.sin(angle) * coming
    return (mixed / np.sqrt(1 + alike * np.sin(2 * angle))).astype(np.float32)


def pause_at_edge(source: np.ndarray, converted: np.ndarray, rate: int) -> int:
    """How many samples from their common first edge on are a pause in both, in which the one may slowly become the other.

    Args:
        source, converted: (n,) and (m,), the same piece of speech; reversed for the last edge.
    Returns:
        0 to LONG_FADE; at most a quarter of either.
    """
    most = min(round(LONG_FADE * rate), len(source) // 4, len(converted) // 4)
    return min(_pause(samples, most, rate) for samples in (source, converted))


def _pause(samples: np.ndarray, most: int, rate: int) -> int:
    frame, speech = round(FADE * rate), speech_level(samples, rate)
    levels = np.sqrt(np.square(samples[:most // frame * frame].reshape(-1, frame), dtype=np.float64).mean(axis=1))
    if not len(levels):
        return 0
    loud = levels > min(EVEN * max(levels[0], SOFT[1] * speech), SOFT[0] * speech)
    return frame * (int(np.argmax(loud)) if loud.any() else len(levels))


def best_lag(tail: np.ndarray, head: np.ndarray) -> int:
    """Where in `head` (longer than `tail`) a stretch lies that is most like `tail`: its first index."""
    windows = np.lib.stride_tricks.sliding_window_view(head.astype(np.float64), len(tail))
    norms = np.sqrt(np.square(windows).sum(axis=1)) + 1e-9
    return int(np.argmax(windows @ tail.astype(np.float64) / norms))


def level_gain(source: np.ndarray, converted: np.ndarray, rate: int) -> float:
    """What a converted piece is multiplied with, so that its level differs from the source's by at most MOST_CHANGE, unclipped.

    What lies within that range is the emotion's. The rule looks at one piece alone: a change of another leaves it as it is.
    """
    change = 20 * np.log10(speech_level(converted, rate) / speech_level(source, rate))
    gain = 10 ** ((float(np.clip(change, -MOST_CHANGE, MOST_CHANGE)) - change) / 20)
    peak = float(np.abs(converted).max(initial=0.0)) * gain
    return gain * (FULL / peak if peak > FULL else 1.0)


def joined(before: np.ndarray, samples: np.ndarray, start: int, rate: int) -> tuple[np.ndarray, int]:
    """From one piece to the next: the fade, and where in `samples` it goes on.

    Args:
        before: (FADE,) what the first piece would go on with. start: where the second begins; it is moved by up to SEARCH, to
            where its waveform fits.
    """
    count, search = len(before), round(SEARCH * rate)
    first = max(0, start - search)
    begin = first + best_lag(before, samples[first:start + search + count])
    return crossfade(before, samples[begin:begin + count]), begin + count
