"""The settings of the ZEST paper (section 4.3): which recordings may be source and reference of one pair.

Same or different speaker (SS, DS) and text (ST, DT) in source and reference; sources neutral, references in the other four
of the five emotions; an unseen source speaker (USS); an unseen target emotion (UTE): fearful or disgusted.
Calm and bored speech is left out there: it is so near to neutral that doing nothing would pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.labels import EMOTIONS, NEUTRAL, UNLABELLED
from pipelines.training.data.corpus import Clip

TARGETS = tuple(emotion for emotion in EMOTIONS if emotion != NEUTRAL)
UNSEEN = ("fearful", "disgusted")  # never a training label (tests/evaluation/test_unseen_emotions.py)


@dataclass(frozen=True)
class PairSetting:
    """What source and reference of a pair have in common.

    Attributes:
        same_speaker, same_text: same_text None means that it does not matter.
        unlabelled_source: sources come from corpora without emotion labels instead of being neutral.
        other_emotions: targets are UNSEEN instead of TARGETS.
        any_corpus: references may come from another corpus than the source, in the source's language where there are any.
        needs: what a manifest must have, for the sentence that refuses the setting.
    """

    name: str
    title: str
    same_speaker: bool
    same_text: bool | None
    needs: str
    unlabelled_source: bool = False
    other_emotions: bool = False
    any_corpus: bool = False


SETTINGS = {setting.name: setting for setting in (
    PairSetting("ssst", "same speaker, same text", True, True,
                "a speaker who says one sentence both neutrally and in another emotion"),
    PairSetting("ssdt", "same speaker, different text", True, False,
                "a speaker with a neutral sentence and another sentence in another emotion"),
    PairSetting("dsst", "different speaker, same text", False, True,
                "two speakers of one corpus who say the same sentence, one neutrally and one in another emotion"),
    PairSetting("dsdt", "different speaker, different text", False, False,
                "two speakers of one corpus with different sentences, one neutral and one in another emotion"),
    PairSetting("uss", "unseen source speaker", False, None, "references of other speakers than the unlabelled ones",
                unlabelled_source=True, any_corpus=True),
    PairSetting("ute", "unseen target emotion", False, False, "another speaker with another sentence in one of these emotions",
                other_emotions=True, any_corpus=True),
)}


def target_emotions(setting: PairSetting) -> tuple[str, ...]:
    """The emotions that references of this setting may have."""
    return UNSEEN if setting.other_emotions else TARGETS


class ClipPool:
    """The recordings that a protocol may use, looked up by who says what how.

    Args:
        clips: those of the chosen split and length.
        every: the whole manifest, which tells the corpora that have no emotion labels at all.
    """

    def __init__(self, clips: Sequence[Clip], every: Sequence[Clip]) -> None:
        labelled = {clip.corpus for clip in every if clip.emotion not in (UNLABELLED, NEUTRAL)}
        self.clips = sorted(clips, key=lambda clip: (clip.corpus, clip.speaker, clip.text_id, clip.emotion, clip.path.name))
        self.unlabelled_corpora = {clip.corpus for clip in every} - labelled
        self.by_emotion: dict[str, list[Clip]] = defaultdict(list)
        self.by_speaker: dict[tuple[str, str], list[Clip]] = defaultdict(list)
        self.by_text: dict[tuple[str, str, str], list[Clip]] = defaultdict(list)
        for clip in self.clips:
            self.by_emotion[clip.emotion].append(clip)
            self.by_speaker[clip.speaker, clip.emotion].append(clip)
            if clip.text_id:
                self.by_text[clip.corpus, clip.text_id, clip.emotion].append(clip)

    def targets(self, setting: PairSetting) -> list[str]:
        """The target emotions that this setting has here."""
        return [emotion for emotion in target_emotions(setting) if self.by_emotion.get(emotion)]

    def sources(self, setting: PairSetting) -> list[Clip]:
        """What may be converted in this setting."""
        if setting.unlabelled_source:
            return [clip for clip in self.clips if clip.corpus in self.unlabelled_corpora]
        return [clip for clip in self.by_emotion.get(NEUTRAL, []) if clip.corpus not in self.unlabelled_corpora]

    def references(self, setting: PairSetting, source: Clip, emotion: str) -> list[Clip]:
        """What may lend `source` its emotion in this setting."""
        if setting.same_text:
            found = self.by_text.get((source.corpus, source.text_id, emotion), [])
        elif setting.same_speaker:
            found = self.by_speaker.get((source.speaker, emotion), [])
        else:
            found = self.by_emotion.get(emotion, [])
        found = [clip for clip in found if (clip.speaker == source.speaker) is setting.same_speaker]
        if setting.same_text is False:
            found = [clip for clip in found if says_another(source, clip)]
        if not setting.any_corpus:
            return [clip for clip in found if clip.corpus == source.corpus]
        return [clip for clip in found if clip.language == source.language] or found

    def takes(self, source: Clip, emotion: str) -> list[Clip]:
        """The source's speaker saying the source's sentence in the target emotion, where the corpus is parallel."""
        return [clip for clip in self.by_text.get((source.corpus, source.text_id, emotion), []) if clip.speaker == source.speaker]


def says_another(one: Clip, other: Clip) -> bool:
    """Whether two recordings are known to have different sentences; not known where a corpus' text ids are missing."""
    if one.corpus != other.corpus:
        return True
    return bool(one.text_id and other.text_id) and one.text_id != other.text_id


def why_not(setting: PairSetting, pool: ClipPool) -> str:
    """The reason why a setting has no pair here, as the end of a sentence."""
    if not pool.sources(setting):
        what = "from a corpus without emotion labels" if setting.unlabelled_source else "that is labelled neutral"
        return f"there is no recording {what}"
    if not pool.targets(setting):
        return f"there is no recording labelled {' or '.join(target_emotions(setting))}"
    return f"it needs {setting.needs}"
