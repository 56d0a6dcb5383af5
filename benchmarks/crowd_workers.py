"""Simulated workers of Prolific: each follows the platform's link, listens over HTTP, and goes back to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from benchmarks.crowd_platform import CrowdPlatform
from benchmarks.simulated_listeners import CAREFUL, LAZY, OPINIONS, Crowd, vote
from benchmarks.web_listeners import SETUP, WHOLE_CLIP
from evaluation.listening.design.recruitment import FAILED, SCREENED, WITHDRAWN
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import TRAINING, TRAP

OPINION = OPINIONS | {"copy": 3.7, "transfer": 3.2}
CROWD = Crowd(trap_slip=0, known_slip=0)
STOPS_AFTER = 10  # answers of a worker who withdraws or goes away


@dataclass(frozen=True)
class Role:
    """What some workers do.

    Attributes:
        outcome: how each of them has to leave, '' for who never does. workers: how many. stops: goes away without a word.
        twice: opens the link again half-way, on another device, and once more when all is over. lazy: gives one vote throughout.
        returns: comes back when all is over.
    """

    name: str
    outcome: str
    workers: int
    stops: bool = False
    twice: bool = False
    lazy: bool = False
    returns: bool = False


@dataclass
class Worker:
    """One worker. left: (outcome, code) of every time the worker left. listeners: ids that the server gave, one at most."""

    name: str
    role: Role
    client: httpx.AsyncClient
    platform: CrowdPlatform
    study: Study
    link: str
    effects: Mapping[str, float]  # by pair, in points
    dice: np.random.Generator
    left: list[tuple[str, str]] = field(default_factory=list)
    listeners: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)
    answers: int = 0

    def __post_init__(self) -> None:
        self.base = self.link.partition("?")[0].rstrip("/") + f"/listen/{self.study.id}"
        self.bias = self.dice.normal(0, CROWD.bias)

    async def come(self, visit: str) -> None:
        """From the invitation until the worker leaves or goes away."""
        reply = await self.client.get(self.platform.prolific_link(self.link, self.name, visit))
        place = reply.headers["location"]
        self.addresses.append(place)
        arrival = urlsplit(place).fragment.removeprefix("arrival=")
        door = await self._post("arrive", {"arrival": arrival})
        if door["leaving"]:
            return await self._leave(door["leaving"])
        token = door["token"] or await self._enter(arrival)
        if token:
            await self._answer_all(token, visit)

    async def _enter(self, arrival: str) -> str:
        kept = await self._post("reserve", {"consent": True, "arrival": arrival})
        if "leaving" in kept:
            await self._leave(kept["leaving"])
            return ""
        device = {"device": "loudspeakers"} if self.role.outcome == SCREENED else {}
        entry = await self._post("enter", {"consent": True, "setup": SETUP | device, "arrival": arrival, "place": kept["place"]})
        if "leaving" in entry:
            await self._leave(entry["leaving"])
            return ""
        self.listeners.add(entry["listener"])
        return entry["token"]

    async def _answer_all(self, token: str, visit: str) -> None:
        trials = self.study.design.trials()
        while True:
            told = await self._post("next", {}, token)
            shown = told["trial"]
            if shown is None:
                return await self._leave(told["leaving"])
            for _, clip in shown["clips"]:
                await asyncio.sleep(WHOLE_CLIP * self.study.seconds(clip))
                await self._post("played", {"trial": shown["trial"], "clip": clip}, token)
            await self._post("answer", {"trial": shown["trial"], "value": self._value(trials[shown["trial"]])}, token)
            self.answers += 1
            if self.answers == STOPS_AFTER and self.role.outcome == WITHDRAWN:
                return await self._leave((await self._post("withdraw", {}, token))["leaving"])
            if self.answers == STOPS_AFTER and self.role.stops:
                return None
            if self.answers == STOPS_AFTER and self.role.twice:
                return await self.come(f"{visit}-phone")

    def _value(self, trial: Any) -> str:
        options = self.study.answers_to(trial)
        if trial.kind == TRAINING:
            return str(self.dice.choice(options))
        if trial.kind == TRAP and self.role.outcome == FAILED:
            return next(option for option in options if option not in trial.accepted)
        kind = LAZY if self.role.lazy and trial.kind != TRAP else CAREFUL
        felt = {name: OPINION[name] + self.bias + self.effects[trial.pair] for name in trial.conditions}
        return vote(kind, self.study, trial, CROWD, felt, self.dice)

    async def _leave(self, leaving: dict[str, Any]) -> None:
        """By the address that the page goes to."""
        self.left.append((leaving["outcome"], leaving["code"]))
        self.addresses.append(leaving["address"])
        (await self.client.get(leaving["address"])).raise_for_status()

    async def _post(self, name: str, body: Any, token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        reply = await self.client.post(f"{self.base}/{name}", json=body, headers=headers)
        if reply.status_code != 200:
            raise RuntimeError(f"{self.role.name}: {name}: {reply.status_code} {reply.text[:200]}")
        return reply.json()
