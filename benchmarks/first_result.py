"""Seconds and clicks from opening the page to hearing the first result, and from there to comparing two takes.

    python -m benchmarks.first_result                  a workbench of its own, 5 visitors one after another
    python -m benchmarks.first_result --url ADDRESS    one that runs already

Each visitor has an empty browser of 1280 x 800 pixels. Heard means that the player's clock moves; to compare
means that the A/B player has switched from one take to the other. The first visitor finds models that are not loaded yet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.listening_server import ROOT, START_SECONDS, free_port

VISITORS = 5
PATIENCE = 120_000  # ms for anything on the page
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required")
SOUND = "document.querySelector('#zest-player [data-studio]').zestStudio.sound"
HEARD = "document.querySelector('#zest-player [data-studio]')?.zestStudio?.sound.now() > 0"  # the sound's clock moves
TWO_TAKES = f"{SOUND}.tracks.length === 3 && document.querySelector('#zest-convert:enabled') !== null"


@contextmanager
def workbench(folder: Path) -> Iterator[str]:
    """`python app.py`; yields its address. Raises RuntimeError: it does not start."""
    port = str(free_port())
    environment = os.environ | {"GRADIO_SERVER_PORT": port, "GRADIO_TEMP_DIR": str(folder)}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    address, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                urllib.request.urlopen(address, timeout=5).read()
                break
            except OSError as error:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError("The workbench does not start.") from error
                time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def visit(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds from opening the page to the first sound by one click, and from there to the second of two takes by four."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    context.add_init_script("localStorage.setItem('zest-consent', 'true')")  # a visitor who has been here before
    page = context.new_page()
    began = time.time()
    page.goto(address)
    page.get_by_role("button", name="Man, angry").click()
    page.wait_for_function(HEARD, polling=20)
    sounded = time.time()
    page.locator("#zest-emotion label").filter(has_text="Sad").click()
    page.click("#zest-convert")
    page.wait_for_function(TWO_TAKES, polling=20)
    for place in (1, 2):
        page.locator("#zest-player .name").nth(place).click()
        page.wait_for_function(f"{SOUND}.playing && {SOUND}.active === {place}", polling=20)
    compared = time.time()
    context.close()
    return sounded - began, compared - sounded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="", help="address of a workbench that runs already")
    parser.add_argument("--visitors", type=int, default=VISITORS)
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        if given.url:
            seconds = [visit(browser, given.url) for _ in range(given.visitors)]
        else:
            with workbench(Path(folder)) as address:
                seconds = [visit(browser, address) for _ in range(given.visitors)]
        browser.close()
    for name, clicks, values in zip(("to the first result", "from there to two takes compared"), (1, 4),
                                    zip(*seconds, strict=True), strict=True):
        all_of_them = ", ".join(f"{value:.1f}" for value in values)
        print(f"{name}: {statistics.median(values):.1f} s (median of {all_of_them}), {clicks} click{'s' if clicks > 1 else ''}")


if __name__ == "__main__":
    main()
