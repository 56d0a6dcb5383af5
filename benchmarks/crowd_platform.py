"""A stand-in of Prolific and of Mechanical Turk: it opens a study as they do, and takes workers back as they do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

PROLIFIC, MTURK = "/submissions/complete", "/mturk/externalSubmit"


@dataclass
class CrowdPlatform:
    """The stand-in. returned: (path, what was sent there) of every worker who came back, in order."""

    address: str
    returned: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def prolific_completion(self) -> str:
        """As a recruitment file has it."""
        return f"{self.address}{PROLIFIC}?cc={{code}}"

    def prolific_link(self, link: str, worker: str, visit: str) -> str:
        """The study's link with its placeholders filled in."""
        for name, value in (("PROLIFIC_PID", worker), ("STUDY_ID", "task-1"), ("SESSION_ID", visit)):
            link = link.replace(f"{{{{%{name}%}}}}", value)
        return link

    def mturk_link(self, link: str, worker: str = "", assignment: str = "ASSIGNMENT_ID_NOT_AVAILABLE") -> str:
        """What MTurk opens in its frame; without a worker the preview of the task."""
        more = {"workerId": worker, "turkSubmitTo": self.address} if worker else {}
        return f"{link}&{urlencode({'assignmentId': assignment, 'hitId': 'HIT1', **more})}"


@contextmanager
def crowd_platform() -> Iterator[CrowdPlatform]:
    """Serves until the block ends."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._came_back(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._came_back(self.rfile.read(int(self.headers.get("content-length", 0))).decode())

        def _came_back(self, query: str) -> None:
            path = urlsplit(self.path).path
            if path in (PROLIFIC, MTURK):
                platform.returned.append((path, {name: values[0] for name, values in parse_qs(query).items()}))
            content = f"<!doctype html><title>Platform</title><h1>Back at {path}</h1>".encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform = CrowdPlatform(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
