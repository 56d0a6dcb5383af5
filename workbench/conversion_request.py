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
from pipelines.features.contour import REFERENCE
from pipelines.features.writing import SOURCE_RATE, AudioForm
from pipelines.hooks import Hook, silent
from pipelines.settings import Settings, about
from workbench.cli.names import default_name
from workbench.conversion import CHECKPOINT_VARIABLE, DescribedConversion, convert_and_describe, converter, page_converter
from workbench.tabs import text
from workbench.uploads import sentence_of, upload_problem

DEFAULTS = Settings()


@dataclass(frozen=True)
class ConversionRequest:
    """What somebody asks for, not yet checked; the settings are those of pipelines/settings.py.

    Attributes:
        source, reference: paths of recordings. emotion: a preset; None where the reference gives the emotion.
        decoder: a decoder, or a baseline in the converter's place; '' for the best decoder that the checkpoint has.
        rate, subtype: of the WAV, as `pipelines.features.writing.AudioForm` takes them.
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

    @property
    def baseline(self) -> str:
        """Its name, '' where this project's converter is asked for."""
        return self.decoder if self.decoder in BASELINES else ""

    @property
    def needs_target(self) -> bool:
        """Some baselines move no emotion, whatever is asked for."""
        return not self.baseline or bool(BASELINES[self.baseline].takes)

    def settings(self) -> Settings:
        """A baseline has none: then the defaults. Raises ZestError: a value is out of range, or there is no such decoder."""
        if self.baseline:
            return DEFAULTS
        return Settings(self._strength(), bool(self.tempo), self.decoder or "", self._seed(), self.f0)

    def essence(self) -> tuple[Any, ...]:
        """Equal for two requests that ask for the same."""
        target = (self.emotion, self.reference if self.emotion is None else None) if self.needs_target else ()
        settings = () if self.baseline else (self.strength, self.tempo, self.seed or 0, self.f0)
        return self.source, *target, self.decoder or "", *settings, self.rate, self.subtype

    def problems(self) -> dict[str, str]:
        """A sentence for every input that keeps this from being converted, by the input's name."""
        found = {"source": upload_problem(self.source) if self.source else text.NO_SOURCE}
        if self.needs_target and self.emotion is None:
            found["reference"] = upload_problem(self.reference) if self.reference else text.NO_REFERENCE
        if self.emotion is not None and self.reference:
            found["reference"] = text.TWO_TARGETS
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
        reference = self.reference if self.emotion is None else None
        settings, converts = self.settings(), page_converter(self.baseline)
        if not self.baseline and not settings.decoder:
            settings = replace(settings, decoder=next(iter(converter().decoders), ""))
        target = (self.emotion or (Path(reference).stem if reference else "")) if self.needs_target else ""
        name = default_name(Path(self.source), target, settings, self.baseline, os.environ.get(CHECKPOINT_VARIABLE))
        output = Path(get_upload_folder()) / uuid.uuid4().hex / f"{name}.wav"
        return convert_and_describe(converts, self.source, reference, self.emotion, settings, output, hook,
                                    form=AudioForm(self.rate, self.subtype))

    def _checks(self) -> dict[str, Callable[[], Any]]:
        """By the name of an input, what raises ZestError where its value cannot be."""
        name, with_reference = self.baseline, self.emotion is None
        form: dict[str, Callable[[], Any]] = {"rate": lambda: AudioForm(self.rate, self.subtype)}
        if name and self.needs_target:
            form["decoder"] = lambda: check_request(name, with_reference, not with_reference)
        if name:
            return form
        return form | {
            "emotion": lambda: self.emotion and target_name(self.emotion),
            "strength": lambda: Settings(strength=self._strength()), "seed": lambda: Settings(seed=self._seed()),
            "f0": self._check_f0, "decoder": lambda: self.decoder and find_decoder(self.decoder)}

    def _check_f0(self) -> None:
        if Settings(f0=self.f0).f0 == REFERENCE and self.emotion is not None:
            raise ZestError(text.F0_NEEDS_REFERENCE)

    def _strength(self) -> float:
        bounds = about("strength")
        if self.strength is None:
            raise ZestError(f"Give a strength between {bounds.low:g} and {bounds.high:g}.")
        return float(self.strength)

    def _seed(self) -> int:
        if self.seed is not None and not float(self.seed).is_integer():
            raise ZestError(f"The seed must be 0 or a positive whole number, not {self.seed:g}.")
        return int(self.seed or 0)
