"""When each word of a transcript is said: where the recogniser's decoder looks while it writes the word.

Radford et al. (2023) call these Whisper's word-level timestamps: cross-attention of the heads that follow time, smoothed, and the
monotone path through it that looks at the most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evaluation.instruments.recogniser import MODEL, thinned_for
from pipelines.features.audio import SAMPLE_RATE

RATE = 50  # frames of the encoder a second
SMOOTHING = 7  # frames of the median


@dataclass(frozen=True)
class TimedWord:
    """A word of a transcript with its mark, from `start` to `end` in seconds of the recording."""

    start: float
    end: float
    text: str


def word_times(samples: np.ndarray, text: str, language: str = "en", size: str = MODEL) -> tuple[TimedWord, ...]:
    """Times of the words of a transcript; none for a recording over 30 s, which no window of the recogniser holds.

    Args:
        samples: (n,) float32 at 16 kHz. text: their transcript. language: two letters. size: of Whisper.
    Raises:
        ZestError: the model is missing.
    """
    from whisper.tokenizer import get_tokenizer

    ours = thinned_for(samples, size)
    if ours is None or not text.strip():
        return ()
    tokenizer = get_tokenizer(ours.model.is_multilingual, num_languages=ours.model.num_languages, language=language,
                              task="transcribe")
    written = tokenizer.encode(" " + text.strip())
    start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    frames = max(1, round(len(samples) / SAMPLE_RATE * RATE))
    looks = _looks(ours.model, ours.encode([samples]), [*start, *written, tokenizer.eot], size)[:, len(start) - 1:-1, :frames]
    tokens, places = _path(-_smoothed(looks))
    begins = places[np.diff(tokens, prepend=-1) > 0] / RATE  # of each token, and of the end of the text
    words, of_words = tokenizer.split_to_word_tokens([*written, tokenizer.eot])
    edges = begins[np.append(0, np.cumsum([len(one) for one in of_words[:-1]]))]
    found: list[TimedWord] = []
    for word, begin, end in zip(words[:-1], edges[:-1].tolist(), edges[1:].tolist()):
        if found and not any(map(str.isalnum, word)):  # a mark belongs to the word before it
            found[-1] = replace(found[-1], end=end, text=found[-1].text + word.strip())
        elif word.strip():
            found.append(TimedWord(begin, end, word.strip()))
    return tuple(found)


def _looks(model, features, tokens: list[int], size: str) -> np.ndarray:
    """(heads, tokens, frames) attention of the heads that follow time, before each token is written. features: of the encoder."""
    import torch

    queries, keys, hooks = {}, {}, []
    blocks = [block.cross_attn for block in model.decoder.blocks]
    for index, attention in enumerate(blocks):
        for kept, linear in ((queries, attention.query), (keys, attention.key)):
            hooks.append(linear.register_forward_hook(lambda _, __, out, kept=kept, index=index: kept.__setitem__(index, out[0])))
    try:
        with torch.no_grad():
            model.decoder(torch.tensor([tokens]), features)
    finally:
        for hook in hooks:
            hook.remove()
    found = []
    for layer, head in _heads(model, size):
        query, key = (part[layer].unflatten(-1, (blocks[layer].n_head, -1))[:, head] for part in (queries, keys))
        found.append((query @ key.T * query.shape[-1] ** -0.5).softmax(dim=-1))
    return torch.stack(found).detach().numpy()


def _heads(model, size: str) -> list[tuple[int, int]]:
    """(layer, head) of those that OpenAI found to follow time; for an unknown size, all of the upper half."""
    import base64
    import gzip

    from whisper import _ALIGNMENT_HEADS

    shape = model.dims.n_text_layer, model.dims.n_text_head
    if size not in _ALIGNMENT_HEADS:
        return [(layer, head) for layer in range(shape[0] // 2, shape[0]) for head in range(shape[1])]
    chosen = np.frombuffer(gzip.decompress(base64.b85decode(_ALIGNMENT_HEADS[size])), dtype=bool).reshape(shape)
    return [(int(layer), int(head)) for layer, head in zip(*np.nonzero(chosen))]


def _smoothed(looks: np.ndarray) -> np.ndarray:
    """(tokens, frames): each frame against the other tokens, smoothed over time, mean over heads."""
    from scipy.ndimage import median_filter

    spread = looks.std(axis=1, keepdims=True)
    normed = (looks - looks.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-8)
    return median_filter(normed, size=(1, 1, SMOOTHING), mode="reflect").mean(axis=0)


def _path(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cheapest monotone path from the first token and frame to the last: (tokens, frames) along it.

    Written out here because librosa's compiles for seconds at its first call, which is longer than this takes for 30 s.
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for row in range(rows):
        above, left = np.minimum(total[row, :-1], total[row, 1:]).tolist(), np.inf  # before this cell: a row or a frame earlier
        for column, own in enumerate(cost[row].tolist()):
            left = total[row + 1, column + 1] = own + min(above[column], left)
    path = [(rows - 1, columns - 1)]
    while path[-1] != (0, 0):
        row, column = path[-1]
        ways = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        path.append(min(ways, key=lambda way: total[way[0] + 1, way[1] + 1]))
    tokens, frames = zip(*reversed(path))
    return np.array(tokens), np.array(frames)
