"""Linear probes: how well logistic regression on a factor tells emotions of unseen speakers, or speakers by unseen sentences.

Scores are means over classes (balanced accuracy), so chance is one divided by their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.errors import RecipeError
from pipelines.training.data.corpus import Clip

FOLDS = 5
FEWEST = 6  # recordings of a class


@dataclass(frozen=True)
class Vectors:
    """values: factor to (clips, width). emotions, speakers, corpora: (clips,) names. texts: of sentences, or of the clip itself
    where a corpus does not number its sentences."""

    values: dict[str, np.ndarray]
    emotions: np.ndarray
    speakers: np.ndarray
    corpora: np.ndarray
    texts: np.ndarray


@dataclass(frozen=True)
class Probe:
    """accuracy, chance: in percent. folds: of the cross-validation, none of which shares a group with another."""

    accuracy: float
    chance: float
    folds: int


def some_vectors(values: dict[str, np.ndarray], clips: Sequence[Clip]) -> Vectors:
    """Vectors with the labels of their clips."""
    emotion, speaker, corpus = (np.array([getattr(clip, field) for clip in clips]) for field in ("emotion", "speaker", "corpus"))
    return Vectors(values, emotion, speaker, corpus, np.array([clip.text_id or clip.path.stem for clip in clips]))


def emotion_probe(vectors: Vectors, factor: str) -> Probe:
    """Emotion, each time of speakers that the probe was not fitted on. Raises RecipeError: only one speaker or emotion."""
    return cross_validated(vectors.values[factor], vectors.emotions, vectors.speakers, "emotions", "speakers")


def speaker_probe(vectors: Vectors, factor: str) -> Probe:
    """Speaker, each time by sentences that the probe was not fitted on. Raises RecipeError: only one speaker or sentence."""
    texts = np.char.add(np.char.add(vectors.corpora, " "), vectors.texts)
    return cross_validated(vectors.values[factor], vectors.speakers, texts, "speakers", "sentences")


def cross_validated(x: np.ndarray, y: np.ndarray, groups: np.ndarray, what: str, held_out: str) -> Probe:
    """x: (clips, width). y, groups: (clips,) names. Raises RecipeError: too few classes, groups or recordings."""
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    names, counts = np.unique(y, return_counts=True)
    folds, classes = min(FOLDS, len(np.unique(groups))), len(names)
    if folds < 2 or classes < 2:
        raise RecipeError(f"A probe for {what} needs two {what} and two {held_out} at least; here are "
                          f"{classes} and {len(np.unique(groups))}. Choose another split or manifest.")
    if counts.min() < FEWEST:
        raise RecipeError(f"A probe for {what} needs {FEWEST} recordings of each; there are {counts.min()} of "
                          f"'{names[counts.argmin()]}'. Choose another split or manifest.")
    predicted = cross_val_predict(classifier(), x, y, groups=groups, cv=GroupKFold(folds))
    return Probe(100 * float(balanced_accuracy_score(y, predicted)), 100 / classes, folds)


def held_out_accuracy(x: np.ndarray, y: np.ndarray, unseen: np.ndarray, truth: np.ndarray) -> float:
    """Percent on one side, fitted on the other."""
    from sklearn.metrics import balanced_accuracy_score

    return 100 * float(balanced_accuracy_score(truth, classifier().fit(x, y).predict(unseen)))


def classifier():
    """Logistic regression on standardised vectors; its strength is chosen by cross-validation on what it is fitted on."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500))
    return GridSearchCV(probe, {"logisticregression__C": [0.001, 0.01, 0.1, 1.0]}, cv=3, scoring="balanced_accuracy")
