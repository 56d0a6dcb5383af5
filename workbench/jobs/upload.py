"""From a visitor's upload (a zip with its list inside, or a list and a zip) to a job that can start."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evaluation.run import open_scored
from evaluation.run.wavs import ListedConversions
from pipelines.errors import AudioError, ZestError
from workbench.jobs.queue import Job, JobRequest, new_job, start

BASELINES = ("source", "copy")  # the rows that every table should have
WHAT = "upload a zip of recordings with a CSV inside, or the CSV and the zip"


def check(files: Sequence[str | Path]) -> None:
    """Refuse an upload as `submit` does, as soon as it is there. Raises ZestError: it cannot be evaluated."""
    table, archive = sorted_files(files)
    with tempfile.TemporaryDirectory(prefix="zest-upload-") as folder:
        job = Job(Path(folder))
        try:
            _open(job, table, archive)
        except ZestError as error:
            raise type(error)(for_the_visitor(str(error), job, archive.name)) from error


def submit(root: Path, files: Sequence[str | Path], metrics: Sequence[str], baselines: bool = True) -> Job:
    """Check an upload and start its evaluation.

    Args:
        root: of all jobs. metrics: names of zest metrics. baselines: also score the natural source and its copy-synthesis.
    Raises:
        ZestError: no metric, another set of files, or an upload that `evaluation.run.open_scored` refuses: a wrong column, an
            empty list, a file that is no recording, a zip bomb, a path that leaves the zip. No job is left behind.
    """
    if not metrics:
        raise ZestError("Choose at least one metric.")
    table, archive = sorted_files(files)
    with job_of_upload(root, archive) as job:
        scored = _open(job, table, archive)
        names = {system.name for system in scored.systems}
        others = tuple(name for name in BASELINES if baselines and name not in names)
        start(job, JobRequest(archive.stem, len(scored.pairs), tuple(metrics), others))
    return job


@contextmanager
def job_of_upload(root: Path, archive: Path) -> Iterator[Job]:
    """A new job, of which nothing is left when what is done with it fails. Raises ZestError in the visitor's names of files."""
    job = new_job(root)
    try:
        yield job
    except BaseException as error:
        shutil.rmtree(job.folder, ignore_errors=True)
        if isinstance(error, ZestError):
            raise type(error)(for_the_visitor(str(error), job, archive.name)) from error
        raise


def _open(job: Job, table: Path | None, archive: Path) -> ListedConversions:
    """Copy an upload into a job's folder and unpack it there. Raises ZestError."""
    gather(table, archive, job.upload)
    scored = open_scored(job.upload, job.run)
    _refuse_nothing_there(scored.pairs)
    return scored


def for_the_visitor(sentence: str, job: Job, name: str) -> str:
    """With the visitor's names of files, and without the server's folders."""
    inner = re.escape(str(job.folder.resolve())) + r"/(RUN/uploaded-\w+/)?"
    return re.sub(inner, "", sentence).replace(job.upload.name, name)


def sorted_files(files: Sequence[str | Path]) -> tuple[Path | None, Path]:
    """(list or None, zip)."""
    paths = [Path(file) for file in files or ()]
    if not paths:
        raise ZestError(f"Nothing to score yet: {WHAT}.")
    lists = [path for path in paths if path.suffix.lower() == ".csv"]
    archives = [path for path in paths if path.suffix.lower() == ".zip"]
    if len(lists) == len(paths):
        raise ZestError("The recordings are missing: add a zip of the files that the list names.")
    if len(archives) != 1 or len(lists) > 1 or len(lists) + len(archives) != len(paths):
        raise ZestError(f"One zip and at most one CSV are taken: {WHAT}.")
    return (lists[0] if lists else None), archives[0]


def gather(table: Path | None, archive: Path, target: Path) -> None:
    """One zip with the list at its top. What is in the zip is looked at when it is unpacked."""
    if not zipfile.is_zipfile(archive):
        raise AudioError(f"{archive.name} is not a zip file that can be read, or it is damaged.")
    shutil.copyfile(archive, target)
    if table is not None:
        with zipfile.ZipFile(target, "a") as opened:
            taken = table.name in opened.namelist()  # two lists are refused when it is unpacked
            opened.write(table, f"list-{table.name}" if taken else table.name)


def _refuse_nothing_there(pairs: Sequence) -> None:
    """Refuse an upload of which no source is there; single missing files become failed rows."""
    if not any(pair.source.is_file() for pair in pairs):
        raise AudioError(f"None of the sources that the list names is in the zip (the first is {pairs[0].source.name}). Paths "
                         "are relative to the CSV, or to the top of the zip if the CSV came by itself.")
