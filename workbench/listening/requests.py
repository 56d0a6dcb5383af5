"""What a listener's page sends: a small JSON object, a token, an address, a sign-in; and how fast it may send.

Nothing is believed unseen. Hugging Face's sign-in is real on a Space, where Gradio keeps it in a signed cookie. Elsewhere
Gradio's sign-in is a mock that takes everybody for the server's own user; it is never believed.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from evaluation.listening.design.study import STUDY_ID
from evaluation.listening.publish.links import configured_address, local_address, requested_address

if TYPE_CHECKING:  # the listeners' side alone starts without Gradio
    import gradio as gr

MOST_BYTES = 16_384  # a remark of 500 letters, each written as two escapes, is 6000
SIGN_IN_VARIABLE = "OAUTH_CLIENT_ID"  # Spaces sets it where README says hf_oauth: true
# A trial of one listener is about six requests in five seconds or more. A hundred listeners behind one address (a school, a
# company, the proxy of a Space) are then about 7200 a minute, and all of them enter within the first minutes.
OF_ADDRESS = RateLimitItemPerMinute(15_000)
OF_SESSION = RateLimitItemPerMinute(600)
ENTRIES = RateLimitItemPerHour(600)  # new listeners from one address


ID_IN_LINK = re.compile(rf"(?<![0-9a-z]){STUDY_ID.pattern}(?![0-9a-z])")


class RequestError(Exception):
    """A request that is refused before the store sees it. reason: a key of the wording's "refusals"."""

    def __init__(self, reason: str, **headers: str):
        super().__init__(reason)
        self.reason, self.headers = reason, {name.replace("_", "-"): value for name, value in headers.items()}


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        RequestError: it is larger than MOST_BYTES, or no JSON object that was sent as JSON.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestError("malformed")
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise RequestError("large", Connection="close")  # the rest is not read
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RequestError("malformed") from error
    if not isinstance(found, dict):
        raise RequestError("malformed")
    return found


def field(body: dict[str, Any], name: str, kind: type) -> Any:
    """A field that has to be there and of that kind; the store judges its value. Raises RequestError."""
    value = body.get(name)
    if not isinstance(value, kind):
        raise RequestError("malformed")
    return value


def id_in_link(link: object) -> str:
    """The id of a study in a link, or in a part of one that something stands around; '' where there is none."""
    found = ID_IN_LINK.search(link.strip().lower()) if isinstance(link, str) else None
    return found.group() if found else ""


def token_of(request: Request) -> str:
    """The session's token, '' where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def address_of(request: Request | gr.Request) -> str:
    """Where the request comes from, '' where the server does not know.

    Behind a proxy, uvicorn's FORWARDED_ALLOW_IPS says whose X-Forwarded-For is believed.
    """
    return getattr(getattr(request, "client", None), "host", None) or ""


def address_for(request: gr.Request | Request) -> str:
    """The whole address of the workbench for links: the public one that was set, else as this visitor sees it."""
    return configured_address() or visited_address(request) or local_address()


def visited_address(request: gr.Request | Request) -> str:
    """The address at which this visitor sees the workbench, '' where the request does not tell."""
    headers = {str(name).lower(): str(value) for name, value in dict(request.headers).items()}
    return requested_address(headers, str(getattr(request, "url", "")))


def signs_in() -> bool:
    """Whether this server has a sign-in that can be believed."""
    if not os.environ.get(SIGN_IN_VARIABLE):
        return False
    from gradio.utils import get_space

    return get_space() is not None


def user_of(request: Request) -> str:
    """The account's number, which stays when its name changes; '' for nobody, and where there is no real sign-in.

    The cookie also comes with what pages of other sites send, so only requests of our own pages are believed.
    """
    if not signs_in() or not _is_same_site(request):
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


def _is_same_site(request: Request) -> bool:
    """Sent by a page of this server, as far as the browser tells; old ones tell only the origin, and that not always."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


class RateLimit:
    """How fast requests may come: generous to a class of listeners behind one address, tight for a machine that floods.

    Requests are counted in the memory of this process; several replicas allow several times as much.

    Args:
        of_address, of_session, entries: most requests of one address, of one session, and new listeners of one address.
    """

    def __init__(self, of_address: RateLimitItem = OF_ADDRESS, of_session: RateLimitItem = OF_SESSION,
                 entries: RateLimitItem = ENTRIES):
        self._of_address, self._of_session, self._entries = of_address, of_session, entries
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())

    def request(self, address: str, session: str = "") -> int:
        """Count a request. session: hash of its token, '' without one.

        Returns:
            0 if it may be served, otherwise the seconds to wait.
        """
        wait = self._hit(self._of_address, "address", address)
        return self._hit(self._of_session, "session", session) if session and not wait else wait

    def entry(self, address: str) -> int:
        """Count a new listener; returns as `request`."""
        return self._hit(self._entries, "entry", address)

    def _hit(self, most: RateLimitItem, kind: str, who: str) -> int:
        if self._counts.hit(most, kind, who):
            return 0
        return max(1, math.ceil(self._counts.get_window_stats(most, kind, who).reset_time - time.time()))
