"""Stage `vawgan`: the baseline VAW-GAN (pipelines/networks/vawgan.py), on labelled speech of all speakers together.

The loss of each autoencoder has three terms (Hsu et al., Interspeech 2017): the squared error of the frame, the Gaussian KL
divergence of its code, and the score of a Wasserstein critic. The critic tells frames that are decoded with another emotion from
real frames of that emotion. A gradient penalty keeps it smooth (Gulrajani et al., NeurIPS 2017).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from pipelines.errors import RecipeError
from pipelines.features.pitch import VOICED_CONFIDENCE
from pipelines.features.prosody import octaves
from pipelines.features.wavelets import SCALES, decompose
from pipelines.features.world import BANDS
from pipelines.labels import EMOTIONS, NEUTRAL
from pipelines.networks.vawgan import Autoencoder, Critic, VawGan, shape_and_energy
from pipelines.training.data.examples import Draw, Example, read_examples, speaker_baselines, speaker_means
from pipelines.training.data.stored_features import PROSODY
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.stages.stage import LABELS, Context, Prepared, Stage, StageNeeds


@dataclass(frozen=True)
class VawGanRecipe:
    """Sizes, weights and schedule. batch: clips, each emotion as likely as any other. frames: of each clip."""

    width: int = 256
    spectrum_latent: int = 32
    melody_latent: int = 4  # of the autoencoder of F0
    steps: int = 6000
    batch: int = 32
    frames: int = 8
    learning_rate: float = 1e-3
    critic_learning_rate: float = 1e-3
    critic_steps: int = 1
    kl_weight: float = 0.1
    adversarial_weight: float = 5.0
    penalty_weight: float = 10.0


@dataclass(frozen=True)
class VawGanClip:
    """One clip at 50 Hz, float32.

    spectrum: (frames, 40) shapes. f0: (frames, 10) wavelet coefficients. context: (frames, 2), see vawgan.CONTEXT.
    """

    spectrum: np.ndarray
    f0: np.ndarray
    context: np.ndarray


@dataclass(frozen=True)
class Frames:
    """A batch of n frames for one of the autoencoders.

    x: (n, bins), of mean 0 and deviation 1. emotion: (n,). context: (n, 2), or (n, 0) for F0.
    order: (n,) a row for each row, whose emotion is the target. moved: the context in that emotion.
    """

    x: torch.Tensor
    emotion: torch.Tensor
    context: torch.Tensor
    order: torch.Tensor
    moved: torch.Tensor


class VawGanTask:
    """Two autoencoders and their critics; see Task in trainer.py."""

    def __init__(self, recipe: VawGanRecipe, examples: list[Example], device: str = "cpu"):
        self.recipe, self.examples, self.device = recipe, examples, device
        self.draw = Draw(examples)
        if len(self.draw.emotional) < 2:
            raise RecipeError("VAW-GAN needs training clips of two emotions at least; the manifest has "
                              f"{EMOTIONS[self.draw.emotional[0]]} alone.")
        neutral = speaker_baselines(examples)[:, -1]
        self.clips = [vawgan_clip(example, neutral[example.speaker]) for example in examples]
        network = VawGan(recipe.width, recipe.spectrum_latent, recipe.melody_latent)
        network.level_change.copy_(torch.from_numpy(level_changes(examples)))
        network.spectrum.learn_statistics(np.concatenate([clip.spectrum for clip in self.clips]))
        network.melody.learn_statistics(np.concatenate([clip.f0 for clip in self.clips]))
        critics = {"spectrum": Critic(BANDS, recipe.width), "melody": Critic(SCALES, recipe.width)}  # checkpoints call F0 so
        self.networks = nn.ModuleDict({"vawgan": network, "critics": nn.ModuleDict(critics)})
        rates = {"vawgan": recipe.learning_rate, "critics": recipe.critic_learning_rate}
        self.optimisers = {name: torch.optim.Adam(self.networks[name].parameters(), rate, (0.5, 0.9))
                           for name, rate in rates.items()}

    @property
    def emotions(self) -> list[str]:
        """Those that have training clips."""
        return [EMOTIONS[index] for index in self.draw.emotional]

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        recipe, logged = self.recipe, {}
        set_learning_rate(self.optimisers["vawgan"], recipe.learning_rate, number, recipe.steps)
        set_learning_rate(self.optimisers["critics"], recipe.critic_learning_rate, number, recipe.steps)
        for _ in range(recipe.critic_steps):
            losses = {name: self._critic_loss(name, frames, update) for name, frames in self.batch(random).items()}
            update.apply(sum(losses.values()), self.optimisers["critics"])
        logged |= {f"{name}_critic": loss.detach() for name, loss in losses.items()}
        total = 0.0
        for name, frames in self.batch(random).items():
            error, divergence, unlike = self._generator_losses(name, frames, update)
            total = total + error / 2 + recipe.kl_weight * divergence + recipe.adversarial_weight * unlike
            logged |= {name: error.detach() / frames.x.shape[1], f"{name}_kl": divergence.detach(),
                       f"{name}_adversarial": unlike.detach()}
        update.apply(total, self.optimisers["vawgan"], limit=10.0)
        return logged

    def _critic_loss(self, name: str, frames: Frames, update: Update) -> torch.Tensor:
        network, critic, target = self._of(name), self.networks["critics"][name], frames.emotion[frames.order]
        with torch.no_grad(), update.autocast():
            converted = network.generate(draw_code(*network.encode(frames.x)), target, frames.moved)
        real = frames.x[frames.order]
        with update.autocast():
            distance = critic(converted, target).mean() - critic(real, target).mean()
            between = torch.lerp(converted, real, torch.rand(len(real), 1, device=real.device)).requires_grad_()
            scores = critic(between, target)
        slope = torch.autograd.grad(scores.sum(), between, create_graph=True)[0].norm(dim=1)
        return distance + self.recipe.penalty_weight * (slope - 1).square().mean()

    def _generator_losses(self, name: str, frames: Frames, update: Update) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Squared error and KL, summed over dimensions, and the critic's distance."""
        network, critic, target = self._of(name), self.networks["critics"][name], frames.emotion[frames.order]
        with update.autocast():
            mean, log_variance = network.encode(frames.x)
            code = draw_code(mean, log_variance)
            decoded = network.generate(code, frames.emotion, frames.context)
            unlike = -critic(network.generate(code, target, frames.moved), target).mean()
        error = (decoded - frames.x).square().sum(1).mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        return error, divergence, unlike

    def batch(self, random: np.random.Generator) -> dict[str, Frames]:
        """The same frames of the same clips for both autoencoders."""
        clips = np.repeat(self.draw.by_emotions(random, self.recipe.batch), self.recipe.frames)
        places = [int(random.integers(len(self.clips[clip].f0))) for clip in clips]
        emotion = torch.tensor([self.examples[clip].emotion for clip in clips], device=self.device)
        order = torch.from_numpy(random.permutation(len(clips))).to(self.device)
        level = self.networks["vawgan"].level_change
        context = self._stack("context", clips, places)
        moved = context.clone()
        moved[:, 0] += level[emotion[order]] - level[emotion]
        none = context[:, :0]
        spectrum = self._of("spectrum").standardised(self._stack("spectrum", clips, places))
        f0 = self._of("melody").standardised(self._stack("f0", clips, places))
        return {"spectrum": Frames(spectrum, emotion, context, order, moved), "melody": Frames(f0, emotion, none, order, none)}

    def _of(self, name: str) -> Autoencoder:
        return getattr(self.networks["vawgan"], name)

    def _stack(self, name: str, clips: np.ndarray, places: list[int]) -> torch.Tensor:
        rows = np.stack([getattr(self.clips[clip], name)[place] for clip, place in zip(clips, places)])
        return torch.from_numpy(rows).to(self.device)


def vawgan_clip(example: Example, neutral: float) -> VawGanClip:
    """What the autoencoders learn of a clip. neutral: mean F0 of the speaker's neutral speech, octaves above 100 Hz."""
    prosody = example.prosody
    f0 = octaves(prosody.f0)
    context = np.stack([f0 - neutral, prosody.voicing >= VOICED_CONFIDENCE], axis=1).astype(np.float32)
    return VawGanClip(shape_and_energy(prosody.bands)[0], decompose(f0), context)


def draw_code(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """A code (n, latent) of the Gaussian with this mean and variance."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def level_changes(examples: list[Example]) -> np.ndarray:
    """(5,) octaves: mean over speakers of their mean F0 in each emotion less that in their neutral speech.

    0 where nobody speaks in both.
    """
    means, neutral = speaker_means(examples), EMOTIONS.index(NEUTRAL)
    changes = [[value[-1] - means[speaker, neutral][-1] for (speaker, emotion), value in means.items()
                if emotion == target and (speaker, neutral) in means] for target in range(len(EMOTIONS))]
    return np.array([np.mean(change) if change else 0.0 for change in changes], np.float32)


def prepare(context: Context, recipe: VawGanRecipe) -> Prepared:
    """On labelled clips of real speakers."""
    task = VawGanTask(context.drawn_at_once(recipe), read_examples(context.labelled, context.cache), context.device)
    return Prepared(task, recipe.steps, lambda: context.checkpoint.write(
        "vawgan", task.networks["vawgan"].state_dict(), {**asdict(recipe), "emotions": task.emotions}))


STAGE = Stage(
    "vawgan",
    learns="the baseline VAW-GAN: two autoencoders conditioned on the emotion",
    source="mel bands, wavelet coefficients of F0, emotion labels; no virtual voices",
    loss="squared error, KL, Wasserstein critics with gradient penalty",
    recipes={"": VawGanRecipe}, prepare=prepare,
    needs=lambda context, recipe: StageNeeds(context.labelled, features=(PROSODY,)), writes=("vawgan",), general=LABELS,
    packages=lambda recipe: ("pywt",))
