"""How much of the words features hold: a linear map from them to the last layer of a recogniser's encoder, on unseen speakers.

Whisper base's last layer stands for the words, since its decoder reads them there. Its mean at each position, which says nothing
of speech, is taken out. The map is fitted by ridge regression, frame by frame, with some frames to either side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pipelines.networks.whisper_front import WhisperEncoder
from pipelines.training.data.corpus import Clip, read_samples

LEVEL = 0.1  # root mean square of what the recogniser is given
RIDGE = 30.0  # frames
SHORTEST, LONGEST = 1.0, 9.0  # seconds of a clip
ENOUGH = 40  # clips for a mean at one position; later positions take the mean of the last SHARED that have them
SHARED = 20


@dataclass(frozen=True)
class Words:
    """Targets of some clips: (frames, width) each, the recogniser's last layer."""

    clips: list[Clip]
    targets: list[np.ndarray]


@torch.no_grad()
def words_of(clips: Sequence[Clip], recogniser: WhisperEncoder, count: int, seed: int = 0) -> Words:
    """Of at most `count` clips of 1 to 9 s, chosen by a seed."""
    usable = [clip for clip in clips if SHORTEST <= clip.seconds <= LONGEST]
    chosen = [usable[index] for index in np.random.default_rng(seed).permutation(len(usable))[:count]]
    return Words(chosen, [recogniser.ln_post(recogniser(at_level(read_samples(clip)))[-1])[0].numpy() for clip in chosen])


def without_positions(fitted: Words, unseen: Words) -> tuple[Words, Words]:
    """Both less the mean of `fitted` at each position."""
    longest = max(len(target) for target in (*fitted.targets, *unseen.targets))
    total, count = np.zeros((longest, fitted.targets[0].shape[1])), np.zeros((longest, 1))
    for target in fitted.targets:
        total[:len(target)] += target
        count[:len(target)] += 1
    mean = total / np.maximum(count, 1)
    known = max(1, int((count >= ENOUGH).sum()))
    mean[known:] = mean[max(0, known - SHARED):known].mean(0)
    first, second = (Words(part.clips, [(target - mean[:len(target)]).astype(np.float32) for target in part.targets])
                     for part in (fitted, unseen))
    return first, second


def at_level(samples: np.ndarray) -> torch.Tensor:
    """(1, samples) at the level that the recogniser is given."""
    return torch.from_numpy((samples * (LEVEL / (np.sqrt((samples**2).mean()) + 1e-4))).astype(np.float32))[None]


def words_explained(features: Callable[[Clip], np.ndarray], fitted: Words, unseen: Words, context: int = 0) -> float:
    """Share of the variance of the targets of `unseen` that a map fitted on `fitted` explains, at most 1.

    features: (frames, width) of a clip, 50 Hz. context: frames to either side that the map sees, too.
    """
    (x, y), (x_unseen, y_unseen) = (_paired(features, words, context) for words in (fitted, unseen))
    centre, mean = x.mean(0), y.mean(0)
    square = (x - centre).T @ (x - centre) + RIDGE * np.eye(x.shape[1], dtype=np.float32)
    weights = np.linalg.solve(square, (x - centre).T @ (y - mean))
    rest = y_unseen - mean - (x_unseen - centre) @ weights
    return float(1 - (rest**2).sum() / ((y_unseen - mean) ** 2).sum())


def _paired(features: Callable[[Clip], np.ndarray], words: Words, context: int) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(with_context(features(clip), context), target) for clip, target in zip(words.clips, words.targets)]
    counts = [min(len(own), len(target)) for own, target in pairs]
    return (np.concatenate([own[:count] for (own, _), count in zip(pairs, counts)]),
            np.concatenate([target[:count] for (_, target), count in zip(pairs, counts)]))


def with_context(frames: np.ndarray, context: int) -> np.ndarray:
    """(frames, width) to (frames, (2 context + 1) width); zeros beyond the ends."""
    padded = np.pad(frames.astype(np.float32), [(context, context), (0, 0)])
    return np.concatenate([padded[start:start + len(frames)] for start in range(2 * context + 1)], axis=1)
