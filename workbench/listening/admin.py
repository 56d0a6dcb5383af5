"""Who may administer listening tests: whoever knows the password, or whom Hugging Face's sign-in names.

An endpoint of a page that is called "private" is still reachable over raw HTTP. So every function that reads results or
changes a study calls `Administration.check` first, each time.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pipelines.errors import ZestError
from workbench.listening import admin_text
from workbench.listening.requests import address_of, signs_in
from workbench.listening.studies import studies_folder
from workbench.tabs.feedback import as_alerts

PASSWORD_VARIABLE = "WORKBENCH_ADMIN_PASSWORD"
NAMES_VARIABLE = "WORKBENCH_ADMINS"  # Hugging Face user names, with commas
SHORTEST = 10  # letters of a password that is accepted
HOURS = 4.0  # for which a pass is valid
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
        secret: signs passes; a fresh one with every start, so a restart ends them all.
    """

    password: str = ""
    names: frozenset[str] = frozenset()
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    attempts: Attempts = field(default_factory=Attempts, repr=False)
    clock: Callable[[], float] = time.time

    @property
    def configured(self) -> bool:
        return bool(self.password or self.names)

    def unlock(self, given: object, address: str) -> str:
        """A pass for the right password: what `check` takes for some hours. Raises NotAllowed."""
        if not self.password:
            raise self._refuse("unlock", address, admin_text.NOT_SET_UP)
        if not self.attempts.allowed(address):
            raise self._refuse("unlock, too many attempts", address, admin_text.TOO_MANY)
        if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), self.password.encode()):
            self.attempts.failed(address)
            raise self._refuse("unlock, wrong password", address, admin_text.WRONG)
        LOG.info("administration: unlocked from %s", address)
        until = f"{self.clock() + 3600 * HOURS:.0f}"
        return f"{until}.{self._signature(until)}"

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
        if not self.password or not isinstance(key, str):
            return False
        until, _, signature = key.partition(".")
        valid = hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(until).encode())
        return valid and self.clock() < float(until)

    def _signature(self, until: str) -> str:
        return hmac.new(self.secret, until.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _refuse(self, what: str, address: str, sentence: str) -> NotAllowed:
        LOG.warning("administration: refused (%s) to %s", what, address)
        return NotAllowed(sentence)


def administration() -> Administration:
    """As the environment says. Names count on Spaces only: elsewhere Gradio's sign-in is a mock that lets everybody in."""
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if 0 < len(password) < SHORTEST:
        LOG.warning("administration: %s has fewer than %d letters and is not used", PASSWORD_VARIABLE, SHORTEST)
        password = ""
    names = (name.strip() for name in os.environ.get(NAMES_VARIABLE, "").split(","))
    return Administration(password, frozenset(name for name in names if name) if signs_in() else frozenset())


@dataclass(frozen=True)
class AdminAccess:
    """An administrator's access on a page: the pass that was unlocked, and the check before everything it opens.

    Attributes:
        administration: who may. key: the pass of this visit. Gradio keeps a State on the server and reads no such value
            from a request, and a pass is signed besides.
    """

    administration: Administration
    key: gr.State

    @contextmanager
    def open_to(self, key: object, profile: gr.OAuthProfile | None, request: gr.Request, what: str) -> Iterator[None]:
        """The block runs for an administrator only; whatever goes wrong in it is one sentence. Raises gr.Error."""
        with as_alerts():
            self.administration.check(key, profile, address_of(request) or "unknown", what)
            try:
                yield
            except ZestError as error:
                raise ZestError(without_folders(error)) from error


def without_folders(error: ZestError) -> str:
    """Its sentence for the page: files by their place among the studies or uploads, not by where these lie on the server."""
    sentence = str(error)
    for folder in (studies_folder(), Path(get_upload_folder())):
        for name in (folder.absolute(), folder.resolve()):
            sentence = sentence.replace(f"{name}/", "")
    return sentence
