"""Speech in, speech out: the Converter and its three verbs, encode, transfer, synthesise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, Folder, find_folder
from pipelines.checkpoints.loading import Models, load_models
from pipelines.decoders import DECODERS, decoder
from pipelines.device import one_thread
from pipelines.errors import CheckpointError, ZestError
from pipelines.factors import Emotion, Factors, Transferred
from pipelines.features import prosody, world
from pipelines.features.audio import Recording, load, save
from pipelines.features.pitch import VOICED_CONFIDENCE, F0Contour, track
from pipelines.hooks import Event, Hook, Timings, silent, stage
from pipelines.networks.sace import emotion_frames, pool_frames
from pipelines.networks.speaker import ease_vector, voice_vector
from pipelines.networks.units import EncodedContent
from pipelines.settings import Settings
from pipelines.transfer import has_melody, transfer

NO_TEMPO = "This checkpoint has no tempo predictor, so the source's timing was kept."


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
    def xvector(self, source: Factors) -> np.ndarray:
        """(width,) float32 speaker vector of an encoded recording, from which EASE is computed."""
        features, waveform = (self.models.tensor(part)[None]
                              for part in (prosody.network_features(source.prosody), source.recording.samples))
        mask = torch.ones(features.shape[:2], device=self.models.device)
        return voice_vector(self.models.speaker, waveform, features, mask)[0].cpu().numpy()

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
        features, waveform = (self.models.tensor(part)[None] for part in (prosody.network_features(heard), recording.samples))
        mask = torch.ones(1, count, device=self.models.device)
        with stage(hook, "speaker"):
            ease = ease_vector(self.models.speaker, waveform, features, mask)[0]
        with stage(hook, "emotion"):
            hidden = self.models.tensor(content.hidden[:, :count])[None]
            sace = emotion_frames(self.models.sace, waveform, hidden, features, mask)
            pooled, there = pool_frames(sace, mask)
            emotion = Emotion(recording.name, pooled[0][there[0] > 0.5].cpu().numpy(),
                              self.models.sace.utterance(sace, mask)[0].cpu().numpy(),
                              prosody.octaves(heard.f0), heard.voicing >= VOICED_CONFIDENCE)
        soft = self._soft_units(content, count) if synthesis else None
        return Factors(recording, content.units[:count], heard, ease.cpu().numpy(), emotion, frames, soft)

    def transfer(self, source: Factors, emotion: Emotion, settings: Settings = Settings(), hook: Hook = silent) -> Transferred:
        """The source's factors with the wanted emotion, `strength` of the way there."""
        with stage(hook, "transfer"):
            transferred = transfer(self.models, source, emotion, settings)
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

    def _soft_units(self, content: EncodedContent, count: int) -> np.ndarray | None:
        """(count, units), for a generator that was trained on them."""
        generator, units = self.models.generator, self.models.units
        if generator is None or generator.temperature == 0:
            return None
        return units.posterior(self.models.tensor(content.hidden[units.layer, :count]), generator.temperature).cpu().numpy()


def _notes(source: Factors, reference: Factors | None) -> tuple[str, ...]:
    notes = list(source.recording.warnings)
    if not has_melody(source):
        notes.append("The source has no voiced speech (whispered?): only its envelope and tempo were changed, not its melody.")
    if reference is not None:
        notes += reference.recording.warnings
        if not has_melody(reference):
            notes.append("The reference has no voiced speech, so its melody could not be heard; the emotion may be wrong.")
    return tuple(notes)
