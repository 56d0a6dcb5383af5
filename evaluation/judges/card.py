"""JUDGE_CARD.md: what the judges score on natural dev speech and on its WORLD copies, per corpus, with confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from evaluation.judges.data import COPY, NATURAL, Examples, JudgeData, judged
from evaluation.judges.mini import FeatureJudge
from pipelines.counting import counted
from pipelines.files import write_whole
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import Clip, dev_clips

CARD = "JUDGE_CARD.md"
HEAD = """---
license: cc-by-nc-sa-4.0
language: [en, pl, de, it, ko]
pipeline_tag: audio-classification
library_name: zest-workbench
model_name: judge-mini
tags: [speech, emotion-recognition]
---

# Emotion judges

Three classifiers of five emotions (neutral, angry, happy, sad, surprised) that score conversions. They are instruments,
not part of any conversion. `evaluation/judges/mini.py` loads them, and `zest train judge --manifest manifest.csv`
makes them and this card.

| judge | looks at | is (three, averaged) | features shared with a converter |
|---|---|---|---|
| `acoustic` | 604 functionals of spectrum and F0; states of Resemblyzer's encoder | networks, hidden layer of 128 | no |
| `whisper` | mean and deviation over time of blocks 2 to 6 of Whisper base | networks, hidden layer of 64 | yes |
| `egemaps` | the 88 functionals of eGeMAPSv02 (openSMILE) | networks, hidden layer of 64 | no |

`whisper` shares blocks of Whisper with SACE, with the converter's HuBERT and with the classifier of drawn
spectrograms that the acoustic model learnt from. Resemblyzer also
measures `voice-to-source`, but is no part of a converter. `acoustic` is the headline, because `whisper` sees what the
converter sees. `egemaps` is the cross-check. All share the corpora with the converter: training speakers in both,
`dev` speakers in neither.

**Training.** Clips of training speakers with one of the five emotions. Calm, fearful, disgusted and unlabelled speech is
left out. Emotions have equal weight within a corpus, and a corpus has the root of its size. An emotion that a corpus
lacks is no possible answer for its clips. The directions in which speakers differ most are taken out of the features
of `acoustic` and `whisper`. Temperatures are fitted on held-out training speakers in four folds (`fitting.py`).

**Limits.** Acted speech with few `dev` speakers. A number per corpus is a number about one or two voices. Research
use only, as the corpora (CC BY-NC-SA 4.0).

Accuracies are means over emotions, so that a frequent emotion does not dominate. Rows of a confusion are labels, and
columns are the judge's decisions.
"""


def write_card(folder: Path, judges: Sequence[FeatureJudge], clips: Sequence[Clip], data: JudgeData, note: str = "") -> Path:
    """Measure the judges on the dev split and write the card."""
    held_out = judged(dev_clips(list(clips)))
    natural = {judge.name: data.examples(judge.name, held_out, NATURAL) for judge in judges}
    tables = summary({judge.name: judge.ensemble.posteriors(natural[judge.name].features) for judge in judges},
                     natural[judges[0].name])
    sections = [HEAD, *([note] if note else []), tables]
    for judge in judges:
        for version, title in ((NATURAL, "natural dev speech"), (COPY, "WORLD copies of it")):
            examples = natural[judge.name] if version == NATURAL else data.examples(judge.name, held_out, version)
            sections.append(_section(judge, examples, title))
    return write_whole(folder / CARD, "\n".join(sections).encode())


def summary(posteriors: Mapping[str, np.ndarray], examples: Examples) -> str:
    """Tables of all judges on the same clips: accuracy by corpus and emotion, calibration, agreement.

    posteriors: (clips, 5) by judge. Only labels and corpora of the examples are read.
    """
    return "\n".join(["## All judges, natural dev speech\n", _by_corpus(posteriors, examples), "",
                      _by_emotion(posteriors, examples), "", _agreement(posteriors), ""])


def calibration_error(posteriors: np.ndarray, emotions: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence from accuracy over equal bins of confidence, in points."""
    confidence, right = posteriors.max(1), np.array(EMOTIONS)[posteriors.argmax(1)] == emotions
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == one].mean() - right[place == one].mean()) * (place == one).mean() for one in set(place)]
    return 100 * float(sum(gaps))


def mean_share_right(found: np.ndarray, emotions: np.ndarray, among: Sequence[str] = EMOTIONS) -> float:
    """Mean over emotions of the share that is judged right, percent; nan where there is no clip."""
    shares = [(found[emotions == name] == name).mean() for name in among if name in emotions]
    return 100 * float(np.mean(shares)) if shares else float("nan")


def _by_corpus(posteriors: Mapping[str, np.ndarray], examples: Examples) -> str:
    """Five and four emotions (without neutral) per corpus, and the calibration error."""
    corpora = sorted(set(examples.corpora))
    lines = [["judge, % of five / four emotions", "all", *corpora, "calibration error, points"]]
    lines.append(["---"] * len(lines[0]))
    for name, rows in posteriors.items():
        found = np.array(EMOTIONS)[rows.argmax(1)]
        cells = []
        for chosen in (np.ones(len(found), dtype=bool), *(examples.corpora == corpus for corpus in corpora)):
            five, four = (mean_share_right(found[chosen], examples.emotions[chosen], among) for among in (EMOTIONS, EMOTIONS[1:]))
            cells.append(f"{five:.0f} / {four:.0f}")
        lines.append([f"`{name}`", *cells, f"{calibration_error(rows, examples.emotions):.0f}"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _by_emotion(posteriors: Mapping[str, np.ndarray], examples: Examples) -> str:
    present = [name for name in EMOTIONS if name in examples.emotions]
    lines = [["judge, % judged right", *present], ["---"] * (1 + len(present))]
    for name, rows in posteriors.items():
        found = np.array(EMOTIONS)[rows.argmax(1)]
        lines.append([f"`{name}`", *(f"{mean_share_right(found, examples.emotions, [one]):.0f}" for one in present)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _agreement(posteriors: Mapping[str, np.ndarray]) -> str:
    """Cohen's kappa of each two judges' decisions."""
    from sklearn.metrics import cohen_kappa_score

    pairs = [f"`{first}` and `{second}` {cohen_kappa_score(posteriors[first].argmax(1), posteriors[second].argmax(1)):.2f}"
             for first, second in combinations(posteriors, 2)]
    return f"Agreement of decisions (Cohen's kappa): {'; '.join(pairs)}." if pairs else ""


def balanced_accuracy(judge: FeatureJudge, examples: Examples) -> float:
    """Mean over emotions of the share that is judged right, percent."""
    return mean_share_right(_judged(judge, examples), examples.emotions)


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
