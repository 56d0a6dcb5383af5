"""A visitor's long recording over HTTP, beside Gradio in one process. The token comes in a header, as for takes.

    GET    /long                        the recording, its plan, its result, and what is at work
    POST   /long?name=talk.wav          a recording as the body, which goes to disk block by block
    DELETE /long                        remove it with all that belongs to it
    GET    /long/state?from=N           what is at work, and the pieces of the result from the N-th on
    DELETE /long/state                  cancel
    PUT    /long/plan                   rows as JSON;  POST /long/plan?name=my.csv  a plan as CSV;  GET /long/plan  the same
    POST   /long/references?name=a.wav  a recording whose emotion phrases may take
    GET    /long/file/VISITOR/ID/source.wav, result.wav?name=..., so-far.wav?bytes=N

Rendering starts by an event of the page, which knows the settings (workbench/tabs/convert_long.py).
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.features.growing import HEAD
from pipelines.plan.table import read_plan
from workbench.conversion import converter
from workbench.sentences import BUG
from workbench.studio.growing_file import GrowingResponse
from workbench.studio.jobs import JobState
from workbench.studio.long_jobs import LongBoard, LongWork, long_board
from workbench.studio.long_plan import CheckEmotion, change_plan, rows_of, upload_plan
from workbench.studio.long_store import NONE, READY, LongError, LongProject, LongStore, plain_name
from workbench.studio.page_store import long_store
from workbench.studio.routes import HEADER, HEADERS
from workbench.studio.turns import waiting

log = logging.getLogger(__name__)
PLAN_BYTES, REFERENCE_BYTES = 5_000_000, 60_000_000
MOST_REFERENCES = 20
CUT_OFF = "The upload of {name} broke off; nothing was kept. Give it again."
TOO_MANY = f"A plan has at most {MOST_REFERENCES} references here."
Endpoint = Callable[[Request], Awaitable[Response]]


class LongEndpoints:
    """A method an address. store, board: of all visitors. check_emotion: raises ZestError for one that there is not."""

    def __init__(self, store: LongStore, board: LongBoard, check_emotion: CheckEmotion):
        self.store, self.board, self.check_emotion = store, board, check_emotion

    async def show(self, request: Request) -> Response:
        token = _token(request)
        project = await _run(self.store.find, token)
        return _json({"project": project and await _run(shown, project), "work": self._work(token, 0)})

    async def give(self, request: Request) -> Response:
        token, name = _token(request), plain_name(request.query_params.get("name", ""))
        size = int(request.headers.get("content-length") or 0)
        project = await _run(self.store.begin, token, name, size)
        try:
            await receive(request, project.upload, 1e6 * self.store.limits.megabytes)
        except BaseException:
            self.store.remove(token)
            raise
        return _json({"project": shown(project), "work": None})

    async def remove(self, request: Request) -> Response:
        token = _token(request)
        await _run(self.board.end, token)
        await _run(self.store.remove, token)
        return _json({})

    async def state(self, request: Request) -> Response:
        first = request.query_params.get("from", "0")
        return _json(self._work(_token(request), int(first) if first.isdecimal() else 0))

    async def cancel(self, request: Request) -> Response:
        self.board.cancel(_token(request))
        return _json({})

    async def change(self, request: Request) -> Response:
        project = await self._ready(request)
        await _run(change_plan, project, await content(request, PLAN_BYTES), self.check_emotion)
        return _json({})

    async def upload(self, request: Request) -> Response:
        project, name = await self._ready(request), plain_name(request.query_params.get("name", ""))
        await _run(upload_plan, project, name, await content(request, PLAN_BYTES), self.check_emotion)
        return _json({"rows": _rows(project)})

    async def plan(self, request: Request) -> Response:
        project = await self._ready(request)
        return FileResponse(project.plan, media_type="text/csv", filename=f"{Path(project.name).stem}-plan.csv", headers=HEADERS)

    async def reference(self, request: Request) -> Response:
        project, name = await self._ready(request), plain_name(request.query_params.get("name", ""))
        if len(project.references()) >= MOST_REFERENCES and name not in project.references():
            raise LongError(TOO_MANY)
        given = project.folder / name
        try:
            await receive(request, given, REFERENCE_BYTES)
            await _run(load, given)  # a recording that cannot be used is told at once
            given.replace(project.plan.parent / name)
        finally:
            given.unlink(missing_ok=True)
        return _json({"references": project.references(), "name": name})

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ("source.wav", "result.wav", "so-far.wav"):
            raise LongError(NONE)
        place = request.path_params["visitor"], request.path_params["project"]
        if name == "so-far.wav":
            path, asked = await _run(self.store.file, *place, "result.part.wav"), request.query_params.get("bytes", "")
            size = int(asked) if asked.isdecimal() else path.stat().st_size
            return GrowingResponse(path, size, request.headers.get("range", ""), HEADERS)
        path, called = await _run(self.store.file, *place, name), request.query_params.get("name")
        return FileResponse(path, media_type="audio/wav", filename=called and plain_name(called), headers=HEADERS)

    async def _ready(self, request: Request) -> LongProject:
        project = await _run(self.store.project, _token(request))
        if project.state != READY:
            raise LongError(NONE)
        return project

    def _work(self, token: str, first: int) -> dict[str, Any] | None:
        work = self.board.of(token)
        return None if work is None else told(work, first)


def shown(project: LongProject) -> dict[str, Any]:
    """What the page is given of a recording."""
    told = {name: getattr(project, name) for name in ("key", "name", "state", "seconds", "notes", "findings")}
    if project.state != READY:
        return told
    partial = project.document("part.json") if project.partial.is_file() else None
    return told | {
        "sketch": base64.b64encode(project.sketch.read_bytes()).decode(), "rows": _rows(project),
        "references": project.references(), "result": project.document("result.json") if project.result.is_file() else None,
        "partial": partial and partial | _grown(project)}


def told(work: LongWork, first: int = 0) -> dict[str, Any]:
    """What the page is given of work, with the pieces of its result from this one on."""
    state = work.job.state if work.job is not None else JobState()
    return {"kind": work.kind, "id": work.job and work.job.id, "state": state.state, "fraction": state.fraction,
            "stage": waiting(state.place) if state.place.ahead else state.stage, "sentence": state.sentence, "from": first,
            "pieces": [asdict(piece) for piece in work.pieces[first:]], **_grown(work.project)}


def long_routes(store: LongStore | None = None, board: LongBoard | None = None,
                check_emotion: CheckEmotion | None = None) -> list[Mount]:
    """What Gradio is given at launch. All of them: those of this process if None."""
    at = LongEndpoints(store or long_store(), board or long_board(),
                       check_emotion or (lambda emotion: converter().check_emotion(emotion)))
    routes = [("/", "GET", at.show), ("/", "POST", at.give), ("/", "DELETE", at.remove), ("/state", "GET", at.state),
              ("/state", "DELETE", at.cancel), ("/plan", "GET", at.plan), ("/plan", "PUT", at.change),
              ("/plan", "POST", at.upload), ("/references", "POST", at.reference),
              ("/file/{visitor}/{project}/{name}", "GET", at.file)]
    inner = Starlette(routes=[Route(path, _guarded(endpoint), methods=[method]) for path, method, endpoint in routes])
    return [Mount("/long", app=inner, name="long")]


def forget_long(token: str) -> None:
    """Everything of a visitor's goes. Raises TakeError: it is no token."""
    long_store().find(token)
    long_board().end(token)
    long_store().remove(token)


async def receive(request: Request, path: Path, most: float) -> None:
    """Write a body to a file, block by block. Raises LongError: it is too large, or breaks off."""
    size, expected = 0, request.headers.get("content-length", "")
    try:
        async with await anyio.open_file(path, "wb") as file:
            async for block in request.stream():
                size += len(block)
                if size > most:
                    raise LongError(f"{path.name} is larger than {most / 1e6:.0f} MB; give a smaller file.")
                await file.write(block)
    except ClientDisconnect as error:
        raise LongError(CUT_OFF.format(name=path.name)) from error
    except OSError as error:
        raise LongError(f"{path.name} cannot be kept: {error.strerror or error}.") from error
    if not size or (expected.isdecimal() and size != int(expected)):
        raise LongError(CUT_OFF.format(name=path.name) if size else f"{path.name} is empty; choose another file.")


async def content(request: Request, most: int) -> bytes:
    """A small body. Raises LongError: it is none."""
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > most:
            raise LongError(f"This plan is larger than {most / 1e6:.0f} MB; give a smaller one.")
    return body


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Whatever is raised becomes JSON with a sentence."""
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HTTPException:
            raise
        except ZestError as refused:
            return _json({"sentence": str(refused)}, 404 if isinstance(refused, LongError) else 400)
        except Exception:
            log.exception("a long recording failed")
            return _json({"sentence": BUG}, 500)

    return answered


def _rows(project: LongProject) -> list[dict[str, Any]]:
    return rows_of(read_plan(project.plan), project.plan.parent)


def _grown(project: LongProject) -> dict[str, Any]:
    """How many bytes of a result can be played already, its head included."""
    try:
        size = os.stat(project.partial).st_size
    except OSError:
        size = 0
    return {"bytes": size if size > HEAD else 0}


def _token(request: Request) -> str:
    return request.headers.get(HEADER, "")


def _json(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status, headers=HEADERS)


async def _run(work: Callable[..., Any], *given: Any) -> Any:
    return await anyio.to_thread.run_sync(lambda: work(*given))
