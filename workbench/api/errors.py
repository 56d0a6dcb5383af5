"""Errors for programs: one plain sentence with a code, instead of a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from pipelines.errors import ZestError
from pipelines.packages import PackageError
from pipelines.packages import told as told_package
from workbench import sentences
from workbench.cli import exit_codes
from workbench.uploads import without_places

log = logging.getLogger(__name__)

BAD_CALL, NOT_FOUND, BUSY, NO_PACKAGE = "bad_call", "not_found", "busy", "no_package"
CODES = {  # by the exit code that the command line has for the same error
    exit_codes.USAGE: "bad_value",
    exit_codes.BAD_INPUT: "bad_recording",
    exit_codes.CHECKPOINT: "bad_checkpoint",
    exit_codes.OUTPUT: "not_written",
    exit_codes.INTERRUPTED: "interrupted",
    exit_codes.BUG: "internal",
}
MEANINGS = {
    "bad_value": "a parameter has a value that it may not have, or two parameters do not fit each other",
    "bad_recording": "a recording, a plan or a list cannot be used",
    BAD_CALL: "the call names a parameter that there is not, lacks one, or gives something that is no file as a file",
    NOT_FOUND: "there is no such endpoint, file or batch, or not any more",
    BUSY: "too much is waiting already; try again later",
    "bad_checkpoint": "the workbench's checkpoint is missing or damaged",
    "not_written": "the workbench cannot write a result",
    NO_PACKAGE: "the workbench lacks a package for this",
    "interrupted": "a worker of the workbench was ended from outside",
    "internal": "a mistake inside the workbench; its log has the details",
}


class CallError(ZestError):
    """A call that cannot be answered. code: one of MEANINGS."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code


def code_of(error: ZestError) -> str:
    """The code for an error that callers or the workbench's owner can mend."""
    if isinstance(error, CallError):
        return error.code
    return NO_PACKAGE if isinstance(error, PackageError) else CODES[exit_codes.of(error)]


def told(sentence: str, code: str) -> gr.Error:
    """For programs, which get the sentence as it is, and the code as its title."""
    return gr.Error(sentence, title=code, print_exception=False)


@contextmanager
def as_errors() -> Iterator[None]:
    """Errors that can be mended become their sentence; all others are logged and become a general one. Both have a code."""
    try:
        yield
    except ZestError as error:
        raise told(without_places(str(error)), code_of(error)) from error
    except Exception as error:
        log.exception("a request failed")
        missing = told_package(error)
        raise told(str(missing or sentences.BUG), NO_PACKAGE if missing else CODES[exit_codes.BUG]) from error
