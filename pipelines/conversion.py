"""Speech in, speech out: the Converter with its three verbs, encode, transfer, synthesise; and baselines in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Unpack, cast

import numpy as np

from pipelines import baselines
from pipelines.affect import AffectPlane, read_affect
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, Folder, find_folder, folder_key
from pipelines.checkpoints.loading import Models, load_models
from pipelines.clarity import clarified, clarity_notes, recognised
from pipelines.decoders import DECODERS, Decoder, find_decoder
from pipelines.decoders.base import holds, training_command
from pipelines.device import check_device, noting_fallbacks
from pipelines.encoding import encoded, xvector
from pipelines.errors import CheckpointError, ZestError
from pipelines.factors import Emotion, Factors, Transferred
from pipelines.features.audio import SAMPLE_RATE, Recording, as_file, load
from pipelines.features.full_band import UpperBand, top_change
from pipelines.features.inputs import Given, recording_of
from pipelines.features.loudness import level_divisor, level_notes
from pipelines.features.mark import mark_of
from pipelines.features.pitch import F0Contour, track
from pipelines.features.resampling import resample
from pipelines.features.writing import SOURCE_RATE, AudioForm
from pipelines.files import write_whole
from pipelines.hooks import Event, Hook, Timings, silent, stage
from pipelines.labels import folded
from pipelines.mix import EmotionLike, EmotionMix, References, check_target, mixed, references_of, weights_of
from pipelines.outputs import check_outputs
from pipelines.settings import SettingChanges, Settings, changed
from pipelines.transfer import is_voiced, transfer

Prepared: TypeAlias = Recording | Factors | Path | str  # a recording, or what was made of it
MOST = 8  # recordings kept of each kind by RememberingConverter; a minute of a source is some 30 MB
UNCHANGED = "source"  # the baseline that converts nothing
NO_TEMPO = "This checkpoint has no tempo predictor, so the source's timing was kept."


@dataclass(frozen=True)
class BaselineChoice:
    """Stands where a conversion has its settings: a baseline has none but its name."""

    system: str


@dataclass(frozen=True)
class Conversion:
    """The result of one conversion.

    Attributes:
        samples: (n,) float32, 16 kHz.
        source: F0 of the source. reference: F0 of the reference, None with a preset.
        predicted: the F0 that the pitch predictor asked for, on the converted audio's time axis.
        target: name of the reference recording or of the preset. settings: of the converter, or which baseline converted.
        seconds: wall seconds per stage. notes: plain sentences the user should read (clipping, whispered source).
        upper: what the source holds above the band of 16 kHz; None where its rate is not higher.
        mix: what the target consists of, None where it is one emotion. target is its name then.
        timing: (frames,) seconds of the source that each 20 ms frame of the result shows; None where the timing is kept.
        read: files of the recordings; `save` replaces none of them. given: the source as it was read.
        weights: a hash of the checkpoint, '' of a baseline.
        emotion: the preset or the mix of presets, '' where a reference took part.
        recognised: the posterior of each emotion that SACE finds in the one reference, the likeliest first; else None.
    """

    samples: np.ndarray
    source: F0Contour
    reference: F0Contour | None
    predicted: F0Contour
    target: str
    settings: Settings | BaselineChoice
    source_seconds: float
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timing: np.ndarray | None = None
    mix: EmotionMix | None = None
    upper: UpperBand | None = None
    read: tuple[Path, ...] = ()
    weights: str = ""
    emotion: str = ""
    given: Recording | None = None
    recognised: Mapping[str, float] | None = None

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of source."""
        return sum(self.seconds.values()) / self.source_seconds

    @property
    def system(self) -> str:
        """Name of the system that converted: the baseline's, or decoder, strength and every setting that is not the default."""
        return self.settings.system if isinstance(self.settings, BaselineChoice) else self.settings.specification()

    @property
    def mark(self) -> str:
        """What the metadata of its files say (features/mark.py); '' of the unchanged source."""
        return "" if self.system == UNCHANGED else mark_of(self.system, self.weights, self.emotion)

    @property
    def source_rate(self) -> int:
        """Hz of the source, between 16 and 48 kHz: the rate of the saved result, unless another is asked for."""
        return self.upper.rate if self.upper is not None else SAMPLE_RATE

    def at_rate(self, rate: int | None = None) -> np.ndarray:
        """(n,) float32 at `rate` Hz, the source's own if None. Above 16 kHz, the source's upper band is carried over."""
        rate = rate or self.source_rate
        if rate == SAMPLE_RATE:
            return self.samples
        joined = self.upper.join(self.samples) if self.upper is not None else self.samples
        return joined if rate == self.source_rate else resample(joined, self.source_rate, rate)

    def save(self, path: Path | str, rate: str | int = SOURCE_RATE, subtype: str = "", mark: bool = True) -> Path:
        """Write WAV, FLAC, MP3, OGG or Opus by the name's ending.

        Args:
            rate: Hz, or 'source'. subtype: '16' or '24' bits or 'float', for WAV and FLAC.
            mark: whether the metadata say that the speech is synthetic.
        Raises:
            OverwriteError: the path is the source's or a reference's. OutputError: the place cannot be written, or the format
                has no such rate or subtype.
        """
        check_outputs(self.read, [path])
        return write_whole(path, self.encoded(path, AudioForm(rate, subtype, mark=mark)))

    def encoded(self, path: Path | str = "", form: AudioForm = AudioForm()) -> bytes:
        """What `save` writes to a path, for streams. Raises OutputError: such a format is not written."""
        form.check(path)
        rate = form.hertz(self.source_rate, path)
        return as_file(self.at_rate(rate), path, rate, form, self.mark if form.mark else "")


class Converter:
    """Loads a checkpoint once and converts any number of recordings.

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
        return tuple(name for name, decoder in DECODERS.items() if not decoder.missing(self.models))

    @cached_property
    def affect(self) -> AffectPlane:
        """Arousal and valence of this checkpoint. Raises ZestError: it has too few presets."""
        return AffectPlane.of({name: self.preset(name) for name in self.presets})

    @noting_fallbacks
    def convert(self, source: Given | Factors, reference: Given | Factors | References | None = None,
                emotion: EmotionLike | None = None, settings: Settings = Settings(), hook: Hook = silent, *,
                sample_rate: float | None = None, **changes: Unpack[SettingChanges]) -> Conversion:
        """Convert one recording. What is encoded already is taken as it is.

        Give exactly one of `reference` and `emotion`, or both with weights, as in emotion={"angry": 0.6} and
        reference={"friend.wav": 0.4}.

        Args:
            source, reference: a path; samples, (n,) or (n, channels), of any number type; (samples, rate); or a recording.
                Several references have weights: a dictionary from paths, or a list of (recording, weight).
            emotion: a preset; a mix as angry:0.6,sad:0.4 or {"angry": 0.6, "sad": 0.4}; or a point as
                arousal:0.6,valence:-0.3.
            sample_rate: Hz, of samples without a rate of their own.
            changes: settings by name, as in strength=0.8, over those of `settings`.
        Raises:
            AudioError: a recording cannot be used. ZestError: unknown preset or setting, or a setting out of range.
        """
        given = check_target(reference, emotion)
        settings = changed(settings, changes)
        timings, settings = Timings(hook), replace(settings, decoder=self._decoder(settings).name)
        presets = self.weighted_presets(emotion)
        with stage(timings, "read"):
            source = source if isinstance(source, Factors) else recording_of(source, sample_rate, "source")
            read = [(one if isinstance(one, Factors) else recording_of(one, sample_rate, "reference"), weight)
                    for one, weight in given]
        factors = source if isinstance(source, Factors) else self.encode(source, timings)
        references = [(one if isinstance(one, Factors) else self.encode(one, timings, synthesis=False), weight)
                      for one, weight in read]
        wished = mixed([*presets, *((clarified(one.emotion, self.models), weight) for one, weight in references)])
        only = references[0][0] if len(references) == 1 and not wished.parts else None
        transferred = self.transfer(factors, wished, settings, timings)
        with stage(timings, "synthesise"):
            rendered = self._decoder(settings).decode(transferred, self.models)
            divisor = level_divisor(rendered, factors.recording.samples)
        return Conversion(
            samples=rendered / np.float32(divisor), source=factors.prosody.contour,
            reference=only.prosody.contour if only else None,
            predicted=transferred.contour, target=transferred.emotion.name, settings=settings, given=factors.recording,
            source_seconds=factors.recording.seconds, seconds=timings.seconds,
            notes=_notes(factors, [one for one, _ in references]) + level_notes(rendered, factors.recording.samples, divisor)
            + ((NO_TEMPO,) if settings.tempo and self.models.tempo is None else ()),
            timing=transferred.timing, mix=EmotionMix.of_emotion(wished),
            upper=_upper_band(factors.recording, transferred.timing, top_change(transferred.difference), divisor),
            read=_files(factors.recording, *(one.recording for one, _ in references)), weights=self.weights,
            emotion="" if references else transferred.emotion.name,
            recognised=recognised(only.emotion) if only else None)

    @property
    def weights(self) -> str:
        """A hash of the checkpoint's files, or of the networks where they come from none."""
        return self.models.files_key

    @property
    def identity(self) -> str:
        """Equal for converters that convert alike: a hash of all weights."""
        return self.models.key()

    def prepared(self, reference: Path | str) -> Factors:
        """A reference taken apart, as `convert` takes it. Raises AudioError."""
        return self.encode(load(reference), synthesis=False)

    def check_emotion(self, emotion: str) -> None:
        """Raises ZestError: there is no such emotion or mix."""
        mixed(self.weighted_presets(emotion))

    def preset(self, name: str) -> Emotion:
        """A stored emotion, in capitals or not. Raises ZestError when it is unknown."""
        name = folded(name) if name not in self.models.presets else name
        if name not in self.models.presets:
            raise ZestError(f"There is no emotion preset '{name}'; choose one of {', '.join(self.presets)}.")
        frames = self.models.presets[name].numpy()
        return Emotion(name, frames, frames.mean(axis=0))

    def weighted_presets(self, emotion: EmotionLike | None) -> list[tuple[Emotion, float]]:
        """The presets of an emotion with their weights, none where it is None. Raises ZestError: one is unknown."""
        if emotion is None:
            return []
        point = read_affect(emotion) if isinstance(emotion, str) else None
        return [(self.preset(name), weight) for name, weight in weights_of(emotion if point is None else self.affect.mix(point))]

    def xvector(self, source: Factors) -> np.ndarray:
        """(width,) float32 speaker vector of an encoded recording, from which EASE is computed."""
        return xvector(self.models, source)

    def encode(self, recording: Recording, hook: Hook = silent, synthesis: bool = True) -> Factors:
        """Take a recording apart. synthesis=False leaves out the full-resolution WORLD frames (enough for a reference)."""
        return encoded(self.models, recording, hook, synthesis)

    def transfer(self, source: Factors, emotion: Emotion, settings: Settings = Settings(), hook: Hook = silent) -> Transferred:
        """The source's factors with the target emotion, `strength` of the way there."""
        with stage(hook, "transfer"):
            transferred = transfer(self.models, source, emotion, settings)
        hook(Event("artefact", "transfer", value=transferred))
        return transferred

    def synthesise(self, transferred: Transferred, settings: Settings = Settings(), hook: Hook = silent) -> np.ndarray:
        """(n,) float32 at 16 kHz, scaled down only where it would clip."""
        with stage(hook, "synthesise"):
            samples = self._decoder(settings).decode(transferred, self.models)
            return samples / max(1.0, float(np.abs(samples).max(initial=0.0)))

    def _decoder(self, settings: Settings) -> Decoder:
        """The one that is named, or the best that there is. Raises CheckpointError: what it requires is not loaded."""
        if settings.decoder:
            decoder = find_decoder(settings.decoder)
            for file in decoder.missing(self.models):
                other = f"use the decoder '{self.decoders[0]}', or " if self.decoders else ""
                raise CheckpointError(f"This checkpoint has no {holds(file)}, which the decoder {decoder.name} needs; "
                                      f"{other}train one with {training_command(file)}.")
            return decoder
        if not self.decoders:
            files = dict.fromkeys(decoder.missing(self.models)[0] for decoder in DECODERS.values())
            raise CheckpointError(f"This checkpoint can make no sound yet: it has neither {' nor '.join(map(holds, files))}; "
                                  f"train one with {' or '.join(map(training_command, files))}.")
        return DECODERS[self.decoders[0]]


def _files(*recordings: Recording | None) -> tuple[Path, ...]:
    return tuple(one.path for one in recordings if one is not None and one.path is not None)


def _upper_band(source: Recording, timing: np.ndarray | None = None, change: np.ndarray | None = None,
                divisor: float = 1.0) -> UpperBand | None:
    return None if source.full is None else UpperBand(source.full, source.rate, timing, change, divisor)


def _notes(source: Factors, references: Sequence[Factors]) -> tuple[str, ...]:
    notes = list(source.recording.warnings)
    if not is_voiced(source):
        notes.append("The source has no voiced speech (whispered?): only its envelope and tempo were changed, not its F0.")
    for reference in references:
        notes += reference.recording.warnings
        if not is_voiced(reference):
            notes.append("The reference has no voiced speech, so its F0 could not be tracked; the emotion may be wrong.")
        notes += clarity_notes(reference.emotion)
    return tuple(notes)


class Converts(Protocol):
    """What converts recordings, by whatever means."""

    def convert(self, source: Recording | Path | str, reference: Prepared | References | None = None,
                emotion: EmotionLike | None = None, settings: Settings = Settings(), hook: Hook = silent) -> Conversion:
        """As `Converter.convert`."""
        ...

    @property
    def identity(self) -> str:
        """As `Converter.identity`."""
        ...

    @property
    def weights(self) -> str:
        """As `Converter.weights`; '' where there are none."""
        ...

    def prepared(self, reference: Path | str) -> Recording | Factors:
        """As `Converter.prepared`."""
        ...

    def check_emotion(self, emotion: str) -> None:
        """As `Converter.check_emotion`."""
        ...


class RememberingConverter:
    """A converter that takes each recording apart once, as long as it is among the last few.

    In a list of pairs one source often meets many emotions, and one reference many sources.
    """

    def __init__(self, converter: Converter, most: int = MOST):
        self.converter, self.most = converter, most
        self._kept: dict[tuple[Path, bool], Factors] = {}

    @property
    def identity(self) -> str:
        """As `Converter.identity`."""
        return self.converter.identity

    @property
    def weights(self) -> str:
        """As `Converter.weights`."""
        return self.converter.weights

    def prepared(self, reference: Path | str) -> Factors:
        """As `Converter.prepared`."""
        return self.encoded(reference, synthesis=False)

    def check_emotion(self, emotion: str) -> None:
        """As `Converter.check_emotion`."""
        self.converter.check_emotion(emotion)

    def convert(self, source: Recording | Path | str, reference: Prepared | References | None = None,
                emotion: EmotionLike | None = None, settings: Settings = Settings(), hook: Hook = silent) -> Conversion:
        """As `Converter.convert`. What is no file is not kept."""
        timings = Timings(hook)
        given = check_target(reference, emotion)
        self.converter.weighted_presets(emotion)  # an unknown one is refused before any work
        factors = self.encoded(source, timings, synthesis=True)
        several: Any = [(self.encoded(one, timings, synthesis=False), weight) for one, weight in given]
        target = several[0][0] if len(several) == 1 and references_of(reference) is None else several or None
        return replace(self.converter.convert(factors, target, emotion, settings, timings), seconds=timings.seconds)

    def encoded(self, path: Prepared, hook: Hook = silent, synthesis: bool = True) -> Factors:
        """Factors of a recording; without synthesis, those that a reference needs. Raises AudioError."""
        if isinstance(path, Factors):
            return path
        if isinstance(path, Recording):
            return self.converter.encode(path, hook, synthesis)
        key = Path(path).resolve(), synthesis
        if key not in self._kept:
            with stage(hook, "read"):
                recording = load(path)
            self._kept[key] = self.converter.encode(recording, hook, synthesis)
        self._kept[key] = self._kept.pop(key)  # the newest stands last
        kinds = [kept for kept in self._kept if kept[1] == synthesis]
        if len(kinds) > self.most:
            del self._kept[kinds[0]]
        return self._kept[key]


class BaselineConverter:
    """A baseline in the converter's place. Its networks are loaded at once: what is missing is told before any pair.

    Raises:
        ZestError: there is no such baseline or device. CheckpointError: its weights cannot be loaded.
    """

    def __init__(self, name: str, checkpoint: str | Path = DEFAULT_CHECKPOINT, device: str = "cpu"):
        if baselines.find_baseline(name).load is not None:
            check_device(device)
        self.name, self.checkpoint, self.device, self.weights = name, str(checkpoint), device, ""
        baselines.loaded(name, self.checkpoint, device)

    @property
    def identity(self) -> str:
        """As `Converter.identity`."""
        return f"{self.name} {folder_key(find_folder(baselines.weights_from(self.name, self.checkpoint)))}"

    def prepared(self, reference: Path | str) -> Recording:
        """As `Converter.prepared`."""
        return load(reference)

    def check_emotion(self, emotion: str) -> None:
        """As `Converter.check_emotion`."""
        baselines.check_request(self.name, reference=False, emotion=bool(emotion))

    def convert(self, source: Recording | Path | str, reference: Prepared | References | None = None,
                emotion: EmotionLike | None = None, settings: Settings = Settings(), hook: Hook = silent) -> Conversion:
        """As `Converter.convert`, but for the settings: a baseline has none.

        `predicted` is the contour that was asked for, which is the source's where the baseline asks for none.
        """
        if reference is not None or emotion is not None:
            check_target(reference, emotion)
        if references_of(reference) is not None or not isinstance(emotion, (str, type(None))):
            raise ZestError(f"The baseline {self.name} takes one emotion, and no mix.")
        emotion, reference = None if emotion is None else folded(emotion), cast("Prepared | None", reference)
        baselines.check_request(self.name, reference is not None, emotion is not None)
        timings = Timings(hook)
        with stage(timings, "read"):
            own, other = _read(source), _read(reference) if reference is not None else None
        with stage(timings, "synthesise"):
            request = baselines.Request(own.samples, other and other.samples, emotion)
            rendered = baselines.render(self.name, request, self.checkpoint, self.device)
        with stage(timings, "pitch"):
            contours = track(own.samples).contour(), other and track(other.samples).contour()
        unused = other.name if other else f"emotion '{emotion}'" if emotion else ""
        return Conversion(
            samples=rendered.samples, source=contours[0], reference=contours[1],
            predicted=contours[0] if rendered.predicted is None else rendered.predicted,
            target=other.name if other else emotion or self.name, settings=BaselineChoice(self.name), source_seconds=own.seconds,
            seconds=timings.seconds, notes=own.warnings + (other.warnings if other else ()) + self._unused(unused),
            upper=_upper_band(own), read=_files(own, other), given=own, emotion="" if other else emotion or "")

    def _unused(self, target: str) -> tuple[str, ...]:
        """A note where the baseline moves no emotion, and one was given all the same."""
        takes = baselines.find_baseline(self.name).takes
        return (f"The baseline {self.name} moves no emotion, so {target} was not used.",) if target and not takes else ()


def _read(given: Prepared) -> Recording:
    given = given.recording if isinstance(given, Factors) else given
    return given if isinstance(given, Recording) else load(given)


def load_converter(system: str = "", checkpoint: str | Path | None = None, device: str = "cpu") -> Converts:
    """What a program that converts files needs: this project's converter, or the baseline of this name.

    Args:
        checkpoint: folder or hub id; zest-mini if None.
    Raises:
        ZestError: there is no such baseline or device. CheckpointError: weights are missing or damaged.
    """
    checkpoint = checkpoint or DEFAULT_CHECKPOINT
    if system:
        return BaselineConverter(system, checkpoint, device)
    return RememberingConverter(Converter.from_pretrained(checkpoint, device))
