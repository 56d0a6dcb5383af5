"""Starts the workbench. Hugging Face Spaces runs this file; on your own machine use `make run`, or `python app.py --help`."""

import sys

from workbench.launching import open_page, take_options

if __name__ == "__main__":
    take_options(sys.argv[1:])  # before anything that takes long, and before Gradio reads them

from workbench.demo import build_demo

demo = build_demo()

if __name__ == "__main__":
    open_page(demo)
