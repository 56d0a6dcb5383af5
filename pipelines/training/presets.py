"""Presets: SACE embeddings of an emotion, so that a visitor needs no reference recording."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.cluster import KMeans

from pipelines.emotion import EMOTIONS, Sace, pool_frames
from pipelines.training.examples import Example, Window
from pipelines.training.factors import FactorStore

WINDOWS = 6  # half-second emotion frames of a preset
CLEAREST = 0.3  # share of the clips that SACE hears most clearly, from which presets are made


@torch.inference_mode()
def _frames(sace: Sace, example: Example, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mask = torch.ones(1, hidden.shape[2])
    return sace(hidden, torch.from_numpy(example.features[:hidden.shape[2]])[None], mask), mask


def _all_frames(sace: Sace, examples: list[Example], store: FactorStore):
    for index, example in enumerate(examples):
        yield _frames(sace, example, store.stack_hidden([Window(index, 0, example.frames)]))


def utterance_embeddings(sace: Sace, examples: list[Example], store: FactorStore) -> list[np.ndarray]:
    """(128,) of every example."""
    return [sace.utterance(frames, mask)[0].numpy() for frames, mask in _all_frames(sace.eval(), examples, store)]


def make_presets(sace: Sace, examples: list[Example], store: FactorStore) -> tuple[dict[str, torch.Tensor], dict]:
    """Centroids of the pooled frames of the clips that SACE hears most clearly as the emotion.

    Returns:
        name to (6, 128), and the config that names their order.
    """
    pooled: dict[int, list[tuple[float, torch.Tensor]]] = {index: [] for index in range(len(EMOTIONS))}
    for example, (frames, mask) in zip(examples, _all_frames(sace.eval(), examples, store)):
        with torch.inference_mode():
            sure = sace.classify(sace.utterance(frames, mask)).log_softmax(-1)[0, example.emotion]
            windows, there = pool_frames(frames, mask)
        pooled[example.emotion].append((float(sure), windows[0][there[0] > 0.5]))
    presets = {}
    for index, name in enumerate(EMOTIONS):
        clearest = sorted(pooled[index], key=lambda pair: -pair[0])[:max(1, int(CLEAREST * len(pooled[index])))]
        windows = torch.cat([frames for _, frames in clearest]).numpy()
        clusters = KMeans(min(WINDOWS, len(windows)), n_init=3, random_state=0).fit(windows)
        presets[name] = torch.from_numpy(clusters.cluster_centers_.astype(np.float32))
    return presets, {"names": list(EMOTIONS)}
