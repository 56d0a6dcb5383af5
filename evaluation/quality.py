"""How good are conversions? Systems, pairs and measures in, one score per system and pair out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from evaluation.judge import EMOTIONS, JUDGES
from evaluation.measures import EVERYTHING, MELODY, NATURALNESS, VOICE, WORDS, measure
from evaluation.melody import STEP, Agreement, jumps, parallel_agreement, shape_agreement
from evaluation.pairs import Pair
from evaluation.score_cache import ScoreCache
from pipelines.errors import ZestError
from pipelines.pitch import F0Contour, statistics
from pipelines.training.audio_store import read_samples

ENGLISH = "en"


@dataclass(frozen=True)
class Rendered:
    """What a system made of a pair. predicted: the contour it asked for, None if it asked for none."""

    samples: np.ndarray
    predicted: F0Contour | None = None


System = Callable[[Pair], Rendered | np.ndarray]


@dataclass(frozen=True)
class PairScore:
    """Everything measured on one conversion; None where it was not measured or cannot be.

    Attributes:
        heard, wanted: transcripts of English pairs; `wanted` is the manifest's text, or what the recogniser hears in the
            source where the manifest has none (then `has_text` is False).
        to_source, to_reference: cosines of speaker embeddings.
        mos: DistillMOS of the conversion; source_mos of its source.
        judged: per judge, the probability of each of EMOTIONS.
        shape: F0 against the reference (another sentence). parallel: against the source speaker's own emotional recording.
        range_error, mean_shift: semitones; conversion's F0 range minus the reference's; conversion's mean minus source's.
        octave_jumps: in the predicted contour. seconds_ratio: duration over the source's.
        failed: the sentence with which the system refused.
    """

    system: str
    pair: Pair
    heard: str | None = None
    wanted: str | None = None
    has_text: bool = False
    to_source: float | None = None
    to_reference: float | None = None
    mos: float | None = None
    source_mos: float | None = None
    judged: Mapping[str, tuple[float, ...]] | None = None
    shape: Agreement | None = None
    parallel: Agreement | None = None
    range_error: float | None = None
    mean_shift: float | None = None
    octave_jumps: int | None = None
    seconds_ratio: float | None = None
    failed: str | None = None

    def hit(self, judge: str) -> bool:
        """Does the judge hear the wanted emotion? A failed conversion is a miss."""
        heard = (self.judged or {}).get(judge)
        return heard is not None and EMOTIONS[int(np.argmax(heard))] == self.pair.emotion


@lru_cache(maxsize=1024)
def samples_of(path: Path) -> np.ndarray:
    """(n,) float32 at 16 kHz of a clip."""
    from pipelines.audio import load

    return load(path).samples


def score_systems(pairs: Sequence[Pair], systems: Mapping[str, System], cache: ScoreCache | None = None,
                  measures: Sequence[str] = EVERYTHING) -> dict[str, list[PairScore]]:
    """Render every pair with every system, then measure.

    Args:
        systems: name to callable; it gets a pair and returns samples or `Rendered`.
        cache: measurements kept between runs; natural speech is measured only once.
        measures: which of evaluation.measures.EVERYTHING; ('whisper', 'voice') is a quick look during training.
    Returns:
        per system one score a pair, in the order of the pairs.
    """
    cache = cache or ScoreCache()
    made = {name: _render_all(name, system, pairs) for name, system in systems.items()}
    natural = [samples_of(clip.path) for pair in pairs for clip in (pair.source, pair.reference, pair.parallel) if clip]
    clips = natural + [one.samples for rendered in made.values() for one in rendered if isinstance(one, Rendered)]
    desk = _Desk(cache, tuple(measures))
    desk.measure_all(pairs, clips, made)
    return {name: [desk.score(name, pair, one) for pair, one in zip(pairs, rendered, strict=True)]
            for name, rendered in made.items()}


def _render_all(name: str, system: System, pairs: Sequence[Pair]) -> list[Rendered | str]:
    """Conversions, or the sentence of the refusal."""
    return [_render(system, pair) for pair in tqdm(pairs, desc=name, disable=None, leave=False)]


def _render(system: System, pair: Pair) -> Rendered | str:
    try:
        made = system(pair)
    except ZestError as error:
        return str(error)
    return made if isinstance(made, Rendered) else Rendered(made)


@dataclass(frozen=True)
class _Desk:
    """Where measurements of single clips become scores of pairs."""

    cache: ScoreCache
    measures: tuple[str, ...]

    def measure_all(self, pairs: Sequence[Pair], clips: Sequence[np.ndarray], made: Mapping) -> None:
        """Model by model over the whole set, so that each is loaded once."""
        english = [samples_of(pair.source.path) for pair in pairs if pair.source.language == ENGLISH]
        english += [one.samples for rendered in made.values() for pair, one in zip(pairs, rendered)
                    if isinstance(one, Rendered) and pair.source.language == ENGLISH]
        for name in self.measures:
            self.cache.get(measure(name), english if name == WORDS else clips)

    def value(self, name: str, samples: np.ndarray):
        return self.cache.get(measure(name), [samples])[0] if name in self.measures else None

    def score(self, system: str, pair: Pair, made: Rendered | str) -> PairScore:
        if isinstance(made, str):
            words = self._words(pair, None)
            return PairScore(system, pair, failed=made, **words)
        source, samples = samples_of(pair.source.path), made.samples
        judged = {name: tuple(self.value(name, samples)) for name in JUDGES if name in self.measures}
        return PairScore(
            system, pair, mos=self.value(NATURALNESS, samples), source_mos=self.value(NATURALNESS, source), judged=judged,
            seconds_ratio=len(samples) / len(source), octave_jumps=None if made.predicted is None else jumps(made.predicted),
            **self._words(pair, samples), **self._voice(pair, samples), **self._melody(pair, samples))

    def _words(self, pair: Pair, samples: np.ndarray | None) -> dict:
        if WORDS not in self.measures or pair.source.language != ENGLISH:
            return {}
        heard = "" if samples is None else self.value(WORDS, samples)
        wanted = pair.source.text or self.value(WORDS, samples_of(pair.source.path))
        return {"heard": heard, "wanted": wanted, "has_text": bool(pair.source.text)}

    def _voice(self, pair: Pair, samples: np.ndarray) -> dict:
        if VOICE not in self.measures:
            return {}
        ours, source, reference = (np.array(self.value(VOICE, clip)) for clip in (
            samples, samples_of(pair.source.path), samples_of(pair.reference.path)))
        return {"to_source": float(ours @ source), "to_reference": float(ours @ reference)}

    def _melody(self, pair: Pair, samples: np.ndarray) -> dict:
        if MELODY not in self.measures:
            return {}
        ours, source, reference = (self._contour(clip) for clip in (
            samples, samples_of(pair.source.path), samples_of(pair.reference.path)))
        found: dict = {"shape": shape_agreement(ours, reference)}
        if pair.parallel is not None:
            real = samples_of(pair.parallel.path)
            found["parallel"] = parallel_agreement(samples, ours, real, self._contour(real))
        mine, before, wanted = statistics(ours), statistics(source), statistics(reference)
        if mine and before and wanted:
            found |= {"range_error": mine.range_semitones - wanted.range_semitones,
                      "mean_shift": mine.mean_semitones - before.mean_semitones}
        return found

    def _contour(self, samples: np.ndarray) -> F0Contour:
        return F0Contour(np.array(self.value(MELODY, samples)), STEP)
