"""From a manifest to pairs: the asked settings, balanced and seeded, and a sentence for each that cannot be served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from evaluation.pair import Pair, pairs_hash
from evaluation.protocol.draw import draw, take_of
from evaluation.protocol.settings import SETTINGS, ClipPool, PairSetting, why_not
from pipelines.errors import RecipeError, ZestError
from pipelines.training.data.corpus import Clip

PER_SETTING = 200
SECONDS = (1.0, 10.0)
EVERY_SPLIT = "all"
MOST = 200_000  # pairs of one setting; more would fill the memory of a laptop and take years to convert
# One different-text source a speaker, from code/F0_predictor/pitch_convert.py of github.com/iiscleap/ZEST.
ESD_SENTENCES = {"0011": 21, "0012": 22, "0013": 25, "0014": 32, "0015": 34, "0016": 35, "0017": 38, "0018": 43,
                 "0019": 23, "0020": 47}
ESD_SOURCES = {f"esd-{speaker}": f"esd-en-{sentence:03d}" for speaker, sentence in ESD_SENTENCES.items()}
ESD_SETTINGS = ("ssst", "ssdt", "dsst", "dsdt")
ESD_PUBLISHED = {"ssst": 1200, "ssdt": 1160, "dsst": 10_800, "dsdt": 10_440}
ESD_SECONDS = (0.5, 60.0)  # what a conversion takes; the authors set no limits

Drawn = Iterator[tuple[Clip, Clip]]


@dataclass(frozen=True)
class PairProtocol:
    """What is to be converted. refusals: setting to the sentence why it has no pair."""

    pairs: tuple[Pair, ...]
    refusals: Mapping[str, str]

    @property
    def hash(self) -> str:
        """Twelve hex digits: the same pairs, the same hash, on any machine."""
        return pairs_hash(list(self.pairs))

    @property
    def counts(self) -> dict[str, int]:
        """Setting to its number of pairs, refused ones included."""
        found = Counter(pair.setting for pair in self.pairs)
        return {name: found[name] for name in SETTINGS if name in found or name in self.refusals}


def make_protocol(clips: Sequence[Clip], settings: Sequence[str] = tuple(SETTINGS), seed: int = 0, *, split: str = "dev",
                  seconds: tuple[float, float] = SECONDS, per_setting: int | None = PER_SETTING, count: int | None = None,
                  different_text_sources: Mapping[str, str] | None = None) -> PairProtocol:
    """Make the pairs of a protocol.

    Args:
        clips: a manifest, or several joined.
        settings: keys of SETTINGS. seed: another seed, other pairs.
        split: the split to take recordings from, several between commas, or 'all'.
        seconds: the shortest and longest recording.
        per_setting: at most so many pairs a setting; None for every pair there is.
        count: at most so many pairs over all settings, spread evenly; per_setting then does not matter.
        different_text_sources: speaker to the text id of the only source in the settings with different texts, as ZEST's
            authors chose one a speaker; other speakers are then left out there. None: every neutral sentence.

    Raises:
        ZestError: a setting is unknown, or a number makes no sense.
        RecipeError: the split has no recording of such a length, or a setting has more than MOST pairs.
    """
    chosen = _known(settings)
    for number in (per_setting, count):
        if number is not None and number < 1:
            raise ZestError(f"{number} pairs cannot be drawn; ask for 1 or more.")
    if seconds[0] > seconds[1]:
        raise ZestError(f"No recording is at least {seconds[0]:g} and at most {seconds[1]:g} s long; swap the two limits.")
    pool = ClipPool(_usable(clips, split, seconds), clips)
    streams = {setting.name: _stream(setting, pool, different_text_sources, seed) for setting in chosen}
    drawn = _limited(streams, per_setting) if count is None else _shared(streams, count)
    pairs = tuple(_pair(f"{name}-{index:05d}", SETTINGS[name], pool, source, reference, seed)
                  for name in drawn for index, (source, reference) in enumerate(drawn[name]))
    where = f"in split {split}, {seconds[0]:g} to {seconds[1]:g} s"
    # an empty setting may also be one that a small count never came to, hence the second look
    empty = [setting for setting in chosen if not drawn[setting.name]
             and next(_stream(setting, pool, different_text_sources, seed), None) is None]
    refusals = {setting.name: f"Setting {setting.name} ({setting.title}) cannot be served: {why_not(setting, pool)} ({where})."
                for setting in empty}
    return PairProtocol(pairs, refusals)


def esd_test(clips: Sequence[Clip], settings: Sequence[str] = ESD_SETTINGS, seed: int = 0) -> PairProtocol:
    """The pairs of ZEST's authors on ESD's English test sentences, as their published code makes them.

    Same text: each of the 30 test sentences of each of the 10 speakers is a source, with the four emotions of itself
    (SSST: 10 x 30 x 4 = 1,200) or of each of the 9 other speakers (DSST: 10,800). Different text: one neutral sentence a
    speaker is the source, with the other 29 sentences in the four emotions, of the same speaker (SSDT: 10 x 29 x 4 = 1,160)
    or of each of the 9 others (DSDT: 10,440). The seed changes their order only.

    Args:
        clips: a manifest written by `zest manifest esd`, alone or among others.

    Raises:
        ZestError: a setting is unknown.
        RecipeError: there is no English test recording of ESD.
    """
    ours = [clip for clip in clips if clip.speaker in ESD_SOURCES]
    if not ours:
        raise RecipeError("The manifest has no English speaker of ESD (esd-0011 to esd-0020); "
                          "make one with 'zest manifest esd'.")
    return make_protocol(ours, settings, seed, split="test", seconds=ESD_SECONDS, per_setting=None,
                         different_text_sources=ESD_SOURCES)


def unseen(clips: Sequence[Clip], training: Sequence[Clip]) -> list[Clip]:
    """The recordings whose speakers are not among a training manifest's `train` speakers.

    Raises:
        RecipeError: no recording is left.
    """
    seen = {clip.speaker for clip in training if clip.split == "train"}
    left = [clip for clip in clips if clip.speaker not in seen]
    if not left:
        raise RecipeError("No recording is left: every speaker of the manifest is a training speaker of the other one.")
    return left


def _known(settings: Sequence[str]) -> list[PairSetting]:
    unknown = [name for name in settings if name not in SETTINGS]
    if unknown or not settings:
        raise ZestError(f"There is no setting '{unknown[0] if unknown else ''}'; the settings are {', '.join(SETTINGS)}.")
    return [SETTINGS[name] for name in SETTINGS if name in settings]


def _usable(clips: Sequence[Clip], split: str, seconds: tuple[float, float]) -> list[Clip]:
    splits = {name.strip() for name in split.split(",")}
    there = sorted({clip.split for clip in clips})
    found = [clip for clip in clips if split == EVERY_SPLIT or clip.split in splits]
    if not found:
        raise RecipeError(f"The manifest has no recording of split '{split}'; it has {', '.join(there) or 'none at all'}.")
    usable = [clip for clip in found if seconds[0] <= clip.seconds <= seconds[1]]
    if not usable:
        raise RecipeError(f"No recording of split '{split}' is {seconds[0]:g} to {seconds[1]:g} s long.")
    return usable


def _stream(setting: PairSetting, pool: ClipPool, only: Mapping[str, str] | None, seed: int) -> Drawn:
    sources = pool.sources(setting)
    if only is not None and setting.same_text is False:
        sources = [clip for clip in sources if only.get(clip.speaker) == clip.text_id]
    return draw(setting, pool, sources, seed)


def _limited(streams: dict[str, Drawn], limit: int | None) -> dict[str, list[tuple[Clip, Clip]]]:
    drawn = {name: list(islice(stream, MOST + 1 if limit is None else limit)) for name, stream in streams.items()}
    large = [name for name, pairs in drawn.items() if limit is None and len(pairs) > MOST]
    if large:
        raise RecipeError(f"Setting {large[0]} has more than {MOST:,} pairs here; say how many are enough.")
    return drawn


def _shared(streams: dict[str, Drawn], count: int) -> dict[str, list[tuple[Clip, Clip]]]:
    """One pair of each setting in turn until there are enough; what one setting lacks, the others give."""
    drawn: dict[str, list[tuple[Clip, Clip]]] = {name: [] for name in streams}
    waiting = dict(streams)
    missing = count
    while waiting and missing:
        for name in list(waiting)[:missing]:
            pair = next(waiting[name], None)
            if pair is None:
                del waiting[name]
            else:
                drawn[name].append(pair)
                missing -= 1
    return drawn


def _pair(name: str, setting: PairSetting, pool: ClipPool, source: Clip, reference: Clip, seed: int) -> Pair:
    """A pair; without a parallel recording where the reference itself is one, because copying it would then be the goal."""
    told = setting.same_speaker and setting.same_text
    parallel = None if told else take_of(pool, source, reference.emotion, seed)
    return Pair(name, source.path, reference.path, reference.emotion, setting.name, source.text, source.language, source.emotion,
                source.speaker, reference.speaker, parallel.path if parallel else None)
