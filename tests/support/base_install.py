"""Runs calls of zest as after `pip install zest-workbench`: packages of all extras cannot be imported."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import traceback
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from pipelines import packages
from tests.support.processes import OWN, forget

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


def run(calls: list[list[str]], results: Path) -> None:
    """In a process of its own, in the folder where it begins: writes for each call (words behind zest) what it gives, as JSON."""
    forget({*OWN, *LEFT_OUT})
    sys.meta_path.insert(0, NotInstalled())
    from pipelines import packages

    packages.is_checkout = lambda: False  # what a wheel says
    results.write_text(json.dumps([call(words) for words in calls]))
