"""What a new plan begins with, as command line and API ask for it."""

from __future__ import annotations

from pipelines.affect import known_target
from pipelines.labels import folded
from pipelines.plan.segments import KEEP, Segment
from pipelines.settings import Settings


def template_of(emotion: str, settings: Settings) -> Segment:
    """What every row of a new plan begins with. Raises ZestError: the emotion is none that is known, and no mix of such."""
    name = emotion.strip() if folded(emotion) in ("", KEEP) else known_target(emotion)
    return Segment(0.0, 0.0, name, None, settings.strength, settings.tempo)
