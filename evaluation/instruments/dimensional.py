"""Arousal, dominance and valence by audEERING's regression on wav2vec 2.0, of the hub (Wagner et al. 2023, arXiv 2203.07378)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from evaluation.instruments.needs import hub_revision, missing_package, unavailable_from_hub, version
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE
from pipelines.quiet import quiet

NAME = "audeering"
HUB_ID = "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"
DIMENSIONS = ("arousal", "valence", "dominance")
INSTEAD = "arousal and valence of the judges that ship"

Regression = Callable[[np.ndarray], dict[str, float]]  # (n,) float32 at 16 kHz to places by dimension, about -1 to 1


def key() -> str:
    """Model and version, safe as a file name."""
    return f"audeering-msp-dim-{hub_revision(HUB_ID)}"


def described() -> str:
    return f"{HUB_ID} ({hub_revision(HUB_ID)}), transformers {version('transformers')}"


def unavailable() -> str | None:
    """Why it cannot be used here, None where it can; loads no weights."""
    return missing_package("transformers") or unavailable_from_hub(HUB_ID, INSTEAD)


@lru_cache(maxsize=1)
def load(where: str = HUB_ID) -> Regression:
    """From the hub id or a folder with the same files. Raises ZestError: it cannot be loaded."""
    try:
        with quiet("transformers"):
            return _loaded(where)
    except Exception as error:  # loaders raise hub, network, file and configuration errors alike
        raise ZestError(f"The model {where} could not be loaded ({type(error).__name__}); check the network, or use "
                        f"{INSTEAD}.") from error


def _loaded(where: str) -> Regression:
    import torch
    from transformers import AutoFeatureExtractor

    model = _network().from_pretrained(where).eval()
    extractor = AutoFeatureExtractor.from_pretrained(where)
    places = {name: index for index, name in model.config.id2label.items()}

    def regression(clip: np.ndarray) -> dict[str, float]:
        inputs = extractor(np.asarray(clip, dtype=np.float32), sampling_rate=SAMPLE_RATE, return_tensors="pt")
        with torch.no_grad():
            found = model(inputs["input_values"])[0].numpy()
        return {name: 2 * float(found[places[name]]) - 1 for name in DIMENSIONS}  # the model's scale is 0 to 1

    return regression


def _network() -> Any:
    """The class whose weights are published: wav2vec 2.0, the mean over time, two layers."""
    from torch import Tensor, nn, tanh
    from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2Model, Wav2Vec2PreTrainedModel

    class Head(nn.Module):
        def __init__(self, config: Any):
            super().__init__()
            self.dense = nn.Linear(config.hidden_size, config.hidden_size)
            self.out_proj = nn.Linear(config.hidden_size, config.num_labels)

        def forward(self, pooled: Tensor) -> Tensor:
            return self.out_proj(tanh(self.dense(pooled)))

    class DimensionalModel(Wav2Vec2PreTrainedModel):
        def __init__(self, config: Any):
            super().__init__(config)
            self.wav2vec2 = Wav2Vec2Model(config)
            self.classifier = Head(config)
            self.post_init()

        def forward(self, samples: Tensor) -> Tensor:
            """(clips, samples) to (clips, dimensions)."""
            return self.classifier(self.wav2vec2(samples)[0].mean(1))

    return DimensionalModel
