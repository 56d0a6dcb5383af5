"""Imports Gradio as `app.py` does, without its stubs; what imports it later finds it there."""

from workbench.gradio_stubs import without_stubs

with without_stubs():
    import gradio

__all__ = ["gradio"]
