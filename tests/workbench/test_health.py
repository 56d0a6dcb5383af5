"""`zest doctor` says what is there, what is missing and how to add it, and what fails; it asks no network."""

from __future__ import annotations

import json
import socket
import sys

import pytest

from pipelines.errors import CheckpointError
from pipelines.self_test import buzz
from workbench import health
from workbench.cli import exit_codes


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to reach another machine fails the test."""
    def refuse(*given, **_):
        raise AssertionError(f"asks the network: {given}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_command_tells_all_and_converts_without_a_network(zest_here, no_network):
    result = zest_here("doctor", "--json")
    assert result.returncode == exit_codes.OK, result.stderr
    document = json.loads(result.stdout)
    items = {item["name"]: item for item in document["items"]}
    assert document["works"] and {"zest", "packages", "CPU", "GPU", "takes", "studies", "conversion"} <= items.keys()
    assert items["conversion"]["told"].startswith("3 s of sound in ")


def test_an_optional_part_that_is_missing_comes_with_its_command_and_is_no_failure(zest_here, monkeypatch):
    monkeypatch.setitem(sys.modules, "speechbrain", None)
    result = zest_here("doctor", "--no-convert")
    line = next(line for line in result.stdout.splitlines() if "SpeechBrain" in line)
    assert line.startswith("- ") and "[pip install -r requirements-hub.txt]" in line and result.returncode == exit_codes.OK
    assert {part.extra for part in health.PARTS} <= health.read_project()["optional-dependencies"].keys()


def test_what_fails_is_told_with_its_exit_code(zest_here, monkeypatch, tmp_path):
    assert zest_here("doctor", "--checkpoint", "nowhere").returncode == exit_codes.CHECKPOINT
    old = [health.Requirement("numpy>=99"), health.Requirement("not-a-package>=1")]
    monkeypatch.setattr(health, "required", lambda: old)
    found = health.packages()
    assert found.state == "failed" and "numpy is " in found.told and "not-a-package is not installed" in found.told
    assert found.mend == "pip install -r requirements.txt" and found.error is not None
    monkeypatch.setattr(health.tempfile, "TemporaryFile", lambda dir: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    item = health.folder("takes", tmp_path / "new" / "takes")
    assert item.state == "failed" and "Read-only file system" in item.told and exit_codes.of(item.error) == exit_codes.OUTPUT


def test_a_conversion_that_is_no_sound_is_a_fault_of_the_checkpoint(monkeypatch, converter):
    silent = converter.convert(buzz(), emotion="sad", decoder="residual_world")
    broken = type("Broken", (), {"weights": "", "convert": lambda *_, **__: type(silent)(**vars(silent) | {
        "samples": silent.samples * float("nan")})})()
    monkeypatch.setattr("pipelines.conversion.load_converter", lambda *_: broken)
    with pytest.raises(CheckpointError, match="is no sound"):
        health.conversion()
