"""Who may administer listening tests: whoever knows the password, or whom Hugging Face's sign-in names.

An endpoint of a page that is called "private" is still reachable over raw HTTP. So every function that reads results or
changes a study calls `AdminAccess.open_to` first, each time.

The right password gives a pass. The browser keeps it in a cookie that no script can read (admin_routes.py), so that it survives
a reload; it ends after some hours, by Lock, and when the workbench is started again.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.utils import get_upload_folder
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pipelines.errors import ZestError
from workbench.listening import admin_text
from workbench.listening.requests import address_of, signs_in
from workbench.listening.studies import studies_folder

PASSWORD_VARIABLE = "WORKBENCH_ADMIN_PASSWORD"
NAMES_VARIABLE = "WORKBENCH_ADMINS"  # Hugging Face user names, with commas
SHORTEST = 10  # letters of a password that is accepted
HOURS = 4.0  # for which a pass is valid
OWN = 16  # hex digits by which passes differ
WRONG_OF_ADDRESS, WRONG_OF_ALL = RateLimitItemPerMinute(5, 10), RateLimitItemPerMinute(50, 10)  # in ten minutes
LOG = logging.getLogger("zest.listening")


class NotAllowed(ZestError):
    """Something only an administrator may do; nothing was done."""


class Attempts:
    """Wrong passwords of the last minutes, counted in the memory of this process.

    Args:
        of_address, of_all: most wrong passwords of one address, and of all together.
    """

    def __init__(self, of_address: RateLimitItem = WRONG_OF_ADDRESS, of_all: RateLimitItem = WRONG_OF_ALL):
        self._limits = {"address": of_address, "all": of_all}
        self._counts = MovingWindowRateLimiter(MemoryStorage())

    def allowed(self, address: str) -> bool:
        return all(self._counts.test(most, kind, who) for kind, who, most in self._of(address))

    def failed(self, address: str) -> None:
        for kind, who, most in self._of(address):
            self._counts.hit(most, kind, who)

    def _of(self, address: str) -> Iterator[tuple[str, str, RateLimitItem]]:
        return ((kind, address if kind == "address" else "", most) for kind, most in self._limits.items())


@dataclass(frozen=True)
class Administration:
    """The administrators of this workbench.

    Attributes:
        password: '' where there is none. names: who may come by Hugging Face's sign-in; none where that is not set up.
        problem: what is wrong with how administrators were set, as a sentence; '' where nothing is.
        secret: signs passes; a fresh one with every start, so a restart ends them all.
    """

    password: str = ""
    names: frozenset[str] = frozenset()
    problem: str = ""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    attempts: Attempts = field(default_factory=Attempts, repr=False)
    clock: Callable[[], float] = time.time
    locked: dict[str, float] = field(default_factory=dict, repr=False)  # passes that were given back, until they end anyway

    @property
    def configured(self) -> bool:
        return bool(self.password or self.names)

    @property
    def cookie(self) -> str:
        """Its name. Each start has its own, so that two workbenches on one machine do not take each other's away."""
        return f"zest-admin-{hashlib.sha256(self.secret).hexdigest()[:8]}"

    def pass_in(self, cookies: Mapping[str, str], headers: Mapping[str, str]) -> str:
        """The pass that a request brings, '' where there is none. What a page of another site sends is not believed."""
        return "" if headers.get("sec-fetch-site", "same-origin") != "same-origin" else str(cookies.get(self.cookie, ""))

    def unlock(self, given: object, address: str) -> str:
        """A pass for the right password: what `check` takes for some hours. Raises NotAllowed."""
        if not self.password:
            raise self._refuse("unlock", address, self.problem or admin_text.NOT_SET_UP)
        if given == "":  # a button pressed too early is no attempt
            raise NotAllowed(admin_text.NO_PASSWORD)
        if not self.attempts.allowed(address):
            raise self._refuse("unlock, too many attempts", address, admin_text.TOO_MANY)
        if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), self.password.encode()):
            self.attempts.failed(address)
            raise self._refuse("unlock, wrong password", address, admin_text.WRONG)
        LOG.info("administration: unlocked from %s", address)
        until, own = f"{self.clock() + 3600 * HOURS:.0f}", secrets.token_hex(OWN // 2)  # two passes of one second differ
        return f"{until}.{own}{self._signature(until, own)}"

    def lock(self, key: str) -> None:
        """The pass opens nothing any more."""
        if self.allows(key, None):
            now = self.clock()
            for old in [one for one, until in self.locked.items() if until < now]:
                del self.locked[old]
            self.locked[key] = float(key.partition(".")[0])

    def check(self, key: object, profile: Any, address: str, what: str) -> None:
        """Return if whoever asks may; log who may not.

        Args:
            key: a pass of `unlock`. profile: of Gradio's sign-in, None where nobody signed in. what: the action, for the log.
        Raises:
            NotAllowed: neither pass nor profile, or not a good one.
        """
        if not self.allows(key, profile):
            raise self._refuse(what, address, admin_text.LOCKED)

    def allows(self, key: object, profile: Any) -> bool:
        """As `check`, without error and log."""
        if profile is not None and getattr(profile, "username", None) in self.names:
            return True
        if not self.password or not isinstance(key, str) or key in self.locked:
            return False
        until, _, rest = key.partition(".")
        own, signature = rest[:OWN], rest[OWN:]
        valid = hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(until, own).encode())
        return valid and self.clock() < float(until)

    def _signature(self, until: str, own: str) -> str:
        return hmac.new(self.secret, f"{until}.{own}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _refuse(self, what: str, address: str, sentence: str) -> NotAllowed:
        LOG.warning("administration: refused (%s) to %s", what, address)
        return NotAllowed(sentence)


def administration() -> Administration:
    """As the environment says; the page and its routes share one. Names count on Spaces only: elsewhere Gradio's sign-in is a
    mock that lets everybody in."""
    names = frozenset(filter(None, (name.strip() for name in os.environ.get(NAMES_VARIABLE, "").split(","))))
    return _administration(os.environ.get(PASSWORD_VARIABLE, "").strip("\r\n"), names, signs_in())


@lru_cache(maxsize=8)
def _administration(password: str, names: frozenset[str], sign_in: bool) -> Administration:
    believed = names if sign_in else frozenset()
    good = password if len(password.strip()) >= SHORTEST else ""
    return Administration(good, believed, _problem(password, good, names, believed))


def _problem(password: str, good: str, names: frozenset[str], believed: frozenset[str]) -> str:
    if password and not good:
        return admin_text.TOO_SHORT
    if names and not believed:
        return admin_text.NO_NAMES if good else f"{admin_text.NO_NAMES} {admin_text.NOT_SET_UP}"
    return "" if good or believed else admin_text.NOT_SET_UP


@dataclass(frozen=True)
class AdminAccess:
    """An administrator's access on a page: the check before everything it opens, and what only administrators see.

    Attributes:
        administration: who may. panels: components of the whole page that show for an administrator only.
    """

    administration: Administration
    panels: list[Block] = field(default_factory=list)

    def panel(self) -> gr.Column:
        """A column that only an administrator sees; each function behind it checks all the same."""
        column = gr.Column(visible=False)
        self.panels.append(column)
        return column

    def allows(self, profile: gr.OAuthProfile | None, request: gr.Request) -> bool:
        """Whether this is a request of an administrator."""
        return self.administration.allows(self._pass_in(request), profile)

    @contextmanager
    def open_to(self, profile: gr.OAuthProfile | None, request: gr.Request, what: str) -> Iterator[None]:
        """The block runs for an administrator only; what goes wrong in it names no folder of the server.

        Raises:
            NotAllowed: somebody else asks. ZestError: as the block.
        """
        self.administration.check(self._pass_in(request), profile, address_of(request) or "unknown", what)
        try:
            yield
        except ZestError as error:
            raise ZestError(without_folders(error)) from error

    def _pass_in(self, request: gr.Request) -> str:
        headers = {str(name).lower(): str(value) for name, value in dict(request.headers).items()}
        return self.administration.pass_in(dict(request.cookies), headers)


def without_folders(error: ZestError) -> str:
    """Its sentence for the page: files by their place among the studies or uploads, not by where these lie on the server."""
    sentence = str(error)
    for folder in (studies_folder(), Path(get_upload_folder())):
        for name in (folder.absolute(), folder.resolve()):
            sentence = sentence.replace(f"{name}/", "")
    return sentence
