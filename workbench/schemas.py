"""JSON schemas of the documents that commands print with --json, and that the API returns as `numbers`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from evaluation.doctor.findings import Finding
from evaluation.score_card import JSON_KEYS, ScoreCard
from pipelines.features.pitch import F0Statistics

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class F0OfConversion:
    """F0 of each contour; null where nothing is voiced, and for the reference where a preset was the target."""

    source: F0Statistics | None
    reference: F0Statistics | None
    predicted: F0Statistics | None
    converted: F0Statistics | None


@dataclass(frozen=True)
class ConversionDocument:
    """One conversion. `seconds` are of work by stage, source_seconds and converted_seconds of sound. `notes` are sentences.
    `speech` is the share of speech in what can be heard of the source. `recognised` are posteriors of the reference by emotion,
    null where there is not one reference.

    Only the command tells the names of files: source, reference or references, output and plot.
    """

    target: str
    mix: dict[str, float] | None
    system: str
    settings: dict[str, Any]
    variant: list[str]
    source_seconds: float
    converted_seconds: float
    f0: F0OfConversion
    seconds: dict[str, float]
    real_time_factor: float
    notes: list[str]
    rate: int
    speech: float | None = None
    recognised: dict[str, float] | None = None
    source: str = ""
    reference: str | None = None
    references: list[str] = field(default_factory=list)
    output: str = ""
    plot: str | None = None


@dataclass(frozen=True)
class CheckDocument:
    """A recording that was checked. `measures` are null where they are not known."""

    name: str
    seconds: float
    rate: int
    usable: bool
    findings: list[Finding]
    measures: dict[str, float | None]


def schemas() -> dict[str, dict[str, Any]]:
    """A JSON schema by the name of the command whose document it describes."""
    score = _renamed(TypeAdapter(ScoreCard).json_schema())
    score["properties"] |= {"verdict": {"type": "string"}, "warnings": {"items": {"type": "string"}, "type": "array"}}
    found = {"convert": TypeAdapter(ConversionDocument).json_schema(), "score": score,
             "check": TypeAdapter(CheckDocument).json_schema()}
    return {name: {"$schema": DIALECT, **schema} for name, schema in found.items()}


def _renamed(schema: Any) -> Any:
    """With the keys of the JSON document, where fields of the classes have other names."""
    if isinstance(schema, list):
        return [_renamed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    renamed = {key: _renamed(value) for key, value in schema.items()}
    if isinstance(renamed.get("properties"), dict):
        renamed["properties"] = {JSON_KEYS.get(key, key): value for key, value in renamed["properties"].items()}
        renamed["required"] = [JSON_KEYS.get(key, key) for key in renamed.get("required", [])]
    return renamed
