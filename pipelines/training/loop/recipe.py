"""Recipes: TOML files whose tables are the stages' dataclasses; an unknown key is an error."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pipelines.errors import RecipeError
from pipelines.shipped import found

PRECISIONS = ("auto", "fp32", "bf16", "fp16")  # precision.py; a recipe is checked without torch
Stage = TypeVar("Stage")


@dataclass(frozen=True)
class GeneralRecipe:
    """What all stages share. runs and cache are folders (ignored by git); checkpoint is where weights are exported.

    virtual_voices: speeds at which stages that learn emotion read every clip once more, as another speaker's.
    emotional_share: share of the labelled clips that stages read which learn from labels (clip_choice.py).
    precision: of forward passes, auto, fp32, bf16 or fp16; auto is bf16 on CUDA devices that have it, else fp32.
    accumulate: micro-batches, one after another, of which a batch consists where memory is too small for all of it.
    """

    seed: int = 0
    runs: str = "runs/mini"
    cache: str = ".cache/features"
    checkpoint: str = "checkpoints/zest-mini"
    virtual_voices: tuple = ()
    emotional_share: float = 1.0
    precision: str = "auto"
    accumulate: int = 1

    def __post_init__(self):
        if self.precision not in PRECISIONS:
            raise RecipeError(f"There is no precision '{self.precision}'; choose one of {', '.join(PRECISIONS)}.")
        if self.accumulate < 1:
            raise RecipeError(f"The recipe's [general] accumulate must be 1 or more, not {self.accumulate}.")


def read_recipe(path: Path | str) -> dict[str, dict]:
    """The tables of a recipe file. The project's own are found from every folder.

    Raises:
        RecipeError: it is missing or not TOML.
    """
    path = found(path, "recipes")
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise RecipeError(f"There is no recipe at {path}; try --recipe recipes/mini.toml.") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The recipe {path} is not valid TOML: {error}.") from error


def with_precision(tables: dict[str, dict], precision: str | None) -> dict[str, dict]:
    """The tables with another precision in [general]; as they are if there is none."""
    return tables if precision is None else {**tables, "general": {**tables.get("general", {}), "precision": precision}}


def as_toml(tables: dict[str, dict]) -> str:
    """The text of a recipe file with these tables, as `read_recipe` gave them."""
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_as_toml(value)}" for key, value in table.items()), ""]
    return "\n".join(lines)


def _as_toml(value: Any) -> str:
    """Strings, numbers and truth values of JSON are TOML's, too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_as_toml(one)}" for key, one in value.items()) + "}"
    return f"[{', '.join(map(_as_toml, value))}]" if isinstance(value, list) else json.dumps(value)


def section(tables: dict[str, dict], name: str, kind: type[Stage], where: str = "") -> Stage:
    """One table as its dataclass; missing keys take their defaults.

    where: how a refusal begins; the recipe's table if left out.
    Raises:
        RecipeError: a key is unknown or its value has another type.
    """
    where, given = where or f"The recipe's table [{name}]", tables.get(name, {})
    fields = {field.name: field for field in dataclasses.fields(kind)}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    for key, value in given.items():
        if key not in fields:
            raise RecipeError(f"{where} has an unknown key '{key}'; it knows {', '.join(fields)}.")
        field = fields[key]
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        types = (int, float) if isinstance(default, float) else type(default)
        fits = isinstance(value, types) and isinstance(value, bool) == isinstance(default, bool)
        if default is not dataclasses.MISSING and not fits:
            raise RecipeError(f"{where}: {key} must be a {type(default).__name__}, not {value!r}.")
    return kind(**given)


@dataclass(frozen=True)
class ChangingRecipe:
    """A table whose schedule may change while its stage trains.

    changes: tables with `step`, from which on the other keys hold, in order of their steps. Later ones go on from earlier ones.
    """

    changes: tuple = ()

    changeable: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self):
        for change in self.changes:
            if not isinstance(change, dict) or not isinstance(change.get("step"), int):
                raise RecipeError(f"Each of the recipe's changes must be a table with a whole number as step, not {change!r}.")
            unknown = [key for key in change if key not in ("step", *self.changeable)]
            if unknown:
                raise RecipeError(f"The recipe's changes cannot change '{unknown[0]}'; they may change "
                                  f"{', '.join(self.changeable)}.")
        if [change["step"] for change in self.changes] != sorted(change["step"] for change in self.changes):
            raise RecipeError("The recipe's changes must stand in the order of their steps.")

    def at_step(self, number: float) -> Self:
        """The recipe as it is at a step, without changes to come."""
        new = {key: value for change in self.changes if change["step"] <= number for key, value in change.items()}
        new.pop("step", None)
        return dataclasses.replace(self, changes=(), **new)
