"""Runs calls of zest as after `pip install zest-workbench`: packages of all extras cannot be imported.

    python -m tests.support.base_install FOLDER < calls.json > results.json

Calls are lists of words; a result is the exit code and what was said, or the traceback.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from importlib.abc import MetaPathFinder
from typing import Any

from pipelines import packages

LEFT_OUT = {module for modules in packages.EXTRAS.values() for module in modules}


class NotInstalled(MetaPathFinder):
    """Finds none of the packages that extras bring."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        if fullname.partition(".")[0] in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def call(words: list[str]) -> tuple[int, str]:
    """Exit code and the standard error."""
    from workbench.cli.main import main

    sys.argv = ["zest", *words]
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except Exception:  # noqa: BLE001 - it is the test's to say
            return -1, traceback.format_exc()
    return code, said.getvalue()


if __name__ == "__main__":
    sys.meta_path.insert(0, NotInstalled())
    packages.is_checkout = lambda: False  # what a wheel says
    os.chdir(sys.argv[1])
    json.dump([call(words) for words in json.load(sys.stdin)], sys.stdout)
