"""What packages of others print goes to the log: a reader of the terminal or of the page has no use for it."""

from __future__ import annotations

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

LOG = logging.getLogger("zest.packages")
_LOCK = threading.RLock()  # the streams belong to the whole process: one at a time takes them away and gives them back


@contextmanager
def quiet(package: str) -> Iterator[None]:
    """Inside, Python's standard streams and warnings are kept from the reader; each line is logged with the package's name."""
    kept = io.StringIO()
    with _LOCK:
        try:
            with warnings.catch_warnings(), redirect_stdout(kept), redirect_stderr(kept):
                warnings.simplefilter("ignore")
                yield
        finally:
            for line in filter(None, map(str.strip, kept.getvalue().splitlines())):
                LOG.info("%s: %s", package, line)
