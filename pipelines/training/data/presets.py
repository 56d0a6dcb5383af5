"""Presets: SACE embeddings of an emotion, for conversions without a reference recording."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.cluster import KMeans

from pipelines.labels import EMOTIONS
from pipelines.networks.layers import masked_mean
from pipelines.networks.sace import Sace, WaveSace, pool_frames
from pipelines.training.data.clip_choice import of_many_emotions
from pipelines.training.data.examples import Example, Window
from pipelines.training.data.factors import FactorStore

WINDOWS = 6  # half-second emotion frames of a preset
CLEAREST = 0.3  # share of an emotion's clips with the highest SACE score, from which its preset is computed


@torch.inference_mode()
def _all_frames(sace: Sace | WaveSace, examples: list[Example], store: FactorStore):
    """SACE frames and their mask of every example, on the CPU."""
    device = sace.mix.device
    for index, example in enumerate(examples):
        frames = len(store.units[index])
        mask, features = torch.ones(1, frames), torch.from_numpy(example.features[:frames])[None].to(device)
        yield store.emotion_frames_of(sace, [Window(index, 0, frames)], features, mask.to(device)).cpu(), mask


def utterance_embeddings(sace: Sace | WaveSace, examples: list[Example], store: FactorStore) -> list[np.ndarray]:
    """(128,) of every example."""
    return [masked_mean(frames, mask)[0].numpy() for frames, mask in _all_frames(sace.eval(), examples, store)]


def make_presets(sace: Sace | WaveSace, examples: list[Example], store: FactorStore) -> tuple[dict[str, torch.Tensor], dict]:
    """Centroids of the pooled frames of the clips to which SACE gives the emotion the highest score.

    Clips come from corpora of many emotions (clip_choice.py). An emotion without a clip has no preset.

    Returns:
        name to (6, 128), and the config that names their order.
    """
    pooled: dict[int, list[tuple[float, torch.Tensor]]] = {index: [] for index in range(len(EMOTIONS))}
    chosen = set(of_many_emotions([example.clip for example in examples]))
    for example, (frames, mask) in zip(examples, _all_frames(sace.eval(), examples, store)):
        if example.clip not in chosen:
            continue
        with torch.inference_mode():
            utterance = sace.utterance(frames, mask).to(sace.mix.device)
            sure = sace.classify(utterance).log_softmax(-1)[0, example.emotion]
            windows, there = pool_frames(frames, mask)
        pooled[example.emotion].append((float(sure), windows[0][there[0] > 0.5]))
    presets = {}
    for index, name in enumerate(EMOTIONS):
        if not pooled[index]:
            continue
        clearest = sorted(pooled[index], key=lambda pair: -pair[0])[:max(1, int(CLEAREST * len(pooled[index])))]
        windows = torch.cat([frames for _, frames in clearest]).numpy()
        clusters = KMeans(min(WINDOWS, len(windows)), n_init=3, random_state=0).fit(windows)
        presets[name] = torch.from_numpy(clusters.cluster_centers_.astype(np.float32))
    return presets, {"names": list(presets)}
