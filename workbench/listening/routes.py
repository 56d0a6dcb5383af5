"""The listeners' side over HTTP: thin layers over the store, beside Gradio in one process, and not in its queue.

What touches the store runs in threads of its own, so that no listener waits behind a conversion and none holds up the page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope

from evaluation.listening.design.study import STUDY_ID
from evaluation.listening.errors import Refused, StudyError
from evaluation.listening.store import AnswerStore
from evaluation.listening.store.reception import Reception
from evaluation.listening.store.validation import refuse, token_hash
from workbench.listening import studies
from workbench.listening.arriving import is_platform_link, visit
from workbench.listening.leaving_page import door_document, leaving_document
from workbench.listening.replies import NOT_CACHED, PageFiles, document, error, language_of, recording, study_document
from workbench.listening.requests import (
    RateLimit,
    RequestError,
    address_of,
    body_of,
    field,
    id_in_link,
    signs_in,
    token_of,
    user_of,
)

THEMES = ("dark", "light")
THREADS = 16  # below the connections a store may open
Endpoint = Callable[[Request], Awaitable[Response]]


class StudyLink(Route):
    """`/?study=ID`, the link that listeners are given: it leads to the page of that study, if the workbench has it.

    Any other address of the workbench's own page is left to that page.
    """

    def __init__(self, endpoints: ListenerEndpoints) -> None:
        self._endpoints = endpoints
        super().__init__("/", _guarded(self.to_study), methods=["GET"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found, inner = super().matches(scope)
        return (found, inner) if found == Match.FULL and _linked(scope) in studies.study_ids() else (Match.NONE, {})

    async def to_study(self, request: Request) -> Response:
        """Relative, since a proxy may hide the path before it."""
        study = _linked(request.scope)
        return await self._endpoints.arrived(request, study) or _to_page(request, f"listen/{study}")


class ListenerEndpoints:
    """What a listener's page can ask over HTTP, a method an address.

    Args:
        store_of: opens a study by its id, raising StudyError. rate_limit: see requests.RateLimit.
    """

    def __init__(self, store_of: Callable[[str], AnswerStore], rate_limit: RateLimit):
        self._store_of, self._rate_limit = store_of, rate_limit
        self._threads = anyio.CapacityLimiter(THREADS)
        self._files = PageFiles()

    async def page(self, request: Request) -> Response:
        """For people: a study that is not there gets the page too, and its script says so."""
        self._count(request)
        try:
            store = await self._store(request)
        except RequestError:
            return self._files.page(language_of(request), 404)
        if is_platform_link(store.study, request.query_params):
            return await self.arrived(request, "") or self._files.page(language_of(request))
        return self._files.page(language_of(request), study=store.study)

    async def arrived(self, request: Request, name: str) -> Response | None:
        """A worker follows a platform's link: to the page, without what the link says of the worker. None for a plain link.

        Args:
            name: of the study where the address has it in its query; '' where it is in the path.
        Raises:
            Refused: the link is none of this study's platform. RequestError, StoreError, StudyError.
        """
        store = _spoken(request, await self._run(self._store_of, name)) if name else await self._store(request)
        rules = store.study.recruitment
        if rules is None or not rules.platform:
            return None
        if name:
            self._count(request)
        came = visit(store.study, request.query_params.multi_items())
        place = f"listen/{name}" if name else store.study.id
        if came.identity is None:
            return _to_page(request, place, "#preview")
        token = await self._run(Reception(store).arrive, came.identity)
        return _to_page(request, place, f"#arrival={token}")

    async def arrive(self, request: Request) -> Response:
        """Where a worker who arrived goes on."""
        self._count(request)
        store, body = await self._store(request), await body_of(request)
        return document(door_document(store, await self._run(Reception(store).door, field(body, "arrival", str))))

    async def reserve(self, request: Request) -> Response:
        """A place, at consent."""
        self._count(request)
        store, body = await self._store(request), await body_of(request)
        arrival, place = (field(body, name, str) if name in body else "" for name in ("arrival", "place"))
        if not arrival:
            self._wait(self._rate_limit.entry(address_of(request)))
        reception = Reception(store)
        try:
            kept = await self._run(reception.reserve, body.get("consent"), arrival, place)
        except Refused as refused:
            return await self._turned_away(reception, arrival, refused)
        return document({"place": kept})

    async def to_page(self, request: Request) -> Response:
        """A link that was pasted with a slash at its end."""
        return RedirectResponse(f"../{request.path_params['study']}", headers=NOT_CACHED)

    async def to_workbench(self, _request: Request) -> Response:
        """A link without its last part: the workbench says what to do. Relative, since a proxy may hide the path before it."""
        return RedirectResponse("../?study=", headers=NOT_CACHED)

    async def static(self, request: Request) -> Response:
        return self._files.file(request.path_params["file"], request)

    async def about(self, request: Request) -> Response:
        self._count(request)
        return document(await self._run(study_document, await self._store(request), user_of(request)))

    async def clip(self, request: Request) -> Response:
        self._count(request)
        store, name = await self._store(request), request.path_params["clip"]
        if name not in store.study.info["clips"]:
            raise RequestError("nowhere")
        return recording(await self._run(store.study.clip(name).read_bytes))

    async def enter(self, request: Request) -> Response:
        self._count(request)
        store, body = await self._store(request), await body_of(request)
        self._wait(self._rate_limit.entry(address_of(request)))
        if store.study.sign_in and not signs_in():
            raise refuse(store.study, "no_sign_in")
        consent, setup, place = body.get("consent"), field(body, "setup", dict), body.get("place", "")
        if "arrival" not in body:
            return document(asdict(await self._run(store.enter, consent, setup, user_of(request), str(place))))
        reception, arrival = Reception(store), field(body, "arrival", str)
        try:
            return document(asdict(await self._run(reception.enter, consent, setup, arrival)))
        except Refused as refused:
            return await self._turned_away(reception, arrival, refused)

    async def _turned_away(self, reception: Reception, arrival: str, refused: Refused) -> Response:
        """The refusal, with the way back to the platform where somebody came from one. Raises the refusal where there is none."""
        found = await self._run(reception.leaving_of_arrival, arrival) if arrival else None
        if found is None:
            raise refused
        return document({"leaving": leaving_document(reception.study, found, str(refused))})

    async def next(self, request: Request) -> Response:
        store, token = await self._listener(request)
        return document(await self._run(_ended_or, _next, store, token))

    async def played(self, request: Request) -> Response:
        store, token = await self._listener(request)
        body = await body_of(request)
        return document({"count": await self._run(store.played, token, field(body, "trial", str), field(body, "clip", str))})

    async def answer(self, request: Request) -> Response:
        store, token = await self._listener(request)
        body = await body_of(request)
        remark = field(body, "remark", str) if "remark" in body else ""
        stored = await self._run(store.answer, token, field(body, "trial", str), field(body, "value", str), remark)
        return document(asdict(stored))

    async def withdraw(self, request: Request) -> Response:
        store, token = await self._listener(request)
        await self._run(store.withdraw, token)
        return document(await self._run(_leaving, store, token))

    async def _listener(self, request: Request) -> tuple[AnswerStore, str]:
        """The study's store and the token of a listener; the store decides whose it is."""
        token = token_of(request)
        self._count(request, token_hash(token) if token else "")
        return await self._store(request), token

    async def _store(self, request: Request) -> AnswerStore:
        """The store of the study in the address, in the listener's language.

        Raises:
            RequestError: no such study. StudyError: a broken one. StoreError.
        """
        name = request.path_params["study"]
        if not STUDY_ID.fullmatch(name):
            raise RequestError("nowhere")
        try:
            store = await self._run(self._store_of, name)
        except StudyError as problem:
            if name in await self._run(studies.study_ids):
                raise
            raise RequestError("nowhere") from problem
        return _spoken(request, store)

    def _count(self, request: Request, session: str = "") -> None:
        self._wait(self._rate_limit.request(address_of(request), session))

    @staticmethod
    def _wait(seconds: int) -> None:
        if seconds:
            raise RequestError("often", Retry_After=str(seconds))

    async def _run(self, work: Callable[..., Any], *given: Any) -> Any:
        return await anyio.to_thread.run_sync(lambda: work(*given), limiter=self._threads)


def listening_routes(store_of: Callable[[str], AnswerStore] = studies.store_of,
                     rate_limit: RateLimit | None = None) -> list[BaseRoute]:
    """What Gradio is given at launch as `app_kwargs={"routes": ...}`."""
    endpoints = ListenerEndpoints(store_of, rate_limit or RateLimit())
    gets = {"/": endpoints.to_workbench, "/static/{file}": endpoints.static, "/{study}": endpoints.page,
            "/{study}/": endpoints.to_page, "/{study}/about": endpoints.about,
            "/{study}/clip/{clip}.wav": endpoints.clip}
    posts = {name: getattr(endpoints, name) for name in ("arrive", "reserve", "enter", "next", "played", "answer", "withdraw")}
    routes = [Route(path, _guarded(endpoint), methods=["GET"]) for path, endpoint in gets.items()]
    routes += [Route(f"/{{study}}/{name}", _guarded(endpoint), methods=["POST"]) for name, endpoint in posts.items()]
    inner = Starlette(routes=routes, exception_handlers={HTTPException: _by_status})
    inner.router.redirect_slashes = False
    return [StudyLink(endpoints), Mount("/listen", app=inner, name="listen")]


def _spoken(request: Request, store: AnswerStore) -> AnswerStore:
    """The store in the listener's language."""
    return store.in_language(language_of(request, tuple(store.study.languages)))


def _linked(scope: Scope) -> str:
    """The id of a study in the query of an address, '' where it holds none."""
    return id_in_link(QueryParams(scope["query_string"]).get("study"))


def _next(store: AnswerStore, token: str) -> dict[str, Any]:
    """The trial to show, or the code; who has finished is given it even when the study was closed since."""
    try:
        shown = store.next_trial(token)
    except Refused as refused:
        code = store.completion(token) if refused.reason == "closed" else ""
        if not code:
            raise
        return {"trial": None, "code": code}
    return {"trial": asdict(shown), "code": ""} if shown else {"trial": None, "code": store.completion(token)}


def _ended_or(work: Callable[[AnswerStore, str], dict[str, Any]], store: AnswerStore, token: str) -> dict[str, Any]:
    """What the work gives, and the way back to the platform for whom the study is over."""
    try:
        found = work(store, token)
    except Refused as refused:
        found = _leaving(store, token, str(refused)) if refused.reason in ("withdrawn", "closed", "place") else {}
        if not found:
            raise
        return {"trial": None, "code": "", **found}
    return found if found["trial"] else {**found, **_leaving(store, token)}


def _leaving(store: AnswerStore, token: str, sentence: str = "") -> dict[str, Any]:
    """{} for who did not come from a platform."""
    found = Reception(store).leaving(token)
    return {} if found is None else {"leaving": leaving_document(store.study, found, sentence)}


def _to_page(request: Request, place: str, fragment: str = "") -> Response:
    theme = request.query_params.get("__theme", "")
    asked = f"?__theme={theme}" if theme in THEMES else ""
    return RedirectResponse(f"{place}{asked}{fragment}", headers=NOT_CACHED)


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Whatever is raised becomes JSON with a sentence."""
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as problem:
            return error(problem, language_of(request), _style(request))

    return answered


def _style(request: Request) -> str:
    """The address of the style for what is opened as a page; '' for what a script asks. Relative, as in StudyLink."""
    if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
        return ""
    _, mounted, inside = request.url.path.rpartition("/listen/")
    return f"{'../' * inside.count('/') if mounted else 'listen/'}static/listen.css"


async def _by_status(request: Request, problem: Exception) -> Response:
    """What the router itself refuses: an unknown path or a wrong method."""
    reason = "method" if getattr(problem, "status_code", 404) == 405 else "nowhere"
    return error(RequestError(reason), language_of(request), _style(request))
