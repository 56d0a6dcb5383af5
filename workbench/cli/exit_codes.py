"""What the command line's exit code tells a script."""

from __future__ import annotations

from pipelines.errors import AudioError, CheckpointError, OutputError, OverwriteError, RecipeError, WorkerError, ZestError

OK = 0
BUG = 1  # a mistake of ours: please report it
USAGE = 2  # unknown option, preset or decoder; a value out of range; a package that is not installed
BAD_INPUT = 3  # a recording, a list of pairs or a manifest cannot be used
CHECKPOINT = 4  # the checkpoint is missing or damaged
OUTPUT = 5  # the result cannot be written
SOME_FAILED = 6  # a batch ran to its end, but at least one of its pairs failed
INTERRUPTED = 130  # Ctrl-C, or a worker process was killed

MEANINGS = {
    OK: "done",
    BUG: "a mistake inside zest",
    USAGE: "unknown option, preset or decoder, a value out of range, or a package that is not installed",
    BAD_INPUT: "a recording, list of pairs, recipe or manifest cannot be used",
    CHECKPOINT: "the checkpoint is missing or damaged",
    OUTPUT: "the result cannot be written",
    SOME_FAILED: "a batch ran to its end, but some pairs failed",
    INTERRUPTED: "interrupted",
}


def of(error: ZestError) -> int:
    """The exit code for an error that users can mend."""
    kinds = ((AudioError, BAD_INPUT), (RecipeError, BAD_INPUT), (OverwriteError, BAD_INPUT), (CheckpointError, CHECKPOINT),
             (OutputError, OUTPUT), (WorkerError, INTERRUPTED))
    for kind, code in kinds:
        if isinstance(error, kind):
            return code
    return USAGE
