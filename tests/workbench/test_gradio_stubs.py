"""Gradio is imported without writing type stubs, and everything else finds files of classes as ever."""

from __future__ import annotations

import inspect
from pathlib import Path

import gradio as gr
from gradio.component_meta import create_or_modify_pyi

from workbench.gradio_stubs import without_stubs


def test_no_stub_of_gradio_is_read_or_written_within_the_block_alone(monkeypatch):
    read = []
    monkeypatch.setattr(Path, "read_text", lambda path, **_: read.append(path) or "class Textbox:\n    pass\n")
    monkeypatch.setattr(Path, "write_text", lambda path, text: read.append(path))
    with without_stubs():
        create_or_modify_pyi(gr.Textbox, "Textbox", [])
        assert read == [] and inspect.getfile(Path).endswith("pathlib.py")
    assert inspect.getfile(gr.Textbox).endswith("textbox.py")
    create_or_modify_pyi(gr.Textbox, "Textbox", [])
    assert read, "Gradio still writes stubs as the block expects"
