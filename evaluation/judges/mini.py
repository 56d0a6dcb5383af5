"""Emotion judges: classifiers that were trained without the converter. Each says which features it shares with one.

Three ship with this repository. `acoustic`, the headline, looks at functionals of spectrum and F0 and at states of
Resemblyzer's encoder, `whisper` at pooled hidden states of Whisper base, `egemaps` at 88 hand-crafted functionals. All
know five emotions and were trained on speakers that are in no dev split.
What they score on natural speech stands in checkpoints/judge-mini/JUDGE_CARD.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from evaluation.instruments.needs import missing_package
from evaluation.instruments.training_data import OWN, trained_on
from evaluation.judges.base import EmotionJudge
from evaluation.judges.features import FEATURES
from pipelines.errors import CheckpointError
from pipelines.labels import EMOTIONS
from pipelines.shipped import restored_by, shipped

JUDGES = ("acoustic", "whisper", "egemaps")  # the headline first
DEFAULT_FOLDER = shipped("checkpoints/judge-mini")


@dataclass(frozen=True)
class ShippedJudge(EmotionJudge):
    """A judge of checkpoints/judge-mini, listed in registry.py."""

    default = True

    @property
    def where(self) -> str:
        return f"checkpoints/judge-mini/{self.name}"

    @property
    def card(self) -> Path | None:
        card = DEFAULT_FOLDER / Path(self.source).name
        return card if card.is_file() else None

    def digest(self) -> str:
        """First 8 hex digits of the file's sha256."""
        return _file_digest(self.name)

    def unavailable(self) -> str | None:
        if not (DEFAULT_FOLDER / f"{self.name}.safetensors").is_file():
            return (f"The judge's file {self.name}.safetensors is missing from checkpoints/judge-mini; "
                    f"restore it with {restored_by()}.")
        if self.library != "openai-whisper":
            return missing_package(self.library)
        from evaluation.instruments.recogniser_weights import unavailable

        return unavailable("base")

    def load(self) -> FeatureJudge:
        return load_judge(self.name)


CARD = "checkpoints/judge-mini/JUDGE_CARD.md"
ACOUSTIC = ShippedJudge("acoustic", EMOTIONS, "resemblyzer", CARD, shares=(
    "shares no features with SACE; its encoder, Resemblyzer, also measures voice-to-source"),
    training=trained_on(*OWN, "; on Resemblyzer's states"))
WHISPER = ShippedJudge("whisper", EMOTIONS, "openai-whisper", CARD, shares=(
    "shares Whisper's lower blocks with SACE, the converter's HuBERT and a loss of its acoustic model: no independent proof"),
    training=trained_on(*OWN, "; on Whisper's states"))
EGEMAPS = ShippedJudge("egemaps", EMOTIONS, "opensmile", CARD, shares="shares no features with the converter",
                       training=trained_on(*OWN))


@dataclass(frozen=True)
class Ensemble:
    """Small ReLU networks on one standardised vector; their log probabilities are averaged.

    Attributes:
        mean, scale: (features,) of the training speech.
        members: one tuple of (weight (in, out), bias (out,)) layers per network; one layer makes it logistic regression.
        temperature: divides the averaged logits, fitted on held-out training speakers.
        limit: standardised features beyond it are set to it, so that one odd value does not decide.
    """

    mean: np.ndarray
    scale: np.ndarray
    members: tuple[tuple[tuple[np.ndarray, np.ndarray], ...], ...]
    temperature: float = 1.0
    limit: float = np.inf

    def posteriors(self, features: np.ndarray) -> np.ndarray:
        """(clips, features) to (clips, emotions)."""
        x = np.clip((features - self.mean) / self.scale, -self.limit, self.limit)
        logits = np.mean([_log_softmax(_forward(x, layers)) for layers in self.members], axis=0)
        return np.exp(_log_softmax(logits / self.temperature))


@dataclass(frozen=True)
class FeatureJudge:
    """A judge that consists of a feature extractor and an ensemble."""

    name: str
    emotions: tuple[str, ...]
    ensemble: Ensemble

    def posteriors(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """(clips, emotions) probabilities; a clip is (n,) float32 at 16 kHz."""
        return self.ensemble.posteriors(np.stack([FEATURES[self.name](clip) for clip in clips]))


@cache
def load_judge(name: str = "acoustic", folder: Path = DEFAULT_FOLDER) -> FeatureJudge:
    """Load a judge by name: 'acoustic', 'whisper' or 'egemaps'.

    Raises:
        CheckpointError: unknown name, or a file is missing or damaged.
    """
    if name not in JUDGES:
        raise CheckpointError(f"There is no judge called '{name}'; choose one of {', '.join(JUDGES)}.")
    weights, config = Path(folder) / f"{name}.safetensors", Path(folder) / f"{name}.json"
    for file in (weights, config):
        if not file.is_file():
            raise CheckpointError(f"The judge's file {file.name} is missing from {folder}; restore it with {restored_by()}.")
    try:
        settings, tensors = json.loads(config.read_text()), load_file(weights)
        tensors = {name: value.astype(np.float32) for name, value in tensors.items()}
        members = tuple(tuple((tensors[f"member{m}.layer{k}.weight"], tensors[f"member{m}.layer{k}.bias"])
                              for k in range(settings["layers"])) for m in range(settings["members"]))
        ensemble = Ensemble(tensors["mean"], tensors["scale"], members, settings["temperature"], settings.get("limit", np.inf))
        return FeatureJudge(name, tuple(settings["emotions"]), ensemble)
    except Exception as error:  # safetensors, JSON and key errors all mean the same to a reader
        raise CheckpointError(f"The judge '{name}' in {folder} is damaged; restore it with {restored_by()}.") from error


def _forward(x: np.ndarray, layers: tuple[tuple[np.ndarray, np.ndarray], ...]) -> np.ndarray:
    for weight, bias in layers[:-1]:
        x = np.maximum(x @ weight + bias, 0)
    weight, bias = layers[-1]
    return x @ weight + bias


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@cache
def _file_digest(name: str) -> str:
    return hashlib.sha256((DEFAULT_FOLDER / f"{name}.safetensors").read_bytes()).hexdigest()[:8]
