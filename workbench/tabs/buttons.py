"""Buttons that say what they are doing while they do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr


def button_update(words: str, on: bool) -> Callable[[], dict[str, Any]]:
    """A function for an event that makes a button say these words and turns it on or off.

    The update is made anew at every call: Gradio takes the words out of the dictionary that it is given, so one that was kept
    would turn the button on the second time and leave the old words on it.
    """
    return lambda: gr.update(value=words, interactive=on)
