"""What the A/B player plays: tracks with their place on the source's time line, their loudness and a sketch of their waveform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from evaluation.listening.design.clips import PEAK, TARGET, loudness
from evaluation.listening.errors import StudyError
from pipelines.features.audio import SAMPLE_RATE, save
from pipelines.features.decoding import talks_aloud
from workbench.studio.timing import Breakpoints, breakpoints, straight

SOURCE, REFERENCE, TAKE = "source", "reference", "take"  # kinds of tracks
SKETCH = 480  # points of a waveform's sketch
BROWSERS_PLAY = ("PCM_16", "PCM_24", "PCM_U8")  # mono WAVs that every browser decodes, at the loudness that is measured
SAME_LENGTH = 0.02  # s; a browser believes a header, and the workbench reads to the real end


@dataclass(frozen=True)
class Track:
    """One recording in the player; as JSON it can be kept and shown again.

    Attributes:
        key: tells it from all others. name: for readers. kind: source, reference or take.
        path: of a file that every browser plays. seconds: its duration.
        level: integrated loudness (ITU-R BS.1770-4), LUFS; None where it is too soft to be measured. peak: of full scale, 0 to 1.
        sketch: (480,) peaks of its waveform, percent of full scale.
        timing: its tempo map, see `timing.breakpoints`.
    """

    key: str
    name: str
    kind: str
    path: str
    seconds: float
    level: float | None
    peak: float
    sketch: tuple[int, ...]
    timing: Breakpoints

    def document(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Track:
        """The track of such a document."""
        own, source = document["timing"]
        return cls(**document | {"sketch": tuple(document["sketch"]), "timing": (tuple(own), tuple(source))})


def track(key: str, name: str, kind: str, path: str, samples: np.ndarray, source_seconds: float,
          timing: np.ndarray | None = None) -> Track:
    """Measure a recording for the player.

    Args:
        path: of a file that every browser plays. samples: (n,) float32 at 16 kHz, what the file holds.
        source_seconds: of the source, whose time line all share. timing: of a conversion, see `Conversion.timing`.
    """
    seconds = len(samples) / SAMPLE_RATE
    where = breakpoints(timing, seconds, source_seconds) if kind == TAKE else straight(seconds, source_seconds)
    return Track(key, name, kind, path, round(seconds, 4), _level(samples), round(float(np.abs(samples).max(initial=0.0)), 4),
                 sketch(samples), where)


def recording_track(key: str, name: str, kind: str, path: Path | str, samples: np.ndarray, folder: Path,
                    source_seconds: float) -> Track:
    """As `track`, of somebody's file. folder: where a copy goes that every browser plays, where some do not play the file.

    Raises:
        OutputError: the copy cannot be written.
    """
    if not _plays_everywhere(path, len(samples) / SAMPLE_RATE):
        path = save(folder / f"{key}.wav", samples)
    return track(key, name, kind, str(path), samples, source_seconds)


def sketch(samples: np.ndarray, points: int = SKETCH) -> tuple[int, ...]:
    """(points,) largest amplitude of each stretch, percent of full scale."""
    edges = np.linspace(0, len(samples), points + 1).astype(int)
    peaks = [np.abs(samples[low:max(high, low + 1)]).max(initial=0.0) for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return tuple(int(round(100 * float(peak))) for peak in peaks)


def gains(tracks: Sequence[Track]) -> list[float]:
    """Decibels that bring every track to one loudness: -23 LUFS, or the highest below it at which none of them clips.

    A track that is too soft to be measured stays as it is.
    """
    measured = [(track.level, track.peak) for track in tracks if track.level is not None]
    target = min([TARGET, *(level + 20 * np.log10(PEAK / max(peak, 1e-6)) for level, peak in measured)])
    return [0.0 if track.level is None else round(float(target - track.level), 2) for track in tracks]


def player_value(tracks: Sequence[Track], chosen: str = "") -> dict[str, Any]:
    """What the player's component is given: the tracks with their gains and the files that Gradio serves.

    Args:
        tracks: the source first, since its time line is the one that all share. chosen: key of the one that plays first.
    """
    shown = [one.document() | {"gain": gain, "called": _called(one),
                               "file": {"path": one.path, "meta": {"_type": "gradio.FileData"}}}
             for one, gain in zip(tracks, gains(tracks), strict=True)]
    for one in shown:
        del one["path"]  # a page needs no path of the server's beyond the file's address
    return {"tracks": shown, "chosen": chosen}


def _called(one: Track) -> str:
    """What a download is called: as a take's file, which tells how it was converted, or as the recording that was given."""
    path = Path(one.path)
    return path.name if one.kind == TAKE else f"{Path(one.name).stem}{path.suffix}"


def _level(samples: np.ndarray) -> float | None:
    try:
        return round(loudness(samples), 2)
    except StudyError:
        return None


def _plays_everywhere(path: Path | str, seconds: float) -> bool:
    try:
        if talks_aloud(path):
            return False
        found = soundfile.info(str(path))
    except (OSError, RuntimeError):
        return False
    return (found.format == "WAV" and found.subtype in BROWSERS_PLAY and found.channels == 1
            and abs(found.duration - seconds) < SAME_LENGTH)
