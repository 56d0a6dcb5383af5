"""How long a recording is, without decoding it where its header says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from pipelines.errors import AudioError
from pipelines.features.decoding import decode, talks_aloud

LONGEST = 24 * 3600.0  # s; a header that says more says nothing


def stated_seconds(path: Path) -> float | None:
    """The length that an audio header says; None where it cannot be read or says nothing is there.

    Where the header says nothing, or libsndfile does not know the format, the recording is decoded.
    """
    import soundfile

    try:
        info = None if talks_aloud(path) else soundfile.info(cast(str, os.fsencode(path)))
        if info is not None and 0 < info.duration < LONGEST:
            return info.duration
    except (soundfile.LibsndfileError, OSError):
        pass
    try:
        decoded = decode(path)
    except AudioError:
        return None
    return len(decoded.samples) / decoded.rate or None
