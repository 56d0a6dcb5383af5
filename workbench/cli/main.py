"""The `zest` command: errors as one sentence and a code, whatever goes wrong and whenever somebody presses Ctrl-C.

Nothing is imported here that takes long, so that even the imports of the commands can be interrupted without a traceback.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from pipelines.errors import ZestError
from pipelines.packages import told
from workbench.cli import exit_codes

SWALLOWED_SECONDS = 0.05  # by then the callback that lost an interrupt has ended


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. Where Python's own exception has passed through compiled code, the process ends without our exit code."""


def main() -> None:
    """Entry point of `zest`: never a traceback for what a user can mend."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    before, told_before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    heeded = before is signal.default_int_handler  # not where a shell has it ignored, as with nohup
    pressed = threading.Event()
    if heeded:
        signal.signal(signal.SIGINT, _end)  # nothing is begun yet, so there is nothing to tidy up
    try:
        from workbench.cli.app import app

        if heeded:
            signal.signal(signal.SIGINT, partial(_interrupt, pressed))
            sys.unraisablehook = partial(_not_swallowed, pressed, told_before)
        sys.exit(_run(app, pressed))
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = told_before


def _end(*_: object) -> None:
    os._exit(exit_codes.INTERRUPTED)


def _interrupt(pressed: threading.Event, *_: object) -> None:
    pressed.set()
    signal.signal(signal.SIGINT, _end)  # a second Ctrl-C, where tidying up hangs
    raise Interrupted


def _not_swallowed(pressed: threading.Event, tell: Callable[[Any], object], lost: Any) -> None:
    """Ctrl-C in a callback of compiled code, as when a sound file is read, ends the callback alone: it is sent again.

    tell: what is called with every other exception that has nowhere to go.
    """
    if not issubclass(lost.exc_type, Interrupted):
        tell(lost)
        return
    signal.signal(signal.SIGINT, partial(_interrupt, pressed))
    again = threading.Timer(SWALLOWED_SECONDS, _thread.interrupt_main)
    again.daemon = True
    again.start()


def _run(app: Callable[..., Any], pressed: threading.Event) -> int:
    """The exit code; everything that is to be said is said."""
    from workbench.cli.progress import say

    try:
        code = app(standalone_mode=False) or exit_codes.OK
    except KeyboardInterrupt:
        code = exit_codes.INTERRUPTED
    except Exception as error:
        code = exit_codes.INTERRUPTED if pressed.is_set() else _told(error)  # what was cut short may well fail
    if code == exit_codes.INTERRUPTED:
        say("Interrupted; nothing half-written was left.")
    return code


def _told(error: Exception) -> int:
    """The exit code of what went wrong, after one sentence on it. A bug's traceback follows on demand."""
    from workbench.cli.commands import UsageError
    from workbench.cli.progress import say

    if isinstance(error, UsageError):  # a call without any words
        print(getattr(error, "format_message", error.__str__)())
        return exit_codes.USAGE
    if os.environ.get("ZEST_DEBUG") and not isinstance(error, ZestError):
        raise error
    known = error if isinstance(error, ZestError) else told(error)
    if known is None:
        say(f"A mistake inside zest ({type(error).__name__}: {error}); set ZEST_DEBUG=1 to see where, and report it.")
        return exit_codes.BUG
    say(str(known))
    return exit_codes.of(known)


if __name__ == "__main__":
    main()
