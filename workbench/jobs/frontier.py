"""From a visitor's recordings to the job of a frontier."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from evaluation.frontier import METRICS, frontier_systems
from evaluation.frontier.zipped import open_pairs
from evaluation.pair import Pair
from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.jobs.queue import Job, JobRequest, start
from workbench.jobs.upload import for_the_visitor, gather, job_of_upload, sorted_files

MOST_CONVERSIONS = 3000  # of one job; the page is for a first look


def check_recordings(files: Sequence[str | Path], count: int) -> None:
    """Refuse an upload as `submit_frontier` does, as soon as it is there. Raises ZestError."""
    table, archive = sorted_files(files)
    with tempfile.TemporaryDirectory(prefix="zest-upload-") as folder:
        job = Job(Path(folder))
        try:
            _open(job, table, archive, count)
        except ZestError as error:
            raise type(error)(for_the_visitor(str(error), job, archive.name)) from error


def submit_frontier(root: Path, files: Sequence[str | Path], systems: Sequence[str], strengths: str, count: int,
                    presets: bool) -> Job:
    """Check recordings and what is asked of them, and start the job.

    Args:
        root: of all jobs. systems, strengths, presets: as of `evaluation.frontier.frontier_systems`.
        count: pairs that are drawn where the upload has a manifest.
    Raises:
        ZestError: nothing to convert, a zip that `open_pairs` refuses, unknown systems or strengths, or more conversions than a
            page takes. No job is left behind.
    """
    chosen = frontier_systems(systems, strengths, presets)
    table, archive = sorted_files(files)
    with job_of_upload(root, archive) as job:
        pairs = _open(job, table, archive, count)
        conversions = len(pairs) * len(chosen)
        if conversions > MOST_CONVERSIONS:
            raise ZestError(f"{counted(len(pairs), 'pair')} by {counted(len(chosen), 'system')} are "
                            f"{counted(conversions, 'conversion')}; the page takes at most {MOST_CONVERSIONS:,}, 'zest frontier' "
                            "any number.")
        start(job, JobRequest(archive.stem, len(pairs), METRICS, (), tuple(systems), strengths, presets, count))
    return job


def _open(job: Job, table: Path | None, archive: Path, count: int) -> tuple[Pair, ...]:
    """Copy an upload into a job's folder and unpack it there. Raises ZestError."""
    gather(table, archive, job.upload)
    return open_pairs(job.upload, job.run, count)
