"""Where words go: results to stdout, everything said to a person to stderr."""

from __future__ import annotations

import sys


def say(sentence: str) -> None:
    """Tell the person at the terminal; never mixes with a JSON document on stdout.

    The sentence and the end of its line are one write: processes that are launched together (torchrun starts them unbuffered)
    share a terminal, and print's two writes let their lines run into each other.
    """
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
