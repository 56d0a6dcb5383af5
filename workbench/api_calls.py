"""Calls of the API that cannot be understood: each gets one sentence, by every way in which Gradio takes calls.

Gradio itself answers such a call with nothing at all ("error": null), or with "Internal Server Error".
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.route_utils import FnIndexInferError
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipelines.counting import counted
from workbench.api_values import said
from workbench.tabs.feedback import told

FILE = '{"path": ..., "meta": {"_type": "gradio.FileData"}}'
NOT_A_FILE = ("Give {name} as a file that this workbench has, such as {file}, not {value}; POST /gradio_api/upload takes files, "
              "and handle_file does it in Python.")
NOT_THERE = "The files of this call cannot be read; upload them to this workbench first, by POST /gradio_api/upload."
TOO_MANY = "/{endpoint} takes at most {most}, not {given}: {names}."
NO_ENDPOINT = "There is no endpoint '{name}'; there are {known}."
CALLS = "/gradio_api/call/"


class ToldBlocks(gr.Blocks):
    """Blocks whose public endpoints say in one sentence what is wrong with a call, and fill in what a call leaves out.

    Of the page's own events, sliders give any number that is typed.
    """

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], state: Any, *others: Any, **more: Any) -> list[Any]:
        """As Gradio's. Raises gr.Error with a sentence: a value that should be a file is none, or cannot be fetched."""
        others = (state, *others)
        if block_fn.api_visibility != "public":
            _take_any_number(block_fn.inputs, state)
            return await super().preprocess_data(block_fn, inputs, *others, **more)
        given = completed(block_fn.api_name, block_fn.fn, block_fn.inputs, inputs)
        try:
            return await super().preprocess_data(block_fn, given, *others, **more)
        except gr.Error:
            raise
        except Exception as error:
            raise told(NOT_THERE) from error


def _take_any_number(components: Sequence[Any], state: Any) -> None:
    """Sliders give what was typed, also outside their bounds: where that is wrong is told beside them, not in a toast.

    Gradio makes a component anew whenever it is updated, so that each one has to be told again.
    """
    for one in components:
        if isinstance(one, gr.Slider):
            shown: Any = state[one._id] if state is not None and one._id in state else one
            shown.preprocess = lambda typed: typed


def completed(endpoint: str, function: Callable, components: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """Values for all inputs: those that are given, in their order, and the defaults of the others.

    Raises:
        gr.Error: too many are given, or one that should be a file is none.
    """
    parameters = list(inspect.signature(function).parameters.values())[:len(components)]
    if len(given) > len(parameters):
        raise told(TOO_MANY.format(endpoint=endpoint, most=counted(len(parameters), "value"), given=len(given),
                                   names=", ".join(one.name for one in parameters)))
    left_out = [None if one.default is inspect.Parameter.empty else one.default for one in parameters[len(given):]]
    values = [*given, *left_out]
    return [_as_files(one.name, component, value) for one, component, value in zip(parameters, components, values)]


def call_errors() -> dict[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]]:
    """What FastAPI is given at launch: calls by an unknown endpoint or parameter get 404 and 422, and a sentence."""
    return {FnIndexInferError: _no_endpoint, KeyError: _no_endpoint, TypeError: _no_parameter}


async def _no_endpoint(request: Request, error: Exception) -> JSONResponse:
    if CALLS not in request.url.path:
        raise error
    known = [f"/{one.api_name}" for one in request.app.get_blocks().fns.values() if one.api_visibility == "public"]
    name = request.url.path.partition(CALLS)[2].removeprefix("v2/").strip("/")
    return JSONResponse({"error": NO_ENDPOINT.format(name=f"/{name[:60]}", known=", ".join(known))}, 404)


async def _no_parameter(request: Request, error: Exception) -> JSONResponse:
    if CALLS not in request.url.path:
        raise error
    return JSONResponse({"error": f"{str(error).partition('. Please')[0].rstrip('.')}."}, 422)


def _as_files(name: str, component: Any, value: Any) -> Any:
    """The value; one file where several may be given is a list of it. Raises gr.Error: it is no file, or not only files."""
    if not isinstance(component, (gr.Audio, gr.File)) or value is None:
        return value
    several = getattr(component, "file_count", "single") == "multiple"
    values = value if several and isinstance(value, list) else [value]
    wrong = next((one for one in values if not _is_file(one)), None)
    if wrong is not None or (not several and isinstance(value, list)):
        raise told(NOT_A_FILE.format(name=name, file=FILE, value=said(value if wrong is None else wrong)))
    return values if several else value


def _is_file(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    meta = value.get("meta")
    return isinstance(value.get("path"), str) and isinstance(meta, Mapping) and meta.get("_type") == "gradio.FileData"
