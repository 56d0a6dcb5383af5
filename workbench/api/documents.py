"""JSON schemas of what endpoints give: those of the commands' documents, and of documents that only the API has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from workbench.api.endpoint import OUTPUTS, Endpoint, inlined
from workbench.api.errors import MEANINGS
from workbench.schemas import ConversionDocument, schemas


@dataclass(frozen=True)
class PresetDocument:
    """An emotion. arousal: calm -1 to excited 1. valence: unpleasant -1 to pleasant 1. Both are null where not known."""

    name: str
    arousal: float | None
    valence: float | None


@dataclass(frozen=True)
class PresetsDocument:
    """Emotions, decoders (the best one first) and baselines of a workbench."""

    presets: list[PresetDocument]
    decoders: list[str]
    baselines: list[str]


@dataclass(frozen=True)
class InfoDocument:
    """A workbench. api: version of the API. weights: hash of the checkpoint's files. affect: arousal and valence by preset."""

    api: str
    zest: str
    checkpoint: str
    size_mb: float | None
    weights: str
    presets: list[str]
    affect: dict[str, tuple[float, float]]
    decoders: list[str]
    strength: str
    recordings: str
    python: str


@dataclass(frozen=True)
class RowDocument:
    """A row of a plan. start, end: seconds. words: what is said there, where it is known."""

    start: float
    end: float
    emotion: str
    reference: str
    strength: float
    tempo: bool
    words: str


@dataclass(frozen=True)
class RenderedRowDocument:
    """A row that was rendered. start, end: in the source, s. begins, ends: in the result, s."""

    start: float
    end: float
    begins: float
    ends: float
    emotion: str
    references: list[str]
    strength: float
    tempo: bool


@dataclass(frozen=True)
class DirectedDocument:
    """A plan that was rendered. phrases: pieces of work; rendered: those that were new. seconds: of work, by stage."""

    target: str
    settings: dict[str, Any]
    source_seconds: float
    converted_seconds: float
    rate: int
    phrases: int
    rendered: int
    segments: list[RenderedRowDocument]
    seconds: dict[str, float]
    real_time_factor: float
    notes: list[str]


State = Literal["waiting", "working", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class BatchDocument:
    """How far a batch is. batch: its id. ahead: conversions that come first while it waits. error: why all of it failed."""

    batch: str
    state: State
    pairs: int
    done: int
    failed: int
    fraction: float
    doing: str
    ahead: int
    error: str | None


@dataclass(frozen=True)
class FailedPairDocument:
    """A pair that was not converted. row: its number in the call, from 1."""

    row: int
    error: str
    code: str


@dataclass(frozen=True)
class ConvertedPairDocument(ConversionDocument):
    """A pair that was converted, with what /convert tells of it."""

    row: int = 0
    error: None = None
    code: None = None


@dataclass(frozen=True)
class BatchResultDocument:
    """What became of each pair that is done, in the order of the call."""

    batch: str
    state: State
    pairs: list[ConvertedPairDocument | FailedPairDocument]
    converted: int
    failed: int


@dataclass(frozen=True)
class ErrorDocument:
    """What an event `error` carries: one sentence, and its code as the title."""

    error: str
    title: Literal[tuple(MEANINGS)]  # type: ignore[valid-type]


@cache
def documents() -> dict[str, dict[str, Any]]:
    """A JSON schema by the kind of an output, without references."""
    kinds = {"presets": PresetsDocument, "info": InfoDocument, "rows": list[RowDocument], "direct": DirectedDocument,
             "batch": BatchDocument, "batch_result": BatchResultDocument, "error": ErrorDocument}
    known = schemas() | {name: TypeAdapter(kind).json_schema() for name, kind in kinds.items()}
    return OUTPUTS | {name: inlined({key: value for key, value in schema.items() if key != "$schema"})
                      for name, schema in known.items()}


def answer_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Of the list that an event `complete` carries: one value for each output, in their order."""
    kinds = list(endpoint.outputs.values())
    names = ", ".join(endpoint.outputs)
    references = [{"$ref": f"#/components/schemas/{kind}"} for kind in kinds]
    return {"type": "array", "description": names, "prefixItems": references, "minItems": len(kinds), "maxItems": len(kinds)}
