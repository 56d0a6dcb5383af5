"""`zest study`: gather, make, check, close, analyse and export a listening test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from pipelines.counting import agreeing, counted
from pipelines.errors import ZestError
from workbench.cli.commands import ZestCommand, ZestGroup
from workbench.cli.progress import say

if TYPE_CHECKING:
    from evaluation.listening.design.study import Study
    from evaluation.listening.store import Collected

study = typer.Typer(help="Listening tests: make a study from a finished evaluation, check, close, analyse and export it.",
                    cls=ZestGroup, no_args_is_help=True, rich_markup_mode=None)

StudyFolder = Annotated[Path, typer.Argument(help="Folder that zest study create wrote.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Database = Annotated[Optional[str], typer.Option(
    help="Address of the database with the answers; WORKBENCH_DATABASE_URL, or the file in the study's folder, if left out.")]
Draws = Annotated[int, typer.Option(min=100, max=100_000, help="Resamples of the bootstrap.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the bootstrap: same seed, same intervals.")]


@study.command(cls=ZestCommand)
def gather(
    source: Annotated[Path, typer.Argument(help="Recording whose words and voice were kept.")],
    converted: Annotated[Path, typer.Argument(help="The conversion.")],
    reference: Annotated[Optional[Path], typer.Option(help="Recording whose emotion was taken.")] = None,
    emotion: Annotated[str, typer.Option(help="The target emotion; without --reference, the stored one that was taken.")] = "",
    system: Annotated[str, typer.Option(help="Name of the system that converted.")] = "converted",
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="Folder where conversions are gathered; zest study create --run takes it.")] = None,
) -> None:
    """Add one conversion to a set from which a study can be created; one pair may have conversions by several systems."""
    from evaluation.listening.design.gathering import gather as add

    if output is None:
        raise ZestError("Where to? Name the folder where conversions are gathered with -o.")
    found = add(output, source, converted, reference, emotion, system)
    systems = ", ".join(f"{name} ({count})" for name, count in found.systems.items())
    say(f"{output} holds {counted(found.pairs, 'pair')}, converted by {systems}.")


@study.command(cls=ZestCommand)
def create(
    run: Annotated[Optional[Path], typer.Option(help="Folder of a finished zest evaluate.")] = None,
    systems: Annotated[str, typer.Option(help="Systems of the run to be judged, with commas between them.")] = "",
    questions: Annotated[str, typer.Option(
        help="What is asked, with commas: naturalness, emotion-similarity, speaker-similarity, emotion-choice, preference."
    )] = "naturalness,emotion-similarity",
    listeners: Annotated[int, typer.Option(min=1, max=10_000, help="How many shall finish.")] = 20,
    cap: Annotated[int, typer.Option(min=1, max=500, help="Most trials a listener answers, checks included.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Of the drawing and of every listener's order.")] = 0,
    sign_in: Annotated[bool, typer.Option("--sign-in", help="Listeners sign in with Hugging Face, one set each; on Spaces only.")
                       ] = False,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="New folder for the study.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a frozen study from a run: opaque clips of one loudness, hidden anchors, traps, balanced sets, rules, a hash."""
    from evaluation.listening.design.create import create_study, expected_ratings
    from evaluation.run import open_run

    if run is None or output is None or not systems:
        raise ZestError("Name the run with --run, its systems with --systems a,b and the new folder with -o.")
    created = create_study(open_run(run), _list(systems), _list(questions), output, listeners, seed, cap, sign_in=sign_in)
    ratings = expected_ratings(created)
    if as_json:
        print(json.dumps(_summary(created) | {"ratings_per_system": ratings}, indent=2, ensure_ascii=False))
    if created.info["left_out"]:
        left_out = len(created.info["left_out"])
        which = agreeing(left_out, "was left out, because a system failed on it",
                         "were left out, because a system failed on them")
        say(f"{counted(left_out, 'pair')} {which}.")
    say(f"Made {created.folder}: {counted(len(created.design.cells), 'set')} of {counted(len(created.design.cells[0]), 'trial')}"
        f", {counted(len(created.design.clips), 'clip')}, hash {created.hash[:12]}.")
    least = min(ratings.values())
    if least < created.rules.preliminary_below:
        say(f"With {counted(listeners, 'listener')} a system gets {counted(least, 'rating')} a question; below "
            f"{created.rules.preliminary_below}, results are called preliminary: ask more listeners or fewer questions.")


@study.command(cls=ZestCommand)
def check(folder: StudyFolder, as_json: AsJson = False) -> None:
    """Say whether the study is as it was created; a broken or altered one is refused with the reason."""
    from evaluation.listening.design.study import open_study

    found = open_study(folder)
    if as_json:
        print(json.dumps(_summary(found), indent=2, ensure_ascii=False))
    say(f"{folder} is complete and unchanged: {counted(len(found.design.clips), 'clip')}, hash {found.hash[:12]}.")


@study.command(cls=ZestCommand)
def close(folder: StudyFolder, database: Database = None) -> None:
    """Take no more answers."""
    from evaluation.listening.design.study import open_study
    from evaluation.listening.store import open_store

    was_open = open_store(open_study(folder), database).close()
    say(f"{folder} is closed now; no more answers are taken." if was_open else f"{folder} was closed already.")


@study.command(cls=ZestCommand)
def results(
    folder: StudyFolder,
    plots: Annotated[Optional[Path], typer.Option(help="Folder for pictures as PNG; older ones are replaced.")] = None,
    as_json: AsJson = False, database: Database = None, draws: Draws = 2000, seed: Seed = 0,
) -> None:
    """Print mean opinion scores with intervals, differences, agreement, preference and exclusions, as Markdown or JSON."""
    from evaluation.listening.analysis import results_of
    from evaluation.listening.publish.markdown import results_markdown

    found = results_of(*_collected(folder, database), draws=draws, seed=seed)
    if plots is not None:
        from evaluation.listening.publish.plots import write_pictures

        say(f"Wrote {counted(len(write_pictures(found, plots)), 'picture')} into {plots}.")
    print(json.dumps(found.document(), indent=2, ensure_ascii=False) if as_json else results_markdown(found))


@study.command(cls=ZestCommand)
def export(
    folder: StudyFolder,
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="Folder for the files; older ones are replaced.")] = None,
    database: Database = None, draws: Draws = 2000, seed: Seed = 0,
) -> None:
    """Write raw answers as CSV and JSON, listeners, results, and a paragraph for a paper."""
    from evaluation.listening.analysis import results_of
    from evaluation.listening.publish.export import export_study

    if output is None:
        raise ZestError("Where to? Name a folder for the files with -o.")
    answers = _collected(folder, database)
    files = export_study(*answers, output, results_of(*answers, draws=draws, seed=seed))
    say(f"Wrote {counted(len(files), 'file')} into {output}: {', '.join(file.name for file in files)}.")


def _collected(folder: Path, database: str | None) -> tuple[Study, Collected]:
    """The study and everything that was answered."""
    from evaluation.listening.design.study import open_study
    from evaluation.listening.store import collect, open_store

    found = open_study(folder)
    return found, collect(open_store(found, database))


def _summary(study: Study) -> dict[str, Any]:
    """What --json prints of a study."""
    cells = study.design.cells
    return {"folder": str(study.folder), "id": study.id, "hash": study.hash, "systems": list(study.systems),
            "questions": study.info["questions"], "sets": len(cells), "trials_per_set": len(cells[0]),
            "clips": len(study.design.clips), "listeners": study.info["listeners"],
            "loudness_lufs": study.info["loudness_lufs"], "left_out": study.info["left_out"]}


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
