"""What an endpoint is: a typed function with named outputs, defined by `gr.api`, from which page, MCP and OpenAPI follow.

The types of the parameters are JSON schemas (pydantic), and the lines under `Args` of the docstring describe them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import GenericAlias
from typing import Any, get_type_hints

import gradio as gr
from gradio.context import Context
from gradio.utils import get_function_description
from pydantic import TypeAdapter

from workbench.api.errors import as_errors
from workbench.api.files import HOW, given_out, path_of, paths_of
from workbench.api.types import FORMAT
from workbench.api.values import read
from workbench.studio.turns import Show

FILE, FILES = "file", "files"  # kinds of outputs; any other kind is the name of a document


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    Attributes:
        function: typed, with a docstring that has Args; it takes paths of files and gives paths of files.
        outputs: FILE, FILES or the name of a document in `workbench.schemas`, by the name of the output, in their order.
        queue: Gradio's concurrency id, whose calls run one at a time; None for calls that wait for nothing.
    """

    function: Callable[..., Any]
    outputs: Mapping[str, str]
    queue: str | None = None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """JSON schema of each parameter, with its description, and with its default where it may be left out."""
        described = get_function_description(self.function)[1]
        hints = get_type_hints(self.function, include_extras=True)
        found = {}
        for name, one in inspect.signature(self.function).parameters.items():
            schema = schema_of(hints[name])
            more = f" Give {HOW}." if is_file(schema) else ""
            found[name] = schema | {"description": f"{described.get(name, '')}{more}".strip()} | (
                {} if one.default is inspect.Parameter.empty else {"default": one.default})
        return found

    @property
    def required(self) -> list[str]:
        return [name for name, schema in self.parameters.items() if "default" not in schema]

    @property
    def description(self) -> str:
        """What it does, what it gives."""
        said, _, returns = get_function_description(self.function)
        return f"{said} Returns: {' '.join(returns)}"

    def define(self) -> None:
        """Inside the current Blocks."""
        served, blocks = self.served(), Context.root_block
        own: dict[str, Any] = {"concurrency_id": self.queue} if self.queue else {"concurrency_limit": None}
        gr.api(served, api_name=self.name, api_description=self.description, **own)
        assert blocks is not None  # or gr.api would have said so
        event: Any = list(blocks.fns.values())[-1]
        for (name, schema), component in zip(self.parameters.items(), event.inputs, strict=True):
            component.label, component._api_info = name, schema
        for (name, kind), component in zip(self.outputs.items(), event.outputs, strict=True):
            component.label, component._api_info = name, OUTPUTS.get(kind, {"type": "object", "description": kind})

    def served(self) -> Callable[..., Any]:
        """The function as Gradio calls it: values in JSON, and answers ready for JSON."""
        signature = inspect.signature(self.function)
        files = {name: schema for name, schema in self.parameters.items() if is_file(schema)}

        @wraps(self.function)
        def call(*given: Any) -> Any:
            with as_errors():
                values = signature.bind(*given).arguments
                here = {name: _files(name, values[name], schema) for name, schema in files.items() if name in values}
                read_ones = {name: read(name, value, signature.parameters[name].default)
                             for name, value in values.items() if name not in files}
                answer = self.function(**read_ones, **here)
            answers = (answer,) if len(self.outputs) == 1 else answer
            out = [_given(kind, one) for kind, one in zip(self.outputs.values(), answers, strict=True)]
            return tuple(out) if len(out) > 1 else out[0]

        returned = GenericAlias(tuple, tuple(dict for _ in self.outputs)) if len(self.outputs) > 1 else dict
        hints = get_type_hints(self.function)
        shown = [one.replace(annotation=hints[name]) for name, one in signature.parameters.items()]
        call.__doc__ = self._document()
        call.__signature__ = signature.replace(parameters=shown, return_annotation=returned)  # type: ignore[attr-defined]
        return call

    def _document(self) -> str:
        """The docstring from which Gradio describes the parameters to agents, with how to give files."""
        lines = [f"    {name}: {schema['description']}" for name, schema in self.parameters.items()]
        return "\n".join([self.description, "", "Args:", *lines])


FILE_SCHEMA = {"type": "object", "description": "a file: its URL, its path on the server, and its name", "properties": {
    "path": {"type": "string"}, "url": {"type": "string"}, "orig_name": {"type": "string"}}}
OUTPUTS: dict[str, dict[str, Any]] = {FILE: FILE_SCHEMA, FILES: {"type": "array", "items": FILE_SCHEMA}}


def shown() -> Show:
    """Shows whoever called an endpoint how far its work is; to be asked for while it answers."""
    progress = gr.Progress()
    return lambda share, said: progress(share, desc=said)


def schema_of(hint: Any) -> dict[str, Any]:
    """JSON schema of a type, without titles and references, so that it can stand anywhere in another one."""
    return inlined(TypeAdapter(hint).json_schema())


def inlined(schema: Any, known: Mapping[str, Any] | None = None) -> Any:
    """A schema with what its references lead to in their place."""
    if isinstance(schema, list):
        return [inlined(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    known = {**(known or {}), **schema.get("$defs", {})}
    if "$ref" in schema:
        return inlined(known[schema["$ref"].rpartition("/")[2]], known)
    return {key: inlined(value, known) for key, value in schema.items()
            if key != "$defs" and not (key == "title" and isinstance(value, str))}


def is_file(schema: Any) -> bool:
    """Whether a parameter of this schema is a file, or several; objects that hold files are none."""
    kinds = [schema, *schema.get("anyOf", ())]
    return any(FORMAT in (one.get("format"), one.get("items", {}).get("format")) for one in kinds)


def _files(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    kinds = [schema, *schema.get("anyOf", ())]
    if any(one.get("type") == "array" for one in kinds):
        return paths_of(name, value)
    if (value is None or value == "") and "default" in schema:
        return schema["default"]
    return path_of(name, value)


def _given(kind: str, answer: Any) -> Any:
    if kind == FILE:
        return given_out(answer)
    return [given_out(one) for one in answer] if kind == FILES else answer
