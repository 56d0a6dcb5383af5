"""`zest study`: gather, make, check, watch, close, analyse and export a listening test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from pipelines.counting import agreeing, counted
from workbench.cli.commands import ZestCommand, ZestGroup, names, paths
from workbench.cli.names import named_system
from workbench.cli.options import MANY, AsJson, BootstrapSeed, Draws
from workbench.cli.output import print_json
from workbench.cli.progress import say
from workbench.cli.study_budget import budget

if TYPE_CHECKING:
    from evaluation.listening.design.study import Study
    from evaluation.listening.store import Collected

study = typer.Typer(help="Listening tests: make a study from a finished evaluation, check, close, analyse and export it.",
                    cls=ZestGroup, no_args_is_help=True, rich_markup_mode=None)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="Folder that zest study create wrote.")]
QUESTIONS = ("naturalness", "emotion-similarity")  # what a study asks if nobody says

Database = Annotated[Optional[str], typer.Option(
    metavar="ADDRESS",
    help="Address of the database with the answers; WORKBENCH_DATABASE_URL, or the file in the study's folder, if left out.")]
SAID = {"added": "Added {converted} as a conversion by {system}.", "same": "{converted} was gathered already; nothing changed.",
        "replaced": "Replaced the older conversion of this pair by {system}."}


@study.command(cls=ZestCommand)
def gather(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Recording whose words and voice were kept.")],
    converted: Annotated[Path, typer.Argument(metavar="CONVERTED", help="The conversion.")],
    output: Annotated[Path, typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder where conversions are gathered; zest study create --run takes it.")],
    reference: Annotated[Optional[Path], typer.Option(metavar="FILE", help="Recording whose emotion was taken.")] = None,
    emotion: Annotated[str, typer.Option(
        metavar="NAME", help="The target emotion; without --reference, the stored one that was taken.")] = "",
    system: Annotated[str, typer.Option(
        metavar="NAME", help="Name of the system that converted; if left out, what the name of CONVERTED says beside source and "
                             "target, else 'converted'.")] = "",
    overwrite: Annotated[bool, typer.Option(
        "--overwrite", help="Replace an older conversion of the same pair by the same system.")] = False,
) -> None:
    """Add one conversion to a set from which a study can be created; one pair may have conversions by several systems."""
    from evaluation.listening.design.gathering import AlreadyGathered
    from evaluation.listening.design.gathering import gather as add
    from evaluation.listening.errors import StudyError

    system = system or named_system(source, converted, reference.stem if reference else emotion)
    try:
        found = add(output, source, converted, reference, emotion, system, overwrite)
    except AlreadyGathered as there:
        raise StudyError(f"Another conversion of this pair by {system} is gathered already, and nothing was replaced; name "
                         "another system with --system, or add --overwrite.") from there
    for note in found.notes:
        say(f"Note: {note}")
    say(SAID[found.outcome].format(converted=converted, system=system))
    systems = ", ".join(f"{name} ({count})" for name, count in found.systems.items())
    say(f"{output} holds {counted(found.pairs, 'pair')}, converted by {systems}.")


@study.command(cls=ZestCommand)
def create(
    run: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of a finished zest evaluate.")],
    systems: Annotated[list[str], typer.Option(metavar="NAME", help=f"Systems of the run to be judged. {MANY}")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="New folder for the study.")],
    questions: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help="What is asked: naturalness, quality, emotion-similarity, speaker-similarity, emotion-choice; of "
                             "two side by side preference, emotion-preference, abx, comparison (CMOS), emotion-comparison; "
                             "degradation (DMOS); of all side by side mushra, mushra-no-reference, emotion-strength (best-worst "
                             f"scaling). naturalness and emotion-similarity if left out. {MANY}")] = None,
    listeners: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=10_000, help="How many shall finish.")] = 20,
    cap: Annotated[int, typer.Option(
        metavar="NUMBER", min=1, max=500, help="Most trials a listener answers, checks included.")] = 40,
    seed: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Of the drawing and of every listener's order.")] = 0,
    sign_in: Annotated[bool, typer.Option("--sign-in", help="Listeners sign in with Hugging Face, one set each; on Spaces only.")
                       ] = False,
    recruit: Annotated[Optional[Path], typer.Option(
        metavar="FILE", help="Recruitment file (TOML) with platform, completion codes, quotas; a plain link if left out.")
                       ] = None,
    languages: Annotated[Optional[list[str]], typer.Option(
        metavar="CODE", help="Languages of the listeners' page, the first for browsers that prefer none of them; en, de, pl, es, "
                             f"zh and ar if left out. {MANY}")] = None,
    texts: Annotated[Optional[list[Path]], typer.Option(
        metavar="FILE", help="Texts of your own in one language (JSON), as zest study texts writes them, in place of the usual "
                             f"ones or for a further language. {MANY}")] = None,
    listening_checks: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Checks before the practice, after ITU-T P.808: environment, bandwidth, hearing. {MANY}")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a frozen study from a run: opaque clips of one loudness, hidden anchors, traps, balanced sets, rules, a hash."""
    from evaluation.listening.design.create import create_study, expected_ratings
    from evaluation.listening.design.recruitment import read_recruitment
    from evaluation.listening.design.wording import LANGUAGES, read_texts
    from evaluation.listening.publish.links import link_sentences
    from evaluation.run import open_run

    own = [read_texts(file) for file in paths(texts)]
    created = create_study(open_run(run), names(systems), names(questions) or QUESTIONS, output, listeners, seed, cap,
                           languages=names(languages) or tuple(LANGUAGES), texts=own, sign_in=sign_in,
                           recruitment=read_recruitment(recruit) if recruit else None,
                           told=(notes := []).append, checks=names(listening_checks))
    ratings = expected_ratings(created)
    if as_json:
        print_json(_summary(created) | {"ratings_per_system": ratings, "notes": notes})
    for note in notes:
        say(f"Note: {note}")
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
    for sentence in link_sentences(created):
        say(sentence)


@study.command(cls=ZestCommand)
def texts(
    language: Annotated[str, typer.Argument(metavar="CODE", help="en, de, pl, es, zh or ar.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="New JSON file for the texts.")],
) -> None:
    """Write the texts of the listeners' page, to change or to translate them for zest study create --texts."""
    from evaluation.listening.design.wording import wording_in
    from pipelines.errors import OutputError
    from pipelines.files import json_text, write_whole

    if output.exists():
        raise OutputError(f"{output} exists already, and nothing was replaced; name a new file with -o.")
    write_whole(output, (json_text(wording_in(language), 1) + "\n").encode())
    say(f"Wrote {output}; to translate it, change \"language\", \"language_name\" and every text; keep what is in braces.")


@study.command(cls=ZestCommand)
def check(folder: StudyFolder, as_json: AsJson = False, database: Database = None) -> None:
    """Say whether the study is as it was created, and where it is closed; an altered one is refused with the reason."""
    from evaluation.listening.analysis.standing import CLOSED
    from evaluation.listening.design.study import open_study
    from evaluation.listening.publish.links import link_sentences
    from evaluation.listening.store import has_store, open_store

    found = open_study(folder)
    closed = has_store(found.database, database) and open_store(found, database).is_closed()  # checking begins no file of answers
    if as_json:
        print_json({**_summary(found), "closed": closed})
    for sentence in [CLOSED] if closed else link_sentences(found):
        say(sentence)
    say(f"{folder} is complete and unchanged: {counted(len(found.design.clips), 'clip')}, hash {found.hash[:12]}.")


@study.command(cls=ZestCommand)
def close(folder: StudyFolder, database: Database = None) -> None:
    """Take no more answers."""
    from evaluation.listening.design.study import open_study
    from evaluation.listening.store import open_store

    was_open = open_store(open_study(folder), database).close()
    say(f"{folder} is closed now; no more answers are taken." if was_open else f"{folder} was closed already.")


@study.command(cls=ZestCommand)
def status(folder: StudyFolder, as_json: AsJson = False, database: Database = None) -> None:
    """Say how many places are taken, and who is counted, not yet counted or excluded, and why; at any time."""
    from evaluation.listening.analysis.standing import standing, standing_sentences
    from evaluation.listening.design.study import open_study
    from evaluation.listening.store import open_store

    found = standing(open_store(open_study(folder), database))
    if as_json:
        print_json(found.document())
    else:
        print("\n".join(standing_sentences(found)))


@study.command("list", cls=ZestCommand)
def list_all(
    folder: Annotated[Optional[Path], typer.Argument(
        metavar="[FOLDER]", help="Folder of studies; WORKBENCH_STUDIES, or studies, if left out.")] = None,
    as_json: AsJson = False, database: Database = None,
) -> None:
    """List the studies of a folder, imported ones among them; zest study results opens each."""
    from dataclasses import asdict

    from evaluation.listening.design.study import find_study
    from evaluation.listening.importing import list_studies
    from evaluation.listening.publish.links import STUDIES_VARIABLE
    from evaluation.listening.store import open_store

    place = folder or Path(os.environ.get(STUDIES_VARIABLE) or "studies")
    found = list_studies(place, lambda name: open_store(find_study(place, name), database))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        progress = (f"{one.finished} of {counted(one.planned, 'listener')} finished" if one.planned
                    else f"{counted(one.finished, 'listener')} from {one.tool}")
        said = one.problem or f"{progress}; {', '.join(one.systems)}; {', '.join(one.questions)}"
        print(f"{one.folder}: {one.state}, {said}")
    if not found:
        say(f"There is no study in {place}.")


@study.command(cls=ZestCommand)
def payments(
    folder: StudyFolder,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the platform's bulk files.")],
    approve: Annotated[bool, typer.Option("--approve", help="Who finished and did not fail the instruction checks.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Who failed the instruction checks, with the reason.")] = False,
    bonus: Annotated[str, typer.Option(
        metavar="RULE", help="A bonus, as '0.50 if counted' or '0.50 if finished'.")] = "",
    database: Database = None,
) -> None:
    """Write bulk files for the platform: approvals, rejections, bonuses. A later call writes only what is new."""
    from evaluation.listening.design.study import open_study
    from evaluation.listening.errors import StudyError
    from evaluation.listening.publish.payments import write_payments
    from evaluation.listening.store import open_store

    kinds = [name for name, is_asked in (("approve", approve), ("reject", reject)) if is_asked]
    if not kinds and not bonus:
        raise StudyError("Nothing was asked for; name --approve, --reject or --bonus.")
    found = write_payments(open_store(open_study(folder), database), output, kinds, bonus, lambda note: say(f"Note: {note}"))
    for kind, (file, lines) in found.items():
        say(f"{file}: {counted(lines, 'worker')} to {kind}." if kind != "bonus" else f"{file}: {counted(lines, 'bonus')}.")
    for kind in (*kinds, *(["bonus"] if bonus else [])):
        if kind not in found:
            say(f"{kind}: nothing new, so no file was written.")


@study.command("forget-identities", cls=ZestCommand)
def forget_identities(
    folder: StudyFolder, database: Database = None,
    keep_pseudonyms: Annotated[bool, typer.Option(
        "--keep-pseudonyms", help="Keep the hashes by which a worker who comes again is known; ids are deleted.")] = False,
) -> None:
    """Delete what platforms told of the listeners, for good; no rating is touched."""
    from evaluation.listening.design.study import open_study
    from evaluation.listening.store import open_store
    from evaluation.listening.store.reception import Reception

    count = Reception(open_store(open_study(folder), database)).forget(not keep_pseudonyms)
    known = "" if keep_pseudonyms else " Whoever comes again is taken for somebody new."
    say(f"Forgot {counted(count, 'worker')}; all ratings are as they were.{known}")


@study.command(cls=ZestCommand)
def results(
    folder: StudyFolder,
    plots: Annotated[Optional[Path], typer.Option(
        metavar="FOLDER", help="Folder for pictures as PNG; older ones are replaced.")] = None,
    as_json: AsJson = False, database: Database = None, draws: Draws = 2000, seed: BootstrapSeed = 0,
) -> None:
    """Print mean opinion scores with intervals, differences, agreement, preference and exclusions, as Markdown or JSON."""
    from evaluation.listening.analysis import results_of
    from evaluation.listening.importing import imported_results, open_import
    from evaluation.listening.publish.markdown import results_markdown

    is_import = (folder / "import.json").is_file()
    found = (imported_results(open_import(folder), draws, seed) if is_import
             else results_of(*_collected(folder, database), draws=draws, seed=seed))
    if plots is not None:
        from evaluation.listening.publish.plots import write_pictures

        written = write_pictures(found, plots)
        nothing = "" if written else ": there is nothing to draw yet"
        say(f"Wrote {counted(len(written), 'picture')} into {plots}{nothing}.")
    if as_json:
        print_json(found.document())
    else:
        print(results_markdown(found))


@study.command(cls=ZestCommand)
def export(
    folder: StudyFolder,
    output: Annotated[Path, typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder for the files; older ones are replaced.")],
    database: Database = None, draws: Draws = 2000, seed: BootstrapSeed = 0,
) -> None:
    """Write raw answers as CSV and JSON, listeners, results, and a paragraph for a paper."""
    from evaluation.listening.analysis import results_of
    from evaluation.listening.publish.export import export_study

    answers = _collected(folder, database)
    files = export_study(*answers, output, results_of(*answers, draws=draws, seed=seed))
    say(f"Wrote {counted(len(files), 'file')} into {output}: {', '.join(file.name for file in files)}.")


@study.command(cls=ZestCommand)
def archive(
    folder: StudyFolder,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="New zip file.")],
    database: Database = None, draws: Draws = 2000, seed: BootstrapSeed = 0,
) -> None:
    """Write one zip for reviewers: study, clips, answers without identities, screening, analysis, checklist, hashes."""
    from evaluation.listening.analysis import results_of
    from evaluation.listening.publish.archive import archive_study

    answers = _collected(folder, database)
    written = archive_study(*answers, output, results_of(*answers, draws=draws, seed=seed))
    say(f"Wrote {written}, {written.stat().st_size / 1e6:.1f} MB; checklist.md in it says what is left for you to say.")


study.command(cls=ZestCommand)(budget)


def _collected(folder: Path, database: str | None) -> tuple[Study, Collected]:
    """The study and everything that was answered."""
    from evaluation.listening.design.study import open_study
    from evaluation.listening.store import collect, open_store

    found = open_study(folder)
    return found, collect(open_store(found, database))


def _summary(study: Study) -> dict[str, Any]:
    """What --json prints of a study."""
    from evaluation.listening.publish.links import configured_address, listeners_link, local_address

    cells = study.design.cells
    return {"folder": str(study.folder), "id": study.id,
            "link": listeners_link(study, configured_address() or local_address()), "hash": study.hash,
            "systems": list(study.systems), "questions": study.info["questions"], "sets": len(cells),
            "trials_per_set": len(cells[0]),
            "clips": len(study.design.clips), "listeners": study.info["listeners"],
            "loudness_lufs": study.info["loudness_lufs"], "left_out": study.info["left_out"]}
