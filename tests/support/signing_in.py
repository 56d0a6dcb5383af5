"""People who are signed in on a Space, and what they ask of a study that wants a sign-in."""

from __future__ import annotations

import base64
import hashlib
import json
import time

import httpx
import itsdangerous

from evaluation.listening.design.study import Study
from tests.support.listening_session import SETUP

ANN, BOB = "64f0c0ffee0123456789abcd", "64f0c0ffee0123456789abce"  # numbers of accounts
SPACE = {"SYSTEM": "spaces", "SPACE_ID": "somebody/zest", "OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret",
         "OAUTH_SCOPES": "openid profile", "OPENID_PROVIDER_URL": "http://127.0.0.1:9"}
OWN = {"Sec-Fetch-Site": "same-origin"}


def cookie(number: str | None, secret: str = "secret", expires: float = 3600, **person) -> dict[str, str]:
    """A session as Gradio's sign-in leaves it in the browser, signed with the Space's secret."""
    known = {"sub": number, "preferred_username": "ann-lee", "name": "Ann Lee", "profile": "", "picture": ""}
    info = {"userinfo": known | person, "access_token": "", "scope": "", "expires_at": time.time() + expires}
    session = base64.b64encode(json.dumps({"oauth_info": info}).encode())
    signed = itsdangerous.TimestampSigner(hashlib.sha256(f"{secret}-v4".encode()).hexdigest()).sign(session).decode()
    return {"Cookie": f"session={signed}"}


def enter(client: httpx.Client, study: Study, headers: dict[str, str], **body) -> httpx.Response:
    return client.post(f"/listen/{study.id}/enter", json={"consent": True, "setup": SETUP} | body, headers=OWN | headers)


def about(client: httpx.Client, study: Study, headers: dict[str, str]) -> dict:
    return client.get(f"/listen/{study.id}/about", headers=OWN | headers).json()
