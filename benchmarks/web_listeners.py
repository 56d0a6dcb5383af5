"""Listeners as the server sees them: they enter, fetch clips, wait, report what was played, think, and answer. Over real HTTP."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

SETUP = {"device": "headphones", "place": "quiet", "hearing": "none"}
DEVICES = ("headphones", "earphones", "loudspeakers")
FULL = ("group", "taken", "enough")  # why the study has no place for a listener
WAIT = 5.0  # seconds until somebody who found no place asks again
AGAIN = 0.25  # seconds before a request is sent again that was not served
PATIENCE = 240  # seconds of sending it again
WHOLE_CLIP = 1.02  # of its length, before a clip is said to have been played


@dataclass(frozen=True)
class Acknowledged:
    """An answer that the server said is stored. listener: the id that it gave."""

    listener: str
    trial: str
    value: str
    remark: str


@dataclass
class Notes:
    """What the listeners of one run saw.

    Attributes:
        seconds: (phase, what was asked, how long it took) of every request that was served. phase: of what is asked now.
        errors: sentences or kinds of what went wrong for good. again: how often a request had to be sent again.
        codes: completion code by listener. refused: how often there was no place, by reason.
    """

    phase: str = ""
    running: bool = True
    seconds: list[tuple[str, str, float]] = field(default_factory=list)
    answers: list[Acknowledged] = field(default_factory=list)
    errors: Counter = field(default_factory=Counter)
    again: Counter = field(default_factory=Counter)
    codes: dict[str, str] = field(default_factory=dict)
    refused: Counter = field(default_factory=Counter)


class WebListener:
    """One after another, as long as notes.running: whoever has answered everything makes room for the next.

    Args:
        addresses: of the study on every replica; where one does not answer, the next is asked.
        lengths: of clips in seconds, by id. think: seconds between hearing and answering, from and to.
    """

    def __init__(self, client: httpx.AsyncClient, addresses: Sequence[str], lengths: Mapping[str, float], notes: Notes, seed: int,
                 think: tuple[float, float]):
        self._client, self._lengths, self._notes = client, lengths, notes
        self._dice, self._think = random.Random(seed), think
        self._addresses = self._dice.sample(list(addresses), len(addresses))
        self._device = self._dice.choice(DEVICES)
        self._listener, self._token = "", ""

    async def run(self, first: float) -> None:
        """first: seconds before the first one comes."""
        await asyncio.sleep(first)
        try:
            while self._notes.running:
                if not self._token:
                    await self._enter()
                if self._token:
                    await self._one_trial()
        except GivenUp as reason:
            self._notes.errors[str(reason)] += 1

    async def _enter(self) -> None:
        entry = await self._ask("enter", {"consent": True, "setup": SETUP | {"device": self._device}})
        if "listener" not in entry:  # of the devices only headphones have no quota
            self._device = DEVICES[0]
            await asyncio.sleep(0 if entry["reason"] == "group" else WAIT * self._dice.uniform(0.5, 1.5))
            return
        self._listener, self._token = entry["listener"], entry["token"]

    async def _one_trial(self) -> None:
        told = await self._ask("next", {})
        trial = told["trial"]
        if trial is None:
            self._notes.codes[self._listener] = told["code"]
            self._token = ""
            return
        for _, clip in trial["clips"]:
            await self._ask("clip", clip)
            await asyncio.sleep(WHOLE_CLIP * self._lengths[clip])
            await self._ask("played", {"trial": trial["trial"], "clip": clip})
        await asyncio.sleep(self._dice.uniform(*self._think))
        value, remark = self._dice.choice(trial["options"])[0], f"{self._dice.random():.9f}"
        stored = await self._ask("answer", {"trial": trial["trial"], "value": value, "remark": remark})
        self._notes.answers.append(Acknowledged(self._listener, trial["trial"], value, remark))
        if stored["code"]:
            self._notes.codes[self._listener] = stored["code"]

    async def _ask(self, what: str, body: Any) -> Any:
        """The answer, sent again while the server is away or says 429 or 503. Raises GivenUp."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            phase, began = self._notes.phase, time.perf_counter()
            try:
                reply = await self._send(what, body)
            except httpx.TransportError as error:
                self._notes.again[type(error).__name__] += 1
                self._addresses = self._addresses[1:] + self._addresses[:1]
            else:
                if reply.status_code == 200:
                    self._notes.seconds.append((phase, what, time.perf_counter() - began))
                    return reply.content if what == "clip" else reply.json()
                if what == "enter" and reply.status_code == 403 and reply.json().get("reason") in FULL:
                    self._notes.refused[reply.json()["reason"]] += 1
                    return reply.json()
                if reply.status_code not in (429, 503):
                    raise GivenUp(f"{what}: {reply.status_code} {reply.text[:200]}")
                self._notes.again[str(reply.status_code)] += 1
            await asyncio.sleep(AGAIN * self._dice.uniform(0.5, 1.5))
        raise GivenUp(f"{what}: not served within {PATIENCE} s")

    async def _send(self, what: str, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if what == "clip":
            return await self._client.get(f"{self._addresses[0]}/clip/{body}.wav", headers=headers)
        return await self._client.post(f"{self._addresses[0]}/{what}", json=body, headers=headers)


class GivenUp(Exception):
    """A request that was refused, or not served for long."""
