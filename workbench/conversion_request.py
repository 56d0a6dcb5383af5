"""A request for one conversion, as the page and the API take it: what is wrong with it, and its run."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from pipelines.affect import target_name
from pipelines.baselines import BASELINES, check_request
from pipelines.decoders import find_decoder
from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.features.contour import REFERENCE
from pipelines.features.denoising import denoised
from pipelines.features.writing import SOURCE_RATE, AudioForm
from pipelines.hooks import Hook, silent
from pipelines.mix import check_target
from pipelines.settings import Settings, about
from workbench import sentences
from workbench.cli.names import default_name, variant
from workbench.conversion import CHECKPOINT_VARIABLE, DescribedConversion, convert_and_describe, converter, lent_converter
from workbench.studio.turns import Work
from workbench.uploads import read_upload, sentence_of, upload_problem

DEFAULTS = Settings()


@dataclass(frozen=True)
class ConversionRequest:
    """What somebody asks for, not yet checked; the settings are those of pipelines/settings.py.

    Attributes:
        source, reference: paths of recordings. emotion: a preset, a mix or a point; None where references give the emotion.
        references: paths with weights, instead of the reference: alone, or mixed with an emotion that has weights, too.
        decoder: a decoder, or a baseline in the converter's place; '' for the best decoder that the checkpoint has.
        rate, subtype: of the WAV, as `pipelines.features.writing.AudioForm` takes them. denoise: take steady noise out of the
            source first. mark: whether the metadata say that the speech is synthetic.
    """

    source: str | None
    emotion: str | None = None
    reference: str | None = None
    strength: float | None = DEFAULTS.strength
    tempo: bool = DEFAULTS.tempo
    decoder: str | None = DEFAULTS.decoder
    seed: float | None = DEFAULTS.seed
    f0: str = DEFAULTS.f0
    rate: str | int = SOURCE_RATE
    subtype: str = ""
    references: tuple[tuple[str, float], ...] = ()
    denoise: bool = False
    mark: bool = True

    @property
    def baseline(self) -> str:
        """Its name, '' where this project's converter is asked for."""
        return self.decoder if self.decoder in BASELINES else ""

    def turn(self) -> Work:
        """What its turn at the models is for: a recording takes as long as its sound lasts. Raises AudioError."""
        return Work(size=read_upload(self.source or "").seconds)

    @property
    def needs_target(self) -> bool:
        """Some baselines move no emotion, whatever is asked for."""
        return not self.baseline or bool(BASELINES[self.baseline].takes)

    @property
    def own_reference(self) -> str | None:
        """The one recording that gives the emotion, None where something else does."""
        return None if self.emotion is not None or self.references else self.reference

    @property
    def target(self) -> str:
        """The emotion, the mix, or the reference without its ending; '' where there is none. Raises ZestError: a mix is none."""
        if self.emotion is None and not self.references:
            return Path(self.reference).stem if self.reference else ""
        return target_name(self.emotion, [(Path(path).stem, weight) for path, weight in self.references])

    def settings(self) -> Settings:
        """A baseline has none: then the defaults. Raises ZestError: a value is out of range, or there is no such decoder."""
        if self.baseline:
            return DEFAULTS
        return Settings(self._strength(), bool(self.tempo), self.decoder or "", self._seed(), self.f0)

    def essence(self) -> tuple[Any, ...]:
        """Equal for two requests that ask for the same."""
        target = (self.emotion, self.own_reference, self.references) if self.needs_target else ()
        settings = () if self.baseline else (self.strength, self.tempo, self.seed or 0, self.f0)
        return self.source, *target, self.decoder or "", *settings, self.rate, self.subtype, self.denoise, self.mark

    def problems(self) -> dict[str, str]:
        """A sentence for every input that keeps this from being converted, by the input's name."""
        found = {"source": upload_problem(self.source) if self.source else sentences.NO_SOURCE}
        if self.needs_target and self.emotion is None and not self.references:
            found["reference"] = upload_problem(self.reference) if self.reference else sentences.NO_REFERENCE
        if self.emotion is not None and self.reference:
            found["reference"] = sentences.TWO_TARGETS
        if self.references and self.reference:
            found["reference"] = sentences.TWO_REFERENCES
        found["references"] = next(filter(None, (upload_problem(path) for path, _ in self.references)), "")
        return {name: sentence for name, sentence in found.items() if sentence} | self.setting_problems()

    def setting_problems(self) -> dict[str, str]:
        """As `problems`, without the recordings."""
        found = {name: sentence_of(check) for name, check in self._checks().items()}
        return {name: sentence for name, sentence in found.items() if sentence}

    def convert(self, hook: Hook = silent) -> DescribedConversion:
        """Convert into a file that Gradio serves and clears away, and whose name says how it was converted.

        Raises:
            ZestError: as `pipelines.conversion.Converter.convert`.
        """
        assert self.source is not None  # `problems` has asked for it
        settings, converts = self.settings(), lent_converter(self.baseline)
        if not self.baseline and not settings.decoder:
            settings = replace(settings, decoder=next(iter(converter().decoders), ""))
        target = self.target if self.needs_target else ""
        form = AudioForm(self.rate, self.subtype, mark=self.mark)
        told = variant(os.environ.get(CHECKPOINT_VARIABLE), form, self.denoise)
        name = default_name(Path(self.source), target, settings, self.baseline, others=told)
        output = Path(get_upload_folder()) / uuid.uuid4().hex / f"{name}.wav"
        source = denoised(load(self.source)) if self.denoise else self.source
        reference = list(self.references) or self.own_reference
        return convert_and_describe(converts, source, reference, self.emotion, settings, output, hook, form=form, variant=told)

    def _checks(self) -> dict[str, Callable[[], Any]]:
        """By the name of an input, what raises ZestError where its value cannot be."""
        name = self.baseline
        form: dict[str, Callable[[], Any]] = {"rate": lambda: AudioForm(self.rate, self.subtype)}
        if name and self.needs_target:
            form["decoder"] = lambda: self._check_baseline(name)
        if name:
            return form
        return form | {
            "emotion": self._check_target,
            "strength": lambda: Settings(strength=self._strength()), "seed": lambda: Settings(seed=self._seed()),
            "f0": self._check_f0, "decoder": lambda: self.decoder and find_decoder(self.decoder)}

    def _check_target(self) -> None:
        if self.references:
            check_target(list(self.references), self.emotion)
        elif self.emotion is not None:
            target_name(self.emotion)

    def _check_baseline(self, name: str) -> None:
        if self.references or (self.emotion and ":" in self.emotion):
            raise ZestError(f"The baseline {name} takes one emotion, and no mix.")
        check_request(name, self.emotion is None, self.emotion is not None)

    def _check_f0(self) -> None:
        if Settings(f0=self.f0).f0 == REFERENCE and (self.emotion is not None or len(self.references) > 1):
            raise ZestError(sentences.F0_NEEDS_REFERENCE)

    def _strength(self) -> float:
        bounds = about("strength")
        if self.strength is None:
            raise ZestError(f"Give a strength between {bounds.low:g} and {bounds.high:g}.")
        return float(self.strength)

    def _seed(self) -> int:
        if self.seed is not None and not float(self.seed).is_integer():
            raise ZestError(f"The seed must be 0 or a positive whole number, not {self.seed:g}.")
        return int(self.seed or 0)
