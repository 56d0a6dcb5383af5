"""Stage `hubert`, design `whisper_blocks`: the transformer layers of a small HuBERT begin as Whisper's own encoder blocks.

Whisper's blocks and a HuBERT with `do_stable_layer_norm` have the same weights, one to one. Only the convolutional front and the
positional convolution learn from nothing. Teacher and student are given the same crops. The student's may be noisier, narrower in
band, tilted or masked. The residual stream after each layer is matched to the teacher's after the same block.

The teacher adds a position embedding, which runs through its residual stream; a HuBERT does not know absolute positions. So the
targets are the teacher's states less their mean over recordings at each position.

Loss: smooth L1 and cosine distance on states standardised per dimension, averaged over frames and layers. With `deeper`, the
student's last state also goes through the teacher's next blocks, which are frozen, and must agree with the teacher's after them.
A small distance can hide what these blocks, and so the words, depend on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from transformers import HubertConfig, HubertModel

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.resampling import resample
from pipelines.networks.units import HOP, ContentEncoder, at_one_level
from pipelines.networks.whisper_front import WhisperEncoder
from pipelines.training.data.channel_changes import ChannelChanges, changed
from pipelines.training.data.corpus import Clip, read_all
from pipelines.training.loop.ahead import Ahead
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.losses.adversarial import running_average

TEACHER_LEVEL = 0.1  # root mean square of the teacher's crops; the student's have 1 (units.at_one_level)
STATISTICS_CROPS = 1200
ENOUGH = 200  # recordings for a mean at one position; later positions take the last mean that has them
MASKED_FRAMES = 5  # of one masked span, 0.1 s
BELOW_BLOCKS = 0.5  # weight of the loss below the blocks; each layer has 1


@dataclass(frozen=True)
class HubertBlocksRecipe:
    """Sizes and schedule of the design.

    begins_with: a file of the checkpoint whose weights an untrained HuBERT takes over where they fit.
    layers: of the transformer, which begin as the teacher's first blocks. channels: of the four convolutions of the front.
    batch: crops of the shortest length, or as much speech in longer ones. crop_seconds: one length is drawn for each batch.
    learning_rate: of what learns from nothing. block_learning_rate: of the teacher's blocks.
    corpus_power: a corpus is drawn in proportion to its length to this power.
    noise, band, tilt, speed: shares of crops with noise, a narrower band, a spectral tilt, another speed.
    mask: share of the student's frames that are masked. deeper: of the teacher's blocks above the student's layers.
    appended: of these blocks that are put on top of the layers when they are exported (appended_blocks.py).
    positions: frames of the table of positions below them, 50 Hz.
    """

    design: str = "whisper_blocks"
    begins_with: str = ""
    layers: int = 3
    channels: tuple = (64, 160, 320, 512)
    steps: int = 60000
    batch: int = 10
    crop_seconds: tuple = (2.0, 2.5, 3.3, 5.0)
    learning_rate: float = 1e-3
    block_learning_rate: float = 2e-4
    corpus_power: float = 0.6
    noise: float = 0.4
    band: float = 0.2
    tilt: float = 0.4
    speed: float = 0.3
    mask: float = 0.04
    deeper: int = 0
    appended: int = 0
    positions: int = 1000


def blocks_config(layers: int, channels: tuple[int, ...], width: int, heads: int) -> HubertConfig:
    """A HuBERT with norms before its blocks, of the teacher's width."""
    return HubertConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=4 * width,
        num_conv_pos_embeddings=64, num_conv_pos_embedding_groups=16, feat_extract_norm="layer", conv_bias=True,
        do_stable_layer_norm=True, hidden_dropout=0.0, activation_dropout=0.0, attention_dropout=0.0, feat_proj_dropout=0.0,
        final_dropout=0.0, layerdrop=0.0, mask_time_prob=0.05, mask_feature_prob=0.0, attn_implementation="sdpa",
        conv_dim=channels, conv_kernel=(40, 10, 8, 4), conv_stride=(8, 5, 4, 2))


@torch.no_grad()
def begin_as(hubert: HubertModel, encoder: WhisperEncoder) -> None:
    """Copy the first blocks of Whisper's audio encoder into the layers; the last norm begins as the next block's first."""
    layers = hubert.encoder.layers
    for layer, block in zip(layers, encoder.blocks):
        pairs = ((layer.attention.q_proj, block.attn.query), (layer.attention.k_proj, block.attn.key),
                 (layer.attention.v_proj, block.attn.value), (layer.attention.out_proj, block.attn.out),
                 (layer.feed_forward.intermediate_dense, block.mlp[0]), (layer.feed_forward.output_dense, block.mlp[2]),
                 (layer.layer_norm, block.attn_ln), (layer.final_layer_norm, block.mlp_ln))
        for own, other in pairs:
            own.weight.copy_(other.weight)
            own.bias.copy_(torch.zeros_like(own.bias) if other.bias is None else other.bias)  # Whisper's keys have none
    following = encoder.blocks[len(layers)].attn_ln if len(encoder.blocks) > len(layers) else encoder.ln_post
    hubert.encoder.layer_norm.load_state_dict(following.state_dict())


@torch.no_grad()
def teacher_states(encoder: WhisperEncoder, waveform: torch.Tensor, layers: int) -> torch.Tensor:
    """(batch, samples) at 16 kHz to (layers + 1, batch, frames, width), 50 Hz: below the blocks, and after each of the first."""
    return torch.stack(encoder(waveform, layers))


class Student(nn.Module):
    """The content encoder, with its residual stream below the layers and after each."""

    def __init__(self, recipe: HubertBlocksRecipe, width: int, heads: int):
        super().__init__()
        self.encoder = ContentEncoder(HubertModel(blocks_config(recipe.layers, recipe.channels, width, heads)))

    def forward(self, waveform: torch.Tensor, masked: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, samples), and (batch, frames) bool of masked frames, to (layers + 1, batch, frames, width)."""
        hubert, pad = self.encoder.hubert, self.encoder.pad
        padded = nn.functional.pad(at_one_level(waveform), (pad, pad))
        x = hubert.feature_projection(hubert.feature_extractor(padded).transpose(1, 2))
        if masked is not None:
            x = torch.where(masked[..., None], hubert.masked_spec_embed, x)
        states = [x + hubert.encoder.pos_conv_embed(x)]
        for layer in hubert.encoder.layers:
            states.append(layer(states[-1]))
        return torch.stack(states)


class Statistics(nn.Module):
    """Of the teacher's states: the mean at each position, the mean over all, and the deviation.

    A run's state does not have the buffers; when a training goes on, the same ones are fitted from the same crops.
    """

    def __init__(self, states: int, positions: int, width: int):
        super().__init__()
        for name, shape in (("by_position", (states, positions, width)), ("mean", (states, width)), ("scale", (states, width))):
            self.register_buffer(name, torch.zeros(shape), persistent=False)
        self.fitted = False

    def fit(self, draw: Callable[[], tuple[torch.Tensor, torch.Tensor]], batches: int) -> None:
        """draw: states (states, batch, frames, width) and frames that count (batch, frames), 0 or 1."""
        total, squares, count = torch.zeros_like(self.by_position), torch.zeros_like(self.by_position), 0.0
        for _ in range(batches):
            states, inside = draw()
            frames = states.shape[2]
            total[:, :frames] += (states * inside[:, :, None]).sum(1)
            squares[:, :frames] += (states.square() * inside[:, :, None]).sum(1)
            count = count + nn.functional.pad(inside.sum(0), (0, total.shape[1] - frames))
        means = total / count.clamp(min=1)[:, None]
        deviation = (squares - total * means).sum(1) / count.sum()
        known = max(1, int((count >= ENOUGH).sum()))
        means[:, known:] = means[:, known - 1:known]
        self.by_position.copy_(means)
        self.mean.copy_((means * count[:, None]).sum(1) / count.sum())
        self.scale.copy_(deviation.clamp(min=0).sqrt() + 1e-3)
        self.fitted = True

    def standard(self, states: torch.Tensor) -> torch.Tensor:
        """The student's (states, batch, frames, width), less the mean, over the deviation."""
        count = len(states)
        return (states - self.mean[:count, None, None]) / self.scale[:count, None, None]

    def standard_teacher(self, states: torch.Tensor, first: int = 0) -> torch.Tensor:
        """The teacher's, less the mean at each position. first: which of its states comes first."""
        inside = slice(first, first + len(states))
        return (states - self.by_position[inside, None, :states.shape[2]]) / self.scale[inside, None, None]

    def with_positions(self, state: torch.Tensor, layer: int) -> torch.Tensor:
        """The student's (batch, frames, width) after a layer, with what the teacher's state there has of positions."""
        return state - self.mean[layer] + self.by_position[layer, :state.shape[1]]


class HubertBlocksTask:
    """Distil the teacher's residual stream; see Task in trainer.py. teacher: with the blocks of `layers` and `deeper`."""

    def __init__(self, recipe: HubertBlocksRecipe, clips: list[Clip], teacher: WhisperEncoder, device: str = "cpu"):
        self.recipe, self.device = recipe, device
        self.clips = [clip for clip in clips if clip.seconds >= 0.5]
        self.audio = read_all(self.clips)
        self.chance = draw_chances(self.clips, recipe.corpus_power)
        self.ahead = Ahead(self.draw, device)
        self.teacher, width = teacher.to(device).requires_grad_(False), teacher.sizes.width
        student = Student(recipe, width, teacher.sizes.heads)
        begin_as(student.encoder.hubert, self.teacher)
        positions = round(max(recipe.crop_seconds) * SAMPLE_RATE / HOP) + 1
        self.statistics = Statistics(recipe.layers + recipe.deeper + 1, positions, width).to(device)
        self.networks = nn.ModuleDict({"student": student, "average": running_average(student)})
        blocks = list(student.encoder.hubert.encoder.layers.parameters())
        known = {id(weight) for weight in blocks}
        rest = [weight for weight in student.parameters() if id(weight) not in known]
        self.optimisers: dict[str, torch.optim.Optimizer] = {
            "rest": torch.optim.AdamW(rest, recipe.learning_rate, (0.9, 0.98), weight_decay=0.01),
            "blocks": torch.optim.AdamW(blocks, recipe.block_learning_rate, (0.9, 0.98), weight_decay=0.0)}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        if not self.statistics.fitted:
            self.fit_statistics()
        clean, inside, masked = (tensor.to(self.device, non_blocking=True) for tensor in self.ahead(random))
        recipe = self.recipe
        given = changed(clean, inside, ChannelChanges(recipe.tilt, recipe.band, recipe.noise))
        set_learning_rate(self.optimisers["rest"], self.recipe.learning_rate, number, self.recipe.steps, 300)
        set_learning_rate(self.optimisers["blocks"], self.recipe.block_learning_rate, number, self.recipe.steps, 1500)
        with update.autocast():
            target = teacher_states(self.teacher, clean, self.recipe.layers + self.recipe.deeper)
            states = self.networks["student"](given, masked)
            above = self._deeper_states(states[-1])
        target, predicted = self.statistics.standard_teacher(target.float()), self.statistics.standard(states.float())
        if above is not None:
            predicted = torch.cat([predicted, self.statistics.standard_teacher(above.float(), self.recipe.layers + 1)])
        frames = min(predicted.shape[2], target.shape[2])
        predicted, target, inside = predicted[:, :, :frames], target[:, :, :frames], inside[:, :frames]
        smooth = nn.functional.smooth_l1_loss(predicted, target, reduction="none").mean(-1)
        cosine = 1 - nn.functional.cosine_similarity(predicted, target, dim=-1)
        by_layer = ((smooth + cosine) * inside).sum((1, 2)) / inside.sum()
        weights = torch.tensor([BELOW_BLOCKS] + [1.0] * (len(by_layer) - 1), device=self.device)
        update.apply((by_layer * weights).sum() / weights.sum(), *self.optimisers.values())
        if update.last:
            self.networks["average"].update_parameters(self.networks["student"])
        distance = (cosine * inside).sum((1, 2)).detach() / inside.sum()
        return {f"cosine_{layer}": value for layer, value in enumerate(distance)}

    def _deeper_states(self, state: torch.Tensor) -> torch.Tensor | None:
        """(deeper, batch, frames, width): the student's last state after the teacher's next blocks; None without any."""
        layers, above = self.recipe.layers, []
        x = self.statistics.with_positions(state, layers)
        for block in self.teacher.blocks[layers:layers + self.recipe.deeper]:
            x = block(x)
            above.append(x)
        return torch.stack(above) if above else None

    def draw(self, random: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """A `batch` of crops of one of the lengths."""
        return self.batch(random, float(random.choice(self.recipe.crop_seconds)))

    def fit_statistics(self) -> None:
        """From seeded crops of the longest length: the same ones whenever a training goes on."""
        longest = partial(self._states_of_longest, np.random.default_rng(1234))
        self.statistics.fit(longest, math.ceil(STATISTICS_CROPS / self._rows(max(self.recipe.crop_seconds))))

    def batch(self, random: np.random.Generator, seconds: float) -> tuple[torch.Tensor, ...]:
        """Waveforms (batch, samples), frames that count (batch, frames) and masked frames (batch, frames)."""
        rows = self._rows(seconds)
        frames = int(seconds * SAMPLE_RATE / HOP)
        clean = np.zeros((rows, frames * HOP), np.float32)
        inside = np.zeros((rows, frames + 1), np.float32)
        masked = np.zeros((rows, frames + 1), bool)
        for row, index in enumerate(random.choice(len(self.clips), rows, p=self.chance)):
            speed = random.uniform(0.85, 1.18) if random.random() < self.recipe.speed else 1.0
            piece = crop(self.audio[index], int(frames * HOP * speed), random)
            if speed != 1.0:
                piece = resample(piece, SAMPLE_RATE * speed, SAMPLE_RATE, quality="MQ")[:frames * HOP]
            piece = piece * (TEACHER_LEVEL / (np.sqrt((piece**2).mean()) + 1e-4))
            clean[row, :len(piece)] = piece
            inside[row, :min(len(piece) // HOP + 1, frames)] = 1
            for start in random.integers(0, frames, random.poisson(self.recipe.mask * frames / MASKED_FRAMES)):
                masked[row, start:start + MASKED_FRAMES] = True
        return torch.from_numpy(clean), torch.from_numpy(inside), torch.from_numpy(masked)

    def _rows(self, seconds: float) -> int:
        return max(1, round(self.recipe.batch * min(self.recipe.crop_seconds) / seconds))

    def _states_of_longest(self, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        clean, inside, _ = (tensor.to(self.device) for tensor in self.batch(random, max(self.recipe.crop_seconds)))
        states = teacher_states(self.teacher, clean, self.recipe.layers + self.recipe.deeper)
        return states, inside[:, :states.shape[2]]


def crop(audio: np.ndarray, length: int, random: np.random.Generator) -> np.ndarray:
    """At most `length` samples from anywhere in int16 audio, as float32."""
    start = int(random.integers(0, max(1, len(audio) - length + 1)))
    return audio[start:start + length].astype(np.float32) / 32767


def draw_chances(clips: list[Clip], power: float) -> np.ndarray:
    """(clips,) probabilities: corpora by their length to a power, clips of one by the root of their length."""
    corpora = {clip.corpus: np.array([0.0, 0.0]) for clip in clips}  # sums of lengths and of their roots
    for clip in clips:
        corpora[clip.corpus] += clip.seconds, clip.seconds**0.5
    chance = np.array([corpora[clip.corpus][0]**power * clip.seconds**0.5 / corpora[clip.corpus][1] for clip in clips])
    return chance / chance.sum()
