"""Starts the workbench. Hugging Face Spaces runs this file; on your own machine use `make run`, or `python app.py --help`."""

import sys

from workbench.gradio_stubs import without_stubs
from workbench.launching import open_page, take_options
from workbench.zero_gpu import is_lent, prepare

if __name__ == "__main__":
    take_options(sys.argv[1:])  # before anything that takes long, and before Gradio reads them
if is_lent():
    prepare()  # before torch is imported

with without_stubs():
    from workbench.demo import build_demo

demo = build_demo()

if __name__ == "__main__":
    open_page(demo)
