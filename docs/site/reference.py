"""Pages of the reference that follow from the code: commands, Python, recipe keys, CSV columns and JSON documents."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from typer.main import get_command

from evaluation.corpora.manifest import COLUMNS as MANIFEST
from evaluation.pair import Pair
from pipelines.plan.table import COLUMNS as PLAN
from pipelines.training.loop.recipe import GeneralRecipe
from pipelines.training.stages.registry import STAGES, find_stage
from workbench.api.all import ENDPOINTS
from workbench.api.documents import documents
from workbench.api.openapi import reference_page
from workbench.cli.app import EXIT_CODES, app
from workbench.cli.batch import COLUMNS as BATCH
from workbench.schemas import schemas
from workbench.studio.contours import COLUMNS as CONTOURS

PYTHON = {  # what a program needs, by subject
    "Convert": ("pipelines.conversion.Converter", "pipelines.conversion.Conversion", "pipelines.settings.Settings",
                "pipelines.features.writing.AudioForm"),
    "Convert long recordings": ("pipelines.plan.phrases.plan_of", "pipelines.plan.rendering.render",
                                "pipelines.plan.table.read_plan", "pipelines.plan.table.write_plan"),
    "Score": ("evaluation.score_card.score_card", "evaluation.score_card.ScoreCard", "evaluation.verdict.verdict"),
    "Check a recording": ("evaluation.doctor.check.check",),
    "Read recordings": ("pipelines.features.audio.load", "pipelines.features.audio.from_array"),
    "Errors": ("pipelines.errors",),
}
OPTION = re.compile(r"(?<![\w`-])--[a-z][a-z-]*")
PAIRS = tuple(field.name for field in dataclasses.fields(Pair))
TABLES = (  # title, what it is, columns
    ("Manifest", "`zest manifest` writes it, training and protocols read it.", MANIFEST),
    ("Pairs", "`zest protocol` writes it, `zest evaluate` reads it.", PAIRS),
    ("Batch", "For `zest convert --batch`. A row has a reference or an emotion.", BATCH),
    ("Plan", "`zest plan` writes it, `zest convert --plan` reads it.", PLAN),
    ("Contours", "`zest convert --plot FILE.csv`, and CSV on the page.", CONTOURS),
)
MEANINGS = {
    "path": "the recording", "corpus": "name of the corpus", "speaker": "who speaks, with the corpus before the name",
    "sex": "f or m, empty where unknown", "emotion": "neutral, angry, happy, sad or surprised; of conversions also a mix",
    "language": "two letters", "text_id": "the same for all recordings of one sentence", "text": "what is said",
    "seconds": "length in seconds; of contours the moment in the recording's own time", "split": "train, dev or test",
    "licence": "of the recording", "id": "unique, safe as a file name", "source": "recording whose words and voice are kept",
    "reference": "recording whose emotion is taken", "setting": "ssst, ssdt, dsst, dsdt, uss or ute, as the protocol names them",
    "source_emotion": "emotion of the source", "source_speaker": "who speaks in the source",
    "reference_speaker": "who speaks in the reference",
    "parallel": "the source's speaker saying the source's sentence in the target emotion", "output": "file to write",
    "start": "where a row begins, s or minutes:seconds", "end": "where a row ends", "strength": "0 to 1.5",
    "tempo": "yes or no: whether the tempo follows the emotion",
    "contour": "source, reference, predicted or converted", "source_seconds": "the moment in the source's time, s",
    "f0_hz": "F0 in Hz, empty where unvoiced", "semitones": "F0 in semitones above 55 Hz",
    "energy_db": "energy in dB of full scale",
}


def commands() -> str:
    """Every command of `zest` with its arguments and options, as `--help` says them."""
    blocks = ["# Commands\n", "`zest COMMAND -h` shows the same help. Manuals stand under *How-to*.\n", f"{EXIT_CODES}\n"]
    for path, command in _leaves("zest", get_command(app)):
        usage = " ".join([path, *command.collect_usage_pieces(command.make_context(path, [], resilient_parsing=True))])
        blocks += [f"## {path}\n", f"{_paragraphs(command.help)}\n", f"    {usage}\n"]
        for title, kind in (("argument", "argument"), ("option", "option")):
            records = _records(command, kind)
            blocks += [table((title, "meaning"), records)] if records else []
    return "\n".join(blocks)


def python() -> str:
    """Filled in by mkdocstrings from docstrings."""
    lines = ["# Python", "", "The classes and functions that programs use. Samples are `(n,)` float, at 16 kHz where no "
             "rate is said.", ""]
    for title, names in PYTHON.items():
        lines += [f"## {title}", "", *(f"::: {name}\n" for name in names)]
    return "\n".join(lines)


def recipes() -> str:
    """Every table of a recipe with its keys and defaults."""
    blocks = ["# Recipe keys\n", "A recipe is a TOML file with one table a stage ([training](../training.md)). Keys that are "
             "left out take the default. Stages with a `design` have other keys for each.\n"]
    tables: list[tuple[str, Any]] = [("[general]", GeneralRecipe)]
    for name in STAGES:
        tables += [(f"[{name}]" + (f" with design = \"{design}\"" if design else ""), kind)
                   for design, kind in find_stage(name).recipes.items()]
    for title, kind in tables:
        rows = [(f"`{field.name}`", f"`{_default(field)}`") for field in dataclasses.fields(kind)]
        blocks += [f"## {title}\n", f"{_paragraphs(_attributes(kind))}\n", table(("key", "default"), rows)]
    return "\n".join(blocks)


def columns() -> str:
    """Every kind of CSV with its columns. Raises KeyError: a column has no meaning below."""
    blocks = ["# CSV columns\n", "Paths are relative to the folder of the CSV. Lists may have semicolons or tabs, and UTF-8 or "
             "UTF-16 letters.\n"]
    for title, about, names in TABLES:
        blocks += [f"## {title}\n", f"{about}\n", table(("column", "meaning"), [(f"`{name}`", MEANINGS[name]) for name in names])]
    return "\n".join(blocks)


def json_documents() -> str:
    """The schemas of what --json prints."""
    blocks = ["# JSON documents\n", "These are JSON schemas (draft 2020-12). `zest COMMAND --json` prints such a document, and "
             "the [API](../api.md) returns it as `numbers`. In Python: `workbench.schemas.schemas()`.\n"]
    for name, schema in schemas().items():
        blocks += [f"## zest {name} --json\n", f"```json\n{json.dumps(schema, indent=2)}\n```\n"]
    for name, schema in documents().items():
        if name not in schemas():
            blocks += [f"## {name}\n", f"Of the [API](endpoints.md) alone.\n\n```json\n{json.dumps(schema, indent=2)}\n```\n"]
    return "\n".join(blocks)


def endpoints() -> str:
    """Every endpoint of the API with its parameters, outputs and codes of errors."""
    return reference_page(ENDPOINTS)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {"commands": commands, "python": python, "recipes": recipes,
                                        "columns": columns, "json": json_documents, "endpoints": endpoints}


def _leaves(path: str, command: Any) -> Iterable[tuple[str, Any]]:
    """Commands that do something, with the words that call them."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, one in command.commands.items():
        yield from _leaves(f"{path} {name}", one)


def _records(command: Any, kind: str) -> list[tuple[str, str]]:
    context = command.make_context(command.name or "zest", [], resilient_parsing=True)
    found = (param.get_help_record(context) for param in command.params if param.param_type_name == kind)
    return [(f"`{re.sub(r' <[^<>]+>$', '', name)}`", _escaped(text)) for name, text in filter(None, found)]


def _escaped(text: str) -> str:
    """As Markdown. Options are code, so that none is broken behind its dashes."""
    return OPTION.sub(r"`\g<0>`", text.replace("<", "&lt;").replace("[", "&#91;"))


def _paragraphs(text: str | None) -> str:
    return _escaped("\n\n".join(" ".join(one.split()) for one in inspect.cleandoc(text or "").split("\n\n")))


def _attributes(kind: type) -> str:
    """The docstring; each line that begins with a key is a paragraph of its own."""
    return re.sub(r"\n(?=\w+: )", "\n\n", inspect.cleandoc(kind.__doc__ or ""))


def _default(field: Any) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default if field.default != "" else '""'
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else "required"
