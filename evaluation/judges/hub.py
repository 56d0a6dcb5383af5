"""Emotion judges of the hub, by transformers, SpeechBrain and FunASR; each library loads its models in its own way.

Their labels are mapped to ours; a label without a counterpart keeps its own name, so that a judge may be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from evaluation.instruments import training_data
from evaluation.instruments.needs import hub_revision, missing_package, unavailable_from_hub
from evaluation.judges.base import EmotionJudge, Judge
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.quiet import quiet

LABELS = {"neu": "neutral", "ang": "angry", "hap": "happy", "sad": "sad", "sur": "surprised", "fea": "fearful",
          "dis": "disgusted", "cal": "calm"}  # the first three letters of a hub's label say which emotion is meant
INSTEAD = "the judges acoustic and egemaps"
FOUR = ("neutral", "angry", "happy", "sad")


@dataclass(frozen=True)
class HubJudge(EmotionJudge):
    """A judge of the hub, listed in registry.py. hub_id: where the weights are. build: (name, hub id or folder) to the judge."""

    hub_id: str = field(kw_only=True)
    build: Callable[[str, str], Judge] = field(kw_only=True, repr=False)

    @property
    def where(self) -> str:
        return self.hub_id

    def digest(self) -> str:
        """First 8 hex digits of the hub's commit in the cache."""
        return hub_revision(self.hub_id)

    def unavailable(self) -> str | None:
        return missing_package(self.library) or unavailable_from_hub(self.hub_id, INSTEAD)

    def load(self) -> Judge:
        return load_hub_judge(self)


@lru_cache(maxsize=2)
def load_hub_judge(judge: HubJudge, where: str | None = None) -> Judge:
    """where: a folder with the same files instead of the hub id.

    Raises:
        ZestError: a package is missing, or it cannot be loaded.
    """
    reason = missing_package(judge.library)
    if reason:
        raise ZestError(reason)
    try:
        with quiet(judge.library):
            return judge.build(judge.name, where or judge.hub_id)
    except Exception as error:  # loaders raise hub, network, file and configuration errors alike
        raise ZestError(f"The judge {where or judge.hub_id} could not be loaded ({type(error).__name__}); "
                        f"check the network, or use {INSTEAD}.") from error


def emotion_of_label(label: str) -> str:
    """'hap', 'Happiness', or another language's word before '/happy', to 'happy'; unknown labels stay, in lower case."""
    plain = label.split("/")[-1].strip().lower()
    return LABELS.get(plain[:3], plain)


@dataclass(frozen=True)
class LoadedHubJudge:
    """A judge of the hub in memory. posteriors_of: from one clip, (n,) float32 at 16 kHz, to (emotions,) probabilities."""

    name: str
    emotions: tuple[str, ...]
    posteriors_of: Callable[[np.ndarray], np.ndarray]

    def posteriors(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """(clips, emotions) probabilities; clips go one by one, because padding would change them."""
        return np.stack([self.posteriors_of(np.asarray(clip, dtype=np.float32)) for clip in clips])


def _from_transformers(name: str, where: str) -> LoadedHubJudge:
    """wav2vec 2.0 with a classifier."""
    import torch
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    model = AutoModelForAudioClassification.from_pretrained(where).eval()
    extractor = AutoFeatureExtractor.from_pretrained(where)

    def posteriors_of(clip: np.ndarray) -> np.ndarray:
        inputs = extractor(clip, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        with torch.no_grad():
            return model(**inputs).logits[0].softmax(-1).numpy()

    labels = [model.config.id2label[index] for index in range(model.config.num_labels)]
    return LoadedHubJudge(name, tuple(map(emotion_of_label, labels)), posteriors_of)


def _from_speechbrain(name: str, where: str) -> LoadedHubJudge:
    """wav2vec 2.0 with a linear classifier; the three modules of its hyperparams.yaml are called one by one."""
    import torch
    from speechbrain.inference.interfaces import Pretrained

    class Modules(Pretrained):
        MODULES_NEEDED = ["wav2vec2", "avg_pool", "output_mlp"]

    model: Any = Modules.from_hparams(source=where, run_opts={"device": "cpu"})

    def posteriors_of(clip: np.ndarray) -> np.ndarray:
        samples, lengths = torch.from_numpy(clip)[None], torch.tensor([1.0])
        with torch.no_grad():
            states = model.mods.wav2vec2(samples, lengths)
            pooled = model.mods.avg_pool(states, lengths).view(1, -1)
            return model.mods.output_mlp(pooled)[0].softmax(-1).numpy()

    encoder = model.hparams.label_encoder
    labels = [encoder.ind2lab[index] for index in range(len(encoder))]
    return LoadedHubJudge(name, tuple(map(emotion_of_label, labels)), posteriors_of)


def _from_funasr(name: str, where: str) -> LoadedHubJudge:
    """emotion2vec+."""
    from funasr import AutoModel  # pyright: ignore[reportMissingImports]  # installed by who wants it

    model = AutoModel(model=where, hub="hf", disable_update=True, disable_pbar=True)

    def generated(clip: np.ndarray) -> dict[str, Any]:
        return model.generate(clip, granularity="utterance", extract_embedding=False)[0]

    labels = generated(np.zeros(SAMPLE_RATE, np.float32))["labels"]
    return LoadedHubJudge(name, tuple(map(emotion_of_label, labels)), lambda clip: np.array(generated(clip)["scores"]))


SUPERB = HubJudge("superb", FOUR, "transformers", "SUPERB (arXiv 2105.01051), IEMOCAP, 4 emotions",
                  ("superb/wav2vec2-base-superb-er",), training=training_data.IEMOCAP,
                  hub_id="superb/wav2vec2-base-superb-er", build=_from_transformers)
IEMOCAP = HubJudge("iemocap", FOUR, "speechbrain", "SpeechBrain (arXiv 2106.04624), IEMOCAP, 4 emotions",
                   ("speechbrain/emotion-recognition-wav2vec2-IEMOCAP",), training=training_data.IEMOCAP,
                   hub_id="speechbrain/emotion-recognition-wav2vec2-IEMOCAP", build=_from_speechbrain)
SEVEN = (*FOUR, "surprised", "fearful", "disgusted")
EMOTION2VEC, EMOTION2VEC_LARGE = (
    HubJudge(name, SEVEN, "funasr", "emotion2vec+ (arXiv 2312.15185), 9 emotions",
             (f"emotion2vec/{folder}", f"iic/{folder}"), training=training_data.EMOTION2VEC, hub_id=f"emotion2vec/{folder}",
             build=_from_funasr)
    for name, folder in (("emotion2vec", "emotion2vec_plus_base"), ("emotion2vec-large", "emotion2vec_plus_large")))
