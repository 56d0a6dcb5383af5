"""What is sent back: JSON that no cache keeps, clips with the same headers for all, and errors as one sentence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from evaluation.listening.design.wording import ENGLISH, sentence
from evaluation.listening.errors import Refused, StoreError, StudyError

LOG = logging.getLogger("zest.listening")
ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}  # the address is the key to a private test
UNKEPT = ALWAYS | {"Cache-Control": "no-store"}
STATUS = {"session": 401, "answered": 409, "malformed": 400, "nowhere": 404, "method": 405, "large": 413, "often": 429,
          "broken": 500}  # of a refusal by its reason; all others are 403


class RequestError(Exception):
    """A request that is turned away before the store sees it. reason: a key of the wording's "refusals"."""

    def __init__(self, reason: str, **headers: str):
        super().__init__(reason)
        self.reason, self.headers = reason, {name.replace("_", "-"): value for name, value in headers.items()}


def document(content: Mapping[str, Any]) -> Response:
    return JSONResponse(content, headers=UNKEPT)


def recording(content: bytes) -> Response:
    """A clip. No name, date or tag of the file: nothing in the headers differs between clips of one length."""
    return Response(content, media_type="audio/wav",
                    headers=ALWAYS | {"Cache-Control": "private, max-age=86400, immutable", "Accept-Ranges": "none"})


def error(problem: Exception) -> Response:
    """The sentence of what went wrong; a mistake of ours is logged and says only that it was one."""
    if isinstance(problem, RequestError):
        LOG.warning("turned away (%s)", problem.reason)
        return _said(STATUS[problem.reason], problem.reason, sentence(ENGLISH, problem.reason), problem.headers)
    if isinstance(problem, Refused):  # the store has logged it
        return _said(STATUS.get(problem.reason, 403), problem.reason, str(problem))
    if isinstance(problem, StudyError):
        LOG.error("a study cannot be opened: %s", problem)
        return _said(503, "broken", sentence(ENGLISH, "broken"))
    if isinstance(problem, StoreError):
        LOG.error("not stored: %s", problem)
        return _said(503, "store", str(problem), {"Retry-After": "2"})
    LOG.error("a request failed", exc_info=problem)
    return _said(500, "broken", sentence(ENGLISH, "broken"))


def _said(status: int, reason: str, words: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"reason": reason, "sentence": words}, status, headers=UNKEPT | dict(headers or {}))
