"""Errors as the workbench shows them: one plain sentence, never a traceback and never just 'Error'."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import gradio as gr

from pipelines.errors import ZestError
from workbench.tabs import text

log = logging.getLogger(__name__)


def alert(sentence: str) -> gr.Error:
    """The message may hold a visitor's file name, and gr.Error renders HTML: escape it."""
    return gr.Error(escape(sentence), duration=20, print_exception=False)


@contextmanager
def as_alerts() -> Iterator[None]:
    """Turn what a user can mend into its sentence, and a mistake of ours into a log entry and a sentence."""
    try:
        yield
    except ZestError as error:
        raise alert(str(error)) from error
    except gr.Error:
        raise
    except Exception as error:
        log.exception("conversion failed")
        raise alert(text.BUG) from error
