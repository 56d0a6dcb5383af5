"""Stage `f0_codes`: the vector-quantised autoencoder of F0 (pipelines/networks/f0_codes.py), on labelled speech.

A code is the running mean of the embeddings nearest to it (van den Oord et al., NeurIPS 2017, appendix A). A code that no
embedding is near to restarts at a random embedding of the batch, as in Jukebox (Dhariwal et al., arXiv 2005.00341, appendix B).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from pipelines.errors import RecipeError
from pipelines.networks.f0_codes import DOWN, F0Codes, standardised
from pipelines.training.data.examples import Draw, Example, read_examples
from pipelines.training.data.stored_features import PROSODY
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.losses.emotion_classifiers import weighted_mean
from pipelines.training.stages.stage import LABELS, Context, Prepared, Stage, StageNeeds

DEAD = 0.5  # running number of frames near a code in a batch, below which it restarts


@dataclass(frozen=True)
class F0CodesRecipe:
    """Sizes and schedule. Number and width of codes, decay and commitment weight are those of the paper's released code."""

    codes: int = 20
    code_width: int = 128
    width: int = 64
    steps: int = 3000
    batch: int = 32
    window_frames: int = 104
    learning_rate: float = 1e-3
    decay: float = 0.99  # of the codebook's running means
    commitment_weight: float = 0.02
    voicing_weight: float = 0.2
    unvoiced_weight: float = 0.1  # of frames where F0 is interpolated, against voiced ones

    def __post_init__(self):
        if self.codes < 2:
            raise RecipeError(f"F0 needs at least 2 codes, not {self.codes}; change codes in the recipe's table [f0_codes].")
        if self.window_frames < DOWN:
            raise RecipeError(f"A code of F0 lasts {DOWN} frames, so that a window of {self.window_frames} holds none; "
                              "change window_frames in the recipe's table [f0_codes].")


class Means(nn.Module):
    """Running sums of the embeddings near each code, and running numbers of them; the codebook is their quotient."""

    def __init__(self, codes: int, code_width: int):
        super().__init__()
        self.register_buffer("sums", torch.zeros(codes, code_width))
        self.register_buffer("counts", torch.zeros(codes))

    @torch.no_grad()
    def follow(self, embedded: torch.Tensor, nearest: torch.Tensor, decay: float) -> torch.Tensor:
        """The next codebook, (codes, code width). embedded: (n, code width), embeddings. nearest: (n,) int64, their codes."""
        chosen = nn.functional.one_hot(nearest, len(self.counts)).to(embedded.dtype)
        self.counts.mul_(decay).add_(chosen.sum(0), alpha=1 - decay)
        self.sums.mul_(decay).add_(chosen.T @ embedded, alpha=1 - decay)
        dead = self.counts < DEAD
        restarts = embedded[torch.randint(len(embedded), (len(dead),), device=embedded.device)]  # seeded for this step
        self.sums[dead], self.counts[dead] = restarts[dead], 1.0
        return self.sums / self.counts[:, None]


class F0CodesTask:
    """Autoencoder and codebook; see Task in trainer.py."""

    def __init__(self, recipe: F0CodesRecipe, examples: list[Example], device: str = "cpu"):
        self.recipe, self.device = recipe, device
        self.draw = Draw(examples)
        self.contours = [standardised(example.prosody) for example in examples]
        network = F0Codes(recipe.codes, recipe.width, recipe.code_width)
        self.networks = nn.ModuleDict({"f0_codes": network, "means": Means(recipe.codes, recipe.code_width)})
        self.optimisers = {"f0_codes": torch.optim.AdamW(network.parameters(), recipe.learning_rate, (0.9, 0.99))}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        recipe, network, optimiser = self.recipe, self.networks["f0_codes"], self.optimisers["f0_codes"]
        set_learning_rate(optimiser, recipe.learning_rate, number, recipe.steps)
        contour, voiced, there = self.batch(random)
        with update.autocast():
            embedded = network.embed(contour, voiced)
        if not network.codebook.any():  # at first all codes are zero: they restart at embeddings of the batch
            network.codebook.copy_(self._follow(embedded, torch.zeros(embedded.shape[:2], dtype=torch.long, device=self.device)))
        nearest = network.nearest(embedded.detach())
        quantised = network.codebook[nearest]
        with update.autocast():
            decoded, voicing = network.restore(embedded + (quantised - embedded).detach())
        weight = there * (voiced + recipe.unvoiced_weight * (1 - voiced))
        f0 = weighted_mean(nn.functional.smooth_l1_loss(decoded, contour, reduction="none"), weight)
        unvoiced = weighted_mean(nn.functional.binary_cross_entropy_with_logits(voicing, voiced, reduction="none"), there)
        commitment = nn.functional.mse_loss(embedded, quantised)
        update.apply(f0 + recipe.voicing_weight * unvoiced + recipe.commitment_weight * commitment, optimiser)
        network.codebook.copy_(self._follow(embedded, nearest))
        used = torch.bincount(nearest.flatten(), minlength=recipe.codes) / nearest.numel()
        return {"f0": f0.detach(), "voicing": unvoiced.detach(), "commitment": commitment.detach(),
                "perplexity": torch.exp(-(used * (used + 1e-9).log()).sum())}

    def batch(self, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Standardised F0, voicing, and frames inside the clip, (batch, window_frames) each; emotions are drawn evenly."""
        rows = [self._row(index, random) for index in self.draw.by_emotions(random, self.recipe.batch)]
        return tuple(torch.from_numpy(np.stack(column)).to(self.device) for column in zip(*rows, strict=True))

    def _row(self, index: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        clip, count = self.contours[index], self.recipe.window_frames - self.recipe.window_frames % DOWN
        first = int(random.integers(0, max(1, len(clip.contour) - count + 1)))
        inside = slice(first, first + count)
        short = count - len(clip.contour[inside])
        return (np.pad(clip.contour[inside], (0, short), mode="edge"), np.pad(clip.voiced[inside], (0, short), mode="edge"),
                np.pad(np.ones(count - short, np.float32), (0, short)))

    def _follow(self, embedded: torch.Tensor, nearest: torch.Tensor) -> torch.Tensor:
        return self.networks["means"].follow(embedded.detach().flatten(0, 1), nearest.flatten(), self.recipe.decay)


def prepare(context: Context, recipe: F0CodesRecipe) -> Prepared:
    """On labelled clips of real speakers."""
    task = F0CodesTask(context.drawn_at_once(recipe), read_examples(context.labelled, context.cache), context.device)
    return Prepared(task, recipe.steps,
                    lambda: context.checkpoint.write("f0_codes", task.networks["f0_codes"].state_dict(), asdict(recipe)))


STAGE = Stage(
    "f0_codes",
    learns="a codebook of 20 codes for F0, 12.5 a second, for the baseline `polyak`",
    source="F0 of labelled speech, standardised per recording",
    loss="smooth L1 on F0, cross-entropy of voicing, commitment",
    recipes={"": F0CodesRecipe}, prepare=prepare,
    needs=lambda context, recipe: StageNeeds(context.labelled, features=(PROSODY,)), writes=("f0_codes",), general=LABELS)
