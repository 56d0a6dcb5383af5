"""The ten worst pairs as cards: numbers, what was said and heard, players, contours."""

from __future__ import annotations

from evaluation.metrics.subjects import CHARACTER_ERRORS
from evaluation.pair import Pair
from evaluation.plots import converted_figure
from evaluation.report.blocks import Figure, PairCard, Paragraph, Player, Section
from evaluation.report.clips import players
from evaluation.report.numbers import number
from evaluation.report.sections import Material
from evaluation.report.svg import to_svg
from evaluation.report.tables import setting_name
from evaluation.report.worst import RULE, Worst, worst_pairs
from pipelines.errors import AudioError
from pipelines.features.audio import load
from pipelines.features.pitch import F0Contour, statistics, track

NO_AUDIO = "left out on request"
CLIPS = ("source", "reference", "converted")


def worst(material: Material, system: str, count: int, audio: bool) -> Section:
    """Cards of a system's worst pairs; without players if `audio` is False."""
    found = worst_pairs(material.results.matrix, material.catalogue, system, count)
    title = f"The {len(found)} worst pairs of {system}" if found else "The worst pairs"
    if not found:
        return Section("worst", title, (Paragraph("Not measured: none of CER, voice to source and judge posterior is there to "
                                                  "rank pairs by."),))
    labels = [(label, path) for one in found for label, path in zip(CLIPS, _paths(material, one.pair, system), strict=True)]
    made = players(labels) if audio else [Player(label, "", NO_AUDIO) for label, _ in labels]
    cards = [_card(material, one, system, rank, tuple(made[3 * rank:3 * rank + 3])) for rank, one in enumerate(found)]
    return Section("worst", title, (Paragraph(RULE), *cards))


def _card(material: Material, one: Worst, system: str, rank: int, clips: tuple[Player, ...]) -> PairCard:
    pair = one.pair
    facts = [("wanted", pair.emotion or "unknown"), ("setting", setting_name(pair.setting)),
             ("source speaker", pair.source_speaker or "unknown"), ("mean rank, 1 is worst", f"{one.badness:.2f}"),
             *((info.name, f"{number(value, info.unit)} {info.unit}") for info, value in one.values)]
    said, heard = _words(material, pair, system)
    facts += [("said", said)] if said else []
    facts += [("heard in the conversion", heard)] if heard is not None else []
    return PairCard(f"{rank + 1}. {pair.id}", tuple(facts), clips, _contours(material, pair, system))


def _paths(material: Material, pair: Pair, system: str):
    return pair.source, pair.reference, material.run.files.clip(pair, material.run.conversions[system, pair.id])


def _words(material: Material, pair: Pair, system: str) -> tuple[str, str | None]:
    """What the source says, as written or as heard; and what the recogniser heard in the conversion, None where unknown."""
    transcribed = next(iter(material.catalogue.with_role(CHARACTER_ERRORS)), None)
    observer = material.run.record.observer_keys.get(transcribed.name, "") if transcribed else ""
    heard = _text(material.observed.of_conversion(observer, pair, system))
    return pair.text or _text(material.observed.of_clip(observer, pair.source, pair.language)) or "", heard


def _text(observation) -> str | None:
    """A transcript, kept as text or under 'text'."""
    found = observation.get("text") if isinstance(observation, dict) else observation
    return found if isinstance(found, str) else None


def _contours(material: Material, pair: Pair, system: str) -> Figure | None:
    try:
        source, reference, converted = (_contour(path) for path in _paths(material, pair, system))
    except AudioError:
        return None
    predicted = material.run.predicted(system, pair.id)
    drawing = converted_figure(source, reference, converted, predicted)
    what = "measured in the conversion" if predicted is None else "asked for (thick) and measured again in the conversion (thin)"
    said = "; ".join(f"{name}: {_said(contour)}" for name, contour in
                     (("source", source), ("reference", reference), ("converted", converted)))
    caption = f"F0 of source and reference, and {what}; SwiftF0, 20 ms, gaps where unvoiced."
    return Figure(to_svg(drawing), caption, f"F0. {said}.", wide=True)


def _contour(path) -> F0Contour:
    return track(load(path).samples).contour()


def _said(contour: F0Contour) -> str:
    numbers = statistics(contour)
    return "no voiced frame" if numbers is None else \
        f"mean {numbers.mean_hz:.0f} Hz, range {numbers.range_semitones:.1f} semitones"
