"""Starts the workbench. Hugging Face Spaces runs this file; on your own machine use `make run`."""

import signal
import sys

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
    demo.launch(**launch_options())
