"""Pytest rewrites the assertions of each file of tests before it is imported, and keeps the result beside the file.

In a fresh checkout all worker processes of pytest-xdist would rewrite all files at the same time. Here each rewrites its share
first, and reads those of the others. Where pytest has no such functions any more, each does all, as it would without this.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest


def rewrite_share(config: pytest.Config, files: Sequence[Path]) -> None:
    """Rewrite what falls to this worker process of `files`, as far as it is not kept from an earlier run."""
    try:
        from _pytest.assertion.rewrite import PYC_TAIL, _read_pyc, _rewrite_test, _write_pyc, assertstate_key, get_cache_dir
    except ImportError:
        return
    if sys.dont_write_bytecode or assertstate_key not in config.stash:
        return
    given = config.workerinput
    state = config.stash[assertstate_key]
    for path in files[int(given["workerid"].removeprefix("gw"))::given["workercount"]]:
        kept = get_cache_dir(path) / f"{path.stem}{PYC_TAIL}"
        if _read_pyc(path, kept) is None:
            kept.parent.mkdir(exist_ok=True)
            source, code = _rewrite_test(path, config)
            _write_pyc(state, code, source, kept)
