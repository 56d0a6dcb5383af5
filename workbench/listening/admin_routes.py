"""Unlocking over HTTP: the right password sets a cookie with a pass, Lock takes it away. Gradio's events can set no cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from gradio.utils import get_space
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from evaluation.listening.publish.links import requested_address
from workbench.listening import admin_text as text
from workbench.listening.admin import HOURS, Administration, NotAllowed
from workbench.listening.replies import NOT_CACHED
from workbench.listening.requests import RequestError, address_of, body_of

ASK = """async (what, sent, otherwise) => {
    const base = window.location.pathname.replace(/\\/?$/, '/');
    try {
        const reply = await fetch(base + 'admin/' + what, {method: 'POST', credentials: 'same-origin',
            headers: {'Content-Type': 'application/json'}, body: JSON.stringify(sent)});
        return reply.ok ? '' : (await reply.json()).sentence;
    } catch { return otherwise; }
}"""
# What the page's buttons do in the browser: each gives the sentence of what went wrong, '' where nothing did.
UNLOCK = f"async (password) => await ({ASK})('unlock', {{password}}, '{text.UNREACHABLE}')"
LOCK = f"async () => await ({ASK})('lock', {{}}, '{text.UNREACHABLE}')"


class AdminEndpoints:
    """Args:
        administration: who may.
    """

    def __init__(self, administration: Administration):
        self._administration = administration

    async def unlock(self, request: Request) -> Response:
        """{"password": ...} to a cookie. A wrong password, and too many, are refused with a sentence."""
        try:
            given = (await body_of(request)).get("password")
        except RequestError:
            return _refusal(400, text.MALFORMED)
        try:
            key = self._administration.unlock(given, address_of(request) or "unknown")
        except NotAllowed as refused:
            return _refusal(403, str(refused))
        reply = JSONResponse({"hours": HOURS}, headers=NOT_CACHED)
        reply.set_cookie(self._administration.cookie, key, max_age=int(3600 * HOURS), **_cookie_of(request))
        return reply

    async def lock(self, request: Request) -> Response:
        """The pass of this browser ends, here and in every copy of it."""
        self._administration.lock(self._administration.pass_in(request.cookies, request.headers))
        reply = JSONResponse({}, headers=NOT_CACHED)
        reply.delete_cookie(self._administration.cookie, **_cookie_of(request))
        return reply


def admin_routes(administration: Administration) -> list[Mount]:
    """What Gradio is given at launch, beside the listeners' routes."""
    endpoints = AdminEndpoints(administration)
    inner = Starlette(routes=[Route(f"/{name}", getattr(endpoints, name), methods=["POST"]) for name in ("unlock", "lock")])
    return [Mount("/admin", app=inner, name="admin")]


def _cookie_of(request: Request) -> dict:
    """No script reads it, and no other site makes the browser send it. A Space stands in a frame of another site, so its cookie
    has to be sent from there, too; `Administration.pass_in` then looks at which page a request comes from."""
    secure = urlsplit(requested_address(request.headers, str(request.url))).scheme == "https"
    framed = secure and get_space() is not None
    return {"path": "/", "httponly": True, "secure": secure, "samesite": "none" if framed else "strict"}


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"reason": "refused", "sentence": sentence}, status, headers=NOT_CACHED)
