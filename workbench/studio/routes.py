"""A visitor's takes over HTTP, beside Gradio in one process. The token comes in a header, so that it stands in no address.

    GET    /takes                  the list, and what is still at work
    DELETE /takes                  forget everything
    GET    /takes/zip?ids=a,b      these, or without ids all, with their settings as JSON
    PATCH  /takes/ID               {"name", "star", "note"}
    DELETE /takes/ID               off the list; POST /takes/ID/restore brings it back
    GET    /takes/ID/audio         the recording
    DELETE /takes/running/JOB      cancel
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from workbench.sentences import BUG
from workbench.studio.archive import write_archive
from workbench.studio.jobs import WAITING, Job, JobBoard, job_board
from workbench.studio.page_store import take_store
from workbench.studio.store import TakeError, TakeStore
from workbench.studio.takes import Take
from workbench.studio.turns import waiting

log = logging.getLogger(__name__)
HEADER = "X-Zest-Takes"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
MOST_BYTES = 20_000  # of a change
MALFORMED = "This change cannot be read; reload the page and try again."
Endpoint = Callable[[Request], Awaitable[Response]]
Forgotten = Callable[[str], object]  # of a token


class TakeEndpoints:
    """A method an address. store: of all visitors. board: their running conversions. forgotten: is told whose takes are gone."""

    def __init__(self, store: TakeStore, board: JobBoard, forgotten: Forgotten):
        self.store, self.board, self.forgotten = store, board, forgotten

    async def list(self, request: Request) -> Response:
        token = _token(request)
        takes = await _run(self.store.takes, token)
        return _json({"takes": [one.told() for one in takes], "running": [_running(job) for job in self.board.of(token)],
                      "days": self.store.limits.days})

    async def forget(self, request: Request) -> Response:
        token = _token(request)
        for job in self.board.of(token):
            job.cancel()
        await _run(self.store.forget, token)
        await _run(self.forgotten, token)
        return _json({})

    async def change(self, request: Request) -> Response:
        changes = await _changes(request)
        return _take(await _run(lambda: self.store.change(_token(request), request.path_params["take"], **changes)))

    async def delete(self, request: Request) -> Response:
        return _take(await _run(self.store.delete, _token(request), request.path_params["take"]))

    async def restore(self, request: Request) -> Response:
        return _take(await _run(self.store.restore, _token(request), request.path_params["take"]))

    async def audio(self, request: Request) -> Response:
        token, take_id = _token(request), request.path_params["take"]
        take, path = await _run(self.store.take, token, take_id), await _run(self.store.audio, token, take_id)
        return FileResponse(path, media_type="audio/wav", filename=f"{take.file_name()}.wav", headers=HEADERS)

    async def zip(self, request: Request) -> Response:
        ids = [one for one in request.query_params.get("ids", "").split(",") if one]
        path = await _run(self._zip, _token(request), ids)
        return FileResponse(path, media_type="application/zip", filename="zest-takes.zip", headers=HEADERS,
                            background=BackgroundTask(path.unlink, missing_ok=True))

    async def cancel(self, request: Request) -> Response:
        self.board.cancel(_token(request), request.path_params["job"])
        return _json({})

    def _zip(self, token: str, ids: list[str]) -> Path:
        takes = [self.store.take(token, one) for one in ids] if ids else self.store.takes(token)
        with tempfile.NamedTemporaryFile(prefix="zest-takes-", suffix=".zip", delete=False) as file:
            path = Path(file.name)
        try:
            write_archive(path, [(one, self.store.audio(token, one.id)) for one in takes])
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path


def take_routes(store: TakeStore | None = None, board: JobBoard | None = None,
                forgotten: Forgotten = lambda token: None) -> list[Mount]:
    """What Gradio is given at launch. store, board: those of this process if None."""
    endpoints = TakeEndpoints(store or take_store(), board or job_board(), forgotten)
    routes = [("/", "GET", endpoints.list), ("/", "DELETE", endpoints.forget), ("/zip", "GET", endpoints.zip),
              ("/running/{job}", "DELETE", endpoints.cancel), ("/{take}", "PATCH", endpoints.change),
              ("/{take}", "DELETE", endpoints.delete), ("/{take}/restore", "POST", endpoints.restore),
              ("/{take}/audio", "GET", endpoints.audio)]
    inner = Starlette(routes=[Route(path, _guarded(endpoint), methods=[method]) for path, method, endpoint in routes])
    return [Mount("/takes", app=inner, name="takes")]


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Whatever is raised becomes JSON with a sentence."""
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except TakeError as refused:
            return _json({"sentence": str(refused)}, 404)
        except Exception:
            log.exception("the takes failed")
            return _json({"sentence": BUG}, 500)

    return answered


async def _changes(request: Request) -> dict[str, Any]:
    """Name, star and note of a body. Raises TakeError: it says something else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TakeError(MALFORMED)
    return changes_of(body)


def changes_of(body: bytes) -> dict[str, Any]:
    """Name, star and note of a JSON document. Raises TakeError: it says something else."""
    kinds = {"name": str, "star": bool, "note": str}
    try:
        given = json.loads(body)
        fits = all(isinstance(value, kinds[name]) for name, value in given.items())
    except (ValueError, KeyError, AttributeError) as error:
        raise TakeError(MALFORMED) from error
    if not fits:
        raise TakeError(MALFORMED)
    return given


def _running(job: Job) -> dict[str, Any]:
    state = job.state
    return {"id": job.id, "label": state.task or job.label, "waiting": state.state == WAITING, "fraction": state.fraction,
            "stage": waiting(state.place) if state.state == WAITING else state.stage}


def _token(request: Request) -> str:
    return request.headers.get(HEADER, "")


def _take(take: Take) -> Response:
    return _json(take.told())


def _json(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status, headers=HEADERS)


async def _run(work: Callable[..., Any], *given: Any) -> Any:
    return await anyio.to_thread.run_sync(lambda: work(*given))
