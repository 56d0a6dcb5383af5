"""How to convert: every setting with its default, bounds, label and help. Command line, page, system specifications and ablations
read them here.

A specification is a decoder's name and what differs from the defaults: transfer@0.5-notempo-seed3-f0source.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypedDict

from pipelines.decoders import find_decoder, is_decoder
from pipelines.errors import ZestError
from pipelines.features.contour import PREDICTED, REFERENCE, SOURCE

SPECIFICATION = re.compile(r"(?P<decoder>[a-z0-9_]+)(@(?P<strength>\d+(\.\d+)?))?(?P<notempo>-notempo)?(-seed(?P<seed>\d+))?"
                           rf"(-f0(?P<f0>{SOURCE}|{REFERENCE}))?")
HIGHEST_SEED = 2**63 - 1  # what JSON readers take for a whole number


@dataclass(frozen=True)
class Setting:
    """What is known of one setting besides its value.

    Attributes:
        label: on the page. help: one plain sentence, for all who ask. low, high: bounds, both included; None where there is none.
        step: of the page's slider. choices: name to label, where only names are allowed.
    """

    label: str
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    def allows(self, value: float) -> bool:
        """Whether a number lies within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _setting(default: Any, about: Setting) -> Any:
    return field(default=default, metadata={"setting": about})


@dataclass(frozen=True)
class Settings:
    """How to convert.

    Attributes:
        decoder: a name of pipelines/decoders, an older one of its names, or '': the best that the checkpoint has weights for.
        seed: 0 takes the emotion as it is on average; any other draws a variant of it from the reference's half seconds.
        f0: the contour is predicted, or, without the pitch predictor, that of one of the recordings.
    Raises:
        ZestError: a value is out of range.
    """

    strength: float = _setting(1.0, Setting("Strength", "0 keeps the source, 1 is natural, 1.5 is the most.", 0.0, 1.5, 0.05))
    tempo: bool = _setting(True, Setting("Transfer the tempo too", "Much of an emotion is in its timing; the length changes."))
    decoder: str = _setting("", Setting(
        "Decoder", "How the converted audio is rendered; the first that the checkpoint has weights for if left out. "
                   "The source's own waveform sounds most natural; one of three judges recognises less emotion in it."))
    seed: int = _setting(0, Setting("Seed", "0 takes the emotion as it is on average, others vary it; same seed, same result.",
                                    low=0))
    f0: str = _setting(PREDICTED, Setting(
        "Melody (F0)", "Where the F0 contour comes from; source and reference do without the pitch predictor.",
        choices={PREDICTED: "Predicted", SOURCE: "The source's", REFERENCE: "The reference's"}))

    def __post_init__(self):
        bounds = about("strength")
        if not bounds.allows(self.strength):
            raise ZestError(f"Strength must lie between {bounds.low:g} and {bounds.high:g}, not {self.strength:g}.")
        if not (about("seed").allows(self.seed) and self.seed <= HIGHEST_SEED):
            below = f" below {HIGHEST_SEED + 1}" if self.seed > 0 else ""
            raise ZestError(f"The seed must be 0 or a positive whole number{below}, not {self.seed}.")
        if self.f0 not in about("f0").choices:
            raise ZestError(f"There is no F0 '{self.f0}'; choose one of {', '.join(about('f0').choices)}.")
        if self.decoder:
            object.__setattr__(self, "decoder", find_decoder(self.decoder).name)

    def specification(self, oldest_name: bool = False) -> str:
        """As `read_specification` reads it. oldest_name: of the decoder, by which folders of studies are called."""
        decoder = find_decoder(self.decoder).oldest_name if oldest_name else self.decoder
        return (f"{decoder}@{self.strength:g}" + ("" if self.tempo else "-notempo")
                + (f"-seed{self.seed}" if self.seed else "") + (f"-f0{self.f0}" if self.f0 != PREDICTED else ""))

    def differences(self) -> tuple[str, ...]:
        """What differs from the defaults, for names of results: residual_world, strength0.5, notempo, seed3, f0source."""
        return tuple(filter(None, (
            self.decoder, "" if self.strength == 1 else f"strength{self.strength:g}", "" if self.tempo else "notempo",
            f"seed{self.seed}" if self.seed else "", "" if self.f0 == PREDICTED else f"f0{self.f0}")))


class SettingChanges(TypedDict, total=False):
    """Settings as keywords: those that differ, with the names, types and bounds of `Settings`."""

    strength: float
    tempo: bool
    decoder: str
    seed: int
    f0: str


def changed(settings: Settings, changes: SettingChanges) -> Settings:
    """The settings with some of them changed.

    Raises:
        ZestError: there is no setting of a name, or its value is out of range.
    """
    known = [one.name for one in fields(Settings)]
    for name in changes:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}."
            raise ZestError(f"There is no setting '{name}'; {hint}")
    return replace(settings, **changes)


def about(name: str) -> Setting:
    """What is known of the setting of this name."""
    return next(one.metadata["setting"] for one in fields(Settings) if one.name == name)


def read_specification(text: str, seed: int = 0) -> tuple[Settings, bool] | None:
    """Settings from a specification, and whether it says the strength; None where it is none.

    Args:
        seed: where the text has none.
    Raises:
        ZestError: a value is out of range.
    """
    match = SPECIFICATION.fullmatch(text)
    if match is None or not is_decoder(match["decoder"]):
        return None
    settings = Settings(float(match["strength"] or 1.0), match["notempo"] is None, match["decoder"], int(match["seed"] or seed),
                        match["f0"] or PREDICTED)
    return settings, match["strength"] is not None
