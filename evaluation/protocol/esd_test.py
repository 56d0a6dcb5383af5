"""The pairs of ZEST's authors on ESD's English test sentences, as their published code makes them.

Same text: each of the 30 test sentences of each of the 10 speakers is a source, with the four emotions of itself
(SSST: 10 x 30 x 4 = 1,200) or of each of the 9 other speakers (DSST: 10,800). Different text: one neutral sentence a speaker
is the source, with the other 29 sentences in the four emotions, of the same speaker (SSDT: 10 x 29 x 4 = 1,160) or of each of
the 9 others (DSDT: 10,440). The ten sentences are listed in `code/F0_predictor/pitch_convert.py` of github.com/iiscleap/ZEST.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.protocol.make import PairProtocol, make_protocol
from pipelines.errors import RecipeError
from pipelines.training.data.corpus import Clip

SENTENCES = {"0011": 21, "0012": 22, "0013": 25, "0014": 32, "0015": 34, "0016": 35, "0017": 38, "0018": 43,
             "0019": 23, "0020": 47}
SOURCES = {f"esd-{speaker}": f"esd-en-{sentence:03d}" for speaker, sentence in SENTENCES.items()}
SETTINGS = ("ssst", "ssdt", "dsst", "dsdt")
PUBLISHED = {"ssst": 1200, "ssdt": 1160, "dsst": 10_800, "dsdt": 10_440}
SECONDS = (0.5, 60.0)  # what a conversion takes; the authors set no limits


def esd_test(clips: Sequence[Clip], settings: Sequence[str] = SETTINGS, seed: int = 0) -> PairProtocol:
    """Every pair of the authors' four settings on ESD; the seed changes their order only.

    Args:
        clips: a manifest written by `zest manifest esd`, alone or among others.

    Raises:
        ZestError: a setting is unknown.
        RecipeError: there is no English test recording of ESD.
    """
    ours = [clip for clip in clips if clip.speaker in SOURCES]
    if not ours:
        raise RecipeError("The manifest has no English speaker of ESD (esd-0011 to esd-0020); "
                          "make one with 'zest manifest esd'.")
    return make_protocol(ours, settings, seed, split="test", seconds=SECONDS, per_setting=None, different_text_sources=SOURCES)
