"""Sentences for whoever asks for something, by whichever way: why it cannot be done, and that its turn is next."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from pipelines.errors import ZestError
from pipelines.packages import told
from workbench.uploads import without_places

log = logging.getLogger(__name__)

T = TypeVar("T")

NO_SOURCE = "Add a source first: upload a recording or use the microphone."
NO_REFERENCE = "Add a reference recording whose emotion to take, or choose one of the stored emotions."
NO_TARGET = "Whose emotion? Give a reference recording, or the name of an emotion."
TWO_TARGETS = "Give either a reference recording or the name of an emotion, not both."
TWO_REFERENCES = "Give either one reference, or references with weights, not both."
ONE_WEIGHT_EACH = "Give a list with one weight for each of the references, or no weights."
F0_NEEDS_REFERENCE = "F0 of the reference needs a reference recording; a preset has none."
BASELINE_HAS_NO = "The baseline {baseline} has no setting '{setting}'; leave it out."
SHORT_ONLY = "The baseline {baseline} takes at most 60 s; choose a decoder instead."
NO_SCORED_SOURCE = "Add the source: the recording whose words and voice were to be kept."
NO_SCORED_RESULT = "Add the converted recording that is to be scored."
BUG = "Something went wrong inside the workbench; the server's log has the details."
YOUR_TURN = "Your turn is next."


def attempt(work: Callable[[], T]) -> tuple[T | None, str]:
    """(what the work returns, '') or (None, the sentence why it failed). Mistakes of ours are logged and get a general one."""
    try:
        return work(), ""
    except ZestError as error:
        return None, without_places(str(error))
    except Exception as error:
        log.exception("the page failed")
        return None, str(told(error) or BUG)
