"""`zest convert`: one recording, or a list of pairs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from pipelines.affect import known_target, target_name
from pipelines.baselines import BASELINES, check_request, find_baseline
from pipelines.counting import counted
from pipelines.decoders import DECODERS
from pipelines.device import check_name
from pipelines.errors import ZestError
from pipelines.features.writing import CONTAINERS, ENDINGS, HIGHEST_RATE, LOWEST_RATE, SOURCE_RATE, AudioForm
from pipelines.files import PICTURES, check_ending, make_folder, write_whole
from pipelines.hooks import Hook
from pipelines.mix import check_target
from pipelines.outputs import check_outputs
from pipelines.settings import Settings
from workbench.cli import batch as batches
from workbench.cli import exit_codes
from workbench.cli.batch import BadRow, BatchRow
from workbench.cli.commands import refuse_given, weighted_paths
from workbench.cli.long import check_long, convert_long, convert_plan, files_of_plan, refuse_beside_plan
from workbench.cli.names import check_replacing, default_name, variant
from workbench.cli.options import MANY, AsJson, Checkpoint, Converting, Overwrite, listed, setting_option
from workbench.cli.output import print_json
from workbench.cli.pipes import PIPE, piped_in, piped_out, shown, stdin_of
from workbench.cli.progress import say, terminal_bar

if TYPE_CHECKING:
    from pipelines.conversion import Converts
    from pipelines.features.audio import Recording
    from workbench.conversion import DescribedConversion

DEFAULTS = Settings()
TABLE = ".csv"


def convert(
    context: typer.Context,
    source: Annotated[Optional[Path], typer.Argument(
        metavar="SOURCE", help="Recording whose words and voice are kept; - reads standard input.")] = None,
    reference: Annotated[Optional[Path], typer.Argument(
        metavar="REFERENCE", help="Recording whose emotion is taken.")] = None,
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", metavar="FILE", help=f"File to write ({ENDINGS}), or a folder with --batch; - writes to "
                                               "standard output. If left out, the name follows from source, target and "
                                               "settings.")] = None,
    emotion: Annotated[Optional[str], typer.Option(
        metavar="NAME", help="A preset instead of a reference: neutral, angry, happy, sad or surprised; or a mix, such as "
                             "angry:0.6,sad:0.4, or a point, such as arousal:0.6,valence:-0.3.")] = None,
    references: Annotated[Optional[list[str]], typer.Option(
        "--reference", metavar="FILE[:WEIGHT]", help=f"A reference of a mix, as in friend.wav:0.4. {MANY}")] = None,
    batch: Annotated[Optional[Path], typer.Option(
        metavar="FILE", help="CSV with the columns source, reference or emotion, and optional output; "
                             "paths are relative to the CSV's folder, outputs to the one of -o.")] = None,
    plan: Annotated[Optional[Path], typer.Option(
        metavar="FILE", help="CSV that says what is to become of which part of SOURCE; zest plan writes one to edit.")] = None,
    plot: Annotated[Optional[Path], typer.Option(
        metavar="FILE", help="Picture of the F0 contours (.png, .svg or .pdf), or their numbers (.csv); a folder with "
                             "--batch.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    strength: Annotated[float, setting_option("strength", metavar="NUMBER")] = DEFAULTS.strength,
    tempo: Annotated[bool, setting_option("tempo", metavar=None)] = DEFAULTS.tempo,
    decoder: Annotated[str, setting_option("decoder", DECODERS)] = DEFAULTS.decoder,
    seed: Annotated[int, setting_option("seed", metavar="NUMBER")] = DEFAULTS.seed,
    f0: Annotated[str, setting_option("f0")] = DEFAULTS.f0,
    rate: Annotated[str, typer.Option(
        metavar="HZ", help=f"Sampling rate of the result: {SOURCE_RATE} for the source's own, between {LOWEST_RATE} and "
                           f"{HIGHEST_RATE} Hz; or a number in between.")] = SOURCE_RATE,
    container: Annotated[str, typer.Option(
        "--format", metavar="NAME", help=f"Format where no name says it: {listed(CONTAINERS)}.")] = "",
    subtype: Annotated[str, typer.Option(
        metavar="NAME", help="Resolution of WAV and FLAC: 16 or 24 bits, or float (WAV alone); 16 if left out.")] = "",
    denoise: Annotated[bool, typer.Option("--denoise", help="Take steady noise out of sources first.")] = False,
    mark: Annotated[bool, typer.Option(
        "--mark/--no-mark", help="Whether the metadata say that the speech is synthetic, and how it was converted.")] = True,
    system: Annotated[str, typer.Option(
        metavar="NAME", help=f"A baseline instead of this project's converter: {listed(BASELINES)}.")] = "",
    checkpoint: Checkpoint = None,
    device: Converting = "cpu",
) -> None:
    """Convert SOURCE to the emotion of REFERENCE or of a preset, or a whole list with --batch."""
    check_name(device, auto=True)
    settings = Settings(strength, tempo, decoder, seed, f0)
    if system and find_baseline(system) and settings != DEFAULTS:
        raise ZestError("A baseline has no strength, tempo, decoder, seed or choice of F0; leave them out beside --system.")
    if system and find_baseline(system).load is None:
        refuse_given(context, ("checkpoint", "device"), f"The baseline {system} has no weights, so")
    form = AudioForm(rate, subtype, container, mark)
    run = ConversionRun(settings, system, partial(_load_converter, system, checkpoint, device), as_json, overwrite, form,
                        denoise=denoise, variant=variant(checkpoint, form, denoise))
    name = partial(default_name, settings=settings, system=system, others=run.variant)
    emotion = (emotion or "").strip() or None
    if plan is not None:
        refuse_beside_plan(source, {"REFERENCE": reference, "--reference": references or None, "--emotion": emotion,
                                    "--batch": batch, "--plot": plot})
        refuse_given(context, ("strength", "tempo"), "With --plan, every row has its own strength and tempo, so")
        with piped_in(source) as (own,):
            assert own is not None  # since the source is given
            raise typer.Exit(_convert_plan(own, plan, output, name(own, "directed"), run))
    if batch is None:
        if source is None:
            raise ZestError("Which recording? Name a SOURCE, or a list of pairs with --batch.")
        several = weighted_paths(references, needed=emotion is not None)
        if several and reference is not None:
            raise ZestError("Name references as REFERENCE or with --reference, not both ways.")
        if len(several) == 1 and emotion is None:
            reference, several = several[0][0], []
        _check_target(reference, several, emotion, system)
        with piped_in(source, reference) as (own, other):
            assert own is not None  # since the source is given
            named = output or Path(f"{name(own, _target_name(emotion, other, several))}.{container or 'wav'}")
            row = BatchRow(1, own, other, emotion, named, output is not None, plot, tuple(several))
            raise typer.Exit(_convert_to_pipe(row, run) if output == PIPE else _convert_one(row, run))
    if source is not None or emotion is not None or references:
        raise ZestError("With --batch, sources and emotions come from the list; leave SOURCE, --emotion and --reference out.")
    if output is None or output == PIPE:
        raise ZestError("With --batch, name the folder for the results with -o.")
    raise typer.Exit(_convert_batch(batch, output, _read_batch(batch, output, plot, name, run), run))


def _read_batch(batch: Path, output: Path, plot: Path | None, name: Callable[[Path, str], str],
                run: ConversionRun) -> list[BatchRow | BadRow]:
    return batches.read_batch(batch, output, plot, name, f".{run.form.container or 'wav'}", _namer(run.system))


def _namer(system: str) -> Callable[[str], str]:
    """What refuses an emotion that cannot be: a checkpoint knows its own presets, and a baseline has none that could tell."""
    return known_target if system else target_name


@dataclass(frozen=True)
class ConversionRun:
    """How all rows of a call are converted, and how the result is told."""

    settings: Settings
    system: str
    load_converter: Callable[[], Converts]
    as_json: bool
    overwrite: bool
    form: AudioForm
    write: Callable[[Path, bytes], object] = write_whole
    denoise: bool = False
    variant: tuple[str, ...] = ()


def _load_converter(system: str, checkpoint: str | None, device: str) -> Converts:
    from pipelines.conversion import load_converter  # imported late: a usage error need not wait for torch
    from pipelines.fastest import resolved

    return load_converter(system, checkpoint, resolved(device, checkpoint))


def _convert_to_pipe(row: BatchRow, run: ConversionRun) -> int:
    """Nothing but the recording goes to standard output."""
    _refuse_json(run)
    with piped_out([*row.recordings, *stdin_of(*row.recordings)]) as write:
        return _convert_one(row, replace(run, write=lambda _, content: write(content)))


def _refuse_json(run: ConversionRun) -> None:
    if run.as_json:
        raise ZestError("With -o -, standard output is the recording; leave --json out, or name a file.")


def _convert_one(row: BatchRow, run: ConversionRun) -> int:
    _check_files((), [row], run, new_folders=False)
    if row.plot == PIPE:
        raise ZestError("A picture cannot go to standard output; name a file with --plot.")
    if row.plot is not None:
        check_ending(row.plot, (*PICTURES, TABLE), "plots")
    from pipelines.features.audio import is_long, load  # imported late: it needs scipy

    if is_long(row.source):  # a bad recording is told at once, before any model is loaded
        check_long(row.source, row.plot, run.system)
    for reference in row.recordings[1:]:
        load(reference)
    with terminal_bar() as hook_for:
        document = _convert_row(run.load_converter(), row, run, hook_for(0, row.source.name, row.reference is not None))
    if run.as_json:
        print_json(document)
    _say_done(document)
    return exit_codes.OK


def _convert_plan(source: Path, plan: Path, named: Path | None, name: str, run: ConversionRun) -> int:
    """By phrases, each as its row of the plan says. name: of the output without its ending, where the user named none."""
    output = named or Path(f"{name}.{run.form.container or 'wav'}")

    def render(write: Callable[[Path, bytes], object]) -> dict[str, Any]:
        return convert_plan(run.load_converter, source, plan, output, named is not None, run.settings, run.overwrite, write,
                            run.form, _namer(run.system), run.denoise)

    if output == PIPE:
        _refuse_json(run)
        with piped_out(files_of_plan(source, plan)) as write:
            document = render(lambda _, content: write(content))
    else:
        document = render(run.write)
    document = {"source": shown(source), "plan": str(plan), "output": str(output)} | document
    if run.as_json:
        print_json(document)
    _say_done(document)
    return exit_codes.OK


def _convert_batch(pairs_csv: Path, folder: Path, rows: list[BatchRow | BadRow], run: ConversionRun) -> int:
    """Convert every row of a CSV with one loaded checkpoint."""
    _check_files((pairs_csv,), [row for row in rows if isinstance(row, BatchRow)], run, new_folders=True)
    make_folder(folder)
    begun = time.perf_counter()
    with terminal_bar(len(rows)) as hook_for:
        converter, places = run.load_converter(), count()

        def convert_row(row: BatchRow) -> dict[str, Any]:
            for path in filter(None, (row.output, row.plot)):
                make_folder(path.parent)
            return _convert_row(converter, row, run, hook_for(next(places), row.source.name, row.reference is not None))

        outcomes = []
        for outcome in batches.run(batches.by_source(rows), convert_row):
            outcomes.append(outcome)
            _say_row(outcome)
    outcomes.sort(key=lambda outcome: outcome.number)
    failed = sum(outcome.error is not None for outcome in outcomes)
    seconds = time.perf_counter() - begun
    _say_notes(outcomes)
    if run.as_json:
        print_json({"pairs": [outcome.as_dict() for outcome in outcomes], "converted": len(outcomes) - failed,
                    "failed": failed, "seconds": round(seconds, 3)})
    say(f"Converted {len(outcomes) - failed} of {counted(len(outcomes), 'pair')} in {seconds:.1f} s into {folder}.")
    return exit_codes.SOME_FAILED if failed else exit_codes.OK


def _check_files(lists: Sequence[Path], rows: Sequence[BatchRow], run: ConversionRun, new_folders: bool) -> None:
    """Hold every output of the call against every input of it, before any work."""
    for row in rows:
        run.form.check(row.output)
    recordings = [path for row in rows for path in row.recordings]
    check_outputs([*lists, *recordings, *stdin_of(*recordings)],
                  [path for row in rows for path in (row.output, row.plot) if path != PIPE], new_folders=new_folders)
    written = [(path, row.named or (path is row.plot and not new_folders)) for row in rows
               for path in (row.output, row.plot) if path is not None and path != PIPE]
    check_replacing([path for path, named in written if named], [path for path, named in written if not named], run.overwrite)


def _convert_row(converter: Converts, row: BatchRow, run: ConversionRun, hook: Hook) -> dict[str, Any]:
    """Writes the recording and the plot. Returns the document of the conversion with the names of all files."""
    from pipelines.features.audio import LengthError, is_long
    from workbench.conversion import convert_and_describe

    files: dict[str, Any] = {"source": shown(row.source), "reference": row.reference and shown(row.reference),
                             "output": str(row.output), "plot": row.plot and str(row.plot)}
    if row.mixed:
        files["references"] = [str(path) for path, _ in row.mixed]
    given = (row.emotion, run.settings, row.output)
    try:
        reference = row.reference or list(row.mixed) or None
        source = _denoised(row.source) if run.denoise else row.source
        described = convert_and_describe(converter, source, reference, *given, hook, run.write, run.form, run.variant)
    except LengthError:
        if not is_long(row.source):  # a reference is
            raise
        check_long(row.source, row.plot, run.system)
        return files | convert_long(converter, row.source, row.reference, row.mixed, *given, run.write, hook, run.form,
                                    run.denoise)
    if row.plot is not None:
        _save_contours(described, row)
    return files | described.document


def _save_contours(described: DescribedConversion, row: BatchRow) -> None:
    """As a picture, or as the table that the page offers."""
    assert row.plot is not None  # else there is nothing to save
    if row.plot.suffix.lower() != TABLE:
        from evaluation.plots import save_figure

        save_figure(described.figure(), row.plot)
        return
    from pipelines.features.audio import load
    from workbench.studio.contours import contour_series, csv_text

    own, other = load(row.source).samples, load(row.reference).samples if row.reference else None
    write_whole(row.plot, csv_text(contour_series(described.conversion, described.measured, own, other)).encode())


def _denoised(path: Path) -> Recording:
    from pipelines.features.audio import load
    from pipelines.features.denoising import denoised

    return denoised(load(path))


def _target_name(emotion: str | None, reference: Path | None, several: Sequence[tuple[Path, float]]) -> str:
    """How the target is called in the name of a result."""
    return reference.stem if reference else target_name(emotion, [(path.stem, weight) for path, weight in several])


def _check_target(reference: Path | None, several: Sequence[tuple[Path, float]], emotion: str | None, system: str) -> None:
    """Raises ZestError: not exactly one of reference and emotion is given, or not the one that the baseline takes."""
    if emotion is not None:
        _namer(system)(emotion)  # tells what is wrong with a mix before any model is loaded
    if reference is not None and emotion is not None:
        raise ZestError("Give either a REFERENCE recording or an --emotion, not both; to mix them, give both weights, as in "
                        "--emotion angry:0.6 --reference friend.wav:0.4.")
    if several:
        if system:
            raise ZestError(f"The baseline {system} takes one emotion, and no mix.")
        check_target(list(several), emotion)
        return
    if system and not find_baseline(system).takes:
        return  # it moves no emotion; a note says so where one is named
    if system and (reference is not None or emotion is not None):
        check_request(system, reference is not None, emotion is not None)
    if reference is None and emotion is None:
        raise ZestError("Whose emotion? Name a REFERENCE recording or an --emotion.")


def _say_done(document: dict[str, Any]) -> None:
    from workbench.conversion import said_recognised

    for note in document["notes"]:
        say(f"Note: {note}")
    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in document["seconds"].items())
    work = (f"{sum(document['seconds'].values()):.2f} s of work, real-time factor {document['real_time_factor']:.2f} ({stages})"
            if stages else "nothing had to be converted")
    recognised = said_recognised(document)
    if recognised:
        say(f"Recognised in the reference: {recognised}.")
    output = "standard output" if document["output"] == str(PIPE) else document["output"]
    say(f"Wrote {output} ({document['converted_seconds']:.1f} s, {document['target']}); {work}.")


def _say_row(outcome: batches.Outcome) -> None:
    if outcome.document is None:
        say(f"Row {outcome.number} failed: {outcome.error}")
        return
    say(f"Row {outcome.number}: wrote {outcome.document['output']}")


def _say_notes(outcomes: Sequence[batches.Outcome]) -> None:
    """Each note once, with the rows that it is about."""
    rows: dict[str, list[int]] = {}
    for outcome in outcomes:
        for note in dict.fromkeys((outcome.document or {}).get("notes", ())):
            rows.setdefault(note, []).append(outcome.number)
    for note, numbers in rows.items():
        say(f"Note on {f'row {numbers[0]}' if len(numbers) == 1 else counted(len(numbers), 'row')}: {note}")
