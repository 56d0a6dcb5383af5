"""Calls of the API that cannot be understood: each gets one sentence, by every way in which Gradio takes calls.

Gradio itself answers such a call with nothing at all ("error": null), or with "Internal Server Error".
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import gradio as gr
from gradio.route_utils import FnIndexInferError
from gradio_client.utils import traverse
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipelines.counting import counted
from workbench.api.errors import BAD_CALL, NOT_FOUND, told
from workbench.api.files import is_file_object

TOO_MANY = "/{endpoint} takes at most {most}, not {given}: {names}."
NO_ENDPOINT = "There is no endpoint '{name}'; there are {known}."
CALLS = "/gradio_api/call/"


class ToldBlocks(gr.Blocks):
    """Blocks whose public endpoints say in one sentence what is wrong with a call, and fill in what a call leaves out.

    Of the page's own events, sliders give any number that is typed.
    """

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], state: Any, *others: Any, **more: Any) -> list[Any]:
        """As Gradio's. Raises gr.Error with a sentence: there are too many values."""
        others = (state, *others)
        if block_fn.api_visibility != "public":
            _take_any_number(block_fn.inputs, state)
            return await super().preprocess_data(block_fn, inputs, *others, **more)
        return await super().preprocess_data(block_fn, completed(block_fn.api_name, block_fn.fn, inputs), *others, **more)


def _take_any_number(components: Sequence[Any], state: Any) -> None:
    """Sliders give what was typed, also outside their bounds: where that is wrong is told beside them, not in a toast.

    Gradio makes a component anew whenever it is updated, so that each one has to be told again.
    """
    for one in components:
        if isinstance(one, gr.Slider):
            shown: Any = state[one._id] if state is not None and one._id in state else one
            shown.preprocess = lambda typed: typed


def completed(endpoint: str, function: Callable, given: Sequence[Any]) -> list[Any]:
    """Values for all parameters: those that are given, in their order, and the defaults of the others.

    Gradio's objects for files become their paths, which are looked at when the endpoint runs (workbench/api/files.py).

    Raises:
        gr.Error: too many are given.
    """
    parameters = list(inspect.signature(function).parameters.values())
    if len(given) > len(parameters):
        raise told(TOO_MANY.format(endpoint=endpoint, most=counted(len(parameters), "value"), given=len(given),
                                   names=", ".join(one.name for one in parameters)), BAD_CALL)
    left_out = [None if one.default is inspect.Parameter.empty else one.default for one in parameters[len(given):]]
    return [traverse(value, lambda file: file["path"], is_file_object) for value in (*given, *left_out)]


def call_errors() -> dict[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]]:
    """What FastAPI is given at launch: calls by an unknown endpoint or parameter get 404 and 422, and a sentence."""
    return {FnIndexInferError: _no_endpoint, KeyError: _no_endpoint, TypeError: _no_parameter}


async def _no_endpoint(request: Request, error: Exception) -> JSONResponse:
    if CALLS not in request.url.path:
        raise error
    known = [f"/{one.api_name}" for one in request.app.get_blocks().fns.values() if one.api_visibility == "public"]
    name = request.url.path.partition(CALLS)[2].removeprefix("v2/").strip("/")
    return JSONResponse({"error": NO_ENDPOINT.format(name=f"/{name[:60]}", known=", ".join(known)), "code": NOT_FOUND}, 404)


async def _no_parameter(request: Request, error: Exception) -> JSONResponse:
    if CALLS not in request.url.path:
        raise error
    return JSONResponse({"error": f"{str(error).partition('. Please')[0].rstrip('.')}.", "code": BAD_CALL}, 422)
