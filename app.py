"""Starts the workbench. Hugging Face Spaces runs this file; on your own machine use `make run`, or `python app.py --help`."""

import signal
import sys

from workbench.launching import serve, take_options

if __name__ == "__main__":
    take_options(sys.argv[1:])  # before anything that takes long, and before Gradio reads them

from workbench.cli.progress import say
from workbench.demo import build_demo, launch_options
from workbench.listening.admin import administration
from workbench.listening.studies import fetch_studies

demo = build_demo()

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in order, so that answers not yet pushed to the hub still are
    fetch_studies()
    if administration().problem:
        say(administration().problem.replace("`", ""))
    serve(demo, **launch_options())
