"""Virtual speakers: each emotional speaker again, played slower and faster (Ko et al., Interspeech 2015).

Few people act emotions in the training speech. Another playing speed moves vocal tract, key and tempo together, which makes
another person of them with the same emotions, as speaker recognition has long used it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.training.data.corpus import Clip


def with_virtual_voices(clips: list[Clip], speeds: Sequence[float]) -> list[Clip]:
    """The clips, and behind them all of them again at each speed, as other speakers."""
    return clips + [_at_speed(clip, speed) for speed in speeds for clip in clips]


def _at_speed(clip: Clip, speed: float) -> Clip:
    return replace(clip, speaker=f"{clip.speaker} x{speed:g}", seconds=clip.seconds / speed, speed=speed)
