"""The one exception family that users see: its message is a plain sentence that says what to do."""


class ZestError(Exception):
    """Something the user can mend. `str(error)` is one plain sentence."""


class PassingError(ZestError):
    """Something outside failed and may not fail the next time: another call tries again."""


class AudioError(ZestError):
    """The recording cannot be used (unreadable, empty, silent, too short, too long...)."""


class CheckpointError(ZestError):
    """A checkpoint file is missing, damaged or of another shape than its config says."""


class RecipeError(ZestError):
    """A recipe, manifest or option asks for something that cannot be trained."""


class OutputError(ZestError):
    """A result cannot be written (no such folder, no permission, disk full)."""


class OverwriteError(OutputError):
    """A result would replace something that the same run reads."""


class WorkerError(ZestError):
    """A worker process was ended from outside; what was finished is kept, and the same call goes on."""
