"""What a score card says, in one line: emotion, voice, words, and naturalness where it suffers. The numbers stay in the card."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluation.score_card import NATURALNESS, TEXT, VOICE, WORDS, EmotionScores, ScoreCard, VoiceScores, WordScores
from pipelines.counting import counted

GOOD, MIXED, UNKNOWN = "good", "mixed", "unknown"
MORE = {"neutral": "more neutral", "angry": "angrier", "happy": "happier", "sad": "sadder", "surprised": "more surprised"}
MOVED = 0.05  # change of a posterior that counts as one
CERTAIN = 0.9  # posterior from which an emotion was there before already
KEPT, MOSTLY_KEPT = 2.0, 10.0  # CER, %
UNLIKE = 50.0  # % of the source's letters from which the text may be another one
LESS_NATURAL = 0.5  # fall of the predicted MOS that is told
PACKAGE = re.compile(r"This needs the package (?P<package>\S+), which is not installed; run '(?P<command>[^']+)'")


@dataclass(frozen=True)
class Verdict:
    """A card in one line.

    Attributes:
        sentence: for readers. tone: 'good' where everything that was checked is as it should be, 'mixed' where something is not,
            'unknown' where nothing was checked. ceilings: what natural speech scores, which bounds what a conversion can.
    """

    sentence: str
    tone: str
    ceilings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


def verdict(card: ScoreCard) -> Verdict:
    """The card's verdict. The first judge that answered speaks for all; the ceilings say how many agree."""
    said = [_emotion(card), _voice(card), _words(card), _naturalness(card)]
    found = [fine for sentence, fine in said if fine is not None]
    tone = UNKNOWN if not found else GOOD if all(found) else MIXED
    return Verdict(" ".join(sentence for sentence, _ in said if sentence), tone, _ceilings(card))


def _emotion(card: ScoreCard) -> tuple[str, bool | None]:
    """A sentence, and whether it is as it should be; None where that is not known."""
    if not card.emotions:
        reasons = (why for name, why in card.not_measured.items() if name.startswith("emotion@"))
        return _unchecked("Emotion", next(reasons, "")), None
    one = card.emotions[0]
    if one.mix:
        return _mix(one)
    target, of_reference = _target(one)
    if not target:
        return f"Sounds {_strongest(one.before)} before and {_strongest(one.after)} after.", None
    before, after = one.before.get(target, 0.0), one.after.get(target, 0.0)
    numbers = f"{_percent(before)} to {_percent(after)} %"
    numbers += ", the emotion that the judge recognises in the reference" * of_reference
    more = MORE.get(target, f"more {target}")
    if after - before >= MOVED:
        return f"Sounds {more}: {numbers}.", True
    if before >= CERTAIN and after >= CERTAIN:
        return f"Sounded {target} before already: {numbers}.", True
    if before - after >= MOVED:
        return f"Sounds less {target}: {numbers}.", False
    return f"Does not sound {more}: {numbers}.", False


def _mix(one: EmotionScores) -> tuple[str, bool | None]:
    """Each emotion of a mix before and after. It is as it should be where all together are recognised more than before."""
    parts = [(name, one.before.get(name, 0.0), one.after[name]) for name in one.mix]
    said = ", ".join(f"{name} {_percent(before)} to {_percent(after)} %" for name, before, after in parts)
    moved = sum(after - before for _, before, after in parts)
    way = "Sounds more like its mix" if moved >= MOVED else "Does not sound more like its mix"
    return f"{way}: {said}.", moved >= MOVED


def _moved(one: EmotionScores) -> bool:
    """Whether a judge recognises the target, or the emotions of a mix together, more than before."""
    names = list(one.mix) or [_target(one)[0]]
    return sum(one.after.get(name, 0.0) - one.before.get(name, 0.0) for name in names) >= MOVED


def _target(one: EmotionScores) -> tuple[str, bool]:
    """The emotion that was to be reached, and whether it is what the judge recognises in the reference."""
    if one.target in one.after:
        return one.target, False
    return (_strongest(one.reference), True) if one.reference else ("", False)


def _voice(card: ScoreCard) -> tuple[str, bool | None]:
    voice = card.voice
    if voice is None:
        return _unchecked("Voice", card.not_measured.get(VOICE, "")), None
    if _leaked(voice):
        return f"The reference's voice: cosine {voice.to_reference:.2f} to it, {voice.to_source:.2f} to the source.", False
    if voice.threshold is None:
        return f"Voice: cosine {voice.to_source:.2f} to the source.", None
    if voice.to_source >= voice.threshold:
        return "Same voice.", True
    return f"Another voice: cosine {voice.to_source:.2f} to the source, where {voice.threshold:.2f} counts as the same.", False


def _leaked(voice: VoiceScores) -> bool:
    """Nearer to the reference's voice than to the source's, and not because the two are one."""
    to_reference, anyway = voice.to_reference, voice.source_to_reference
    same = anyway is not None and voice.threshold is not None and anyway >= voice.threshold
    return to_reference is not None and to_reference > voice.to_source and not same


def _words(card: ScoreCard) -> tuple[str, bool | None]:
    words = card.words
    if words is None:
        return _unchecked("Words", card.not_measured.get(WORDS, "")), None
    if words.looping:
        return "Words not checked: the recogniser repeats itself.", None
    against = "the text" if words.against == TEXT else "what is recognised in the source"
    if words.cer <= KEPT:
        return "Words kept.", True
    if words.cer <= MOSTLY_KEPT:
        return f"Most words kept: {words.cer:.0f} % of the letters differ from {against}{_anyway(words)}.", True
    return f"Words lost: {words.cer:.0f} % of the letters differ from {against}{_anyway(words)}.", False


def _anyway(words: WordScores) -> str:
    return "" if words.source_cer is None else f", {words.source_cer:.0f} % in the source itself"


def _naturalness(card: ScoreCard) -> tuple[str, bool | None]:
    """Told only where it suffers, or where it could not be checked."""
    one = card.naturalness
    if one is None:
        return _unchecked("Naturalness", card.not_measured.get(NATURALNESS, "")) if NATURALNESS in card.not_measured else "", None
    if one.source - one.converted < LESS_NATURAL:
        return "", True
    return f"Less natural: predicted MOS {one.converted:.1f}, the source has {one.source:.1f}.", False


def _ceilings(card: ScoreCard) -> tuple[str, ...]:
    """What natural speech scores, each named for what it is."""
    said = []
    if len(card.emotions) > 1 and all(one.mix or _target(one)[0] for one in card.emotions):
        agree = sum(map(_moved, card.emotions))
        said.append(f"{agree} of {counted(len(card.emotions), 'judge')} recognise the change.")
    if card.emotions and (accuracy := card.emotions[0].natural_target or card.emotions[0].natural_accuracy) is not None:
        of = f"{card.emotions[0].target} " if card.emotions[0].natural_target else ""
        said.append(f"Ceiling of the judge: it recognises {accuracy:.0f} % of natural {of}speech.")
    if card.voice is not None and card.voice.cross_emotion is not None:
        said.append(f"Ceiling of the voice: one speaker in two emotions has a cosine of {card.voice.cross_emotion['mean']:.2f}; "
                    f"this conversion has {card.voice.to_source:.2f}.")
    if card.words is not None and card.words.source_cer is not None:
        wrong = card.words.source_cer
        doubt = "; check the text and the language" if wrong > UNLIKE else ""
        said.append(f"Ceiling of the words: the recogniser gets {wrong:.0f} % of the source's letters wrong{doubt}.")
    if card.naturalness is not None:
        said.append(f"Ceiling of naturalness: the source's predicted MOS is {card.naturalness.source:.1f}.")
    return tuple(said)


def _unchecked(what: str, reason: str) -> str:
    """'Words not checked: whisper is not installed; install it with pip install openai-whisper.'"""
    found = PACKAGE.match(reason)
    if found:
        return f"{what} not checked: {found['package']} is not installed; install it with '{found['command']}'."
    return f"{what} not checked: {reason[:1].lower()}{reason[1:]}" if reason else f"{what} not checked."


def _strongest(posteriors) -> str:
    return max(posteriors, key=posteriors.get)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"
