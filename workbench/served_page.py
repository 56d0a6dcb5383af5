"""What leaves for a browser that opens the workbench: Gradio's page, with a script before all of its own, and compressed."""

from __future__ import annotations

import gzip
from collections.abc import MutableMapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = "/"
HEAD = b"<head>"
LEVEL = 4  # of gzip; 9 takes 2.6 times as long and saves 6 %


class ServedPage:
    """Middleware for the page itself: half a megabyte of HTML, which Gradio sends as it is, and tells how it counts the loading.

    `head` of `Blocks.launch` comes too late for loading.js, as Gradio's own scripts put it in place.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == PAGE:
            await self.app(scope, receive, _Whole(send, "gzip" in Headers(scope=scope).get("accept-encoding", "")))
        else:
            await self.app(scope, receive, send)


class _Whole:
    """Sends an HTML page once all of it is there, with the script in it; everything else as it comes."""

    def __init__(self, send: Send, compress: bool):
        self.send, self.compress = send, compress
        self._start: MutableMapping[str, Any] | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if "text/html" in Headers(raw=message["headers"]).get("content-type", ""):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            await self._send_page(self._start)
            return
        await self.send(message)

    async def _send_page(self, start: MutableMapping[str, Any]) -> None:
        body, headers = self._body.replace(HEAD, HEAD + _script(), 1), MutableHeaders(raw=start["headers"])
        headers.add_vary_header("Accept-Encoding")
        if self.compress:
            body = gzip.compress(body, LEVEL)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


@lru_cache(1)
def _script() -> bytes:
    return b"<script>" + files("workbench.tabs").joinpath("page/loading.js").read_bytes() + b"</script>"
