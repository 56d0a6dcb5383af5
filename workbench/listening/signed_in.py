"""Who a visitor is by Hugging Face's sign-in, where that is real: Gradio keeps it in a signed cookie.

Elsewhere than on a Space, Gradio's sign-in is a mock that takes everybody for the server's own user; it is never believed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gradio.utils import get_space
from starlette.requests import Request

VARIABLE = "OAUTH_CLIENT_ID"  # Spaces sets it where README says hf_oauth: true


def signs_in() -> bool:
    """Whether this server has a sign-in that can be believed."""
    return bool(os.environ.get(VARIABLE)) and get_space() is not None


def user_of(request: Request) -> str:
    """The account's number, which stays when its name changes; '' for nobody, and where the sign-in is none.

    The cookie comes with what pages of other sites send, too, so only requests of our own pages are believed.
    """
    if not signs_in() or not _is_own(request):
        return ""
    session = request.scope.get("session")  # Gradio's layer; without a LoginButton there is none
    info = session.get("oauth_info") if isinstance(session, Mapping) else None
    if not isinstance(info, Mapping) or _is_over(info.get("expires_at")):
        return ""
    person = info.get("userinfo")
    number = person.get("sub") if isinstance(person, Mapping) else None
    return number if isinstance(number, str) else ""


def _is_over(until: Any) -> bool:
    return until is not None and (not isinstance(until, (int, float)) or until < time.time())


def _is_own(request: Request) -> bool:
    """Sent by a page of this server, as far as the browser tells; old ones tell only the origin, and that not always."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
