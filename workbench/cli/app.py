"""The commands of `zest`, one function each, in one group.

Only what `--help` needs is imported here; each command imports its own work when it runs.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli import exit_codes
from workbench.cli.ablate import ablate
from workbench.cli.check import check
from workbench.cli.commands import ZestCommand, ZestGroup
from workbench.cli.convert import convert
from workbench.cli.cost import cost
from workbench.cli.doctor import doctor
from workbench.cli.embeddings import embeddings
from workbench.cli.evaluate import evaluate
from workbench.cli.frontier import frontier
from workbench.cli.info import info, tell_version
from workbench.cli.judge import judge
from workbench.cli.manifest import manifest
from workbench.cli.metrics import metrics
from workbench.cli.page import page
from workbench.cli.plan import plan
from workbench.cli.protocol import protocol
from workbench.cli.report import report
from workbench.cli.reproduce import reproduce
from workbench.cli.rivals import rivals
from workbench.cli.score import score
from workbench.cli.study import study
from workbench.cli.study_import import import_results
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


for command in (convert, page, plan, check, score, info, doctor, manifest, protocol, evaluate, frontier, report, metrics, rivals,
                reproduce, ablate, embeddings, train, average, refit, cost):
    app.command(cls=ZestCommand)(command)
app.command("train pack", cls=ZestCommand)(pack_training)
app.command("train unpack", cls=ZestCommand)(unpack_training)
app.add_typer(carry, name="carry")
app.add_typer(judge, name="judge")
study.command("import", cls=ZestCommand)(import_results)
app.add_typer(study, name="study")
