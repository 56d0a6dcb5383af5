"""What turns a pair into a conversion: the systems that an evaluation compares.

    source                        the natural source, unchanged: the floor of emotion, the ceiling of everything else
    copy                          WORLD copy-synthesis of the source: what the vocoder costs
    copy-neural                   the same by the checkpoint's neural vocoder
    f0-swap                       the source with the reference's F0 mean and variance
    polyak                        the source's units and voice with the reference's codes of F0
    vawgan                        VAW-GAN, told the wanted emotion's label
    transfer, transfer_neural, generate   this project's converter with that decoder, strength 1, tempo moved
    transfer@0.5-notempo-seed3    strength 0.5, tempo kept, variant 3 of the emotion
    generate-f0source             without pitch predictor: the source's F0, or with -f0reference the reference's
    mine=FOLDER                   anyone's conversions: FOLDER/<pair id>.wav (or .flac, .ogg, .mp3, .m4a)
    loud=transfer@1.5             any of the above under another name

This file is the one place of the evaluation that runs the converter; no metric imports it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from evaluation.pair import Pair
from pipelines.baselines.registry import BASELINES, REFERENCE, Wish, baseline, loaded, make, weights_from
from pipelines.errors import CheckpointError, ZestError
from pipelines.features.audio import load
from pipelines.features.pitch import F0Contour

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
SPEC = re.compile(r"(?P<decoder>[a-z_]+)(@(?P<strength>\d+(\.\d+)?))?(?P<notempo>-notempo)?(-seed(?P<seed>\d+))?"
                  r"(-f0(?P<f0>source|reference))?")
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,60}")


@dataclass(frozen=True)
class Rendered:
    """What a system made of a pair.

    samples: (n,) float32 at 16 kHz. predicted: the contour it asked for, None if it asked for none.
    unchanged: the samples are the source's, so nothing need be observed again.
    """

    samples: np.ndarray
    predicted: F0Contour | None = None
    unchanged: bool = False


class System(Protocol):
    """Anything that renders pairs; it is sent to worker processes, so it holds plain values and loads models when rendering.

    Attributes:
        name: safe as a file name. spec: JSON-able, everything that determines the result.
        checkpoint_hash: of the weights it uses, None without weights.
    """

    name: str

    @property
    def spec(self) -> dict[str, Any]: ...

    @property
    def checkpoint_hash(self) -> str | None: ...

    def render(self, pair: Pair) -> Rendered:
        """Raises ZestError with the sentence that stands in the pair's row."""


@dataclass(frozen=True)
class Baseline:
    """One of pipelines/baselines/registry.py. checkpoint: None where it needs no weights."""

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
        reference = load(pair.reference).samples if baseline(self.kind).takes == REFERENCE and pair.has_reference else None
        made = make(self.kind, Wish(load(pair.source).samples, reference, pair.emotion), self.checkpoint or "", self.device)
        return Rendered(made.samples, made.asked, made.unchanged)


@dataclass(frozen=True)
class Conversion:
    """This project's converter."""

    name: str
    checkpoint: str
    decoder: str = "transfer"
    strength: float = 1.0
    tempo: bool = True
    seed: int = 0
    device: str = "cpu"
    f0: str = "predicted"

    @property
    def spec(self) -> dict[str, Any]:
        left_out = ("name", "checkpoint") + (("f0",) if self.f0 == "predicted" else ())  # runs older than the choice go on
        kept = {key: value for key, value in asdict(self).items() if key not in left_out}
        return {"kind": "conversion", **kept}

    @property
    def checkpoint_hash(self) -> str:
        return checkpoint_hash(self.checkpoint)

    def render(self, pair: Pair) -> Rendered:
        from pipelines.settings import Settings

        made = _converter(self.checkpoint, self.device).convert(
            load(pair.source), load(pair.reference),
            settings=Settings(strength=self.strength, tempo=self.tempo, decoder=self.decoder, seed=self.seed, f0=self.f0))
        return Rendered(made.samples, made.predicted)


@dataclass(frozen=True)
class Recordings:
    """Conversions that someone made: one file a pair."""

    name: str
    folder: Path

    checkpoint_hash = None

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": "recordings", **contents(path for path in self.folder.iterdir() if path.suffix in SUFFIXES)}

    def render(self, pair: Pair) -> Rendered:
        for suffix in SUFFIXES:
            path = self.folder / f"{pair.id}{suffix}"
            if os.path.isfile(path):
                return Rendered(load(path).samples)
        raise ZestError(f"{self.folder} has no recording {pair.id}.wav.")


def parse_systems(texts: Sequence[str], strengths: Sequence[float] = (), checkpoint: str | None = None,
                  device: str = "cpu", seed: int = 0) -> list[System]:
    """Systems from what a user writes (see the top of this file).

    Args:
        strengths: each conversion without a strength of its own is made once per strength.
        seed: of conversions without a seed of their own.
    Raises:
        ZestError: an unknown system or device, a strength out of range, a folder that is missing, two systems of one name.
    """
    found = [system for text in texts for system in _parsed(text, strengths, checkpoint, device, seed)]
    names = [system.name for system in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ZestError(f"Two systems are called '{twice[0]}'; name one of them, as in other={twice[0]}.")
    return found


def why_not(system: System) -> str | None:
    """Why a system can render no pair at all here, as a sentence; None where it can. Loads its weights."""
    try:
        if isinstance(system, Baseline):
            loaded(system.kind, system.checkpoint or "", system.device)
        elif isinstance(system, Conversion) and system.decoder not in _converter(system.checkpoint, system.device).decoders:
            return f"The checkpoint has no weights for the decoder {system.decoder}."
    except CheckpointError as error:
        return str(error)
    return None


@lru_cache(maxsize=8)
def checkpoint_hash(checkpoint: str) -> str:
    """Twelve hex digits of every file of a checkpoint that is loaded (configs and weights).

    Raises:
        CheckpointError: neither a folder nor a reachable hub id.
    """
    from pipelines.checkpoints.folder import find_folder

    digest = hashlib.sha256()
    for file in sorted(path for path in find_folder(checkpoint).iterdir() if path.suffix in (".json", ".safetensors")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def contents(paths: Iterable[Path]) -> dict[str, Any]:
    """Number and hash of recordings, so that a run does not go on with other ones under the same names."""
    digest, count = hashlib.sha256(), 0
    for path in sorted(paths):
        digest.update(f"{path.name}|".encode())
        digest.update(_bytes(path))
        count += 1
    return {"recordings": count, "hash": digest.hexdigest()[:12]}


def _bytes(path: Path) -> bytes:
    """What a file holds; that it cannot be read is told later, in its pair's row."""
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
    match = SPEC.fullmatch(spec)
    if match is not None and _is_decoder(match["decoder"]):
        base = Conversion(name, checkpoint or _shipped(), match["decoder"], float(match["strength"] or 1.0),
                          match["notempo"] is None, int(match["seed"] or seed), device, match["f0"] or "predicted")
        return _at_strengths(base, strengths if match["strength"] is None else ())
    if given and Path(spec).is_dir():
        return [Recordings(name, Path(spec).resolve())]
    if given:
        raise ZestError(f"There is no folder {spec} with the conversions of {name}.")
    raise ZestError(f"There is no system '{spec}'; choose {', '.join(BASELINES)}, {', '.join(_decoders())} "
                    "(as in transfer@0.5-notempo), or NAME=FOLDER with one recording a pair.")


def _baseline(name: str, kind: str, checkpoint: str | None, device: str) -> Baseline:
    """Raises ZestError where it has weights and there is no such device."""
    if BASELINES[kind].load is None:
        return Baseline(name, kind)
    from pipelines.device import check_device

    check_device(device)
    return Baseline(name, kind, weights_from(kind, checkpoint or _shipped()), device)


def _at_strengths(base: Conversion, strengths: Sequence[float]) -> list[System]:
    """One system per strength, or the one as it is; refused at once if out of range."""
    from pipelines.device import check_device
    from pipelines.settings import Settings

    check_device(base.device)
    made = [replace(base, name=_with_strength(base.name, strength), strength=strength) for strength in strengths] or [base]
    for system in made:
        Settings(strength=system.strength, tempo=system.tempo, decoder=system.decoder, seed=system.seed)
    return made


def _shipped() -> str:
    from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT

    return str(DEFAULT_CHECKPOINT)


def _with_strength(name: str, strength: float) -> str:
    """'transfer-notempo' at 0.5 is 'transfer@0.5-notempo'; strength 1 is not said."""
    head, dash, tail = name.partition("-")
    return name if strength == 1 else f"{head}@{strength:g}{dash}{tail}"


def _decoders() -> tuple[str, ...]:
    from pipelines.decoders import DECODERS

    return tuple(DECODERS)


def _is_decoder(name: str) -> bool:
    return name in _decoders()


@lru_cache(maxsize=2)
def _converter(checkpoint: str, device: str):
    """One a worker process, loaded with its first pair."""
    from pipelines.conversion import Converter

    try:
        return Converter.from_pretrained(checkpoint, device)
    except CheckpointError:
        raise
    except ZestError as error:  # whatever keeps it from loading keeps it from every pair
        raise CheckpointError(str(error)) from error
