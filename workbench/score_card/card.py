"""A score card as HTML: words that changed, what the judges hear, voice kept and leaked, F0, predicted naturalness."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from evaluation.score_card import (
    MELODY,
    NATURALNESS,
    TEXT,
    VOICE,
    WORDS,
    Change,
    Emotion,
    Melody,
    Naturalness,
    ScoreCard,
    Voice,
    Words,
)
from pipelines.features.pitch import F0Statistics

TITLES = {WORDS: "Words kept?", VOICE: "Voice kept?", MELODY: "Melody moved?",
          NATURALNESS: "Natural? Predicted, not heard by people"}
STAGES = {WORDS: "Transcribing", VOICE: "Comparing the voices", MELODY: "Tracking F0", NATURALNESS: "Predicting naturalness"}
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
        return f"Emotion moved? Judge {subject.partition('@')[2]}"
    return TITLES[subject]


def card_html(card: ScoreCard) -> str:
    """The whole card; everything that came from recordings or visitors is escaped."""
    parts = {WORDS: card.words and _words(card.words), VOICE: card.voice and _voice(card.voice),
             MELODY: card.melody and _melody(card.melody), NATURALNESS: card.naturalness and _naturalness(card.naturalness)}
    parts |= {f"emotion@{one.judge}": _emotion(one) for one in card.emotions}
    order = [WORDS, *(name for name in parts if name.startswith("emotion@")), VOICE, MELODY, NATURALNESS]
    order += [name for name in card.not_measured if name not in order]
    sections = "".join(_section(name, parts.get(name), card.not_measured.get(name)) for name in order)
    source = f"Marks of natural speech: {card.marks_from}." if card.marks_from else f"Marks of natural speech: {UNKNOWN}."
    return f'<div class="zest-card">{sections}</div><p class="zest-card-foot">{escape(source)}</p>'


def changes_html(changes: tuple[Change, ...]) -> str:
    """The words, lost ones struck through and new ones underlined; also told apart without colour."""
    return " ".join(_change(change) for change in changes)


def _section(name: str, content: str | None, reason: str | None) -> str:
    body = content or f'<p class="missing">not measured: {escape(reason or UNKNOWN)}</p>'
    wide = " wide" if name == WORDS else ""
    return f'<section class="part{wide}" data-subject="{escape(name)}"><h4>{escape(title(name))}</h4>{body}</section>'


def _change(change: Change) -> str:
    lost = f"<del>{escape(change.wanted)}</del>" if change.wanted else ""
    new = f"<ins>{escape(change.heard)}</ins>" if change.heard else ""
    return escape(change.wanted) if change.kind == "equal" else " ".join(filter(None, (lost, new)))


def _words(words: Words) -> str:
    against = "the text" if words.against == TEXT else "the transcript of the source"
    natural = (f"Natural source: {words.source_cer:.1f} %." if words.source_cer is not None else
               f"Natural source: {UNKNOWN}; without its text, what is misheard in the source does not show.")
    looping = '<p class="zest-note">The recogniser ran on; this says little of the words.</p>' if words.looping else ""
    return (f'<p class="number"><b>{words.cer:.1f} %</b> characters wrong (CER), {words.wer:.1f} % words, against {against}. '
            f'{natural}</p><p class="transcript">{changes_html(words.changes)}</p>{looping}'
            f'<p class="small">{escape(words.model)}</p>')


def _emotion(one: Emotion) -> str:
    rows = "".join(_posterior_row(name, one) for name in one.after)
    legend = '<p class="small legend"><i class="before"></i> source <i class="after"></i> converted</p>'
    return f'<div class="bars">{rows}</div>{legend}<p class="small">{_judge_mark(one)}</p>'


def _posterior_row(name: str, one: Emotion) -> str:
    before, after = one.before.get(name, 0.0), one.after[name]
    wanted = ' class="wanted"' if name == one.wanted else ""
    label = f"{name} (wanted)" if name == one.wanted else name
    return (f"<div{wanted}><span>{escape(label)}</span>{_bar('before', before)}{_bar('after', after)}"
            f"<em>{100 * before:.0f} \u2192 {100 * after:.0f} %</em></div>")


def _bar(kind: str, share: float) -> str:
    return f'<u class="{kind}" style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></u>'


def _judge_mark(one: Emotion) -> str:
    parts = []
    if one.reference is not None and one.wanted in one.reference:
        parts.append(f"It gives the reference {100 * one.reference[one.wanted]:.0f} % {escape(one.wanted)}.")
    if one.natural_accuracy is None:
        return " ".join((*parts, f"How often it is right about natural speech: {UNKNOWN}."))
    of_wanted = "" if one.natural_wanted is None else f", {one.natural_wanted:.0f} % of {escape(one.wanted)} clips"
    return " ".join((*parts, f"Of natural speech it hears {one.natural_accuracy:.0f} % right{of_wanted}."))


def _voice(voice: Voice) -> str:
    rows = [_cosine("Kept: to source", voice.to_source, voice, "after")]
    if voice.to_reference is not None:
        rows.append(_cosine("Leaked: to reference", voice.to_reference, voice, "before"))
        rows.append(_cosine("Source to reference anyway", voice.source_to_reference, voice, "plain"))
    marks = []
    if voice.cross_emotion is not None:
        cross = voice.cross_emotion
        marks.append(f"Line: natural speech of one speaker in two emotions, {cross['mean']:.2f} ({cross['p5']:.2f} to "
                     f"{cross['p95']:.2f} for nine in ten of {cross['pairs']:.0f} pairs); above it, more is not better.")
    if voice.threshold is not None:
        marks.append(f"Dots: {voice.threshold:.2f}, below it a verifier says another speaker.")
    return (f'<div class="bars scale">{"".join(rows)}</div><p class="small">{" ".join(marks) or f"Natural mark: {UNKNOWN}."}</p>'
            f'<p class="small">Cosine of {escape(voice.model)} embeddings.</p>')


def _cosine(label: str, value: float, voice: Voice, kind: str) -> str:
    marks = "" if voice.threshold is None else f'<s class="threshold" style="left:{100 * voice.threshold:.1f}%"></s>'
    if voice.cross_emotion is not None:
        marks += f'<s class="natural" style="left:{100 * voice.cross_emotion["mean"]:.1f}%"></s>'
    return (f'<div><span>{label}</span><div class="track">{_bar(kind, value)}{marks}</div>'
            f"<em>{_signed(value) if value < 0 else f'{value:.2f}'}</em></div>")


def _melody(melody: Melody) -> str:
    rows = [("Source", melody.source), ("Reference", melody.reference), ("Converted", melody.converted)]
    shown = [(label, one) for label, one in rows if one is not None or label != "Reference"]
    body = "".join(_f0_row(label, one, melody.reference) for label, one in shown)
    against = "<th>\u0394 mean</th><th>\u0394 range</th>" if melody.reference is not None else ""
    note = ("\u0394: semitones against the reference, whose own F0 is the mark; voices differ in height by nature."
            if melody.reference is not None else f"Against a reference: {UNKNOWN}, there is none.")
    return ('<div class="scroll"><table><thead><tr><th></th><th>Mean, Hz</th><th>Range, st</th>' + against +
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


def _naturalness(one: Naturalness) -> str:
    rows: Mapping[str, float | None] = {"Source (natural ceiling)": one.source, "Reference": one.reference,
                                        "Converted": one.converted}
    body = "".join(f"<tr><th>{label}</th><td>{value:.2f}</td></tr>" for label, value in rows.items() if value is not None)
    return ("<table><thead><tr><th></th><th>Predicted MOS, 1 to 5</th></tr></thead><tbody>" + body +
            f'</tbody></table><p class="small">A model\'s guess, not the mean opinion of listeners. {escape(one.model)}</p>')


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", MINUS)
