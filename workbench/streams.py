"""Where words go: results to stdout, everything said to a person to stderr."""

from __future__ import annotations

import sys


def say(sentence: str) -> None:
    """Tell the person at the terminal; never mixes with a JSON document on stdout."""
    print(sentence, file=sys.stderr)
