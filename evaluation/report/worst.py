"""The worst pairs of a system, and their cards with numbers, players and F0 contours.

Every pair gets three ranks among the pairs of its system: by CER, by voice cosine to the source, and by the judges' mean
posterior of the target emotion. A rank is a share from 0 (best) to 1 (worst); ties share the mean rank. The pairs with the
highest mean rank are shown. A failed conversion has no recording and stands in the table of failures.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.stats import rankdata

from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import CHARACTER_ERRORS
from evaluation.pair import Pair
from evaluation.plots import converted_figure
from evaluation.report.blocks import Figure, PairCard, Paragraph, Player, Section
from evaluation.report.catalogue import Catalogue
from evaluation.report.figures import to_svg
from evaluation.report.results import Matrix
from evaluation.report.sections import Material
from evaluation.report.tables import number, setting_name
from pipelines.counting import counted
from pipelines.errors import AudioError
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.features.pitch import F0Contour, statistics, track

RULE = ("Each pair is ranked among all pairs of the system by CER, by voice cosine to the source, and by the judges' mean "
        "posterior of the target emotion. The pairs with the worst mean rank are shown. "
        "Failed conversions have no recording; they stand in the table of failures.")
PLAIN = ("source", "copy", "copy-neural", "f0-swap")
NO_AUDIO = "left out on request"
CLIPS = ("source", "reference", "converted")
FLAC_BUDGET, BUDGET = 2_500_000, 3_200_000  # characters of data URIs in a report
FLAC, OGG = ("FLAC", "PCM_16", "audio/flac"), ("OGG", "VORBIS", "audio/ogg")
TOO_MUCH = "left out, because the report would become too large"


@dataclass(frozen=True)
class Worst:
    """badness: mean rank, 0 (best in everything) to 1. values: (metric, value) that it was ranked by."""

    pair: Pair
    badness: float
    values: tuple[tuple[MetricInfo, float], ...]


def focus_of(systems: Sequence[str]) -> str:
    """The system whose worst pairs are shown unless another is asked for: the first that is no baseline, else the last."""
    return next((system for system in systems if system not in PLAIN), systems[-1])


def ranked_by(catalogue: Catalogue) -> tuple[tuple[MetricInfo, ...], ...]:
    """Groups of metrics; within a group, values are averaged before they are ranked."""
    groups = (catalogue.with_role(CHARACTER_ERRORS), catalogue.to_source()[:1], catalogue.posteriors())
    return tuple(group for group in groups if group)


def worst_pairs(matrix: Matrix, catalogue: Catalogue, system: str, count: int = 10) -> list[Worst]:
    """The `count` worst pairs of a system, the worst first; empty where none of the three was measured."""
    groups = ranked_by(catalogue)
    there = np.flatnonzero(matrix.converted[matrix.systems.index(system)])
    if not groups or not there.size:
        return []
    badness = np.array([_ranks(matrix, system, group, there) for group in groups])
    known = np.isfinite(badness).any(axis=0)
    there, badness = there[known], np.nanmean(badness[:, known], axis=0)
    order = np.argsort(-badness, kind="stable")[:count]
    infos = [info for group in groups for info in group]
    return [Worst(matrix.pairs[there[k]], float(badness[k]), _values(matrix, system, infos, int(there[k]))) for k in order]


def _ranks(matrix: Matrix, system: str, group: Sequence[MetricInfo], rows: np.ndarray) -> np.ndarray:
    """(pairs,) 0 best to 1 worst, NaN where not measured."""
    values = np.array([_measured(matrix, system, info, rows) for info in group])
    known = np.isfinite(values).any(axis=0)
    ranks = np.full(len(rows), np.nan)
    if known.any():
        mean = np.nanmean(values[:, known], axis=0)
        bad = mean if group[0].better == "lower" else -mean
        ranks[known] = (rankdata(bad) - 1) / max(1, known.sum() - 1)
    return ranks


def _measured(matrix: Matrix, system: str, info: MetricInfo, rows: np.ndarray) -> np.ndarray:
    scores = matrix.scores(system, info.name, rows)
    return np.where(scores.weights > 0, scores.values, np.nan)


def _values(matrix: Matrix, system: str, infos: Sequence[MetricInfo], row: int) -> tuple[tuple[MetricInfo, float], ...]:
    found = [(info, float(_measured(matrix, system, info, np.array([row]))[0])) for info in infos]
    return tuple((info, value) for info, value in found if np.isfinite(value))


def worst_section(material: Material, system: str, count: int, audio: bool) -> Section:
    """Cards of a system's worst pairs; without players if `audio` is False."""
    found = worst_pairs(material.results.matrix, material.catalogue, system, count)
    title = f"The {counted(len(found), 'worst pair').removeprefix('1 ')} of {system}" if found else "The worst pairs"
    if not found:
        return Section("worst", title, (Paragraph("Not measured: pairs are ranked by CER, voice to source and judges' "
                                                  "posterior, and this run has none of them."),))
    labels = [(label, path) for one in found for label, path in zip(CLIPS, _paths(material, one.pair, system), strict=True)]
    clips = players(labels) if audio else [Player(label, "", NO_AUDIO) for label, _ in labels]
    cards = [_card(material, one, system, rank, tuple(clips[3 * rank:3 * rank + 3])) for rank, one in enumerate(found)]
    return Section("worst", title, (Paragraph(RULE), *cards))


def _card(material: Material, one: Worst, system: str, rank: int, clips: tuple[Player, ...]) -> PairCard:
    pair = one.pair
    facts = [("target", pair.emotion or "unknown"), ("setting", setting_name(pair.setting)),
             ("source speaker", pair.source_speaker or "unknown"), ("mean rank, 1 is worst", f"{one.badness:.2f}"),
             *((info.name, f"{number(value, info.unit)} {info.unit}") for info, value in one.values)]
    said, recognised = _words(material, pair, system)
    facts += [("said", said)] if said else []
    facts += [("recognised in the conversion", recognised)] if recognised is not None else []
    return PairCard(f"{rank + 1}. {pair.id}", tuple(facts), clips, _contours(material, pair, system))


def _paths(material: Material, pair: Pair, system: str):
    return pair.source, pair.reference, material.run.files.clip(pair, material.run.conversions[system, pair.id])


def _words(material: Material, pair: Pair, system: str) -> tuple[str, str | None]:
    """Transcripts of the source, as written or as recognised, and of the conversion; None where unknown."""
    transcribed = next(iter(material.catalogue.with_role(CHARACTER_ERRORS)), None)
    observer = material.run.record.observer_keys.get(transcribed.name, "") if transcribed else ""
    recognised = _text(material.observed.of_conversion(observer, pair, system))
    return pair.text or _text(material.observed.of_clip(observer, pair.source, pair.language)) or "", recognised


def _text(observation) -> str | None:
    """A transcript, kept as text or under 'text'."""
    found = observation.get("text") if isinstance(observation, dict) else observation
    return found if isinstance(found, str) else None


def _contours(material: Material, pair: Pair, system: str) -> Figure | None:
    paths = [path for path in _paths(material, pair, system) if path is not None]
    if len(paths) < 3:
        return None
    try:
        source, reference, converted = (track(load(path).samples).contour() for path in paths)
    except AudioError:
        return None
    predicted = material.run.predicted(system, pair.id)
    drawing = converted_figure(source, reference, converted, predicted)
    what = "measured in the conversion" if predicted is None else "asked for (thick) and measured again in the conversion (thin)"
    said = "; ".join(f"{name}: {_said(contour)}" for name, contour in
                     (("source", source), ("reference", reference), ("converted", converted)))
    caption = f"F0 of source and reference, and {what}; SwiftF0, 20 ms, gaps where unvoiced."
    return Figure(to_svg(drawing), caption, f"F0. {said}.", wide=True)


def _said(contour: F0Contour) -> str:
    numbers = statistics(contour)
    return "no voiced frame" if numbers is None else \
        f"mean {numbers.mean_hz:.0f} Hz, range {numbers.range_semitones:.1f} semitones"


def players(clips: Sequence[tuple[str, Path | None]]) -> list[Player]:
    """One player a clip: FLAC, or all as Ogg Vorbis where FLAC would be too large; clips beyond the budget are left out.

    Args:
        clips: (label, recording), None where there is none.
    """
    lossless = [_player(label, path, FLAC) for label, path in clips]
    if sum(len(player.uri) for player in lossless) <= FLAC_BUDGET:
        return lossless
    kept, used = [], 0
    for player in (_player(label, path, OGG) for label, path in clips):
        used += len(player.uri)
        kept.append(player if used <= BUDGET else Player(player.label, "", TOO_MUCH))
    return kept


def _player(label: str, path: Path | None, coding: tuple[str, str, str]) -> Player:
    if path is None:
        return Player(label, "", "no recording")
    try:
        samples = load(path).samples
    except AudioError as error:
        return Player(label, "", str(error))
    container, subtype, mime = coding
    content = io.BytesIO()
    soundfile.write(content, samples, SAMPLE_RATE, format=container, subtype=subtype)
    return Player(label, f"data:{mime};base64,{base64.b64encode(content.getvalue()).decode()}")
