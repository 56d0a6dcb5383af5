"""A listener who speaks HTTP, and the listeners' side of the workbench to speak to, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from evaluation.listening.design.study import Study
from evaluation.listening.store import AnswerStore
from tests.support.listening import ALL_QUESTIONS, finished_run, small_study
from tests.support.listening_session import SETUP, Clock
from workbench.listening import studies
from workbench.listening.requests import RateLimit
from workbench.listening.routes import listening_routes


class Listener:
    """Somebody with a browser: asks over HTTP, and plays clips as fast as the clock is moved."""

    def __init__(self, client: TestClient, store, **setup):
        self.client, self.store, self.base = client, store, f"/listen/{store.study.id}"
        entered = client.post(f"{self.base}/enter", json={"consent": True, "setup": SETUP | setup})
        assert entered.status_code == 200, entered.text
        self.name, self.headers = entered.json()["listener"], {"Authorization": f"Bearer {entered.json()['token']}"}

    @classmethod
    def of(cls, client: TestClient, store, entered: dict) -> Listener:
        """Somebody who has entered already. entered: what the server replied."""
        self = cls.__new__(cls)
        self.client, self.store, self.base = client, store, f"/listen/{store.study.id}"
        self.name, self.headers = entered["listener"], {"Authorization": f"Bearer {entered['token']}"}
        return self

    def post(self, name: str, **body) -> httpx.Response:
        return self.client.post(f"{self.base}/{name}", json=body, headers=self.headers)

    def next(self) -> dict:
        return self.post("next").json()["trial"]

    def play_all(self, shown: dict) -> None:
        for _, clip in shown["clips"]:
            self.store.clock.now += self.store.study.seconds(clip) + 0.1
            assert self.post("played", trial=shown["trial"], clip=clip).status_code == 200

    def answer(self, shown: dict, value: str | None = None, **more) -> httpx.Response:
        return self.post("answer", trial=shown["trial"], value=value or shown["options"][0][0], **more)

    def whole_set(self, choose: Callable | None = None) -> list[dict]:
        """Every trial, as it was shown. choose: the value, given the trial as the store shows it; the first if None."""
        seen = []
        while shown := self.next():
            self.play_all(shown)
            seen.append(shown)
            chosen = choose(SimpleNamespace(**shown)) if choose else None
            self.code = self.answer(shown, chosen).json()["code"]
        return seen


def big_study(folder: Path) -> Study:
    """All questions; in a folder of studies."""
    return small_study(finished_run(folder), folder / "studies" / "one", questions=ALL_QUESTIONS, listeners=500, cap=60)


def fresh_store(study: Study, folder: Path, patch: pytest.MonkeyPatch) -> AnswerStore:
    """The workbench serves the study with no answers yet."""
    patch.setenv(studies.VARIABLE, str(study.folder.parent))
    patch.setenv("WORKBENCH_DATABASE_URL", f"sqlite:///{folder / 'answers.sqlite'}")
    studies._open.cache_clear()
    store = studies.store_of(study.id)
    store.clock = Clock()
    return store


def serving(rate_limit: RateLimit | None = None) -> TestClient:
    return TestClient(FastAPI(routes=listening_routes(rate_limit=rate_limit)))
