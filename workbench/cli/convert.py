"""`zest convert`: one recording, or a list of pairs."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from pipelines.baselines import BASELINES, check_request, find_baseline
from pipelines.counting import counted
from pipelines.decoders import DECODERS
from pipelines.device import check_name
from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import load
from pipelines.files import check_writable, make_folder
from pipelines.hooks import Hook
from pipelines.settings import Settings
from workbench.cli import batch as batches
from workbench.cli import exit_codes
from workbench.cli.batch import BatchRow
from workbench.cli.options import AsJson, Checkpoint, listed, setting_option
from workbench.cli.progress import say, terminal_bar

if TYPE_CHECKING:
    from pipelines.conversion import Converts

DEFAULTS = Settings()


def convert(
    source: Annotated[Optional[Path], typer.Argument(help="Recording whose words and voice are kept.")] = None,
    reference: Annotated[Optional[Path], typer.Argument(help="Recording whose emotion is taken.")] = None,
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="WAV file to write, or a folder with --batch. An existing file is replaced.")] = None,
    emotion: Annotated[Optional[str], typer.Option(
        help="A preset instead of a reference: neutral, angry, happy, sad or surprised.")] = None,
    batch: Annotated[Optional[Path], typer.Option(
        help="CSV with the columns source, reference or emotion, and optional output; "
             "paths are relative to the CSV's folder, outputs to the one of -o.")] = None,
    plot: Annotated[Optional[Path], typer.Option(help="PNG of the F0 contours; a folder with --batch.")] = None,
    as_json: AsJson = False,
    strength: Annotated[float, setting_option("strength")] = DEFAULTS.strength,
    tempo: Annotated[bool, setting_option("tempo")] = DEFAULTS.tempo,
    decoder: Annotated[str, setting_option("decoder", DECODERS)] = DEFAULTS.decoder,
    seed: Annotated[int, setting_option("seed")] = DEFAULTS.seed,
    f0: Annotated[str, setting_option("f0")] = DEFAULTS.f0,
    system: Annotated[str, typer.Option(
        help=f"A baseline instead of this project's converter: {listed(BASELINES)}.")] = "",
    checkpoint: Checkpoint = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:0 or mps.")] = "cpu",
) -> None:
    """Convert SOURCE to the emotion of REFERENCE or of a preset, or a whole list with --batch."""
    check_name(device)
    settings = Settings(strength, tempo, decoder, seed, f0)
    if system and find_baseline(system) and settings != DEFAULTS:
        raise ZestError("A baseline has no strength, tempo, decoder, seed or choice of F0; leave them out beside --system.")
    load_converter = partial(_load_converter, system, checkpoint, device)
    if batch is None:
        if source is None:
            raise ZestError("Which recording? Name a SOURCE, or a list of pairs with --batch.")
        _check_target(reference, emotion, system)
        output = output or Path(f"{source.stem}-{_file_name(emotion or (reference.stem if reference else system))}.wav")
        raise typer.Exit(_convert_one(BatchRow(1, source, reference, emotion, output), settings, load_converter, plot, as_json))
    if source is not None or emotion is not None:
        raise ZestError("With --batch, sources and emotions come from the list; leave SOURCE and --emotion out.")
    if output is None:
        raise ZestError("With --batch, name the folder for the results with -o.")
    raise typer.Exit(_convert_batch(batch, output, settings, load_converter, plot, as_json))


def _load_converter(system: str, checkpoint: str | None, device: str) -> Converts:
    from pipelines.conversion import load_converter  # imported late: a usage error need not wait for torch

    return load_converter(system, checkpoint, device)


def _convert_one(row: BatchRow, settings: Settings, load_converter: Callable[[], Converts], plot: Path | None,
                 as_json: bool) -> int:
    for path in filter(None, (row.output, plot)):
        check_writable(path)
    _refuse_overwriting(row)
    for recording in filter(None, (row.source, row.reference)):
        load(recording)  # a bad recording is told at once, before any model is loaded
    with terminal_bar() as hook_for:
        document = _convert_row(load_converter(), row, settings, plot, hook_for(0, row.source.name, row.reference is not None))
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    _say_done(document)
    return exit_codes.OK


def _convert_batch(pairs_csv: Path, folder: Path, settings: Settings, load_converter: Callable[[], Converts],
                   plots: Path | None, as_json: bool) -> int:
    """Convert every row of a CSV with one loaded checkpoint."""
    rows = batches.read_batch(pairs_csv, folder)
    make_folder(folder)
    begun = time.perf_counter()
    with terminal_bar(len(rows)) as hook_for:
        converter, places = load_converter(), count()

        def convert_row(row: BatchRow) -> dict[str, Any]:
            _refuse_overwriting(row)
            make_folder(row.output.parent)
            plot = make_folder(plots) / f"{row.output.stem}.png" if plots else None
            hook = hook_for(next(places), row.source.name, row.reference is not None)
            return _convert_row(converter, row, settings, plot, hook)

        outcomes = []
        for outcome in batches.run(batches.by_source(rows), convert_row):
            outcomes.append(outcome)
            _say_row(outcome)
    outcomes.sort(key=lambda outcome: outcome.number)
    failed = sum(outcome.error is not None for outcome in outcomes)
    seconds = time.perf_counter() - begun
    if as_json:
        print(json.dumps({"pairs": [outcome.as_dict() for outcome in outcomes], "converted": len(outcomes) - failed,
                          "failed": failed, "seconds": round(seconds, 3)}, indent=2, ensure_ascii=False))
    say(f"Converted {len(outcomes) - failed} of {counted(len(outcomes), 'pair')} in {seconds:.1f} s into {folder}.")
    return exit_codes.SOME_FAILED if failed else exit_codes.OK


def _convert_row(converter: Converts, row: BatchRow, settings: Settings, plot: Path | None, hook: Hook) -> dict[str, Any]:
    """Writes WAV and plot. Returns the document of the conversion with the names of all files."""
    from workbench.conversion import convert_and_describe

    described = convert_and_describe(converter, row.source, row.reference, row.emotion, settings, row.output, hook)
    if plot is not None:
        from evaluation.plots import save_figure

        save_figure(described.figure(), plot)
    files = {"source": str(row.source), "reference": row.reference and str(row.reference), "output": str(row.output),
             "plot": plot and str(plot)}
    return files | described.document


def _check_target(reference: Path | None, emotion: str | None, system: str) -> None:
    """Raises ZestError: not exactly one of reference and emotion is given, or not the one that the baseline takes."""
    if system and not find_baseline(system).takes:
        return  # it moves no emotion, whatever is named
    if system and (reference is not None or emotion is not None):
        check_request(system, reference is not None, emotion is not None)
    if reference is None and emotion is None:
        raise ZestError("Whose emotion? Name a REFERENCE recording or an --emotion.")
    if reference is not None and emotion is not None:
        raise ZestError("Give either a REFERENCE recording or an --emotion, not both.")


def _refuse_overwriting(row: BatchRow) -> None:
    for recording in filter(None, (row.source, row.reference)):
        if os.path.exists(row.output) and os.path.exists(recording) and os.path.samefile(row.output, recording):
            raise AudioError(f"{row.output} is an input of this conversion; write the result to another file.")


def _file_name(text: str) -> str:
    """A target's name as part of a file name: 'my/angry' must not become a folder."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "converted"


def _say_done(document: dict[str, Any]) -> None:
    for note in document["notes"]:
        say(f"Note: {note}")
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in document["seconds"].items())
    say(f"Wrote {document['output']} ({document['converted_seconds']:.1f} s, {document['target']}); "
        f"{sum(document['seconds'].values()):.2f} s of work, real-time factor {document['real_time_factor']:.2f} ({stages}).")


def _say_row(outcome: batches.Outcome) -> None:
    if outcome.document is None:
        say(f"Row {outcome.number} failed: {outcome.error}")
        return
    say(f"Row {outcome.number}: wrote {outcome.document['output']}")
    for note in outcome.document["notes"]:
        say(f"  Note: {note}")
