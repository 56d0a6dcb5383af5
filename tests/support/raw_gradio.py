"""Gradio's endpoints as anybody on the network reaches them: no page, no browser, every function by its number."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

SECONDS = 120.0


@dataclass
class RawVisitor:
    """Somebody with curl. address: of the workbench, with a slash at its end. cookies: sent with every request."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    session: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def __post_init__(self) -> None:
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        self._client = httpx.Client(base_url=self.address, timeout=SECONDS, headers=header)

    def config(self) -> dict[str, Any]:
        return self._client.get("config").json()

    def call(self, number: int, data: list[Any]) -> str:
        """Everything that the server says to a call through the queue."""
        request = {"data": data, "fn_index": number, "session_hash": self.session, "event_data": None, "trigger_id": None}
        joined = self._client.post("gradio_api/queue/join", json=request)
        if joined.status_code != 200:
            return joined.text
        said = ""
        with self._client.stream("GET", "gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                said += line + "\n"
                if '"process_completed"' in line or '"unexpected_error"' in line:
                    break
        return said

    def run(self, number: int, data: list[Any]) -> str:
        """The same without the queue."""
        request = {"data": data, "fn_index": number, "session_hash": self.session}
        return self._client.post("gradio_api/run/predict", json=request).text

    def output(self, number: int, data: list[Any]) -> list[Any]:
        """What a call returned. Raises AssertionError where it failed."""
        lines = [json.loads(line[6:]) for line in self.call(number, data).splitlines() if line.startswith("data: ")]
        last = lines[-1]
        assert last.get("success"), last
        return last["output"]["data"]
