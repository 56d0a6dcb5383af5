"""The errors of a listening test, by who can mend them."""

from __future__ import annotations

from pipelines.errors import OutputError, RecipeError, ZestError


class StudyError(RecipeError):
    """A study that cannot be created, or a folder that is broken or was altered."""


class StoreError(OutputError):
    """An answer was not stored, or answers cannot be read: full disk, locked database, lost connection."""


class Refused(ZestError):
    """A listener's request that is not done; nothing was stored.

    Attributes:
        reason: a key of the wording's "refusals", for logs and tests.
    """

    def __init__(self, reason: str, sentence: str):
        super().__init__(sentence)
        self.reason = reason
