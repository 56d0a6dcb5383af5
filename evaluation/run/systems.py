"""The systems that an evaluation compares; each turns pairs into conversions.

    source, copy, f0-swap...      a baseline by its name (pipelines/baselines)
    residual_neural, generate...  this project's converter with that decoder (pipelines/decoders), strength 1, tempo moved
    generate@0.5-notempo-seed3    strength 0.5, tempo kept, variant 3 of the emotion
    generate-f0source             without pitch predictor: the source's F0, or with -f0reference the reference's
    generate-preset               the stored emotion of the pair's label in place of the reference; stands last
    seed-vc, vevo-style...        a converter by others, where it is installed (evaluation/rivals)
    mine=FOLDER                   anyone's conversions: FOLDER/<pair id>.wav (or another ending of pipelines/features/decoding.py)
    loud=generate@1.5             any of the above under another name

Only this file of the evaluation runs the converter; no metric imports it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from evaluation.pair import Pair
from evaluation.rivals import RivalSystem, find_rival, rivals
from pipelines import baselines
from pipelines.baselines import BASELINES, REFERENCE, Rendered, Request
from pipelines.decoders import DECODERS, find_decoder, is_decoder
from pipelines.device import check_device
from pipelines.errors import CheckpointError, ZestError
from pipelines.features.audio import load
from pipelines.features.contour import REFERENCE as REFERENCE_F0
from pipelines.features.decoding import ENDINGS
from pipelines.names import find_file
from pipelines.settings import PREDICTED, Settings, read_specification

CONVERSION = "conversion"  # the kind of the converter's systems in run.json
PRESET = "-preset"  # ends the specification of a converter that takes stored emotions
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,60}")


class System(Protocol):
    """Anything that renders pairs; it is sent to worker processes, so it holds plain values and loads models when rendering.

    Attributes:
        name: safe as a file name. spec: JSON-able, everything that determines the result.
        checkpoint_hash: of the weights it uses, None without weights.
    """

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> dict[str, Any]: ...

    @property
    def checkpoint_hash(self) -> str | None: ...

    def render(self, pair: Pair) -> Rendered:
        """Raises ZestError with the sentence that stands in the pair's row."""
        ...


@dataclass(frozen=True)
class BaselineSystem:
    """A baseline. kind: its name in pipelines/baselines. checkpoint: None where it needs no weights."""

    name: str
    kind: str
    checkpoint: str | None = None
    device: str = "cpu"

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": self.kind} if self.checkpoint is None else {"kind": self.kind, "device": self.device}

    @property
    def checkpoint_hash(self) -> str | None:
        return None if self.checkpoint is None else checkpoint_hash(self.checkpoint)

    def render(self, pair: Pair) -> Rendered:
        with_reference = baselines.find_baseline(self.kind).takes == REFERENCE and pair.has_reference
        request = Request(load(pair.source).samples, load(pair.reference).samples if with_reference else None, pair.emotion)
        return baselines.render(self.kind, request, self.checkpoint or "", self.device)


@dataclass(frozen=True)
class ConverterSystem:
    """This project's converter. settings: with the decoder named."""

    name: str
    checkpoint: str
    settings: Settings = field(default_factory=lambda: Settings(decoder="residual_world"))
    device: str = "cpu"

    @property
    def spec(self) -> dict[str, Any]:
        values = asdict(self.settings)
        decoder, f0 = values.pop("decoder"), values.pop("f0")
        chosen = {} if f0 == PREDICTED else {"f0": f0}  # runs older than the choice go on
        return {"kind": CONVERSION, "decoder": decoder, **values, "device": self.device, **chosen}

    @property
    def checkpoint_hash(self) -> str:
        return checkpoint_hash(self.checkpoint)

    def render(self, pair: Pair) -> Rendered:
        converter = loaded_converter(self.checkpoint, self.device)
        conversion = converter.convert(load(pair.source), load(pair.reference), settings=self.settings)
        return Rendered(conversion.samples, conversion.predicted, notes=conversion.notes)


@dataclass(frozen=True)
class PresetSystem(ConverterSystem):
    """The converter with the stored emotion of the pair's label in place of its reference."""

    @property
    def spec(self) -> dict[str, Any]:
        return {**super().spec, "emotion": "preset"}

    def render(self, pair: Pair) -> Rendered:
        converter = loaded_converter(self.checkpoint, self.device)
        conversion = converter.convert(load(pair.source), emotion=pair.emotion, settings=self.settings)
        return Rendered(conversion.samples, conversion.predicted, notes=conversion.notes)


@dataclass(frozen=True)
class RecordingsSystem:
    """Anyone's conversions: one file a pair."""

    name: str
    folder: Path

    checkpoint_hash = None

    @property
    def reads(self) -> tuple[Path, ...]:
        """What no run may write over."""
        return (self.folder,)

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": "recordings", **contents(path for path in self.folder.iterdir() if path.suffix.lower() in ENDINGS)}

    def render(self, pair: Pair) -> Rendered:
        for suffix in ENDINGS:
            path = find_file(self.folder, f"{pair.id}{suffix}")
            if os.path.isfile(path):
                recording = load(path)
                return Rendered(recording.samples, notes=recording.warnings)
        raise ZestError(f"{self.folder} has no recording {pair.id}.wav.")


def parse_systems(texts: Sequence[str], strengths: Sequence[float] = (), checkpoint: str | None = None,
                  device: str = "cpu", seed: int = 0) -> list[System]:
    """Systems from what a user writes (see the top of this file).

    Args:
        strengths: each converter without a strength of its own becomes one system per strength.
        seed: of converters without a seed of their own.
    Raises:
        ZestError: an unknown system or device, a strength out of range, a folder that is missing, two systems of one name.
    """
    found = [system for text in texts for system in _parsed(text, strengths, checkpoint, device, seed)]
    names = [system.name for system in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ZestError(f"Two systems are called '{twice[0]}'; name one of them, as in other={twice[0]}.")
    return found


def with_presets(systems: Sequence[System]) -> list[System]:
    """The same systems, and beside each converter that takes references the same converter with presets.

    Raises:
        ZestError: none of the systems can take presets.
    """
    names = {system.name for system in systems}
    twins = [PresetSystem(f"{system.name}{PRESET}", system.checkpoint, system.settings, system.device) for system in systems
             if isinstance(system, ConverterSystem) and _can_take_presets(system.settings)]
    added = [twin for twin in twins if twin.name not in names and not twin.name.endswith(2 * PRESET)]
    if not added:
        raise ZestError("No system here takes presets beside references; leave the presets out, or add a converter, "
                        f"as {next(iter(DECODERS))}.")
    return [*systems, *added]


def why_not(system: System) -> str | None:
    """Why a system can render no pair at all here, as a sentence; None where it can. Loads its weights."""
    try:
        if isinstance(system, BaselineSystem):
            baselines.loaded(system.kind, system.checkpoint or "", system.device)
        elif isinstance(system, ConverterSystem):
            decoder = system.settings.decoder
            if decoder not in loaded_converter(system.checkpoint, system.device).decoders:
                return f"The checkpoint has no weights for the decoder {decoder}."
        elif isinstance(system, RivalSystem):
            return system.rival.why_not()
    except CheckpointError as error:
        return str(error)
    return None


@lru_cache(maxsize=8)
def checkpoint_hash(checkpoint: str) -> str:
    """Twelve hex digits of every file of a checkpoint that is loaded (configs and weights).

    Raises:
        CheckpointError: neither a folder nor a reachable hub id.
    """
    from pipelines.checkpoints.folder import find_folder  # imported late: a report needs no torch

    digest = hashlib.sha256()
    for file in sorted(path for path in find_folder(checkpoint).iterdir() if path.suffix in (".json", ".safetensors")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def contents(paths: Iterable[Path]) -> dict[str, Any]:
    """Number and hash of recordings: a run does not go on with other recordings of the same names."""
    digest, count = hashlib.sha256(), 0
    for path in sorted(paths):
        digest.update(os.fsencode(f"{path.name}|"))
        digest.update(_bytes(path))
        count += 1
    return {"recordings": count, "hash": digest.hexdigest()[:12]}


def _bytes(path: Path) -> bytes:
    """The content of a file. One that cannot be read fails later, in its pair's row."""
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return b"unreadable"


def _parsed(text: str, strengths: Sequence[float], checkpoint: str | None, device: str, seed: int) -> list[System]:
    given, named, spec = text.partition("=") if "=" in text else ("", "", text)
    name = given if named else spec
    if not SAFE_NAME.fullmatch(name):
        raise ZestError(f"A system cannot be called '{name}'; use letters, digits and . _ + - @, as in mine=FOLDER.")
    if spec in BASELINES:
        return [_baseline(name, spec, checkpoint, device)]
    converter = read_specification(spec.removesuffix(PRESET), seed)
    if converter is not None:
        check_device(device)
        settings, with_strength = converter
        base = _converter_kind(spec, settings)(name, checkpoint or _shipped(), settings, device)
        return [base] if with_strength else _at_strengths(base, strengths)
    rival = find_rival(spec)
    if rival is not None:
        return [RivalSystem(name, rival, seed)]
    if given and Path(spec).is_dir():
        return [RecordingsSystem(name, Path(spec).resolve())]
    if given:
        raise ZestError(f"There is no folder {spec} with the conversions of {name}.")
    raise ZestError(f"There is no system '{spec}'; choose {', '.join(BASELINES)}, {', '.join(DECODERS)} "
                    f"(as in {next(iter(DECODERS))}@0.5-notempo), {', '.join(rivals())}, or NAME=FOLDER with one recording "
                    "a pair.")


def _converter_kind(spec: str, settings: Settings) -> type[ConverterSystem]:
    """Raises ZestError: a preset has no F0 to take."""
    if not spec.endswith(PRESET):
        return ConverterSystem
    if not _can_take_presets(settings):
        raise ZestError(f"The system '{spec}' takes the F0 of the reference, which a preset has not; leave out one of the two.")
    return PresetSystem


def _can_take_presets(settings: Settings) -> bool:
    return settings.f0 != REFERENCE_F0


def _baseline(name: str, kind: str, checkpoint: str | None, device: str) -> BaselineSystem:
    """Raises ZestError where it has weights and there is no such device."""
    if BASELINES[kind].load is None:
        return BaselineSystem(name, kind)
    check_device(device)
    return BaselineSystem(name, kind, baselines.weights_from(kind, checkpoint or _shipped()), device)


def _shipped() -> str:
    from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT

    return str(DEFAULT_CHECKPOINT)


def _at_strengths(base: ConverterSystem, strengths: Sequence[float]) -> list[System]:
    """One system per strength, or the one as it is; refused at once if out of range."""
    return [replace(base, name=_with_strength(base.name, strength), settings=replace(base.settings, strength=strength))
            for strength in strengths] or [base]


def _with_strength(name: str, strength: float) -> str:
    """'generate-notempo' at 0.5 is 'generate@0.5-notempo'; strength 1 is left out."""
    head, dash, tail = name.partition("-")
    return name if strength == 1 else f"{head}@{strength:g}{dash}{tail}"


@lru_cache(maxsize=2)
def loaded_converter(checkpoint: str, device: str):
    """One a worker process, loaded with its first pair."""
    from pipelines.conversion import Converter

    try:
        return Converter.from_pretrained(checkpoint, device)
    except CheckpointError:
        raise
    except ZestError as error:  # a converter that cannot be loaded cannot convert any pair
        raise CheckpointError(str(error)) from error


def with_present_name(spec: Any) -> Any:
    """A system's spec with the present name of its decoder in place of an older one."""
    if not isinstance(spec, dict) or spec.get("kind") != CONVERSION or not is_decoder(spec["decoder"]):
        return spec
    return {**spec, "decoder": find_decoder(spec["decoder"]).name}
