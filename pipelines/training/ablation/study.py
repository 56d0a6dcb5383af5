"""A study of ablations as its TOML file says it: a base recipe, one protocol, and questions with their variants."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import RecipeError, ZestError
from pipelines.shipped import found
from pipelines.training.loop.recipe import GeneralRecipe, section

FILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
OWN_FOLDERS = ("runs", "cache", "checkpoint")  # of [general]; a study has folders of its own
DECODER = "residual_world"  # of variants that name none


@dataclass(frozen=True)
class Protocol:
    """Pairs to convert, as `zest protocol` makes them."""

    settings: tuple = ("dsst", "dsdt")
    count: int = 32
    seed: int = 0
    split: str = "dev"


@dataclass(frozen=True)
class Variant:
    """One answer to a question.

    tables: all tables of the recipe, with the changes of its question and its own. changed: names of the tables that it changes.
    settings: of the conversion, keys of pipelines.settings.Settings.
    """

    name: str
    tables: dict[str, dict]
    changed: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def decoder(self) -> str:
        return self.settings["decoder"]


@dataclass(frozen=True)
class AblationQuestion:
    """One question of the study.

    name: of its files. title: in words. metrics: to be shown; all where none is named.

    variants: the others are compared with the first.
    """

    name: str
    title: str
    variants: tuple[Variant, ...]
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class AblationStudy:
    """The study with all its questions.

    Attributes:
        recipe: the tables of the base recipe. checkpoint: trained by it, or None.
        systems: what is evaluated beside the variants. metrics: to be measured; the default set where there are none.
    """

    path: Path
    recipe: dict[str, dict]
    protocol: Protocol
    questions: tuple[AblationQuestion, ...]
    checkpoint: Path | None = None
    systems: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    def only(self, names: Iterable[str]) -> AblationStudy:
        """The study with these questions; all where none is named. Raises ZestError: there is no such question."""
        names, known = tuple(names), [question.name for question in self.questions]
        for name in names:
            if name not in known:
                raise ZestError(f"The study {self.path} has no question '{name}'; it asks {', '.join(known)}.")
        chosen = tuple(question for question in self.questions if not names or question.name in names)
        return dataclasses.replace(self, questions=chosen)


@dataclass(frozen=True)
class StudyFile:
    """The top level of the file, as `section` reads it."""

    recipe: str = ""
    checkpoint: str = ""
    systems: tuple = ()
    metrics: tuple = ()
    settings: dict = field(default_factory=dict)
    protocol: dict = field(default_factory=dict)
    question: tuple = ()


@dataclass(frozen=True)
class QuestionTable:
    """A [[question]] of the file."""

    name: str = ""
    title: str = ""
    metrics: tuple = ()
    recipe: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    variant: tuple = ()


@dataclass(frozen=True)
class VariantTable:
    """A [[question.variant]] of the file."""

    name: str = ""
    recipe: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)


def read_study(path: Path | str) -> AblationStudy:
    """Read and check a study; recipe and checkpoint are relative to its file.

    Raises:
        RecipeError: it cannot be read, or a key, stage, setting, name or number in it makes no sense. ZestError: a setting
            of the conversion is out of range.
    """
    from pipelines.training.stages.running import read_tables

    path = Path(path)
    given = _table(_read(path), StudyFile, f"The study {path}")
    if not given.recipe:
        raise RecipeError(f"The study {path} names no recipe; write recipe = \"mini.toml\", relative to the study.")
    recipe = read_tables(path.parent / given.recipe)
    section(recipe, "general", GeneralRecipe)
    questions = tuple(_question(one, recipe, given.settings) for one in given.question)
    if not questions:
        raise RecipeError(f"The study {path} asks nothing; add a [[question]] with its [[question.variant]]s.")
    _refuse_twice([question.name for question in questions], f"The study {path} has two questions")
    protocol = _table(given.protocol, Protocol, "The study's [protocol]")
    checkpoint = path.parent / given.checkpoint if given.checkpoint else None
    return AblationStudy(path, recipe, protocol, questions, checkpoint, given.systems, given.metrics)


def changed_tables(tables: dict[str, dict], changes: dict[str, dict], where: str) -> dict[str, dict]:
    """The recipe with other values. Raises RecipeError: no such stage, or a key of [general] that a study sets itself."""
    from pipelines.training.stages.registry import STAGES

    changed = deepcopy(tables)
    for table, values in changes.items():
        if table not in (*STAGES, "general"):
            raise RecipeError(f"{where} changes an unknown stage '{table}'; it may change general, {', '.join(STAGES)}.")
        if not isinstance(values, dict):
            raise RecipeError(f"{where} must change {table} key by key, as in {table} = {{ key = value }}.")
        own = [key for key in values if table == "general" and key in OWN_FOLDERS]
        if own:
            raise RecipeError(f"{where} may not change [general] {own[0]}; a study has folders of its own.")
        changed[table] = changed.get(table, {}) | values
    return changed


def _question(given: Any, tables: dict[str, dict], settings: dict[str, Any]) -> AblationQuestion:
    told = _table(given, QuestionTable, "A [[question]]")
    if not FILE_NAME.fullmatch(told.name):
        raise RecipeError(f"A question cannot be called '{told.name}'; its files are: use small letters, digits and -.")
    tables = changed_tables(tables, told.recipe, f"The question {told.name}")
    variants = tuple(_variant(one, tables, {"decoder": DECODER, **settings, **told.settings}, told.name) for one in told.variant)
    if not variants:
        raise RecipeError(f"The question {told.name} has no [[question.variant]].")
    _refuse_twice([variant.name for variant in variants], f"The question {told.name} has two variants")
    return AblationQuestion(told.name, told.title or told.name, variants, told.metrics)


def _variant(given: Any, tables: dict[str, dict], settings: dict[str, Any], question: str) -> Variant:
    told = _table(given, VariantTable, f"A variant of the question {question}")
    if not told.name.strip() or len(told.name) > 60:
        raise RecipeError(f"A variant of the question {question} needs a name of up to 60 letters.")
    where = f"Variant '{told.name}' of the question {question}"
    changed = changed_tables(tables, told.recipe, where)
    section(changed, "general", GeneralRecipe)
    return Variant(told.name, changed, tuple(told.recipe), _settings(settings | told.settings, where))


def _settings(given: dict[str, Any], where: str) -> dict[str, Any]:
    from pipelines.settings import Settings

    checked = section({"settings": given}, "settings", Settings, where=where)
    if not checked.decoder:
        raise RecipeError(f"{where} must name its decoder, since what is trained depends on it.")
    return {key: getattr(checked, key) for key in sorted(given)}


def _table(given: Any, kind: type, where: str) -> Any:
    if not isinstance(given, dict):
        raise RecipeError(f"{where} must be a table of keys and values.")
    return section({"study": given}, "study", kind, where=where)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(found(path, "recipes").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"There is no study at {path}; recipes/ablations-mini.toml is an example.") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The study {path} is not valid TOML: {error}.") from error


def _refuse_twice(names: list[str], who: str) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise RecipeError(f"{who} called '{twice[0]}'; give each a name of its own.")
