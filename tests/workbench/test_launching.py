"""`python app.py`: what is written behind it is honoured or refused in one sentence, before anything that takes long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench import launching
from workbench.cli import exit_codes
from workbench.launching import serve, take_options

ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """In place of the page. taken: the port is in use."""

    local_url = "http://127.0.0.1:8123/"

    def __init__(self, taken: bool = False):
        self.taken, self.options, self.blocked = taken, {}, False

    def launch(self, **options):
        self.options = options
        if self.taken:
            raise OSError("Cannot find empty port in range: 8123-8123.")

    def block_thread(self):
        self.blocked = True


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in (launching.PORT_VARIABLE, launching.HOST_VARIABLE, launching.FILES_VARIABLE, launching.MCP_VARIABLE):
        monkeypatch.setenv(name, "")  # and back as it was at the end


def test_port_and_host_are_honoured(capsys):
    take_options(["--port", "8123", "--host", "0.0.0.0"])
    assert (os.environ["GRADIO_SERVER_PORT"], os.environ["GRADIO_SERVER_NAME"]) == ("8123", "0.0.0.0")
    demo: Any = Demo()
    serve(demo, theme=None)
    assert demo.blocked and demo.options["server_port"] == 8123 and "theme" in demo.options
    assert capsys.readouterr().err == "The workbench is open on http://127.0.0.1:8123/ (Ctrl-C ends it).\n"


def test_agents_and_files_are_off_unless_asked_for(tmp_path, monkeypatch, capsys):
    take_options([])
    assert not os.environ[launching.MCP_VARIABLE] and not os.environ[launching.FILES_VARIABLE]
    take_options(["--mcp", "--files", str(tmp_path)])
    assert (os.environ[launching.MCP_VARIABLE], os.environ[launching.FILES_VARIABLE]) == ("true", str(tmp_path))
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SystemExit) as ended:
        take_options(["--mcp"])
    assert ended.value.code == exit_codes.USAGE and "run 'pip install -r requirements-mcp.txt'" in capsys.readouterr().err


def test_zest_page_takes_the_same_options_and_is_told_of_by_its_own_name(zest_here, monkeypatch):
    opened = []
    monkeypatch.setattr("workbench.demo.build_demo", lambda: "the page")
    monkeypatch.setattr(launching, "open_page", lambda demo: opened.append((demo, os.environ[launching.PORT_VARIABLE],
                                                                            os.environ[launching.MCP_VARIABLE])))
    assert zest_here("page", "--port", "8123", "--mcp").returncode == exit_codes.OK and opened == [("the page", "8123", "true")]
    refused = zest_here("page", "--port", "banana")
    assert refused.returncode == exit_codes.USAGE and len(opened) == 1
    assert "'banana' is no port" in refused.stderr and "'zest page --help' lists" in refused.stderr


@pytest.mark.parametrize(("words", "sentence"), [
    (["--files", "/nowhere"], "'/nowhere' is no folder"),
    (["--prot", "8123"], "Unrecognized arguments: --prot 8123"), (["--port", "banana"], "'banana' is no port"),
    (["--port", "0"], "from 1 to 65535"), (["--port"], "expected one argument"), (["8123"], "Unrecognized arguments: 8123"),
    (["--share"], "Unrecognized arguments: --share")])
def test_what_is_not_known_is_refused_in_one_sentence(words, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        take_options(words)
    said = capsys.readouterr().err
    assert ended.value.code == exit_codes.USAGE and sentence in said and said.count("\n") == 1 and "--help" in said


def test_a_variable_that_is_no_port_and_a_port_that_is_taken_are_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("GRADIO_SERVER_PORT", "banana")
    with pytest.raises(SystemExit):
        take_options([])
    assert "GRADIO_SERVER_PORT: 'banana' is no port" in capsys.readouterr().err
    take_options(["--port", "8123"])
    taken: Any = Demo(taken=True)
    with pytest.raises(SystemExit) as ended:
        serve(taken)
    assert ended.value.code == exit_codes.OUTPUT and "on port 8123: it is in use" in capsys.readouterr().err


def test_app_py_reads_its_options_before_it_builds_the_page():
    told = subprocess.run([sys.executable, "app.py", "--port", "banana"], cwd=ROOT, capture_output=True, text=True, timeout=60,
                          env=os.environ | {"ZEST_CHECKPOINT": "/nowhere"})
    assert told.returncode == exit_codes.USAGE and told.stdout == "" and told.stderr.count("\n") == 1
