"""Errors for programs as one plain sentence instead of a traceback, and the texts of buttons while they work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from pipelines.errors import ZestError
from pipelines.packages import told as told_package
from workbench.tabs import text
from workbench.uploads import without_places

log = logging.getLogger(__name__)


def told(sentence: str) -> gr.Error:
    """For programs, which get the sentence as it is."""
    return gr.Error(sentence, print_exception=False)


@contextmanager
def as_errors() -> Iterator[None]:
    """For programs: errors that users can mend become their sentence; all others are logged and become a general one."""
    try:
        yield
    except ZestError as error:
        raise told(without_places(str(error))) from error
    except Exception as error:
        log.exception("a request failed")
        raise told(str(told_package(error) or text.BUG)) from error


def button_update(words: str, on: bool) -> Callable[[], dict[str, Any]]:
    """A function for an event that gives a button these words and switches it on or off.

    The update is built anew at every call, because Gradio removes the words from the dictionary that it is given. A dictionary
    that is used twice would leave the old words on the button.
    """
    return lambda: gr.update(value=words, interactive=on)
