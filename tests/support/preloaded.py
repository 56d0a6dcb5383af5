"""What files of tests import at their top: importing this module imports it, once for all forks of a server (forkserver.py).

Files of tests themselves are left to pytest, which rewrites their assertions.
"""

from __future__ import annotations

import gc
import re
from contextlib import suppress
from pathlib import Path

from workbench.gradio_stubs import without_stubs

TESTS = Path(__file__).resolve().parents[1]
IMPORT = re.compile(r"^(?:import .+|from \S+ import (?:\([^)]*\)|.+))$", re.MULTILINE)
OF_TESTS = re.compile(r"(?:from|import) tests(?!\.support)")


def imports() -> list[str]:
    """Statements, each once."""
    found = (line for file in sorted(TESTS.rglob("test_*.py")) for line in IMPORT.findall(file.read_text()))
    return [line for line in dict.fromkeys(found) if not OF_TESTS.match(line)]


gc.disable()  # objects of modules stay, and searching them for garbage takes a fifth of the time
with without_stubs():
    for statement in ("import gradio.mcp", "import torch._dynamo", *imports()):
        with suppress(ImportError):  # its test says what is missing
            exec(statement, {})
gc.freeze()
gc.enable()
