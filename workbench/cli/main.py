"""The `zest` command: one function per command, and errors as one sentence and a code.

Only what `--help` needs is imported here; each command imports its own work when it runs.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, Any

import typer

from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.ablate import ablate
from workbench.cli.commands import UsageError, ZestCommand, ZestGroup
from workbench.cli.convert import convert
from workbench.cli.cost import cost
from workbench.cli.embeddings import embeddings
from workbench.cli.evaluate import evaluate
from workbench.cli.info import info, tell_version
from workbench.cli.manifest import manifest
from workbench.cli.metrics import metrics
from workbench.cli.progress import say
from workbench.cli.protocol import protocol
from workbench.cli.report import report
from workbench.cli.reproduce import reproduce
from workbench.cli.score import score
from workbench.cli.study import study
from workbench.cli.train import train
from workbench.cli.train_pack import pack_training, unpack_training
from workbench.cli.weights import average, carry, refit

EXIT_CODES = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in exit_codes.MEANINGS.items()) + "."


class ZestCommands(ZestGroup):
    """Knows `train pack` and `train unpack` beside `train STAGE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in self.commands else args)


app = typer.Typer(
    name="zest", help="Move the emotion of one recording onto another; words and voice stay.", epilog=EXIT_CODES,
    cls=ZestCommands, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]})  # commands and groups take these names from here


@app.callback()
def about_zest(version: Annotated[bool, typer.Option(
        "--version", is_eager=True, callback=lambda given: tell_version() if given else None,
        help="Show the version and exit.")] = False) -> None:
    """Move the emotion of one recording onto another; words and voice stay."""


for command in (convert, score, info, manifest, protocol, evaluate, report, metrics, reproduce, ablate, embeddings, train,
                average, refit, cost):
    app.command(cls=ZestCommand)(command)
app.command("train pack", cls=ZestCommand)(pack_training)
app.command("train unpack", cls=ZestCommand)(unpack_training)
app.add_typer(carry, name="carry")
app.add_typer(study, name="study")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. Where Python's own exception has passed through compiled code, the process ends without our exit code."""


def main() -> None:
    """Entry point of `zest`: never a traceback for what a user can mend."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where a shell has it ignored, as with nohup
        signal.signal(signal.SIGINT, _interrupt)
    try:
        sys.exit(_run())
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGINT, lambda *_: os._exit(exit_codes.INTERRUPTED))  # a second Ctrl-C, where tidying up hangs
    raise Interrupted


def _run() -> int:
    """The exit code; everything that is to be said is said."""
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
        say(f"A mistake inside zest ({type(error).__name__}: {error}); set ZEST_DEBUG=1 to see where, and report it.")
        code = exit_codes.BUG
    if code == exit_codes.INTERRUPTED:
        say("Interrupted; nothing half-written was left.")
    return code or exit_codes.OK


if __name__ == "__main__":
    main()
