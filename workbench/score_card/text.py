"""A score card as plain text, for the terminal."""

from __future__ import annotations

from evaluation.score_card import TEXT, EmotionScores, F0Scores, ScoreCard, VoiceScores, WordChange, WordScores
from evaluation.verdict import verdict
from pipelines.counting import counted
from pipelines.features.pitch import F0Statistics
from workbench.score_card.card import UNKNOWN


def card_text(card: ScoreCard) -> str:
    """What was measured, one block a subject; words lost stand in [-...-], new ones in {+...+}, as in diffs."""
    blocks = [_words(card.words) if card.words else [], *(_emotion(one) for one in card.emotions),
              _voice(card.voice) if card.voice else [], _f0(card.f0) if card.f0 else []]
    if card.naturalness:
        one = card.naturalness
        blocks.append(["Predicted MOS (a model's, not listeners'), 1 to 5",
                       f"  converted {one.converted:.2f}   natural source {one.source:.2f}"])
    blocks.append([f"Natural reference: {card.natural_from or UNKNOWN}.", *card.warnings])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def verdict_text(card: ScoreCard) -> str:
    """The card in one line, and the ceilings of natural speech below it."""
    found = verdict(card)
    return "\n".join((found.sentence, *(f"  {one}" for one in found.ceilings)))


def _words(words: WordScores) -> list[str]:
    against = "text" if words.against == TEXT else "transcript of the source"
    natural = UNKNOWN if words.source_cer is None else f"{words.source_cer:.1f} %"
    return [f"Words: CER {words.cer:.1f} %, WER {words.wer:.1f} % against the {against}; natural source: {natural}",
            "  " + " ".join(_change(one) for one in words.changes)]


def _change(change: WordChange) -> str:
    if change.kind == "equal":
        return change.target
    lost = f"[-{change.target}-]" if change.target else ""
    new = f"{{+{change.recognised}+}}" if change.recognised else ""
    return " ".join(filter(None, (lost, new)))


def _emotion(one: EmotionScores) -> list[str]:
    natural = UNKNOWN
    if one.natural_accuracy is not None:
        natural = f"{one.natural_accuracy:.0f} % of {counted(one.natural_clips, 'natural clip')}"
    rows = [f"  {name:<12}{100 * one.before.get(name, 0):5.0f} % -> {100 * share:3.0f} %{_share(name, one)}"
            for name, share in one.after.items()]
    return [f"Emotion, judge {one.judge} (it recognises {natural}); source -> converted", *rows]


def _share(name: str, one: EmotionScores) -> str:
    return f"  {one.mix[name]:.2g} of the target" if name in one.mix else "  target" * (name == one.target)


def _voice(voice: VoiceScores) -> list[str]:
    lines = [f"Voice: cosine to source {voice.to_source:.2f}"]
    if voice.to_reference is not None:
        lines.append(f"  to reference {voice.to_reference:.2f} (source to reference anyway: {voice.source_to_reference:.2f})")
    cross = voice.cross_emotion
    natural = UNKNOWN if cross is None else f"{cross['mean']:.2f} ({cross['p5']:.2f} to {cross['p95']:.2f})"
    threshold = UNKNOWN if voice.threshold is None else f"{voice.threshold:.2f}"
    return [*lines, f"  natural, one speaker in two emotions: {natural}; verifier's threshold: {threshold}"]


def _f0(f0: F0Scores) -> list[str]:
    rows = (("source", f0.source), ("reference", f0.reference), ("converted", f0.converted))
    lines = [f"  {name:<10} {_statistics(one)}" for name, one in rows if one is not None or name != "reference"]
    if f0.mean_error is not None:
        lines.append(f"  distance to the reference: mean {f0.mean_error:.1f}, range {f0.range_error:.1f} semitones")
    return ["F0: mean, range (5th to 95th percentile)", *lines]


def _statistics(one: F0Statistics | None) -> str:
    return "no voiced frame" if one is None else f"{one.mean_hz:5.0f} Hz {one.range_semitones:5.1f} semitones"
