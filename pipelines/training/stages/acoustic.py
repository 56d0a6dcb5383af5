"""Stage `acoustic`: the acoustic model, and the pitch predictor with it, in two phases.

1. `read`: the acoustic model reconstructs envelopes (L1); a unit classifier learns to recognise units in real envelopes.
   With `parallel`, the model and the pitch predictor learn the real change between recordings of one sentence instead.
2. `convert`: source and reference differ. The task converts as the residual decoder does: source bands plus the difference of
   two predictions, F0 anchored at the source's level. The conversion must have the reference's emotion by the emotion
   classifiers (stage `critics`), pass a discriminator for real speech of that emotion, and keep its units. What phase 1 learns
   goes on beside it.

Without phase 2 the difference of two L1 predictions is an average too small to be audible.
SACE and EASE stay frozen, so that the emotion comes from the reference alone.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from pipelines.checkpoints.loading import load_pitch, load_sace
from pipelines.errors import RecipeError
from pipelines.features.contour import anchor_f0
from pipelines.features.envelope_change import smooth_change
from pipelines.networks.acoustic import AcousticModel, EnvelopeChange
from pipelines.networks.pitch_predictor import PitchPredictor
from pipelines.networks.sace import Sace, WaveSace
from pipelines.networks.whisper_front import WhisperFront
from pipelines.training.data.examples import Draw, Example, Shifts, perturb, window
from pipelines.training.data.factors import FactorStore
from pipelines.training.data.parallel import ParallelPairs
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.loop.recipe import ChangingRecipe
from pipelines.training.losses.emotion_classifiers import (
    Discriminator,
    UnitClassifier,
    classifiers_loss,
    new_emotion_classifiers,
    relative_features,
    weighted_mean,
)
from pipelines.training.stages.acoustic_batches import (
    AcousticBatch,
    AcousticBatches,
    Converted,
    bands_loss,
    mix_emotions,
    pitch_loss,
    with_other_voices,
    with_room,
)
from pipelines.training.stages.acoustic_spectrogram import SpectrogramLoss
from pipelines.training.stages.emotional_speech import examples_and_factors, labelled_needs
from pipelines.training.stages.stage import VOICES, Context, Prepared, Stage


@dataclass(frozen=True)
class AcousticRecipe(ChangingRecipe):
    """Weights and schedule of the stage.

    begins_with: a file of the checkpoint whose weights an untrained acoustic model takes over where they fit.
    """

    begins_with: str = ""
    width: int = 160
    read_steps: int = 1500
    convert_steps: int = 3000
    batch: int = 10
    longest_frames: int = 130
    learning_rate: float = 1e-3
    neutral_sources: float = 0.4
    convert_learning_rate: float = 3e-4
    critic_learning_rate: float = 3e-4
    emotion_weight: float = 1.0
    adversarial_weight: float = 1.0
    unit_weight: float = 0.3
    bands_weight: float = 1.0
    pitch_weight: float = 3.0
    spectrogram_weight: float = 0.0  # of the emotion that Whisper's blocks tell from a drawn spectrogram; SACE must have them
    mean_weight: float = 1.0  # of the utterance's mean envelope and F0 against the speaker's own change of them
    emotion_mixing: float = 0.0  # largest share of another recording's SACE; SACE of unseen speakers is ambiguous
    melody_gain: float = 1.0  # factor of the predicted change of F0 at strength 1 when converting; predictions move too little
    envelope_gain: float = 1.0  # the same for the envelope; above 1 it costs words and voice
    envelope_seconds: float = 0.0  # the change of the envelope is a Gaussian mean over time of this deviation
    envelope_fast: float = 0.0  # share that stays of what moves faster than this mean
    reference_clarity: float = 0.0  # how far a reference moves towards the presets that SACE recognises, when converting
    parallel: bool = False  # learn from recordings of one sentence in several emotions; the network then sees the source's bands
    parallel_weight: float = 1.0  # of the error of bands, nepers of power
    parallel_pitch_weight: float = 3.0  # of the error of F0, octaves
    parallel_sources: float = 0.5  # share of pairs whose source is neutral

    changeable: ClassVar[tuple[str, ...]] = (
        "convert_steps", "convert_learning_rate", "emotion_weight", "spectrogram_weight", "adversarial_weight", "unit_weight",
        "mean_weight", "pitch_weight", "parallel_weight", "parallel_pitch_weight", "emotion_mixing", "melody_gain",
        "envelope_gain", "envelope_seconds", "envelope_fast")

    @property
    def steps(self) -> int:
        return self.read_steps + self.at_step(math.inf).convert_steps

    @property
    def sees_spectrograms(self) -> bool:
        """Whether any of its steps learns from drawn spectrograms."""
        return self.spectrogram_weight > 0 or any(change.get("spectrogram_weight", 0) > 0 for change in self.changes)


class AcousticTask:
    """Acoustic model and pitch predictor; see Task in trainer.py."""

    def __init__(self, recipe: AcousticRecipe, examples: list[Example], factors: FactorStore, sace: Sace | WaveSace,
                 pitch: PitchPredictor, classifiers: nn.ModuleList, device: str = "cpu"):
        self.schedule, self.recipe, self.examples, self.factors, self.device = recipe, recipe, examples, factors, device
        self.draw = Draw(examples)
        self.shifts = Shifts(examples)
        frozen = sace.eval().requires_grad_(False).to(device)
        self.batches = AcousticBatches(examples, factors, self.draw, frozen, recipe.parallel, device)
        self.pairs = ParallelPairs(examples, factors.content, recipe.parallel_sources) if recipe.parallel else None
        self.networks = nn.ModuleDict({
            "acoustic": (EnvelopeChange if recipe.parallel else AcousticModel)(factors.unit_count, recipe.width), "pitch": pitch,
            "critics": classifiers,  # keys of training states: classifiers of the emotion, and below the one of units
            "reader": UnitClassifier(factors.unit_count), "discriminator": Discriminator()})
        networks, rate = self.networks, recipe.critic_learning_rate
        self.optimisers = {
            "acoustic": torch.optim.AdamW(networks["acoustic"].parameters(), recipe.learning_rate, weight_decay=0.01),
            "pitch": torch.optim.AdamW(networks["pitch"].parameters(), recipe.convert_learning_rate, weight_decay=0.01),
            "critics": torch.optim.AdamW(networks["critics"].parameters(), rate, weight_decay=0.05),
            "reader": torch.optim.AdamW(networks["reader"].parameters(), 2 * rate, weight_decay=0.01),
            "discriminator": torch.optim.AdamW(networks["discriminator"].parameters(), 2 * rate, (0.5, 0.95))}
        self.spectrogram = None
        if recipe.sees_spectrograms:
            assert isinstance(frozen, Sace)
            self.spectrogram = SpectrogramLoss(frozen, self.draw, factors, 3 * rate, device)
            networks["spectrogram"] = self.spectrogram.classifier.classify
            self.optimisers["spectrogram"] = self.spectrogram.optimiser

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        self.recipe = self.schedule.at_step(number)
        neutral = self.recipe.neutral_sources if number >= self.recipe.read_steps else 0.0
        source = self.batch(self.draw.by_emotions(random, self.recipe.batch, neutral), random, update)
        logged = self._teach_classifiers(source, number, random, update)
        if number < self.recipe.read_steps:
            set_learning_rate(self.optimisers["acoustic"], self.recipe.learning_rate, number, 2 * self.recipe.read_steps)
            return {**logged, **self._read_step(source, random, update)}
        return {**logged, **self._convert_step(source, number - self.recipe.read_steps, random, update)}

    def _read_step(self, source: AcousticBatch, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        """Reconstruct envelopes, or predict the changes of parallel recordings."""
        if self.pairs is not None:
            loss, logged = self._parallel_loss(random, update)
            update.apply(loss, self.optimisers["acoustic"], self.optimisers["pitch"])
            return logged
        with update.autocast():
            loss = bands_loss(self._reconstruct(source), source)
        update.apply(loss, self.optimisers["acoustic"])
        return {"bands": loss.detach()}

    def batch(self, indices: list[int], random: np.random.Generator, update: Update) -> AcousticBatch:
        """Random pieces of these clips."""
        windows = [window(self.examples, index, self.recipe.longest_frames, random) for index in indices]
        return self.batches.of(windows, random, update)

    def convert(self, source: AcousticBatch, reference: AcousticBatch, real: torch.Tensor | None = None) -> Converted:
        """The source as the residual decoder converts it.

        real: (batch, time) octaves; then half of the rows see them in place of the predicted F0.
        """
        acoustic, pitch = self.networks["acoustic"], self.networks["pitch"]
        own = pitch(source.units, source.mask, source.pooled, source.pooled_mask, source.ease)
        target = pitch(source.units, source.mask, reference.pooled, reference.pooled_mask, source.ease)
        octaves = anchor_f0(source.octaves, own, target, source.voiced)
        given = octaves
        if real is not None:
            given = torch.where(torch.rand(len(real), 1, device=real.device) < 0.5, real, octaves.detach())
        before = self._reconstruct(source)
        after = acoustic(source.units, given, source.voiced, source.mask, reference.utterance, source.ease, source.speech_bands)
        change = smooth_change(after - before, source.mask, self.recipe.envelope_seconds, self.recipe.envelope_fast)
        return Converted(source.bands + change, octaves, change, before, own)

    def _reconstruct(self, batch: AcousticBatch) -> torch.Tensor:
        """Its own envelope, (batch, time, 40)."""
        return self.networks["acoustic"](batch.units, batch.octaves, batch.voiced, batch.mask, batch.utterance, batch.ease,
                                         batch.speech_bands)

    def _parallel_loss(self, random: np.random.Generator, update: Update) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Errors of bands and of F0 against the same sentence in another emotion, and what to log."""
        assert self.pairs is not None
        pairs = self.pairs.draw(random, self.recipe.batch, self.recipe.longest_frames)
        source = self.batches.of(pairs.windows, random, update)
        reference = self.batch([self._reference_of(target, random) for target in pairs.targets], random, update)
        source, reference = (mix_emotions(batch, self.recipe.emotion_mixing, random) for batch in (source, reference))
        (bands, target), (own, real) = with_other_voices(
            list(with_room(pairs.bands, pairs.target_bands, random)), [pairs.octaves, pairs.target_octaves], random)
        bands, target, own, real, both = (tensor.to(self.device) for tensor in (bands, target, own, real, pairs.both_voiced))
        source = replace(source, speech_bands=bands, octaves=own, ease=self._somebodys(source.ease, random))
        with update.autocast():
            conversion = self.convert(source, reference, real)
        error = weighted_mean((bands + conversion.difference - target).abs().mean(-1), source.mask)
        pitch = weighted_mean((conversion.octaves - real).abs(), both)
        loss = self.recipe.parallel_weight * error + self.recipe.parallel_pitch_weight * pitch
        return loss, {"parallel": error.detach(), "parallel_semitones": 12 * pitch.detach()}

    def _somebodys(self, ease: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
        """(batch, 128): in half of the rows the EASE of another row, since these voices are nobody's."""
        other = ease[torch.from_numpy(random.permutation(len(ease)))]
        rows = torch.from_numpy(random.random((len(ease), 1)) < 0.5).to(ease.device)
        return torch.where(rows, other, ease)

    def _reference_of(self, target: int, random: np.random.Generator) -> int:
        """A recording in the target's emotion: the target itself, another of its speaker, or anybody's."""
        kind = random.random()
        if kind < 0.2:
            return target
        if kind < 0.5:
            return self.draw.same_speaker_and_emotion(target, random)
        return self.draw.same_emotion(target, random)

    def _teach_classifiers(self, batch: AcousticBatch, number: int, random: np.random.Generator,
                           update: Update) -> dict[str, torch.Tensor]:
        """Classifiers learn from real speech alone, with random equalisers and keys; those of the emotion in phase 2 alone."""
        features = perturb(batch.features.cpu(), random).to(self.device)
        with update.autocast():
            units = self._units_loss(features, batch)
        update.apply(units, self.optimisers["reader"], limit=5.0)
        logged = {"reader_real": units.detach()}
        if self.spectrogram is not None:
            logged["spectrogram_real"] = self.spectrogram.teach(self.recipe.batch, self.recipe.longest_frames, random, update)
        if number >= self.recipe.read_steps:
            with update.autocast():
                loss, right = classifiers_loss(self.networks["critics"], features, batch.mask, batch.emotion)
            update.apply(loss, self.optimisers["critics"], limit=5.0)
            logged["critic_real"] = right
        return logged

    def _convert_step(self, source: AcousticBatch, number: int, random: np.random.Generator,
                      update: Update) -> dict[str, torch.Tensor]:
        recipe = self.recipe
        for name in ("acoustic", "pitch"):
            set_learning_rate(self.optimisers[name], recipe.convert_learning_rate, number, recipe.convert_steps)
        reference = self.batch(self.draw.by_emotions(random, recipe.batch), random, update)
        source, reference = (mix_emotions(batch, recipe.emotion_mixing, random) for batch in (source, reference))
        with update.autocast():
            conversion = self.convert(source, reference)
        converted = relative_features(conversion.bands, conversion.octaves, source.voiced, source.mask, source.baseline)
        target = reference.emotion
        discriminated = self._teach_discriminator(reference, converted.detach(), source.mask, target, update)

        with update.autocast():
            scores = [classifier(perturb_with_gradient(converted, random), source.mask)
                      for classifier in self.networks["critics"]]
            emotion = sum(nn.functional.cross_entropy(score, target) for score in scores) / len(scores)
            score, weight = self.networks["discriminator"](converted, source.mask, target)
            adversarial = -weighted_mean(score, weight)
            units = self._units_loss(converted, source)
            shown = 0.0, {}
            if self.spectrogram is not None:
                shown = self.spectrogram.of(conversion, source, target, random)
        mean = self._mean_loss(conversion, source, target)
        f0 = pitch_loss(conversion.own_octaves, source)
        if self.pairs is not None:
            direct, told = self._parallel_loss(random, update)
        else:
            bands = bands_loss(conversion.own_bands, source)
            direct, told = recipe.bands_weight * bands, {"bands": bands.detach()}
        loss = (recipe.emotion_weight * emotion + recipe.spectrogram_weight * shown[0]
                + recipe.adversarial_weight * adversarial + recipe.unit_weight * units
                + recipe.mean_weight * mean + direct + recipe.pitch_weight * f0)
        update.apply(loss, self.optimisers["acoustic"], self.optimisers["pitch"])
        right = torch.stack([(score.argmax(1) == target).float().mean() for score in scores]).mean()
        return {"convert_emotion": emotion.detach(), "convert_heard": right, "adversarial": adversarial.detach(),
                "discriminator": discriminated, "units": units.detach(), "mean": mean.detach(),
                "difference": weighted_mean(conversion.difference.abs().mean(-1), source.mask).detach(),
                **told, **shown[1], "pitch_semitones": 12 * f0.detach()}

    def _units_loss(self, features: torch.Tensor, batch: AcousticBatch) -> torch.Tensor:
        """Cross-entropy of the unit classifier on (batch, time, 43) features."""
        each = nn.functional.cross_entropy(self.networks["reader"](features), batch.units, reduction="none")
        return weighted_mean(each, batch.mask)

    def _mean_loss(self, conversion: Converted, source: AcousticBatch, target: torch.Tensor) -> torch.Tensor:
        """Mean change of bands (nepers of power) and of F0 (octaves, times six) against the speaker's own change of mean."""
        speakers = [self.examples[w.index].speaker for w in source.windows]
        change = self.shifts(speakers, source.emotion.tolist(), target.tolist()).to(self.device)
        count = source.voiced.sum(1, keepdim=True).clamp(min=1)
        bands = (conversion.difference * source.voiced[..., None]).sum(1) / count
        octaves = ((conversion.octaves - source.octaves) * source.voiced).sum(1) / count[:, 0]
        return (bands - change[:, :-1]).abs().mean() + 6 * (octaves - change[:, -1]).abs().mean()

    def _teach_discriminator(self, real: AcousticBatch, converted: torch.Tensor, mask: torch.Tensor, target: torch.Tensor,
                             update: Update) -> torch.Tensor:
        with update.autocast():
            score_real, weight_real = self.networks["discriminator"](real.features, real.mask, real.emotion)
            score_converted, weight_converted = self.networks["discriminator"](converted, mask, target)
        loss = (weighted_mean(torch.relu(1 - score_real), weight_real)
                + weighted_mean(torch.relu(1 + score_converted), weight_converted))
        update.apply(loss, self.optimisers["discriminator"], limit=5.0)
        return loss.detach()


def perturb_with_gradient(features: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """The random equaliser and key of the classifiers' training, so that the conversion cannot exploit one exact input."""
    return features + perturb(torch.zeros(features.shape), random).to(features.device)


def prepare(context: Context, recipe: AcousticRecipe) -> Prepared:
    """Begins with the checkpoint's SACE and pitch predictor, and with the emotion classifiers that stage `critics` wrote.

    Raises RecipeError: a spectrogram classifier is asked for, and SACE has none of Whisper's blocks.
    """
    examples, store = examples_and_factors(context)
    sace, pitch = load_sace(context.checkpoint), load_pitch(context.checkpoint).train()
    if recipe.sees_spectrograms and not isinstance(getattr(sace, "front", None), WhisperFront):  # WaveSace has a wav2vec
        raise RecipeError("spectrogram_weight in [acoustic] needs a SACE that reads Whisper's blocks; set it to 0, or train SACE "
                          'with front_end = "whisper".')
    task = AcousticTask(context.drawn_at_once(recipe), examples, store, sace, pitch,
                        context.scratch.fill(new_emotion_classifiers(), "critics"), context.device)
    if recipe.begins_with:
        context.checkpoint.fitting(task.networks["acoustic"], recipe.begins_with)

    def export() -> None:
        sizes, trained = {"units": store.unit_count}, {"units": store.unit_count, "trained_by": "sace, acoustic"}
        settings = {**asdict(recipe.at_step(recipe.steps)), "changes": recipe.changes}
        context.checkpoint.write("acoustic", task.networks["acoustic"].state_dict(), settings | sizes,
                                 eight_bits="" if recipe.parallel else None)
        context.checkpoint.write("pitch", task.networks["pitch"].state_dict(), trained)

    return Prepared(task, recipe.steps, export)


STAGE = Stage(
    "acoustic",
    learns="envelope and energy; continues the pitch predictor",
    source="units, F0, EASE, SACE",
    loss="L1 on mel bands, or on the change between parallel recordings; then also emotion classifiers, a discriminator "
         "and a unit classifier on the predicted spectrum",
    recipes={"": AcousticRecipe}, prepare=prepare, needs=lambda context, recipe: labelled_needs(context),
    writes=("acoustic", "pitch"),
    reads=("hubert", "units", "ease", "critics", "sace"), general=VOICES,
    packages=lambda recipe: ("librosa",) if recipe.parallel else ())
