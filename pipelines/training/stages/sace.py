"""Stage `sace`: SACE and the pitch predictor together (paper, sections 3.3 and 3.4).

Loss: emotion cross-entropy + speaker cross-entropy through gradient reversal + L1 of F0, as in the paper. In most batches the
pitch predictor attends to emotion frames of another recording of the same speaker and emotion. EASE comes from a recording in
another emotion. So units, voice and emotion alone explain the F0 contour.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from pipelines.checkpoints.eight_bits import restored, rounded
from pipelines.checkpoints.hub import load_wav2vec
from pipelines.checkpoints.loading import load_sace, load_unit_encoder
from pipelines.networks.pitch_predictor import PitchPredictor
from pipelines.networks.sace import Sace, SpeakerAdversary, WaveSace, pool_frames
from pipelines.networks.units import UnitEncoder
from pipelines.networks.whisper_front import front_of
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.channel_changes import changed
from pipelines.training.data.examples import (
    Draw,
    Example,
    Window,
    labels,
    perturb,
    possible_emotions,
    stack_contours,
    stack_features,
    window,
)
from pipelines.training.data.factors import FactorStore, front_states
from pipelines.training.data.presets import make_presets
from pipelines.training.data.stored_features import teacher_encoder
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.losses.adversarial import running_average
from pipelines.training.stages.emotional_speech import examples_and_factors, labelled_needs, real_examples
from pipelines.training.stages.stage import VOICES, Context, Prepared, Stage, StageNeeds, not_packed

WHISPER = "whisper"  # the value of front_end

IMPOSSIBLE = -1e4  # score of an emotion that the clip's corpus does not have; bf16 holds it
SMOOTHING = 0.05  # of labels


@dataclass(frozen=True)
class SaceRecipe:
    """Weights and schedule of the stage. The paper weighs emotion, speaker and F0 by 1000 : 1000 : 1, with F0 in Hz.

    front_end: "whisper": the first `blocks` blocks of Whisper base, frozen, and prosody. Or hub id or folder of a published
        wav2vec 2.0 (facebook/wav2vec2-large-robust), which is fine-tuned above its convolutions. Empty: SACE reads the content
        encoder's frozen states and prosody.
    begins_with: a file of the checkpoint whose weights an untrained SACE takes over where they fit; the pitch predictor begins
        with the checkpoint's then.
    front_learning_rate: of Whisper's blocks, which are fine-tuned then, on waveforms with noise, narrower bands and tilts.
    pitch_in_hertz: the error of F0 is in Hz and summed over a recording, as in the authors' released code, instead
        of a mean in octaves. constant_rate: no warm-up and no decay.
    """

    front_end: str = ""
    blocks: int = 2
    begins_with: str = ""
    front_learning_rate: float = 0.0
    width: int = 128  # of the convolutions
    every_corpus: bool = False  # learn from corpora with few of the emotions, too
    pitch_in_hertz: bool = False
    constant_rate: bool = False
    steps: int = 4000
    batch: int = 24
    longest_frames: int = 200
    learning_rate: float = 1e-3
    emotion_weight: float = 1.0
    speaker_weight: float = 0.3
    pitch_weight: float = 3.0
    own_reference: float = 0.25  # share of batches whose emotion frames come from the recording itself
    averaged: float = 0.0  # decay of the exponential moving average of weights that is exported; 0: the last weights are


def new_sace(recipe: SaceRecipe, encoder: UnitEncoder, cache: FeatureCache) -> Sace | WaveSace:
    """Untrained, on a trained front end. Raises CheckpointError: that cannot be had. cache: where a pack brought Whisper.

    Whisper's weights are rounded to those that will be stored, so that what is learnt fits them.
    """
    if recipe.front_end == WHISPER:
        front = front_of(teacher_encoder(cache, recipe.blocks))
        if recipe.front_learning_rate:
            front.blocks.requires_grad_(True)
            return Sace(front.layers, front.sizes.width, recipe.width, front)
        stored = [rounded(name, value) for name, value in front.state_dict().items()]
        front.load_state_dict(restored({name: value for tensors in stored for name, value in tensors.items()}))
        return Sace(front.layers, front.sizes.width, recipe.width, front)
    if recipe.front_end:
        instead = "name a folder with it as [sace] front_end, or leave that key out of the recipe to take HuBERT's states"
        return WaveSace(load_wav2vec(recipe.front_end, instead)).train()
    config = encoder.encoder.hubert.config
    return Sace(config.num_hidden_layers + 1, config.hidden_size, recipe.width)


class SaceTask:
    """SACE + pitch predictor; see Task in trainer.py."""

    def __init__(self, recipe: SaceRecipe, examples: list[Example], factors: FactorStore, sace: Sace | WaveSace,
                 device: str = "cpu"):
        self.recipe, self.examples, self.factors, self.device = recipe, examples, factors, device
        self.draw, self.possible = Draw(examples), possible_emotions(examples)
        speakers = 1 + max(example.speaker for example in examples)
        pitch = PitchPredictor(factors.unit_count)
        self.networks = nn.ModuleDict({"sace": sace, "adversary": SpeakerAdversary(speakers), "pitch": pitch})
        if recipe.averaged:
            self.networks["average"] = running_average(nn.ModuleDict({"sace": sace, "pitch": pitch}), recipe.averaged)
        blocks = sace.front if recipe.front_learning_rate else None
        front = [] if blocks is None else [weight for weight in blocks.parameters() if weight.requires_grad]
        others = {id(weight) for weight in front}
        learning = [weight for name, network in self.networks.items() if name != "average" for weight in network.parameters()
                    if weight.requires_grad and id(weight) not in others]
        self.optimisers = {"all": torch.optim.AdamW(learning, recipe.learning_rate, weight_decay=0.02)}
        if front:
            self.optimisers["front"] = torch.optim.AdamW(front, recipe.front_learning_rate, weight_decay=0.02)

    def trained(self, name: str) -> nn.Module:
        """The network `sace` or `pitch` as it is exported."""
        return self.networks["average"].module[name] if self.recipe.averaged else self.networks[name]

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        recipe = self.recipe
        if not recipe.constant_rate:
            for name, rate in (("all", recipe.learning_rate), ("front", recipe.front_learning_rate)):
                if name in self.optimisers:
                    set_learning_rate(self.optimisers[name], rate, number, recipe.steps)
        sources = self.draw.by_emotions(random, recipe.batch)
        own = random.random() < recipe.own_reference
        references = sources if own else [self.draw.same_speaker_and_emotion(index, random) for index in sources]
        source = [window(self.examples, index, recipe.longest_frames, random) for index in sources]
        reference = source if own else [window(self.examples, index, recipe.longest_frames, random) for index in references]
        speaker, emotion = (indices.to(self.device) for indices in labels(self.examples, reference))

        with update.autocast():
            frames, frames_mask = self._emotion_frames(reference, random)
            utterance = self.networks["sace"].utterance(frames, frames_mask)
            score = self.networks["sace"].classify(nn.functional.dropout(utterance, 0.2, training=True))
            score = score.masked_fill(~self.possible[[w.index for w in reference]].to(self.device), IMPOSSIBLE)
            emotion_loss = smoothed_cross_entropy(score, emotion)
            adversary = self.networks["adversary"](utterance, recipe.speaker_weight * min(1.0, number / 1000))
            speaker_loss = nn.functional.cross_entropy(adversary, speaker)
            pitch_loss, pitch_error = self._pitch_loss(source, frames, frames_mask, random)
        loss = recipe.emotion_weight * emotion_loss + speaker_loss + recipe.pitch_weight * pitch_loss
        update.apply(loss, *self.optimisers.values())
        if recipe.averaged and update.last:
            self.networks["average"].update_parameters(nn.ModuleDict({name: self.networks[name] for name in ("sace", "pitch")}))
        return {"emotion": emotion_loss.detach(), "emotion_accuracy": (score.argmax(1) == emotion).float().mean(),
                "speaker": speaker_loss.detach(), "speaker_accuracy": (adversary.argmax(1) == speaker).float().mean(),
                **pitch_error}

    def _emotion_frames(self, windows: list[Window], random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        features, mask = stack_features(self.examples, windows)
        if isinstance(self.networks["sace"], WaveSace):
            mask = mask.to(self.device)
            return self.networks["sace"](self.factors.stack_audio(windows).to(self.device), mask), mask
        features = perturb(features, random).to(self.device)
        mask = mask.to(self.device)
        hidden = self._hidden(windows, mask)
        dropped = nn.functional.dropout(features, 0.1, training=True)
        return self.networks["sace"](nn.functional.dropout(hidden, 0.1, training=True), dropped, mask), mask

    def _hidden(self, windows: list[Window], mask: torch.Tensor) -> torch.Tensor:
        """(batch, layers, time, width): stored ones of a frozen front end, else what it says of the changed waveforms now."""
        if self.factors.hidden:
            return self.factors.stack_hidden(windows).to(self.device)
        waveform, learning = self.factors.stack_audio(windows).to(self.device), self.recipe.front_learning_rate > 0
        with torch.set_grad_enabled(learning):
            return self.networks["sace"].front(changed(waveform, mask) if learning else waveform)[:, :, :mask.shape[1]]

    def _pitch_loss(self, windows: list[Window], frames: torch.Tensor, frames_mask: torch.Tensor,
                    random: np.random.Generator) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss, and the mean error over voiced frames to log."""
        units, mask = self.factors.stack_units(windows)
        ease = self.factors.stack_ease([self.draw.same_speaker_other_emotion(w.index, random) for w in windows])
        octaves, voiced = stack_contours(self.examples, windows)
        pooled, pooled_mask = pool_frames(frames, frames_mask)
        predicted = self.networks["pitch"](units.to(self.device), mask.to(self.device), pooled, pooled_mask, ease.to(self.device))
        voiced = voiced.to(self.device)
        target, count = octaves.to(self.device), voiced.sum().clamp(min=1)
        if self.recipe.pitch_in_hertz:
            predicted, target = (100 * torch.exp2(contour.float().clamp(max=5.0)) for contour in (predicted, target))
            error = ((predicted - target).abs() * voiced).sum()
            return error / len(windows), {"pitch_hertz": error.detach() / count}
        error = ((predicted - target).abs() * voiced).sum() / count
        return error, {"pitch_semitones": 12 * error.detach()}


def smoothed_cross_entropy(score: torch.Tensor, emotion: torch.Tensor) -> torch.Tensor:
    """Cross-entropy with SMOOTHING shared among the possible emotions. score: (batch, emotions), IMPOSSIBLE where one is not."""
    likelihood = score.float().log_softmax(-1)
    possible = (score > IMPOSSIBLE / 2).float()
    shared = (likelihood * possible).sum(-1) / possible.sum(-1)
    return -((1 - SMOOTHING) * likelihood.gather(1, emotion[:, None])[:, 0] + SMOOTHING * shared).mean()


def prepare(context: Context, recipe: SaceRecipe) -> Prepared:
    """Presets come from the exported SACE and from real speakers alone, not from virtual ones."""
    sace = new_sace(recipe, load_unit_encoder(context.checkpoint), context.cache)
    examples, store = examples_and_factors(context, sace, recipe.every_corpus, False if recipe.front_learning_rate else None)
    if isinstance(sace, Sace) and sace.front is not None:
        sace.standardise(front_states(examples[::10], sace.front, context.cache))
    task = SaceTask(context.drawn_at_once(recipe), examples, store, sace, context.device)
    if recipe.begins_with:
        context.checkpoint.fitting(task.networks["sace"], recipe.begins_with)
        context.checkpoint.fitting(task.networks["pitch"], "pitch")

    def export() -> None:
        config = {**asdict(recipe), **_sizes(sace)}
        eight_bits = "front." if recipe.front_end == WHISPER else None
        context.checkpoint.write("sace", task.trained("sace").state_dict(), config, eight_bits)
        context.checkpoint.write("pitch", task.trained("pitch").state_dict(), {"units": store.unit_count, "trained_by": "sace"})
        exported = load_sace(context.checkpoint).to(context.device)
        context.checkpoint.write("presets", *make_presets(exported, real_examples(examples), store))

    return Prepared(task, recipe.steps, export)


def _sizes(sace: Sace | WaveSace) -> dict[str, Any]:
    """What its network is rebuilt from."""
    if isinstance(sace, WaveSace):
        return {"wav2vec": sace.front.config.to_diff_dict()}
    sizes: dict[str, Any] = {"hidden_layers": len(sace.mix), "hidden_width": sace.project[1].in_features}
    return sizes if sace.front is None else {**sizes, "whisper": asdict(sace.front.sizes)}


def needs(context: Context, recipe: SaceRecipe) -> StageNeeds:
    """Raises RecipeError: a published front end is needed."""
    if recipe.front_end not in ("", WHISPER):
        raise not_packed("sace", "front_end", recipe.front_end)
    return replace(labelled_needs(context, recipe.every_corpus), teacher=recipe.blocks if recipe.front_end else 0)


STAGE = Stage(
    "sace",
    learns="SACE and the cross-attention pitch predictor, jointly",
    source="frozen hidden states of Whisper's lower blocks or of HuBERT, prosody features",
    loss="emotion cross-entropy, speaker cross-entropy through gradient reversal, L1 on F0 in octaves",
    recipes={"": SaceRecipe}, prepare=prepare, needs=needs, writes=("sace", "pitch", "presets"),
    reads=("hubert", "units", "ease"), general=VOICES)
