"""Stage `hubert`: a small HuBERT learns content from Whisper's encoder.

Loss: smooth L1 and cosine distance to the standardised hidden states of the teacher's block. Every frame is regressed and none
is masked, unlike in HuBERT's own training. The linear head is not exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from transformers import HubertConfig, HubertModel

from pipelines.checkpoints.hub import load_hubert
from pipelines.networks.hubert import read_sizes
from pipelines.networks.units import HOP, ContentEncoder
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import chance_by_length
from pipelines.training.data.corpus import Clip, read_all, read_samples
from pipelines.training.data.stored_features import BLOCKS, Teacher, teacher_encoder
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.stages.appended_blocks import position_table, with_appended
from pipelines.training.stages.hubert_blocks import HubertBlocksRecipe, HubertBlocksTask
from pipelines.training.stages.stage import Context, Prepared, Stage, StageNeeds, not_packed

MINI_CONV = dict(conv_dim=(64, 128, 256, 256), conv_kernel=(40, 10, 8, 4), conv_stride=(8, 5, 4, 2))


def mini_hubert_config(width: int = 256, layers: int = 5) -> HubertConfig:
    """A HuBERT whose waveform front end costs a third of the published one's per second of audio."""
    return HubertConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=4 * width,
        num_conv_pos_embeddings=32, num_conv_pos_embedding_groups=16, feat_extract_norm="group",
        hidden_dropout=0.0, activation_dropout=0.0, attention_dropout=0.0, feat_proj_dropout=0.0, final_dropout=0.0,
        layerdrop=0.0, mask_time_prob=0.0, mask_feature_prob=0.0, attn_implementation="sdpa", **MINI_CONV)


@dataclass(frozen=True)
class HubertRecipe:
    """Sizes and schedule of the stage.

    pretrained: hub id or folder of a published HuBERT (facebook/hubert-base-ls960), which is taken as it is; then nothing is
        trained and nothing else here counts. Empty: a small one is trained.
    """

    pretrained: str = ""
    width: int = 256
    layers: int = 5
    steps: int = 6000
    batch: int = 12
    crop_seconds: float = 2.0
    learning_rate: float = 1.5e-3
    noise: float = 0.1  # largest noise level, relative to the clip's
    max_clip_seconds: float = 29.0  # Whisper's window


def published_hubert(recipe: HubertRecipe) -> HubertModel:
    """The HuBERT that `pretrained` names. Raises CheckpointError: it cannot be had, or is of a kind that is not built here."""
    model = load_hubert(recipe.pretrained, "name a folder with it as [hubert] pretrained, or leave that key out of the recipe to "
                                           "train a small one")
    read_sizes(model.config.to_diff_dict())
    return model


class HubertTask:
    """Distil the teacher; see Task in trainer.py."""

    def __init__(self, recipe: HubertRecipe, clips: list[Clip], cache: FeatureCache, device: str = "cpu"):
        self.recipe, self.device = recipe, device
        self.clips = [clip for clip in clips if clip.seconds <= recipe.max_clip_seconds]
        self.audio = read_all(self.clips)
        teacher = Teacher(cache)
        self.targets = [teacher(clip, partial(read_samples, clip))["frames"] for clip in self.clips]
        sample = np.concatenate(self.targets[::20]).astype(np.float32)
        self.mean, self.scale = torch.from_numpy(sample.mean(0)), torch.from_numpy(sample.std(0) + 1e-3)
        self.chance = chance_by_length(self.clips)
        encoder = ContentEncoder(HubertModel(mini_hubert_config(recipe.width, recipe.layers)))
        head = nn.Linear(recipe.width, sample.shape[1])
        self.networks = nn.ModuleDict({"encoder": encoder, "head": head})
        optimiser = torch.optim.AdamW(self.networks.parameters(), recipe.learning_rate, (0.9, 0.98), weight_decay=0.01)
        self.optimisers = {"all": optimiser}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        waveform, target, inside = (tensor.to(self.device) for tensor in self.batch(random))
        optimiser = self.optimisers["all"]
        set_learning_rate(optimiser, self.recipe.learning_rate, number, self.recipe.steps)
        with update.autocast():
            predicted = self.networks["head"](self.networks["encoder"](waveform)[-1])
            smooth = nn.functional.smooth_l1_loss(predicted, target, reduction="none").mean(-1)
            cosine = 1 - nn.functional.cosine_similarity(predicted, target, dim=-1)
            loss = ((smooth + cosine) * inside).sum() / inside.sum()
        update.apply(loss, optimiser)
        return {"smooth_l1": (smooth * inside).sum().detach() / inside.sum(),
                "cosine": (cosine * inside).sum().detach() / inside.sum()}

    def batch(self, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Waveforms (batch, samples), standardised targets (batch, frames, 512) and which frames count (batch, frames)."""
        frames = int(self.recipe.crop_seconds * 50)
        waveform = np.zeros((self.recipe.batch, frames * HOP), np.float32)
        target = np.zeros((self.recipe.batch, frames + 1, len(self.mean)), np.float32)
        inside = np.zeros((self.recipe.batch, frames + 1), np.float32)
        for row, index in enumerate(random.choice(len(self.clips), self.recipe.batch, p=self.chance)):
            audio, teacher = self.audio[index], self.targets[index]
            start = int(random.integers(0, max(1, len(audio) // HOP - frames)))
            piece = audio[start * HOP:(start + frames) * HOP].astype(np.float32) / 32767
            states = teacher[start:start + frames + 1]
            waveform[row, :len(piece)] = self._perturb(piece, random)
            target[row, :len(states)] = states
            inside[row, :len(states)] = 1
        standard = (torch.from_numpy(target) - self.mean) / self.scale
        return torch.from_numpy(waveform), standard, torch.from_numpy(inside)

    def _perturb(self, piece: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Noise and a random first-order tilt, so that units do not depend on the channel."""
        level = np.sqrt((piece**2).mean()) * self.recipe.noise * random.random()
        noisy = piece + level * random.standard_normal(len(piece)).astype(np.float32)
        return np.append(noisy[:1], noisy[1:] - random.uniform(-0.3, 0.6) * noisy[:-1])


def prepare(context: Context, recipe: HubertRecipe | HubertBlocksRecipe) -> Prepared:
    """A published HuBERT as it is, or a small one to be trained. Raises CheckpointError: the published one cannot be had."""
    def export(hubert: HubertModel) -> None:
        context.checkpoint.write("hubert", hubert.state_dict(), hubert.config.to_diff_dict())

    if isinstance(recipe, HubertBlocksRecipe):
        teacher = teacher_encoder(context.cache, recipe.layers + max(recipe.deeper, recipe.appended))
        blocks = HubertBlocksTask(context.drawn_at_once(recipe), context.clips, teacher, context.device)
        if recipe.begins_with:
            context.checkpoint.fitting(blocks.networks["student"].encoder.hubert, recipe.begins_with)
        return Prepared(blocks, recipe.steps, lambda: export_blocks(context, recipe, blocks))
    if recipe.pretrained:
        return Prepared(None, 0, lambda: export(published_hubert(recipe)))
    task = HubertTask(context.drawn_at_once(recipe), context.clips, context.cache, context.device)
    return Prepared(task, recipe.steps, lambda: export(task.networks["encoder"].hubert))


def export_blocks(context: Context, recipe: HubertBlocksRecipe, task: HubertBlocksTask) -> None:
    """In eight bits, since it has 24 MB in 16; with the teacher's next blocks where the recipe appends them."""
    hubert = task.networks["average"].module.encoder.hubert
    weights, config = hubert.state_dict(), hubert.config.to_diff_dict()
    if recipe.appended:
        table = position_table(task.teacher, task.clips, recipe, context.general.seed)
        weights, config = with_appended(hubert, task.teacher, recipe, table)
    context.checkpoint.write("hubert", weights, config, "")


def needs(context: Context, recipe: HubertRecipe | HubertBlocksRecipe) -> StageNeeds:
    """Raises RecipeError: a published HuBERT is taken, and nothing is trained."""
    if isinstance(recipe, HubertBlocksRecipe):
        return StageNeeds(context.clips, audio=True, teacher=recipe.layers + max(recipe.deeper, recipe.appended))
    if recipe.pretrained:
        raise not_packed("hubert", "pretrained", recipe.pretrained)
    return StageNeeds(context.clips, audio=True, teacher=BLOCKS)


STAGE = Stage(
    "hubert",
    learns="content: a small `transformers.HubertModel`",
    source="hidden states of Whisper base on the same clip",
    loss="smooth L1 and cosine",
    recipes={"regression": HubertRecipe, "whisper_blocks": HubertBlocksRecipe}, prepare=prepare, needs=needs,
    writes=("hubert",))
