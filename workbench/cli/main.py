"""The `zest` command: errors as one sentence and a code, whatever goes wrong and whenever somebody presses Ctrl-C.

Nothing is imported here that takes long, so that even the imports of the commands can be interrupted without a traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from pipelines.errors import ZestError
from pipelines.packages import told
from workbench.cli import exit_codes


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. Where Python's own exception has passed through compiled code, the process ends without our exit code."""


def main() -> None:
    """Entry point of `zest`: never a traceback for what a user can mend."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    before = signal.getsignal(signal.SIGINT)
    heeded = before is signal.default_int_handler  # not where a shell has it ignored, as with nohup
    if heeded:
        signal.signal(signal.SIGINT, _end)  # nothing is begun yet, so there is nothing to tidy up
    try:
        from workbench.cli.app import app

        if heeded:
            signal.signal(signal.SIGINT, _interrupt)
        sys.exit(_run(app))
    finally:
        signal.signal(signal.SIGINT, before)


def _end(*_: object) -> None:
    os._exit(exit_codes.INTERRUPTED)


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGINT, _end)  # a second Ctrl-C, where tidying up hangs
    raise Interrupted


def _run(app: Callable[..., Any]) -> int:
    """The exit code; everything that is to be said is said."""
    from workbench.cli.commands import UsageError
    from workbench.cli.progress import say

    try:
        code = app(standalone_mode=False)
    except ZestError as error:
        say(str(error))
        code = exit_codes.of(error)
    except UsageError as error:  # a call without any words
        print(getattr(error, "format_message", error.__str__)())
        code = exit_codes.USAGE
    except KeyboardInterrupt:
        code = exit_codes.INTERRUPTED
    except Exception as error:  # the last net: a bug is told in one line, its traceback on demand
        if os.environ.get("ZEST_DEBUG"):
            raise
        missing = told(error)
        say(str(missing) if missing else
            f"A mistake inside zest ({type(error).__name__}: {error}); set ZEST_DEBUG=1 to see where, and report it.")
        code = exit_codes.of(missing) if missing else exit_codes.BUG
    if code == exit_codes.INTERRUPTED:
        say("Interrupted; nothing half-written was left.")
    return code or exit_codes.OK


if __name__ == "__main__":
    main()
