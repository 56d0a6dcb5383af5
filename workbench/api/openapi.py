"""The API as an OpenAPI document, which a workbench serves, and as a page of the documentation. Both follow from the endpoints.

    python -m workbench.api.openapi

prints the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.files import json_text
from workbench.api.documents import answer_schema, documents
from workbench.api.endpoint import FILE, FILES, Endpoint
from workbench.api.errors import MEANINGS
from workbench.api.files import UPLOAD
from workbench.api.version import API_VERSION

OPENAPI = "/gradio_api/openapi.json"  # where Gradio has one, which knows neither answers nor errors
CALLS = "/gradio_api/call/v2/{name}"
TITLE = "ZEST workbench"
ABOUT = ("A call has two requests: POST answers an event_id, and GET streams events until one is complete or error. Files are "
         f"uploaded first, by POST {UPLOAD}, which answers their paths.")


def openapi(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document, by OpenAPI 3.1."""
    paths = {UPLOAD: {"post": _upload()}}
    for one in endpoints:
        place = CALLS.format(name=one.name)
        paths |= {place: {"post": _call(one)}, f"{place}/{{event_id}}": {"get": _answer(one)}}
    return {"openapi": "3.1.0", "info": {"title": TITLE, "version": API_VERSION, "description": ABOUT}, "paths": paths,
            "components": {"schemas": documents()}}


def openapi_route(endpoints: Sequence[Endpoint]) -> Route:
    """Serves the document."""
    async def show(request: Request) -> Response:
        return JSONResponse(openapi(endpoints))

    return Route(OPENAPI, show)


def reference_page(endpoints: Iterable[Endpoint]) -> str:
    """Endpoints, documents and codes as a page in Markdown."""
    blocks = ["# Endpoints\n", f"Version {API_VERSION} of the [API](../api.md). A running workbench serves an OpenAPI document "
              f"of it under `{OPENAPI}`, and `python -m workbench.api.openapi` prints it.\n"]
    for one in endpoints:
        said, _, returns = one.description.partition(" Returns: ")
        blocks += [f"## /{one.name}\n", f"{said}\n"]
        rows = [(f"`{name}`", _kind(schema), _default(schema), schema["description"].partition(" Give the path")[0])
                for name, schema in one.parameters.items()]
        blocks += [_table(("parameter", "type", "if left out", "meaning"), rows)] if rows else []
        outputs = [(f"`{name}`", _output(kind)) for name, kind in one.outputs.items()]
        blocks += [f"Returns {returns}\n", _table(("output", "kind"), outputs)]
    blocks += ["## Codes of errors\n", _table(("code", "meaning"), [(f"`{code}`", told) for code, told in MEANINGS.items()])]
    return "\n".join(blocks)


def _upload() -> dict[str, Any]:
    body = {"type": "object", "required": ["files"], "properties": {
        "files": {"type": "array", "items": {"type": "string", "contentMediaType": "application/octet-stream"}}}}
    answer = {"type": "array", "items": {"type": "string"}}
    return {"operationId": "upload", "summary": "Upload files; their paths are answered, for calls to name.",
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": body}}},
            "responses": {"200": _json("paths of the files", answer), "413": {"description": "a file is too large"}}}


def _call(one: Endpoint) -> dict[str, Any]:
    body = {"type": "object", "properties": one.parameters, "required": one.required}
    event = {"type": "object", "properties": {"event_id": {"type": "string"}}, "required": ["event_id"]}
    error = {"type": "object", "properties": {"error": {"type": "string"}, "code": {"enum": list(MEANINGS)}}}
    return {"operationId": one.name, "summary": one.description.partition(". ")[0] + ".", "description": one.description,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"200": _json("the call was taken", event), "422": _json("an unknown or missing parameter", error),
                          "503": {"description": "too many calls wait"}}}


def _answer(one: Endpoint) -> dict[str, Any]:
    events = {"complete": answer_schema(one), "error": {"$ref": "#/components/schemas/error"}}
    return {"operationId": f"{one.name}_answer", "summary": f"The answer of /{one.name}.",
            "description": "Server-sent events; the data of each are JSON.",
            "parameters": [{"name": "event_id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "heartbeats, then complete or error", "content": {"text/event-stream": {
                "schema": {"type": "object", "description": "data by the name of the event", "properties": events}}}}}}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _kind(schema: dict[str, Any]) -> str:
    """A type for readers."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"] if one.get("type") != "null"))
    if "enum" in schema:
        return ", ".join(f"`{one}`" if one else "nothing" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}s"
    bounds = [f"{schema[key]:g}" for key in ("minimum", "maximum") if key in schema]
    more = f", {' to '.join(bounds)}" if len(bounds) == 2 else f", at least {bounds[0]}" if bounds else ""
    return (schema.get("format") or schema.get("type", "any")) + more


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return "required"
    value = schema["default"]
    return "nothing" if value in (None, "") and not isinstance(value, bool) else f"`{json_text(value).strip()}`"


def _output(kind: str) -> str:
    return {FILE: "file", FILES: "list of files"}.get(kind, f"document `{kind}`")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def main() -> None:
    """Print the document."""
    from workbench.api.all import ENDPOINTS

    print(json_text(openapi(ENDPOINTS), indent=2))


if __name__ == "__main__":
    main()
