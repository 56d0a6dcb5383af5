"""Letters that a terminal lacks, names that are no text, outputs that are full, and Ctrl-C: one sentence each, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from pipelines.files import json_text
from workbench.cli import exit_codes

ROOT = Path(__file__).resolve().parents[2]
LATIN = os.fsdecode(b"J\xe9r\xf4me.wav")  # a name of Latin-1 bytes, which are no UTF-8


def heed_ctrl_c() -> None:
    """As in a terminal: tests that run in the background of a shell have it ignored, and hand that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(folder: Path, *words: str, **options) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("environment", {})
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heed_ctrl_c} | options
    return subprocess.Popen([sys.executable, "-m", "workbench.cli.main", *words], cwd=folder, env=environment, **options)


def test_json_is_json_on_every_terminal_and_names_come_back_as_they_were(tmp_path, source_path):
    (tmp_path / LATIN).write_bytes(source_path.read_bytes())
    words = ("convert", LATIN, "--system", "source", "-o", "Zoë.wav", "--plot", f"{LATIN}.png", "--json")
    process = started(tmp_path, *words, environment={"PYTHONIOENCODING": "ascii"})
    said, _ = process.communicate()
    document = json.loads(said.decode("ascii"))
    assert process.returncode == exit_codes.OK
    assert {document[name] for name in ("source", "output", "plot")} == {LATIN, "Zoë.wav", f"{LATIN}.png"}
    assert {LATIN, "Zoë.wav", f"{LATIN}.png"} == set(os.listdir(tmp_path))


def test_json_keeps_letters_that_can_be_written():
    assert json_text({"name": "Zoë"}) == '{"name": "Zoë"}'
    assert json.loads(json_text({"name": LATIN})) == json.loads(json_text({"name": LATIN}, encoding="ascii")) == {"name": LATIN}


@pytest.mark.parametrize("words", [("convert", "a.wav", "--emotion", "sad"), ("--help",), ("nonsense",)])
def test_ctrl_c_during_the_imports_says_nothing(words, tmp_path):
    """A package that takes for ever stands in for the first one that commands import."""
    (tmp_path / "typer.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    process = started(tmp_path, *words, environment={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert process.stdout is not None and process.stdout.readline() == b"importing\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"", b"") and process.returncode == exit_codes.INTERRUPTED


IN_A_CALLBACK = """
import io, os, signal, sys, time
import soundfile
import workbench.cli.app
from workbench.cli.main import main

class Pressed(io.BytesIO):
    def readinto(self, buffer):
        if self.tell() == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return super().readinto(buffer)

def command(**_):
    soundfile.read(Pressed(open(sys.argv[1], "rb").read()))
    time.sleep(60)

workbench.cli.app.app = command
main()
"""


def test_ctrl_c_while_a_sound_file_is_read_is_not_lost(tmp_path, source_path):
    """The reader's callbacks are called by compiled code, which drops their exceptions."""
    words = [sys.executable, "-c", IN_A_CALLBACK, source_path]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=50, preexec_fn=heed_ctrl_c)
    assert result.returncode == exit_codes.INTERRUPTED
    assert result.stderr == "Interrupted; nothing half-written was left.\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_a_full_device_is_told_in_one_sentence(tmp_path, source_path, zest_here):
    result = zest_here("convert", source_path, "--system", "source", "-o", "/dev/full")
    assert result.returncode == exit_codes.OUTPUT and "no space left on device" in result.stderr
    with open("/dev/full", "w") as full:
        process = started(tmp_path, "--help", stdout=full)
        said = process.communicate()[1].decode()
    assert process.returncode == exit_codes.OUTPUT
    assert "no space left on device" in said and len(said.splitlines()) == 1


def test_ctrl_c_ends_a_batch_with_one_sentence_and_leaves_nothing_half_written(tmp_path, source_path):
    rows = [f"{source_path},,sad,{number}.wav" for number in range(500)]
    (tmp_path / "pairs.csv").write_text("\n".join(["source,reference,emotion,output", *rows]) + "\n")
    process = started(tmp_path, "convert", "--batch", "pairs.csv", "-o", "out", "--system", "source", start_new_session=True)
    assert process.stderr is not None and b"Row" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1].decode()
    assert process.returncode == exit_codes.INTERRUPTED
    assert said.splitlines()[-1] == "Interrupted; nothing half-written was left." and "Traceback" not in said
    written = sorted((tmp_path / "out").iterdir())
    assert 0 < len(written) < 500 and all(soundfile.info(path).frames for path in written)
