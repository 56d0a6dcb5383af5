"""The listeners' page as it lies beside this file: HTML, style and scripts, read once and sent from memory."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from workbench.listening.replies import ALWAYS, RequestError

KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
# Nothing from elsewhere, no inline script. The workbench shows the page in a frame, and a Space is itself in one.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; img-src 'self' data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://huggingface.co https://*.hf.space")


class PageFiles:
    """All files of the page by name."""

    def __init__(self) -> None:
        folder = files("workbench.listening") / "page"
        self._contents = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in KINDS}

    def page(self, status: int = 200) -> Response:
        """The page; which study it shows, its script reads from the address."""
        return Response(self._contents["listen.html"], status, media_type="text/html",
                        headers=ALWAYS | {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    def file(self, name: str, request: Request) -> Response:
        """A script or style, sent again only when it has changed. Raises RequestError: there is no such file."""
        kind = name.rpartition(".")[2]
        if name not in self._contents or kind == "html":
            raise RequestError("nowhere")
        tag = f'"{hashlib.sha256(self._contents[name]).hexdigest()[:16]}"'
        headers = ALWAYS | {"Cache-Control": "no-cache", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(self._contents[name], media_type=KINDS[kind], headers=headers)
