"""Loudness after ITU-R BS.1770-4 (package pyloudnorm), and the range in which a conversion may change it."""

from __future__ import annotations

import numpy as np

from pipelines.features.audio import SAMPLE_RATE

GATING_SECONDS = 0.4  # BS.1770's block; shorter clips are measured as one block
MOST_CHANGE = 6.0  # dB by which a conversion may be louder or softer than its source
TOLD = 4.0  # dB from which it is told that a conversion was turned down; less is no louder emotion lost


def integrated_loudness(samples: np.ndarray, rate: int = SAMPLE_RATE) -> float:
    """LUFS of (n,) samples; minus infinity where nothing is above the gate of -70 LUFS."""
    import pyloudnorm  # imported late: a training does without it

    seconds = len(samples) / rate
    block = GATING_SECONDS if seconds > GATING_SECONDS else seconds * 0.999  # the meter wants more than one block
    with np.errstate(divide="ignore"):  # silence
        return float(pyloudnorm.Meter(rate, block_size=block).integrated_loudness(np.asarray(samples, dtype=np.float64)))


def level_divisor(converted: np.ndarray, source: np.ndarray) -> float:
    """What to divide a conversion by, so that it does not clip, and so that its loudness is within MOST_CHANGE of the source's.

    Args:
        converted, source: (n,) at 16 kHz.
    Returns:
        at least what keeps the peak at full scale; exactly 1 where nothing is to be done.
    """
    clipping = float(np.abs(converted).max(initial=0.0))
    divisor = max(1.0, clipping)
    if not clipping:
        return divisor
    beyond = _beyond_range(converted, source, divisor)
    return divisor if beyond == 0 else max(divisor * 10 ** (beyond / 20), clipping)


def level_notes(rendered: np.ndarray, source: np.ndarray, divisor: float) -> tuple[str, ...]:
    """A sentence where full scale kept (n,) samples from being as loud as the range of loudness allows.

    Args:
        rendered, source: (n,) at 16 kHz. divisor: that `level_divisor` gave for them.
    """
    down = 20 * np.log10(divisor)
    if down < TOLD:
        return ()
    lost = down - max(0.0, _beyond_range(rendered, source))
    if lost < TOLD:
        return ()
    return (f"The result would clip, so it was turned down by {lost:.1f} dB; a source with lower peaks leaves room for it.",)


def _beyond_range(converted: np.ndarray, source: np.ndarray, divisor: float = 1.0) -> float:
    """dB by which a conversion over a divisor is louder (above 0) or softer than MOST_CHANGE allows; 0 within."""
    try:
        change = integrated_loudness(converted) - 20 * np.log10(divisor) - integrated_loudness(source)
    except ModuleNotFoundError:  # a training on a borrowed machine renders without it
        return 0.0
    return change - float(np.clip(change, -MOST_CHANGE, MOST_CHANGE)) if np.isfinite(change) else 0.0
