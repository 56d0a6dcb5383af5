"""The teacher's next blocks on top of a trained HuBERT, so that its last layers tell the words as the teacher's do.

The trained layers know no absolute positions, and the teacher's blocks need them. So the teacher's mean state at each position,
less its mean over all, is added below the first of the appended layers (`positions` of pipelines/networks/hubert.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from transformers import HubertModel

from pipelines.features.audio import SAMPLE_RATE
from pipelines.networks.units import HOP
from pipelines.networks.whisper_front import WhisperEncoder
from pipelines.training.data.corpus import Clip, read_samples
from pipelines.training.stages.hubert_blocks import (
    TEACHER_LEVEL,
    HubertBlocksRecipe,
    begin_as,
    blocks_config,
    draw_chances,
    teacher_states,
)

RECORDINGS = 250  # means of so many have a standard error of 6 % of a deviation


def with_appended(trained: HubertModel, teacher: WhisperEncoder, recipe: HubertBlocksRecipe,
                  table: torch.Tensor) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights and configuration of one network, as conversion reads them.

    Args:
        teacher: with the blocks of `layers` and `appended`. table: (positions, width) of `position_table`.
    """
    whole = HubertModel(blocks_config(recipe.layers + recipe.appended, recipe.channels, teacher.sizes.width, teacher.sizes.heads))
    begin_as(whole, teacher)
    own = {name: value for name, value in trained.state_dict().items() if not name.startswith("encoder.layer_norm.")}
    weights = whole.state_dict() | own | {"encoder.positions": table}
    return weights, whole.config.to_diff_dict() | {"positions": len(table), "positions_before": recipe.layers}


@torch.inference_mode()
def position_table(teacher: WhisperEncoder, clips: list[Clip], recipe: HubertBlocksRecipe, seed: int = 0,
                   recordings: int = RECORDINGS, read: Callable[[Clip], np.ndarray] = read_samples) -> torch.Tensor:
    """(positions, width): the teacher's mean state after block `layers` at each position, less the mean over all positions.

    Each recording is speech of several clips, one after the other, at the teacher's level.
    """
    random, chance = np.random.default_rng(seed), draw_chances(clips, recipe.corpus_power)
    device = teacher.positional_embedding.device
    count, total = recipe.positions * HOP, torch.zeros(recipe.positions, teacher.sizes.width, device=device)
    for _ in range(recordings):
        pieces: list[np.ndarray] = []
        while sum(map(len, pieces)) < count:
            samples = read(clips[int(random.choice(len(clips), p=chance))])
            samples = samples[int(random.integers(0, max(1, len(samples) - SAMPLE_RATE))):]
            pieces.append(samples * np.float32(TEACHER_LEVEL / (np.sqrt((samples**2).mean()) + 1e-4)))
        states = teacher_states(teacher, torch.from_numpy(np.concatenate(pieces)[None, :count]).to(device), recipe.layers)
        total += states[-1, 0, :recipe.positions]
    mean = total / recordings
    return mean - mean.mean(0)
