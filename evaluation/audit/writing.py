"""An audit as files: JSON, a page, Markdown; and as a part of the judges' card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from evaluation.audit import tables
from evaluation.audit.found import Audit
from evaluation.audit.thresholds import CALIBRATION, FALL, TRIPLETS
from evaluation.audit.triplets import EMOTION, VOICE
from evaluation.judges.base import EmotionJudge
from evaluation.report.blocks import Beside, Block, Document, Fold, Paragraph, Section
from pipelines.counting import counted
from pipelines.files import json_text, write_whole
from pipelines.notices import not_measured

READING = ("Each cell: the value, its 95 % bootstrap interval over speakers and their clips, and how many clips or triplets "
           "were measured. Accuracy is a mean over emotions, so that a frequent emotion does not dominate.")
WHY_THESE = ("The thresholds follow from one demand: of a true difference between two systems, at least half is left in the "
                 f"number. That asks for 60 % of five emotions, twice chance for each emotion, and {TRIPLETS:.0f} % of triplets. "
                 f"A change that conversions undergo may cost {FALL:g} points, and the calibration error of a posterior may be "
                 f"{CALIBRATION:g}.")
CHANGES_READING = ("A change is measured on the same clips with and without it. Telephone bandwidth and noise 10 dB below the "
                   "speech are shown without a mark, because conversions do not undergo them.")
TRIPLETS_READING = ("A triplet is an anchor, a right recording and a wrong one. Without distractor both are of another speaker "
                    "with other words. With the distractor words, the wrong one has the anchor's words. With speaker or emotion, "
                    "it has the anchor's speaker or emotion. With both, it has both (after arXiv 2604.26347).")
BEGIN, END = "<!-- audit: written by zest judge audit -->", "<!-- end of the audit -->"
PART = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END) + "\n?", re.S)


@dataclass(frozen=True)
class AuditFiles:
    """Where an audit lies."""

    html: Path
    markdown: Path
    json: Path

    @classmethod
    def of(cls, folder: Path | str) -> AuditFiles:
        return cls(*(Path(folder) / name for name in ("audit.html", "audit.md", "audit.json")))

    @property
    def every(self) -> tuple[Path, ...]:
        return astuple(self)


def write_audit(audit: Audit, folder: Path | str) -> AuditFiles:
    """Write the page, Markdown and JSON. Raises OutputError: they cannot be written."""
    from evaluation.report.rendering import to_html, to_markdown

    files, document = AuditFiles.of(folder), document_of(audit)
    write_whole(files.json, (json_text(audit.document(), 1) + "\n").encode())
    write_whole(files.markdown, to_markdown(document).encode(errors="replace"))
    write_whole(files.html, to_html(document).encode(errors="replace"))
    return files


def document_of(audit: Audit) -> Document:
    """The page before it is HTML or Markdown."""
    sections = [Section("verdicts", "Passed or failed", (tables.verdicts_table(audit), Paragraph(WHY_THESE), *_said(audit)))]
    if audit.judges:
        sections += [_accuracy(audit), _changes(audit), _calibration(audit)]
    if audit.agreement or audit.listeners:
        sections.append(Section("agreement", "Agreement", (tables.agreement_table(audit),)))
    if audit.distances:
        sections.append(_triplets(audit))
    if audit.command:
        sections.append(Section("provenance", "To repeat", (Paragraph(audit.command, "code"),)))
    subtitle = f"{audit.about} \u00b7 {counted(audit.draws, 'resample')}, seed {audit.seed}"
    return Document("Audit of judges and distances", subtitle, tuple(sections))


def write_cards(audit: Audit, judges: Sequence[EmotionJudge]) -> tuple[list[Path], list[str]]:
    """Write the audit into the cards of its judges, in place of an older one.

    Returns:
        the cards; and a sentence for each judge that has none (`without_card`).
    Raises:
        OutputError: a card cannot be written.
    """
    audited = {one.name for one in audit.judges}
    cards = list(dict.fromkeys(judge.card for judge in judges if judge.card is not None and judge.name in audited))
    for card in cards:
        before = PART.sub("", card.read_text(encoding="utf-8")).rstrip("\n")
        write_whole(card, f"{before}\n\n{card_part(audit)}".encode())
    return cards, without_card(audit, judges)


def without_card(audit: Audit, judges: Sequence[EmotionJudge]) -> list[str]:
    """A sentence for each audited judge that has no card: where its audit stands, and what is known of its training."""
    audited = {one.name for one in audit.judges}
    return [f"The judge {one.name} has no card to write into; its audit stands in the folder only. It learnt from "
            f"{one.training.about if one.training else 'recordings that nobody named, so these may be among them'}."
            for one in judges if one.card is None and one.name in audited]


def card_part(audit: Audit) -> str:
    """The audit's main tables as a section of Markdown."""
    from evaluation.report.rendering import to_markdown

    blocks: list[Block] = [Paragraph(f"{audit.about}."), Paragraph(READING), *tables.main_tables(audit), Paragraph(WHY_THESE)]
    text = to_markdown(Document("", "", (Section("audit", "Audit", tuple(blocks)),)))
    return f"{BEGIN}\n{text[text.index('## '):].rstrip()}\n{END}\n"


def _said(audit: Audit) -> list[Paragraph]:
    return [Paragraph(sentence, "warning") for sentence in (*audit.notes, *not_measured(audit.not_measured))]


def _accuracy(audit: Audit) -> Section:
    return Section("accuracy", "Judges on natural speech", (
        tables.accuracy_table(audit), Paragraph(READING), Fold("By speaker", (tables.speakers_table(audit),)),
        Fold("Confusions", (Beside(tables.confusions(audit)),))))


def _changes(audit: Audit) -> Section:
    found = tables.conditions_table(audit)
    return Section("changes", "After changes", ((found, Paragraph(CHANGES_READING)) if found.rows else
                                                (Paragraph("Not measured: no change was asked for."),)))


def _calibration(audit: Audit) -> Section:
    return Section("calibration", "Calibration", (Beside(tuple(tables.calibration_table(one) for one in audit.judges)),))


def _triplets(audit: Audit) -> Section:
    blocks: list[Block] = [table for about in (EMOTION, VOICE) if (table := tables.triplets_table(audit, about)).rows]
    blocks.append(Paragraph(TRIPLETS_READING))
    if audit.conditions:
        blocks.append(tables.changes_table(audit))
    for one in audit.distances:
        groups = (("corpus", one.corpora), ("speaker", one.speakers), ("change", one.conditions))
        blocks.append(Fold(one.name, tuple(tables.grouped_table(one, found, corner) for corner, found in groups if found)))
    return Section("triplets", "Adversarial triplets", tuple(blocks))
