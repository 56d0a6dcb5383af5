"""MCP: Gradio serves every endpoint as a tool; here is what it leaves out.

Gradio writes documents as Python does, joins several outputs of one call, and drops the code of an error. Agents get JSON, one
block of content an output, `code: sentence` where a call fails, and instructions at the beginning.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr
from anyio.to_thread import run_sync
from gradio_client.exceptions import AppError
from gradio_client.utils import is_file_obj_with_meta

from workbench.api.errors import BAD_CALL, CODES, NOT_FOUND
from workbench.api.files import UPLOAD
from workbench.api.variables import FILES_VARIABLE
from workbench.cli import exit_codes

if TYPE_CHECKING:
    from gradio_client.utils import StatusUpdate

INSTRUCTIONS = """Converts the emotion of recorded speech; the words and the voice stay.
Files: upload a recording with `curl -F files=@me.wav {address}{upload}`, which answers a list with its path, and give
that path as source or reference. URLs and data:audio/wav;base64,DATA work, too.{local}
Results are URLs; give them to other tools as they are.
A usual course: check (is the recording fit?), convert (emotion "sad" or a reference), score (source, converted, emotion).
presets lists the emotions, info the limits. Several recordings: batch, then batch_status until its state is done, batch_result.
Recordings above 60 s: plan, then direct. Errors begin with a code and a colon."""
LOCAL = " Files below {folder} on the workbench's machine can be given by their paths."


def complete_server(demo: gr.Blocks) -> None:
    """After the launch: complete Gradio's MCP server, where there is one."""
    server: Any = getattr(demo, "mcp_server_obj", None)
    if server is None:
        return
    space = os.environ.get("SPACE_HOST")
    address = (f"https://{space}" if space else demo.local_url or "").rstrip("/")
    folder = os.environ.get(FILES_VARIABLE)
    local = LOCAL.format(folder=os.path.realpath(folder)) if folder else ""
    server.mcp_server.instructions = INSTRUCTIONS.format(address=address, upload=UPLOAD, local=local)
    server.postprocess_output_data = _Contents(server).of
    server._execute_tool_without_progress = _outputs
    server._format_progress_message = progress_message
    _refuse_first(server)


class _Contents:
    """Outputs as blocks of content: files as Gradio has them, documents as JSON."""

    def __init__(self, server: Any):
        self._server, self._files = server, server.postprocess_output_data

    def of(self, data: list[Any], root_url: str) -> list[Any]:
        from gradio.processing_utils import add_root_url
        from mcp.types import TextContent

        found = []
        for one in data:
            if is_file_obj_with_meta(one):
                found += self._files([one], root_url)
            else:
                document = add_root_url([one], root_url, None)[0]
                found.append(TextContent(type="text", text=json.dumps(plain(document), ensure_ascii=False)))
        return found


def plain(document: Any) -> Any:
    """A document for agents, in which files are no more than their name and their URL."""
    if is_file_obj_with_meta(document):
        return {"name": document.get("orig_name"), "url": document.get("url")}
    if isinstance(document, dict):
        return {key: plain(value) for key, value in document.items()}
    return [plain(one) for one in document] if isinstance(document, list) else document


def refusal(schema: Mapping[str, Any], name: str, arguments: Mapping[str, Any]) -> str:
    """Why a call does not fit the schema of its tool, as `code: sentence`; '' where it does."""
    from jsonschema import Draft202012Validator  # comes with the package mcp

    unknown = next((one for one in arguments if one not in schema["properties"]), None)
    if unknown is not None:
        return f"{BAD_CALL}: {name} has no parameter '{unknown}'; it has {', '.join(schema['properties']) or 'none'}."
    lacking = next((one for one in schema.get("required", ()) if one not in arguments), None)
    if lacking is not None:
        return f"{BAD_CALL}: {name} needs the parameter {lacking}."
    wrong = next(iter(Draft202012Validator(schema).iter_errors(arguments)), None)
    if wrong is None:
        return ""
    return f"{CODES[exit_codes.USAGE]}: {'.'.join(map(str, wrong.absolute_path))}: {wrong.message}."


def _refuse_first(server: Any) -> None:
    """Calls that do not fit their tool are refused by a sentence that names the parameter, which the library's own does not."""
    from mcp.types import CallToolRequest, CallToolResult, ServerResult, TextContent

    handlers = server.mcp_server.request_handlers
    call = handlers[CallToolRequest]

    async def checked(request: Any) -> Any:
        name, arguments = request.params.name, request.params.arguments or {}
        known = name in server.tool_to_endpoint
        said = (refusal(server.get_input_schema(name)[0], name, arguments) if known
                else f"{NOT_FOUND}: There is no tool '{name}'; there are {', '.join(server.tool_to_endpoint)}.")
        if not said:
            return await call(request)
        return ServerResult(CallToolResult(content=[TextContent(type="text", text=said)], isError=True))

    handlers[CallToolRequest] = checked


async def _outputs(job: Any) -> list[Any]:
    """Outputs of a call that nobody follows. Raises RuntimeError with code and sentence, as Gradio does for others."""
    try:
        result = await run_sync(job.result)
    except AppError as error:
        raise RuntimeError(f"{error.title}: {error.message}") from error
    return list(result) if isinstance(result, tuple) else [result]


def progress_message(update: StatusUpdate) -> str | None:
    """What is being done, with the share that is done."""
    for one in update.progress_data or []:
        share = "" if one.progress is None else f"{100 * one.progress:.0f} %: "
        return f"{share}{one.desc or 'working'}"
    return f"waiting, {update.rank} before this call" if update.rank else None
