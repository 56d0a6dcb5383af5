"""All emotion judges by name: the two that ship with this repository and those of the hub.

`whisper` and `egemaps` are evaluation/judges/mini.py's. Hub judges know fewer or other emotions; their labels are mapped to ours,
what has no counterpart is kept under its own name, so that a judge may also be wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from evaluation.judges.mini import DEFAULT_FOLDER, JUDGES, Judge, load_judge
from evaluation.metrics.needs import hub_revision, missing_package, unavailable_from_hub
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE

LABELS = {"neu": "neutral", "ang": "angry", "hap": "happy", "sad": "sad", "sur": "surprised", "fea": "fearful",
          "dis": "disgusted", "cal": "calm"}  # the first three letters of a hub's label say which emotion is meant
INSTEAD = "the judges whisper and egemaps"


@dataclass(frozen=True)
class HubModel:
    """hub_id: where the weights are. package: what loads it. source: who made it, and what it was trained on."""

    name: str
    hub_id: str
    package: str
    source: str


HUB = {model.name: model for model in (
    HubModel("superb", "superb/wav2vec2-base-superb-er", "transformers", "SUPERB (arXiv 2105.01051), IEMOCAP, 4 emotions"),
    HubModel("iemocap", "speechbrain/emotion-recognition-wav2vec2-IEMOCAP", "speechbrain",
             "SpeechBrain (arXiv 2106.04624), IEMOCAP, 4 emotions"),
    HubModel("emotion2vec", "emotion2vec/emotion2vec_plus_base", "funasr", "emotion2vec+ (arXiv 2312.15185), 9 emotions"))}
ALIASES = {model.hub_id: model.name for model in HUB.values()} | {"iic/emotion2vec_plus_base": "emotion2vec"}
NAMES = (*JUDGES, *HUB)


def canonical(name: str) -> str:
    """A judge's short name, from that or its hub id. Raises ZestError where nobody is called so."""
    short = ALIASES.get(name, name)
    if short not in NAMES:
        raise ZestError(f"There is no judge called '{name}'; choose one of {', '.join(NAMES)}.")
    return short


def judge_named(name: str) -> Judge:
    """Load a judge.

    Raises:
        ZestError: unknown, a package is missing, or the hub cannot be reached.
    """
    short = canonical(name)
    return load_judge(short) if short in JUDGES else load_hub_judge(short)


def digest(name: str) -> str:
    """Names the weights: first 8 hex digits of the file's sha256, or of the hub's commit in the cache."""
    short = canonical(name)
    if short in HUB:
        return hub_revision(HUB[short].hub_id)
    return _file_digest(short)


def unavailable(name: str) -> str | None:
    """Why a judge cannot be used here, None where it can; loads no weights."""
    short = canonical(name)
    if short in HUB:
        return missing_package(HUB[short].package) or unavailable_from_hub(HUB[short].hub_id, INSTEAD)
    if not (DEFAULT_FOLDER / f"{short}.safetensors").is_file():
        return f"The judge's file {short}.safetensors is missing from checkpoints/judge-mini; restore it from the repository."
    if short == "egemaps":
        return missing_package("opensmile")
    from evaluation.instruments.recogniser_weights import unavailable as no_whisper

    return no_whisper("base")


def emotion_of_label(label: str) -> str:
    """'hap', 'Happiness', or another language's word before '/happy', to 'happy'; unknown labels stay, in lower case."""
    plain = label.split("/")[-1].strip().lower()
    return LABELS.get(plain[:3], plain)


@dataclass(frozen=True)
class TransformersJudge:
    """wav2vec 2.0 with a classifier, as transformers loads it."""

    name: str
    emotions: tuple[str, ...]
    extractor: Any
    model: Any

    def posteriors(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """(clips, emotions) probabilities; a clip is (n,) float32 at 16 kHz."""
        import torch

        rows = []
        for clip in clips:  # one by one: padding would change what the model hears
            inputs = self.extractor(np.asarray(clip, dtype=np.float32), sampling_rate=SAMPLE_RATE, return_tensors="pt")
            with torch.no_grad():
                rows.append(self.model(**inputs).logits[0].softmax(-1).numpy())
        return np.stack(rows)


@dataclass(frozen=True)
class SpeechBrainJudge:
    """SpeechBrain's wav2vec 2.0 with a linear classifier; the three modules of its hyperparams.yaml are called one by one."""

    name: str
    emotions: tuple[str, ...]
    model: Any

    def posteriors(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """(clips, emotions) probabilities; a clip is (n,) float32 at 16 kHz."""
        import torch

        rows = []
        for clip in clips:
            samples, whole = torch.from_numpy(np.asarray(clip, dtype=np.float32))[None], torch.tensor([1.0])
            with torch.no_grad():
                states = self.model.mods.wav2vec2(samples, whole)
                pooled = self.model.mods.avg_pool(states, whole).view(1, -1)
                rows.append(self.model.mods.output_mlp(pooled)[0].softmax(-1).numpy())
        return np.stack(rows)


@dataclass(frozen=True)
class FunasrJudge:
    """emotion2vec+ as FunASR loads it."""

    name: str
    emotions: tuple[str, ...]
    model: Any

    def posteriors(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """(clips, emotions) probabilities; a clip is (n,) float32 at 16 kHz."""
        return np.array([_funasr_scores(self.model, np.asarray(clip, dtype=np.float32))[1] for clip in clips])


@lru_cache(maxsize=2)
def load_hub_judge(name: str, where: str | None = None) -> Judge:
    """A hub judge. where: a folder with the same files instead of the hub id.

    Raises:
        ZestError: unknown, a package is missing, or it cannot be loaded.
    """
    model = HUB[canonical(name)]
    reason = missing_package(model.package)
    if reason:
        raise ZestError(reason)
    try:
        return _LOADERS[model.package](model.name, where or model.hub_id)
    except Exception as error:  # loaders raise hub, network, file and configuration errors alike
        raise ZestError(f"The judge {where or model.hub_id} could not be loaded ({type(error).__name__}); "
                        f"check the network, or use {INSTEAD}.") from error


def _from_transformers(name: str, where: str) -> TransformersJudge:
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    model = AutoModelForAudioClassification.from_pretrained(where).eval()
    labels = [model.config.id2label[index] for index in range(model.config.num_labels)]
    return TransformersJudge(name, tuple(map(emotion_of_label, labels)), AutoFeatureExtractor.from_pretrained(where), model)


def _from_speechbrain(name: str, where: str) -> SpeechBrainJudge:
    from speechbrain.inference.interfaces import Pretrained

    class Modules(Pretrained):
        MODULES_NEEDED = ["wav2vec2", "avg_pool", "output_mlp"]

    model = Modules.from_hparams(source=where, run_opts={"device": "cpu"})
    encoder = model.hparams.label_encoder
    labels = [encoder.ind2lab[index] for index in range(len(encoder))]
    return SpeechBrainJudge(name, tuple(map(emotion_of_label, labels)), model)


def _from_funasr(name: str, where: str) -> FunasrJudge:
    from funasr import AutoModel

    model = AutoModel(model=where, hub="hf", disable_update=True, disable_pbar=True)
    labels, _ = _funasr_scores(model, np.zeros(SAMPLE_RATE, np.float32))
    return FunasrJudge(name, tuple(map(emotion_of_label, labels)), model)


def _funasr_scores(model: Any, samples: np.ndarray) -> tuple[list[str], list[float]]:
    found = model.generate(samples, granularity="utterance", extract_embedding=False)[0]
    return found["labels"], found["scores"]


@cache
def _file_digest(name: str) -> str:
    return hashlib.sha256((DEFAULT_FOLDER / f"{name}.safetensors").read_bytes()).hexdigest()[:8]


_LOADERS = {"transformers": _from_transformers, "speechbrain": _from_speechbrain, "funasr": _from_funasr}
