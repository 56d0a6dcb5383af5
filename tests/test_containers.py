"""The image and the composition: what can be checked without a container runtime, and a build and a run where there is one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.request
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from benchmarks.listening_server import free_port
from evaluation.listening.store.database import DRIVERS
from workbench.publishing.requirements import read_project, requirements_files

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
KEPT = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
BASE = "python:3.11-slim-bookworm"
BUILD_SECONDS, START_SECONDS = 3600, 180


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.M)


def test_the_image_is_built_in_two_stages_and_runs_without_rights():
    assert len(instructions("FROM")) == 2 and instructions("COPY --from=build")
    assert instructions("USER") == ["zest"] and "useradd --uid 1000" in DOCKERFILE
    assert DOCKERFILE.index("\nUSER") > DOCKERFILE.rindex("\nRUN") and json.loads(instructions("CMD")[-1]) == ["zest", "page"]
    assert f"ARG PYTHON_IMAGE={BASE}" in DOCKERFILE


def test_everything_that_is_copied_is_there_and_goes_to_the_builder():
    copied = [word for line in instructions("COPY") if not line.startswith("--from") for word in line.split()[:-1]]
    assert {"pipelines", "evaluation", "workbench", "checkpoints", "setup.py"} <= set(copied)
    for name in copied:
        assert list(ROOT.glob(name)), name
        assert name in KEPT or any(re.fullmatch(one.replace("*", ".*"), name.replace("*", "")) for one in KEPT), name
    extra = instructions("ARG")[-1].partition("=")[2]
    assert f"requirements-{extra}.txt" in requirements_files(read_project())


def test_variables_of_the_image_and_the_composition_are_those_that_the_workbench_reads():
    source = "".join(path.read_text() for folder in ("workbench", "evaluation") for path in (ROOT / folder).rglob("*.py"))
    names = re.findall(r"\b(WORKBENCH_\w+)=", DOCKERFILE) + [*COMPOSE["services"]["workbench"]["environment"]]
    assert len(names) >= 5
    for name in names:
        assert f'"{name}"' in source, name


def test_the_composition_keeps_studies_cache_and_answers_and_waits_for_the_database():
    workbench, database = COMPOSE["services"]["workbench"], COMPOSE["services"]["database"]
    (volumes,) = instructions("VOLUME")
    assert {one.partition(":")[2] for one in workbench["volumes"]} == set(json.loads(volumes)) == {"/data/studies", "/data/cache"}
    named = {one.partition(":")[0] for service in (workbench, database) for one in service["volumes"]}
    assert named == COMPOSE["volumes"].keys()
    assert workbench["depends_on"]["database"]["condition"] == "service_healthy" and "pg_isready" in str(database["healthcheck"])
    address = workbench["environment"]["WORKBENCH_DATABASE_URL"]
    assert address.partition(":")[0] in DRIVERS and f"@database/{database['environment']['POSTGRES_DB']}" in address
    assert "POSTGRES_PASSWORD:?" in address, "a composition without a password must not start"


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_asks_the_port_of_the_page_and_fails_where_no_page_answers(monkeypatch, status):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 - http.server's name
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    words = json.loads(re.search(r"HEALTHCHECK .*? CMD (\[.*\])", DOCKERFILE)[1])
    assert words[:2] == ["python3", "-c"]
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("GRADIO_SERVER_PORT", str(server.server_port))
        with nullcontext() if status == 200 else pytest.raises(OSError):
            exec(words[2], {})
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(free_port()))
    with pytest.raises(OSError):
        exec(words[2], {})


@pytest.fixture(scope="module")
def runtime() -> str:
    """docker or podman, where it answers and has the base image or can fetch it; skipped with a sentence elsewhere."""
    program = next((name for name in ("docker", "podman") if shutil.which(name)), None)
    if program is None or call(program, "info", seconds=30).returncode != 0:
        pytest.skip("no container runtime answers here")
    image = os.environ.get("ZEST_PYTHON_IMAGE", BASE)
    if call(program, "image", "inspect", image).returncode != 0 and call(program, "pull", image, seconds=300).returncode != 0:
        pytest.skip(f"the image {image} is not here and cannot be fetched")
    return program


def call(*words: str, seconds: float = 60) -> subprocess.CompletedProcess:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(BUILD_SECONDS + 600)
def test_the_image_is_built_and_its_page_answers(runtime):
    image, base = "zest-workbench-test", os.environ.get("ZEST_PYTHON_IMAGE", BASE)
    built = call(runtime, "build", "--tag", image, "--build-arg", f"PYTHON_IMAGE={base}", "--build-arg",
                 f"TORCH_INDEX={os.environ.get('TORCH_INDEX', '')}", ".", seconds=BUILD_SECONDS)
    assert built.returncode == 0, built.stderr[-2000:]
    port, name = free_port(), "zest-workbench-test"
    call(runtime, "run", "--detach", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:7860", image)
    try:
        assert answers(f"http://127.0.0.1:{port}/"), call(runtime, "logs", name).stdout
        assert call(runtime, "exec", name, "id", "-u").stdout.strip() == "1000"
        assert call(runtime, "exec", name, "zest", "doctor", seconds=120).returncode == 0
    finally:
        call(runtime, "rm", "--force", name)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(BUILD_SECONDS + 600)
def test_the_composition_keeps_answers_in_postgresql(runtime):
    if call(runtime, "compose", "version").returncode != 0:
        pytest.skip(f"{runtime} has no compose here")
    port, project = free_port(), "zest-test"
    environment = os.environ | {"POSTGRES_PASSWORD": "only-a-test", "PORT": str(port)}
    compose = [runtime, "compose", "--project-name", project]
    try:
        started = subprocess.run([*compose, "up", "--build", "--detach", "--wait"], cwd=ROOT, env=environment,
                                 capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
        assert started.returncode == 0, started.stderr[-2000:]
        assert answers(f"http://127.0.0.1:{port}/")
    finally:
        subprocess.run([*compose, "down", "--volumes"], cwd=ROOT, env=environment, capture_output=True, timeout=120, check=False)


def answers(address: str) -> bool:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:
                return reply.status == 200
        except OSError:
            time.sleep(1)
    return False
