"""The texts of buttons while they work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr


def button_update(words: str, on: bool) -> Callable[[], dict[str, Any]]:
    """A function for an event that gives a button these words and switches it on or off.

    The update is built anew at every call, because Gradio removes the words from the dictionary that it is given. A dictionary
    that is used twice would leave the old words on the button.
    """
    return lambda: gr.update(value=words, interactive=on)
