"""JUDGE_CARD.md: what the judges score on natural dev speech and on its WORLD copies, per corpus, with confusions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluation.judges.data import COPY, NATURAL, Examples, JudgeData, judged
from evaluation.judges.mini import FeatureJudge
from pipelines.counting import counted
from pipelines.files import write_whole
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import Clip, dev_clips

CARD = "JUDGE_CARD.md"
HEAD = """# Emotion judges

Two classifiers of five emotions (neutral, angry, happy, sad, surprised) that score conversions. They are instruments,
not part of any conversion. `evaluation/judges/mini.py` loads them, and `zest train judge --manifest manifest.csv`
makes them.

| judge | looks at | is |
|---|---|---|
| `whisper` | mean and deviation over time of the encoder blocks 2 to 6 of Whisper base | three logistic regressions, averaged |
| `egemaps` | the 88 functionals of eGeMAPSv02 (openSMILE) | three networks with one hidden layer of 64, averaged |

**Training.** Clips of training speakers with one of the five emotions: RAVDESS (en), nEMO (pl), EmoDB (de),
EmotionTTS (ko). Calm, fearful, disgusted and unlabelled speech is left out. Emotions have equal weight within a
corpus, and a corpus has the root of its size. `whisper` is also trained on WORLD copies of a part of the clips, so
that it does not take a vocoder for an emotion. The copies have moved pitch (+-3 semitones), formants (+-8 %) and
level (+-6 dB).

**What they share with the converter.** Both share the corpora: training speakers in both, `dev` speakers in neither.
`whisper` also shares the Whisper encoder that taught the converter's HuBERT. They share no weights, no features of
SACE and no training run. `egemaps` shares the corpora alone and is much the weaker judge. It is the cross-check, and
`whisper` is the headline.

**Limits.** Acted speech in four languages with few `dev` speakers (RAVDESS 2, nEMO 1, EmoDB 1). A number per corpus
is a number about one or two voices. Neutral speech of the nEMO `dev` speaker is often classified as something else.
Research use only, as the corpora (CC BY-NC-SA 4.0).

Accuracies are means over emotions, so that a frequent emotion does not dominate. Rows of a confusion are labels, and
columns are the judge's decisions.
"""


def write_card(folder: Path, judges: Sequence[FeatureJudge], clips: Sequence[Clip], data: JudgeData, note: str = "") -> Path:
    """Measure the judges on the dev split and write the card."""
    held_out = judged(dev_clips(list(clips)))
    sections = [HEAD] + ([note] if note else [])
    for judge in judges:
        for version, title in ((NATURAL, "natural dev speech"), (COPY, "WORLD copies of it")):
            sections.append(_section(judge, data.examples(judge.name, held_out, version), title))
    file = folder / CARD
    return write_whole(file, "\n".join(sections).encode())


def balanced_accuracy(judge: FeatureJudge, examples: Examples) -> float:
    """Mean over emotions of the share that is judged right, percent."""
    right = _judged(judge, examples) == examples.emotions
    return 100 * float(np.mean([right[examples.emotions == name].mean() for name in EMOTIONS if name in examples.emotions]))


def _section(judge: FeatureJudge, examples: Examples, title: str) -> str:
    lines = [f"## {judge.name}, {title}\n"]
    for corpus in sorted(set(examples.corpora)):
        own = examples.where(examples.corpora == corpus)
        clips = counted(len(own.emotions), "clip")
        lines += [f"{corpus}: {balanced_accuracy(judge, own):.0f} % of {clips}\n", _confusion(judge, own), ""]
    return "\n".join(lines)


def _confusion(judge: FeatureJudge, examples: Examples) -> str:
    found = _judged(judge, examples)
    rows = [f"| {corner} | " + " | ".join(cells) + " |" for corner, cells in
            [("", EMOTIONS), ("---", ["---"] * len(EMOTIONS))]
            + [(label, [str(((examples.emotions == label) & (found == name)).sum()) for name in EMOTIONS])
               for label in EMOTIONS if label in examples.emotions]]
    return "\n".join(rows)


def _judged(judge: FeatureJudge, examples: Examples) -> np.ndarray:
    return np.array(EMOTIONS)[judge.ensemble.posteriors(examples.features).argmax(1)]
