"""What models of metrics learnt from, and whether an evaluation uses the same corpora: then a number may be too high."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evaluation.pair import Pair
from pipelines.notices import listing


@dataclass(frozen=True)
class TrainingData:
    """Attributes:
        about: what it learnt from, a phrase. corpora: those of it that evaluations use, by their names in manifests.
        other_speakers: it learnt from other speakers of these corpora than those of the split dev.
    """

    about: str
    corpora: tuple[str, ...] = ()
    other_speakers: bool = False

    def shared_with(self, corpora: Iterable[str]) -> list[str]:
        """The corpora that a model learnt from and that are also evaluated; none where the speakers differ."""
        return [] if self.other_speakers else [name for name in self.corpora if name in set(corpora)]


OWN = ("RAVDESS, nEMO, EmoDB, EmotionTTS, TESS, EMOVO, CREMA-D",
       ("ravdess", "nemo", "emodb", "emotiontts", "tess", "emovo", "cremad"))
WHISPER = TrainingData("680,000 hours of speech from the web with transcripts, not published")
RESEMBLYZER = TrainingData("LibriSpeech (other), VoxCeleb 1 and 2", ("librispeech", "voxceleb"))
ECAPA = TrainingData("VoxCeleb 1 and 2", ("voxceleb",))
WAVLM = TrainingData("VoxCeleb 1; first without labels on Libri-Light, GigaSpeech and VoxPopuli", ("voxceleb", "librispeech"))
IEMOCAP = TrainingData("IEMOCAP", ("iemocap",))
PODCASTS = TrainingData("MSP-Podcast 1.7", ("msppodcast",))
EMOTION2VEC = TrainingData("speech that a model labelled which learnt from the 32 corpora of EmoBox, RAVDESS, CREMA-D, EmoDB, "
                           "EMOVO, ESD, TESS and IEMOCAP among them",
                           ("ravdess", "cremad", "emodb", "emovo", "esd", "tess", "iemocap", "msppodcast"))
DISTILLMOS = TrainingData("speech with scores of a larger predictor, see its paper")
DNSMOS = TrainingData("speech of the DNS Challenge with ratings of listeners")
UTMOS = TrainingData("listening tests: BVCC, Blizzard Challenges, SOMOS, Sarulab's")
SCOREQ = TrainingData("listening tests: VoiceMOS Challenge 2022 (BVCC)")


def trained_on(corpora: str, names: tuple[str, ...], more: str = "") -> TrainingData:
    """Of a judge that ships: training speakers of corpora; dev speakers are in none."""
    return TrainingData(f"training speakers of {corpora}; no speaker of the split dev{more}", names, other_speakers=True)


def circular(learnt: Iterable[tuple[str, TrainingData | None]], pairs: Iterable[Pair]) -> list[str]:
    """One line for all metrics whose models learnt from the corpora of these pairs, or none.

    Args:
        learnt: names of metrics and what their models learnt from.
    """
    used = set(corpora_of(pairs))
    shared = {name: data.shared_with(used) for name, data in learnt if data is not None}
    metrics = [name for name, corpora in shared.items() if corpora]
    if not metrics:
        return []
    corpora = sorted({corpus for found in shared.values() for corpus in found})
    return [f"Circular: the models of {listing(metrics)} learnt from {listing(corpora)}, which this evaluation uses; "
            "their numbers may be too high."]


def corpora_of(pairs: Iterable[Pair]) -> Iterator[str]:
    """Names that folders and speakers of the pairs have, as corpora are called in manifests; most of them are no corpora."""
    places = {(path.parent, speaker) for pair in pairs for path, speaker in (
        (pair.source, pair.source_speaker), (pair.reference, pair.reference_speaker))}
    for word in {word for folder, speaker in places for word in (*folder.parts, speaker)}:
        pieces = re.findall("[a-z]+", word.lower())
        yield from (*pieces, "".join(pieces))
