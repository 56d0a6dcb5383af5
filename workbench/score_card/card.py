"""A score card as HTML: words that changed, posteriors of the judges, voice kept and leaked, F0, predicted naturalness."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from evaluation.metrics import subjects
from evaluation.score_card import (
    F0,
    NATURALNESS,
    TEXT,
    VOICE,
    WORDS,
    EmotionScores,
    F0Scores,
    NaturalnessScores,
    ScoreCard,
    VoiceScores,
    WordChange,
    WordScores,
)
from evaluation.verdict import verdict
from pipelines.counting import counted
from pipelines.features.pitch import F0Statistics

TITLES = {WORDS: subjects.WORDS.heading, VOICE: subjects.VOICE.heading, F0: subjects.F0.heading,
          NATURALNESS: subjects.NATURALNESS.heading}
STAGES = {WORDS: "Transcribing", VOICE: "Comparing the voices", F0: "Tracking F0", NATURALNESS: "Predicting naturalness"}
UNKNOWN = "not known for this recording"
MINUS = "\u2212"


def stage_name(subject: str) -> str:
    """What is going on while a subject is measured."""
    if subject.startswith("emotion@"):
        return f"Asking the judge {subject.partition('@')[2]}"
    return STAGES.get(subject, "Done")


def title(subject: str) -> str:
    """A subject of evaluation.score_card.SUBJECTS as a heading."""
    if subject.startswith("emotion@"):
        return f"{subjects.EMOTION.heading} Judge {subject.partition('@')[2]}"
    return TITLES[subject]


def card_html(card: ScoreCard) -> str:
    """The whole card; everything that came from recordings or visitors is escaped."""
    bodies = {WORDS: card.words and _words(card.words), VOICE: card.voice and _voice(card.voice),
              F0: card.f0 and _f0(card.f0), NATURALNESS: card.naturalness and _naturalness(card.naturalness)}
    bodies |= {f"emotion@{one.judge}": _emotion(one) for one in card.emotions}
    order = [WORDS, *(name for name in bodies if name.startswith("emotion@")), VOICE, F0, NATURALNESS]
    order += [name for name in card.not_measured if name not in order]
    sections = "".join(_section(name, bodies.get(name), card.not_measured.get(name)) for name in order)
    source = escape(f"Natural reference: {card.natural_from or UNKNOWN}.")
    notes = "".join(f'<p class="zest-card-note">{escape(note)}</p>' for note in card.notes)
    warned = "".join(f'<p class="zest-card-note zest-card-audit">{escape(line)}</p>' for line in card.warnings)
    return f'{notes}<div class="zest-card">{sections}</div>{warned}<p class="zest-card-foot">{source}</p>'


def verdict_html(card: ScoreCard) -> str:
    """The card in one line, with the ceilings of natural speech below it."""
    found = verdict(card)
    ceilings = "".join(f"<li>{escape(one)}</li>" for one in found.ceilings)
    return (f'<div class="zest-verdict {found.tone}"><p role="status"><b>{escape(found.sentence)}</b></p>'
            + (f"<ul>{ceilings}</ul>" if ceilings else "") + "</div>")


def changes_html(changes: tuple[WordChange, ...]) -> str:
    """The words, lost ones struck through and new ones underlined; also told apart without colour."""
    return " ".join(_change(change) for change in changes)


def _section(name: str, content: str | None, reason: str | None) -> str:
    body = content or f'<p class="missing">not measured: {escape(reason or UNKNOWN)}</p>'
    wide = " wide" if name == WORDS else ""
    head = f'<h4 aria-level="2">{escape(title(name))}</h4>'
    return f'<section class="part{wide}" data-subject="{escape(name)}">{head}{body}</section>'


def _change(change: WordChange) -> str:
    lost = f"<del>{escape(change.target)}</del>" if change.target else ""
    new = f"<ins>{escape(change.recognised)}</ins>" if change.recognised else ""
    return escape(change.target) if change.kind == "equal" else " ".join(filter(None, (lost, new)))


def _words(words: WordScores) -> str:
    against = "the text" if words.against == TEXT else "the transcript of the source"
    natural = (f"Natural source: {words.source_cer:.1f} %." if words.source_cer is not None else
               f"Natural source: {UNKNOWN}; without its text, errors of the recogniser in the source do not show.")
    looping = '<p class="zest-note">The recogniser ran on; this says little of the words.</p>' if words.looping else ""
    return (f'<p class="number"><b>{words.cer:.1f} %</b> characters wrong (CER), {words.wer:.1f} % words, against {against}. '
            f'{natural}</p><p class="transcript">{changes_html(words.changes)}</p>{looping}'
            f'<p class="small">{escape(words.model)}</p>')


def _emotion(one: EmotionScores) -> str:
    rows = "".join(_posterior_row(name, one) for name in one.after)
    legend = '<p class="small legend"><i class="before"></i> source <i class="after"></i> converted</p>'
    return f'<div class="bars">{rows}</div>{legend}<p class="small">{_judge_reference(one)}</p>'


def _posterior_row(name: str, one: EmotionScores) -> str:
    before, after = one.before.get(name, 0.0), one.after[name]
    share = f"{one.mix[name]:.2g} of the target" if name in one.mix else "target" if name == one.target else ""
    target = ' class="target"' if share else ""
    label = f"{name} ({share})" if share else name
    return (f"<div{target}><span>{escape(label)}</span>{_bar('before', before)}{_bar('after', after)}"
            f"<em>{100 * before:.0f} \u2192 {100 * after:.0f} %</em></div>")


def _bar(kind: str, share: float) -> str:
    return f'<u class="{kind}" style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></u>'


def _judge_reference(one: EmotionScores) -> str:
    sentences = []
    if one.reference is not None and one.target in one.reference:
        sentences.append(f"It gives the reference {100 * one.reference[one.target]:.0f} % {escape(one.target)}.")
    if one.natural_accuracy is None:
        return " ".join((*sentences, f"How often it is right about natural speech: {UNKNOWN}."))
    of_target = "" if one.natural_target is None else f", {one.natural_target:.0f} % of {escape(one.target)} clips"
    return " ".join((*sentences, f"Of natural speech it recognises {one.natural_accuracy:.0f} %{of_target}."))


def _voice(voice: VoiceScores) -> str:
    rows = [_cosine("Kept: to source", voice.to_source, voice, "after")]
    if voice.to_reference is not None and voice.source_to_reference is not None:
        rows.append(_cosine("Leaked: to reference", voice.to_reference, voice, "before"))
        rows.append(_cosine("Source to reference anyway", voice.source_to_reference, voice, "plain"))
    notes = []
    if voice.cross_emotion is not None:
        cross = voice.cross_emotion
        notes.append(f"Line: natural speech of one speaker in two emotions, {cross['mean']:.2f} ({cross['p5']:.2f} to "
                     f"{cross['p95']:.2f} for nine in ten of {counted(cross['pairs'], 'pair')}); above it, more is not better.")
    if voice.threshold is not None:
        notes.append(f"Dots: {voice.threshold:.2f}, below it a verifier says another speaker.")
    note = " ".join(notes) or f"Natural reference: {UNKNOWN}."
    return (f'<div class="bars scale">{"".join(rows)}</div><p class="small">{note}</p>'
            f'<p class="small">Cosine of {escape(voice.model)} embeddings.</p>')


def _cosine(label: str, value: float, voice: VoiceScores, kind: str) -> str:
    lines = "" if voice.threshold is None else f'<s class="threshold" style="left:{100 * voice.threshold:.1f}%"></s>'
    if voice.cross_emotion is not None:
        lines += f'<s class="natural" style="left:{100 * voice.cross_emotion["mean"]:.1f}%"></s>'
    return (f'<div><span>{label}</span><div class="track">{_bar(kind, value)}{lines}</div>'
            f"<em>{_signed(value) if value < 0 else f'{value:.2f}'}</em></div>")


def _f0(f0: F0Scores) -> str:
    rows = [("Source", f0.source), ("Reference", f0.reference), ("Converted", f0.converted)]
    shown = [(label, one) for label, one in rows if one is not None or label != "Reference"]
    body = "".join(_f0_row(label, one, f0.reference) for label, one in shown)
    against = "<th>\u0394 mean</th><th>\u0394 range</th>" if f0.reference is not None else ""
    note = ("\u0394: semitones against the reference, whose own F0 is the aim; voices differ in height by nature."
            if f0.reference is not None else f"Against a reference: {UNKNOWN}, there is none.")
    return ('<div class="scroll"><table><thead><tr><td></td><th>Mean, Hz</th><th>Range, st</th>' + against +
            f'</tr></thead><tbody>{body}</tbody></table></div><p class="small">{note} Range from the 5th to the 95th percentile, '
            "semitones. F0 by WORLD.</p>")


def _f0_row(label: str, one: F0Statistics | None, reference: F0Statistics | None) -> str:
    if one is None:
        return f'<tr><th>{label}</th><td colspan="{2 if reference is None else 4}">no voiced frame</td></tr>'
    cells = [f"{one.mean_hz:.0f}", f"{one.range_semitones:.1f}"]
    if reference is not None:
        same = label == "Reference"
        cells += ["", ""] if same else [_signed(one.mean_semitones - reference.mean_semitones, 1),
                                        _signed(one.range_semitones - reference.range_semitones, 1)]
    return f"<tr><th>{label}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _naturalness(one: NaturalnessScores) -> str:
    rows: Mapping[str, float | None] = {"Source (natural ceiling)": one.source, "Reference": one.reference,
                                        "Converted": one.converted}
    body = "".join(f"<tr><th>{label}</th><td>{value:.2f}</td></tr>" for label, value in rows.items() if value is not None)
    return ("<table><thead><tr><td></td><th>Predicted MOS, 1 to 5</th></tr></thead><tbody>" + body +
            f'</tbody></table><p class="small">A model\'s guess, not the mean opinion of listeners. {escape(one.model)}</p>')


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", MINUS)
