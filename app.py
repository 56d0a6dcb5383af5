"""Starts the workbench. Hugging Face Spaces runs this file; on your own machine use `make run`."""

from workbench.demo import build_demo, launch_options

demo = build_demo()

if __name__ == "__main__":
    demo.launch(**launch_options())
