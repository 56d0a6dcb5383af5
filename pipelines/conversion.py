"""Speech in, speech out: the Converter and its three verbs, encode, transfer, synthesise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipelines import prosody, world
from pipelines.audio import Recording, load, save
from pipelines.checkpoint import Folder, find_folder
from pipelines.decoders import DECODERS, decoder
from pipelines.emotion import pool_frames
from pipelines.errors import CheckpointError, ZestError
from pipelines.factors import Emotion, Factors, Transferred
from pipelines.hearing import ease_vector, emotion_frames
from pipelines.hooks import Event, Hook, Timings, silent, stage
from pipelines.melody import PREDICTED, REFERENCE, check_melody, reference_melody
from pipelines.models import Models, load_models
from pipelines.pitch import VOICED_CONFIDENCE, F0Contour, track
from pipelines.tempo import run_lengths, warp_positions
from pipelines.threads import one_thread
from pipelines.transfer_rules import anchor_melody, smooth_melody
from pipelines.units import Content

MAX_STRENGTH = 1.5
DEFAULT_CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "zest-mini"
NO_TEMPO = "This checkpoint has no tempo predictor, so the source's timing was kept."
VOICED_ENOUGH = 0.02  # share of voiced frames below which there is no melody to move


@dataclass(frozen=True)
class Settings:
    """How to convert.

    strength: 0 (copy-synthesis) to 1.5. tempo: move durations too. decoder: a name from pipelines/decoders, or '':
    the best that the checkpoint has weights for.
    seed: 0 takes the emotion as it is on average; any other draws a variant of it from the reference's half seconds.
    f0: where the melody comes from: 'predicted' by the pitch predictor, or, without it, the 'source' or the 'reference'
        (melody.py).
    """

    strength: float = 1.0
    tempo: bool = True
    decoder: str = ""
    seed: int = 0
    f0: str = PREDICTED

    def __post_init__(self):
        if not 0 <= self.strength <= MAX_STRENGTH:
            raise ZestError(f"Strength must lie between 0 and {MAX_STRENGTH:g}, not {self.strength:g}.")
        if self.seed < 0:
            raise ZestError(f"The seed must be 0 or a positive whole number, not {self.seed}.")
        check_melody(self.f0)
        if self.decoder:
            decoder(self.decoder)


@dataclass(frozen=True)
class Conversion:
    """What came out of one conversion.

    Attributes:
        samples: (n,) float32, 16 kHz.
        source: F0 of the source. reference: F0 of the reference, None with a preset.
        predicted: the F0 that the pitch predictor asked for, on the converted audio's time axis.
        target: name of the reference recording or of the preset.
        seconds: wall seconds per stage. notes: plain sentences the user should read (clipping, whispered source).
    """

    samples: np.ndarray
    source: F0Contour
    reference: F0Contour | None
    predicted: F0Contour
    target: str
    settings: Any  # Settings; where a baseline converted (baselines/converting.py), its name
    source_seconds: float
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of source."""
        return sum(self.seconds.values()) / self.source_seconds

    def save(self, path: Path | str) -> Path:
        """Write a 16-bit WAV. Raises OutputError when the place cannot be written."""
        return save(path, self.samples)


class Converter:
    """Loads a checkpoint once and converts as often as wanted.

    Converter.from_pretrained().convert("me.wav", emotion="angry").save("out.wav")
    """

    def __init__(self, models: Models):
        self.models = models

    @classmethod
    def from_pretrained(cls, source: str | Path = DEFAULT_CHECKPOINT, device: str = "cpu") -> Converter:
        """Load from a folder or a hub id. Raises CheckpointError with one plain sentence."""
        return cls(load_models(Folder(find_folder(source)), device))

    @property
    def presets(self) -> tuple[str, ...]:
        """Names of the stored emotions."""
        return tuple(self.models.presets)

    @property
    def decoders(self) -> tuple[str, ...]:
        """Names of the decoders that this checkpoint has the weights for, the default first."""
        needs = {"transfer_neural": (self.models.acoustic, self.models.vocoder), "transfer": (self.models.acoustic,),
                 "generate": (self.models.generator,)}
        return tuple(name for name in DECODERS if None not in needs.get(name, ()))

    def convert(self, source: Recording | Factors | str | Path, reference: Recording | Factors | str | Path | None = None,
                emotion: str | None = None, settings: Settings = Settings(), hook: Hook = silent) -> Conversion:
        """Convert one recording; give exactly one of `reference` and `emotion`. What is encoded already is taken as it is.

        Raises:
            AudioError: a recording cannot be used. ZestError: unknown preset or setting out of range.
        """
        if (reference is None) == (emotion is None):
            raise ZestError("Give either a reference recording or the name of an emotion, and not both.")
        timings, settings = Timings(hook), replace(settings, decoder=settings.decoder or self._default_decoder())
        wanted = self.preset(emotion) if emotion is not None else None
        with stage(timings, "read"):
            source, reference = (load(one) if isinstance(one, (str, Path)) else one for one in (source, reference))
        factors = source if isinstance(source, Factors) else self.encode(source, timings)
        heard = self.encode(reference, timings, synthesis=False) if isinstance(reference, Recording) else reference
        transferred = self.transfer(factors, wanted or heard.emotion, settings, timings)
        samples = self.synthesise(transferred, settings, timings)
        return Conversion(
            samples=samples, source=factors.prosody.contour, reference=heard.prosody.contour if heard else None,
            predicted=transferred.contour, target=transferred.emotion.name, settings=settings,
            source_seconds=factors.recording.seconds, seconds=timings.seconds,
            notes=_notes(factors, heard) + ((NO_TEMPO,) if settings.tempo and self.models.tempo is None else ()))

    def preset(self, name: str) -> Emotion:
        """A stored emotion. Raises ZestError when it is unknown."""
        if name not in self.models.presets:
            raise ZestError(f"There is no emotion preset '{name}'; choose one of {', '.join(self.presets)}.")
        frames = self.models.presets[name].numpy()
        return Emotion(name, frames, frames.mean(axis=0))

    @torch.inference_mode()
    @one_thread()
    def encode(self, recording: Recording, hook: Hook = silent, synthesis: bool = True) -> Factors:
        """Take a recording apart. synthesis=False leaves out the full-resolution WORLD frames (enough for a reference)."""
        with stage(hook, "pitch"):
            pitch = track(recording.samples, world.FRAME_SECONDS if synthesis else 0.01)
        with stage(hook, "envelope"):
            frames = world.analyse(recording.samples, pitch) if synthesis else None
            bands = world.to_bands(frames.envelope[::4]) if synthesis else world.compact(
                recording.samples, pitch.contour(world.SYNTHESIS_CONFIDENCE).hz)
            heard = prosody.from_track(pitch.every(4 if synthesis else 2), bands)
        with stage(hook, "units"):
            content = self.models.units.encode(recording.samples)
        count = min(len(content.units), len(heard.f0))
        heard = prosody.Prosody(heard.f0[:count], heard.voicing[:count], heard.bands[:count])
        features, mask = self._tensor(prosody.network_features(heard))[None], torch.ones(1, count, device=self.models.device)
        waveform = self._tensor(recording.samples)[None]
        with stage(hook, "speaker"):
            ease = ease_vector(self.models.speaker, waveform, features, mask)[0]
        with stage(hook, "emotion"):
            hidden = self._tensor(content.hidden[:, :count])[None]
            sace = emotion_frames(self.models.sace, waveform, hidden, features, mask)
            pooled, there = pool_frames(sace, mask)
            emotion = Emotion(recording.name, pooled[0][there[0] > 0.5].cpu().numpy(),
                              self.models.sace.utterance(sace, mask)[0].cpu().numpy(),
                              prosody.octaves(heard.f0), heard.voicing >= VOICED_CONFIDENCE)
        soft = self._soft_units(content, count) if synthesis else None
        return Factors(recording, content.units[:count], heard, ease.cpu().numpy(), emotion, frames, soft)

    @torch.inference_mode()
    @one_thread()
    def transfer(self, source: Factors, emotion: Emotion, settings: Settings = Settings(), hook: Hook = silent) -> Transferred:
        """The source's factors with the wanted emotion, `strength` of the way there."""
        with stage(hook, "transfer"):
            wanted = _variant(emotion, settings.seed)
            positions = self._positions(source, wanted, settings)
            nearest = np.clip(np.rint(positions).astype(int), 0, len(source.units) - 1)
            units, voicing = source.units[nearest], source.prosody.voicing[nearest]
            own_octaves = np.interp(positions, np.arange(len(source.units)), prosody.octaves(source.prosody.f0))
            octaves, difference = self._predict(source, wanted, units, voicing, own_octaves, settings.f0)
            octaves = own_octaves + settings.strength * (octaves - own_octaves)
            transferred = Transferred(source, wanted, positions, units, voicing, octaves, own_octaves,
                                      settings.strength * difference, settings.strength)
        hook(Event("artefact", "transfer", value=transferred))
        return transferred

    def synthesise(self, transferred: Transferred, settings: Settings = Settings(), hook: Hook = silent) -> np.ndarray:
        """(n,) float32 at 16 kHz, scaled down only where it would clip."""
        with stage(hook, "synthesise"):
            samples = decoder(settings.decoder or self._default_decoder())(transferred, self.models)
            return samples / max(1.0, float(np.abs(samples).max(initial=0.0)))

    def _default_decoder(self) -> str:
        if not self.decoders:
            raise CheckpointError("This checkpoint can make no sound yet: it has neither acoustic model nor generator; train one "
                                  "with 'zest train acoustic' or 'zest train generate'.")
        return self.decoders[0]

    def _soft_units(self, content: Content, count: int) -> np.ndarray | None:
        """(count, units), for a generator that was trained on them."""
        generator, units = self.models.generator, self.models.units
        if generator is None or generator.temperature == 0:
            return None
        return units.posterior(self._tensor(content.hidden[units.layer, :count]), generator.temperature).cpu().numpy()

    def _positions(self, source: Factors, emotion: Emotion, settings: Settings) -> np.ndarray:
        """Where each new frame lies in the source: the ratio of two predicted durations, run by run."""
        frames = np.arange(len(source.units), dtype=np.float64)
        if self.models.tempo is None or not settings.tempo or settings.strength == 0:
            return frames
        runs, durations = run_lengths(source.units)
        runs, ease = self._tensor(runs.astype(np.int64))[None], self._tensor(source.ease)[None]
        mask = torch.ones(1, runs.shape[1], device=self.models.device)
        own, wanted = (self.models.tempo(runs, mask, self._tensor(heard.utterance)[None], ease)[0].cpu().numpy()
                       for heard in (source.emotion, emotion))
        return warp_positions(durations, np.exp(settings.strength * (wanted - own)))

    def _predict(self, source: Factors, emotion: Emotion, units: np.ndarray, voicing: np.ndarray,
                 own_octaves: np.ndarray, f0: str = PREDICTED) -> tuple[np.ndarray, np.ndarray]:
        """Wanted octaves (frames,) and envelope difference (frames, 40), at full strength.

        The checkpoint's gains widen what differs between the two predictions, never what differs from the source.
        """
        given = own_octaves
        if f0 == REFERENCE:
            given = reference_melody(own_octaves, voicing >= VOICED_CONFIDENCE, emotion)
        units, voicing, own = (self._tensor(part)[None] for part in (units.astype(np.int64), voicing, own_octaves))
        mask, ease = torch.ones_like(voicing), self._tensor(source.ease)[None]
        voiced = (voicing >= 0.5).float()
        wanted = self._tensor(given)[None]
        if f0 == PREDICTED and _has_melody(source):
            wanted = self._melody(units, own, voiced, source.emotion, emotion, ease)
        if self.models.acoustic is None:
            return wanted[0].cpu().numpy(), np.zeros((len(own_octaves), world.BANDS), np.float32)
        before = self.models.acoustic(units, own, voiced, mask, self._tensor(source.emotion.utterance)[None], ease)
        after = self.models.acoustic(units, wanted, voiced, mask, self._tensor(emotion.utterance)[None], ease)
        return wanted[0].cpu().numpy(), self.models.envelope_gain * (after - before)[0].cpu().numpy()

    def _melody(self, units: torch.Tensor, own: torch.Tensor, voiced: torch.Tensor, before: Emotion, after: Emotion,
                ease: torch.Tensor) -> torch.Tensor:
        """(1, time) octaves: the source's melody with what the pitch predictor says that the emotion changes."""
        mask, predicted = torch.ones_like(own), []
        for heard in (before, after):
            frames = self._tensor(heard.frames)[None]
            predicted.append(self.models.pitch(units, mask, frames, torch.ones(frames.shape[:2], device=mask.device), ease))
        wider = smooth_melody(predicted[0] + self.models.melody_gain * (predicted[1] - predicted[0]))
        return anchor_melody(own, predicted[0], wider, voiced)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        return torch.as_tensor(array, device=self.models.device)


def _variant(emotion: Emotion, seed: int) -> Emotion:
    """Another reading of the emotion: its half-second frames weighted at random; seed 0 leaves it as it is."""
    if seed == 0 or len(emotion.frames) < 2:
        return emotion
    weights = np.random.default_rng(seed).dirichlet(np.full(len(emotion.frames), 2.0)).astype(np.float32)
    order = np.argsort(-weights)[:max(2, len(weights) // 2)]
    return replace(emotion, frames=emotion.frames[np.sort(order)], utterance=weights @ emotion.frames)


def _has_melody(factors: Factors) -> bool:
    return bool(factors.prosody.contour.voiced.mean() >= VOICED_ENOUGH)


def _notes(source: Factors, reference: Factors | None) -> tuple[str, ...]:
    notes = list(source.recording.warnings)
    if not _has_melody(source):
        notes.append("The source has no voiced speech (whispered?): only its envelope and tempo were changed, not its melody.")
    if reference is not None:
        notes += reference.recording.warnings
        if not _has_melody(reference):
            notes.append("The reference has no voiced speech, so its melody could not be heard; the emotion may be wrong.")
    return tuple(notes)
