"""The `zest` command: reads options, calls one function per command, and turns errors into one sentence and a code.

Only what `--help` needs is imported here; each command imports its own work when it runs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.ablate import ablate
from workbench.cli.cost import cost
from workbench.cli.embeddings import embeddings
from workbench.cli.evaluate import evaluate
from workbench.cli.manifest import manifest
from workbench.cli.metrics import metrics
from workbench.cli.protocol import protocol
from workbench.cli.report import report
from workbench.cli.reproduce import reproduce
from workbench.cli.score import score
from workbench.cli.streams import say
from workbench.cli.study import study
from workbench.cli.train import train

EXIT_CODES = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in exit_codes.MEANINGS.items()) + "."

app = typer.Typer(
    name="zest", help="Move the emotion of one recording onto another; words and voice stay.", epilog=EXIT_CODES,
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Checkpoint = Annotated[Optional[str], typer.Option(help="Folder or hub id of a checkpoint; zest-mini if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@app.command(epilog=EXIT_CODES)
def convert(
    source: Annotated[Optional[Path], typer.Argument(help="Recording whose words and voice are kept.")] = None,
    reference: Annotated[Optional[Path], typer.Argument(help="Recording whose emotion is taken.")] = None,
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="WAV file to write, or a folder with --batch. An existing file is replaced.")] = None,
    emotion: Annotated[Optional[str], typer.Option(
        help="A preset instead of a reference: neutral, angry, happy, sad or surprised.")] = None,
    batch: Annotated[Optional[Path], typer.Option(
        help="CSV with the columns source, reference or emotion, and if wanted output; "
             "paths are relative to the CSV's folder, outputs to the one of -o.")] = None,
    plot: Annotated[Optional[Path], typer.Option(help="PNG of the F0 contours; a folder with --batch.")] = None,
    as_json: AsJson = False,
    strength: Annotated[float, typer.Option(min=0.0, max=1.5, help="0 keeps the source, 1 is natural, 1.5 is most.")] = 1.0,
    tempo: Annotated[bool, typer.Option(help="Also transfer the tempo.")] = True,
    decoder: Annotated[str, typer.Option(
        help="transfer_neural, transfer or generate; the best that the checkpoint has if left out.")] = "",
    seed: Annotated[int, typer.Option(
        min=0, help="0 takes the emotion as it is on average, others vary it; same seed, same result.")] = 0,
    f0: Annotated[str, typer.Option(
        help="Where the melody comes from: predicted; source or reference do without the pitch predictor.")] = "predicted",
    system: Annotated[str, typer.Option(
        help="A baseline instead of this project's converter: source, copy, copy-neural, f0-swap, polyak or vawgan.")] = "",
    checkpoint: Checkpoint = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:0 or mps.")] = "cpu",
) -> None:
    """Convert SOURCE to the emotion of REFERENCE or of a preset, or a whole list with --batch."""
    from workbench.cli.convert import Options, convert_batch, convert_one

    options = Options(strength, tempo, decoder, seed, f0, checkpoint, device, as_json, plot, system)
    if batch is None:
        if source is None:
            raise ZestError("Which recording? Name a SOURCE, or a list of pairs with --batch.")
        raise typer.Exit(convert_one(source, reference, emotion, output, options))
    if source is not None or emotion is not None:
        raise ZestError("With --batch, sources and emotions come from the list; leave SOURCE and --emotion out.")
    if output is None:
        raise ZestError("With --batch, name the folder for the results with -o.")
    raise typer.Exit(convert_batch(batch, output, options))


@app.command(epilog=EXIT_CODES)
def info(checkpoint: Checkpoint = None, as_json: AsJson = False) -> None:
    """Show what is installed and what the checkpoint can do."""
    from workbench.cli.info import show_info

    raise typer.Exit(show_info(checkpoint, as_json))


app.command(epilog=EXIT_CODES)(train)
app.command(epilog=EXIT_CODES)(cost)
app.command(epilog=EXIT_CODES)(metrics)
app.command(epilog=EXIT_CODES)(evaluate)
app.command(epilog=EXIT_CODES)(report)
app.command(epilog=EXIT_CODES)(score)
app.command(epilog=EXIT_CODES)(manifest)
app.command(epilog=EXIT_CODES)(protocol)
app.command(epilog=EXIT_CODES)(reproduce)
app.command(epilog=EXIT_CODES)(ablate)
app.command(epilog=EXIT_CODES)(embeddings)
app.add_typer(study, name="study", epilog=EXIT_CODES)


def main() -> None:
    """Entry point of `zest`: never a traceback for what a user can mend."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except ZestError as error:
        say(str(error))
        sys.exit(exit_codes.of(error))
    except KeyboardInterrupt:
        say("Interrupted; nothing half-written was left.")
        sys.exit(exit_codes.INTERRUPTED)
    except Exception as error:  # the last net: a bug is told in one line, its traceback on demand
        if os.environ.get("ZEST_DEBUG"):
            raise
        say(f"A mistake inside zest ({type(error).__name__}: {error}); set ZEST_DEBUG=1 to see where, and report it.")
        sys.exit(exit_codes.BUG)


if __name__ == "__main__":
    main()
