"""What a listener's page sent: a small JSON object, a session's token, an address. Nothing is believed unseen."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from workbench.listening.replies import RequestError

MOST_BYTES = 16_384  # a remark of 500 letters, each written as two escapes, is 6000


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
    """A field that has to be there and of that kind; its value is for the store to judge. Raises RequestError."""
    value = body.get(name)
    if not isinstance(value, kind):
        raise RequestError("malformed")
    return value


def token_of(request: Request) -> str:
    """The session's token, '' where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def address_of(request: Request) -> str:
    """Where the request comes from. Behind a proxy, uvicorn's FORWARDED_ALLOW_IPS says whose X-Forwarded-For is believed."""
    return request.client.host if request.client else ""
