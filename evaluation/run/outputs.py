"""What a run would write, held against all that it reads, before anything is converted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from evaluation.pair import Pair, pairs_csv, read_paths
from evaluation.run.folder import RunFolder
from evaluation.run.systems import System
from pipelines.outputs import check_outputs, check_result_folder


def check_run_files(files: RunFolder, pairs: Sequence[Pair], systems: Sequence[System], reads: Iterable[Path | str] = (),
                    more: Iterable[Path] = ()) -> None:
    """Refuse a folder in which the run would replace something that it reads, or that is of no run.

    A folder with a run.json is a run that goes on: its pairs.csv is not written again, so it may be the list that is read.

    Args:
        reads: what else the call reads, as its lists and manifests. more: files that the call writes into the folder later.
    Raises:
        OverwriteError: an input lies where the run writes. OutputError: the folder holds other files of those names, or
            cannot be written.
    """
    goes_on = files.record() is not None
    own = [path for system in systems for path in getattr(system, "reads", ())]
    written = [*files.appended, *more] if goes_on else [files.pairs_file, files.record_file, *files.appended, *more]
    check_outputs([*reads, *read_paths(pairs), *own], written, trees=files.trees, new_folders=True)
    if not goes_on:
        unlike = not files.pairs_file.exists() or files.pairs_file.read_bytes() != pairs_csv(files.pairs_file, pairs)
        shared = files.observations  # named by what was observed: several runs may keep theirs in one folder
        names = [path.name for path in (*files.appended, *files.trees) if path != shared]
        check_result_folder(files.path, ([files.pairs_file.name] if unlike else []) + names, "an evaluation")
