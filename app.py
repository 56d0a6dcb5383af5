"""Starts the workbench. Hugging Face Spaces runs this file; on your own machine use `make run`."""

import signal
import sys

from workbench.demo import build_demo, launch_options

demo = build_demo()

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in order, so that answers not yet pushed to the hub still are
    demo.launch(**launch_options())
