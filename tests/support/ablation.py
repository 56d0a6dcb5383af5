"""A small study of ablations on the tiny corpus, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.tiny import Tiny

METRICS = ("f0-correlation", "duration-ratio")  # need no weights


def toml(value: Any) -> str:
    """A value as TOML; tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, (list, tuple)) else json.dumps(value)


def write_study(folder: Path, tiny: Tiny, questions: dict[str, dict[str, dict]], **top: Any) -> Path:
    """questions: name to variants, each name to its keys (recipe, settings)."""
    tables = {"recipe": str(tiny.recipe), "metrics": METRICS,
              "protocol": {"settings": ["ssdt"], "count": 4}} | top
    lines = [f"{key} = {toml(value)}" for key, value in tables.items()]
    for name, variants in questions.items():
        lines += ["[[question]]", f'name = "{name}"']
        for variant, keys in variants.items():
            lines += ["[[question.variant]]", f"name = {json.dumps(variant)}"]
            lines += [f"{key} = {toml(value)}" for key, value in keys.items()]
    path = folder / "study.toml"
    path.write_text("\n".join(lines) + "\n")
    return path
