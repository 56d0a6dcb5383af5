"""A stand-in of the Hugging Face hub on this machine: the calls that pushing, listing and fetching a dataset's files make.

It keeps files in memory, wants a token, and refuses whatever else it is asked, so a call that it does not know fails a test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants

from benchmarks.listening_server import free_port
from evaluation.listening.publish.hub import HubJournal

TOKEN = "hf_stand_in"
ROUTES = (("POST", r"/api/repos/create", "create"), ("GET", r"/api/datasets/([^/]+/[^/]+)", "info"),
          ("POST", r"/api/datasets/([^/]+/[^/]+)/preupload/main", "preupload"),
          ("POST", r"/api/datasets/([^/]+/[^/]+)/commit/main", "commit"),
          ("GET", r"/api/datasets/([^/]+/[^/]+)/tree/main/(.+)", "tree"),
          ("GET", r"/api/datasets/([^/]+/[^/]+)/revision/main", "info"),
          ("GET", r"/api/datasets/([^/]+/[^/]+)/tree/[0-9a-f]{40}()", "tree"),
          ("POST", r"/datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch", "batch"), ("PUT", r"/lfs/([0-9a-f]{64})", "store"),
          ("HEAD", r"/datasets/([^/]+/[^/]+)/resolve/(?:main|[0-9a-f]{40})/(.+)", "resolve"),
          ("GET", r"/datasets/([^/]+/[^/]+)/resolve/(?:main|[0-9a-f]{40})/(.+)", "resolve"))
LARGE = (".wav",)  # kept by LFS, as in every new dataset


@dataclass
class HubState:
    """Attributes:
        files: by repository, content by path. private: by repository. status: what is answered instead, 0 where the hub works.
        commits: how many were made. large: what was uploaded by LFS, by its SHA-256. requests: 'METHOD name', as they came.
    """

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    status: int = 0
    commits: int = 0
    large: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


@contextmanager
def hub(port: int | None = None, state: HubState | None = None) -> Iterator[tuple[str, HubState]]:
    """Its address and what it holds. Leaving the block turns it off; the state can be given to another one."""
    state = state or HubState()
    server = _Server(("127.0.0.1", port or free_port()), type("Handler", (_Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        server.server_close()


def at_rest(journal: HubJournal, seconds: float = 30) -> bool:
    """Wait until no round of a journal is under way, so that none finds the hub gone in the middle of the next test."""
    journal.scheduler.api.run_as_future(lambda: None).result(timeout=seconds)  # rounds come one after the other
    return journal.studies.wait(seconds)


def talk_to(address: str, patch: pytest.MonkeyPatch) -> None:
    """The hub's client asks this address, with the token; large files go by LFS, since Xet's client is no Python."""
    patch.setattr(constants, "ENDPOINT", address)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    patch.setenv("HF_TOKEN", TOKEN)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # the client asks for many files at once; beyond the five of Python's own it waits for seconds


class _Handler(BaseHTTPRequestHandler):
    state: HubState

    def do_GET(self) -> None:
        self._route()

    do_POST = do_HEAD = do_PUT = do_GET

    def log_message(self, *_: object) -> None:
        pass

    def _route(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self._body()
        if self.state.status:
            return self._send({"error": "out of order"}, self.state.status)
        if self.command != "PUT" and self.headers.get("Authorization") != f"Bearer {TOKEN}":  # those addresses are secret
            return self._send({"error": "Invalid username or password."}, 401)
        for method, pattern, name in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                self.state.requests.append(f"{method} {name}")
                return getattr(self, f"_{name}")(*match.groups(), *([body] if method in ("POST", "PUT") else []))
        self.state.requests.append(f"{self.command} UNKNOWN {path}")
        return self._send({"error": "no such call"}, 500)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _create(self, body: bytes) -> None:
        asked = json.loads(body)
        repository = f"{asked['organization']}/{asked['name']}"
        there = repository in self.state.files
        self.state.files.setdefault(repository, {})
        self.state.private.setdefault(repository, asked.get("visibility") == "private")
        self._send({"url": f"http://{self.headers['Host']}/{asked['type']}s/{repository}"}, 409 if there else 200)

    def _info(self, repository: str) -> None:
        if repository in self.state.files:
            return self._send({"id": repository, "sha": self._sha(), "private": self.state.private[repository]})
        return self._send({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    def _preupload(self, repository: str, body: bytes) -> None:
        files = self.state.files[repository]
        self._send({"files": [{"path": one["path"], "shouldIgnore": False,
                               "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular",
                               "oid": git_id(files[one["path"]]) if one["path"] in files else None}
                              for one in json.loads(body)["files"]]})

    def _commit(self, repository: str, body: bytes) -> None:
        operations = [json.loads(line) for line in body.splitlines()]
        assert operations[0]["key"] == "header" and {one["key"] for one in operations[1:]} <= {"file", "lfsFile"}, operations
        for one in operations[1:]:
            value = one["value"]
            content = self.state.large[value["oid"]] if one["key"] == "lfsFile" else base64.b64decode(value["content"])
            self.state.files[repository][value["path"]] = content
        self.state.commits += 1
        self._send({"success": True, "commitOid": self._sha(),
                    "commitUrl": f"http://{self.headers['Host']}/datasets/{repository}/commit/{self._sha()}"})

    def _batch(self, _repository: str, body: bytes) -> None:
        objects = [{**one, "actions": {"upload": {"href": f"http://{self.headers['Host']}/lfs/{one['oid']}"}}}
                   for one in json.loads(body)["objects"]]
        self._send({"transfer": "basic", "objects": objects})

    def _store(self, name: str, body: bytes) -> None:
        assert hashlib.sha256(body).hexdigest() == name
        self.state.large[name] = body
        self._send({})

    def _tree(self, repository: str, folder: str) -> None:
        deep = "recursive=true" in urlsplit(self.path).query.lower()
        start = f"{folder}/" if folder else ""
        inside = {path: content for path, content in self.state.files[repository].items() if path.startswith(start)}
        found = [{"type": "file", "path": path, "size": len(content), "oid": git_id(content)}
                 for path, content in inside.items() if deep or "/" not in path[len(start):]]
        found += [] if deep else _folders(start, inside)
        if found:
            return self._send(found)
        return self._send({"error": f"{folder} does not exist on main"}, 404, {"X-Error-Code": "EntryNotFound"})

    def _resolve(self, repository: str, path: str) -> None:
        content = self.state.files[repository].get(path)
        if content is None:
            return self._send({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        self._send(content, 200, {"X-Repo-Commit": self._sha(), "ETag": f'"{git_id(content)}"'})

    def _sha(self) -> str:
        return hashlib.sha1(str(self.state.commits).encode()).hexdigest()

    def _send(self, answer: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _folders(start: str, inside: dict[str, bytes]) -> list[dict[str, object]]:
    """Folders directly below, each with an id that changes with what it holds."""
    held: dict[str, list[str]] = {}
    for path, content in inside.items():
        name, slash, _ = path[len(start):].partition("/")
        if slash:
            held.setdefault(name, []).append(path + git_id(content))
    return [{"type": "directory", "path": start + name, "oid": git_id("".join(sorted(one)).encode())}
            for name, one in held.items()]


def git_id(content: bytes) -> str:
    """How git names a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
