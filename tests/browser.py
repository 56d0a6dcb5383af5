"""A real headless Chromium for the tests of the workbench, and the workbench itself as a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 300
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
         "--force-device-scale-factor=1", "--autoplay-policy=no-user-gesture-required")


def open_browser(width: int = 1280, height: int = 900) -> webdriver.Chrome:
    """A window of that size. Without Chromium: skip here, fail in CI, where it has to be there."""
    driver = shutil.which("chromedriver")
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    try:
        if driver is None:  # selenium would try to download one
            raise WebDriverException("there is no chromedriver")
        browser = webdriver.Chrome(options=options, service=Service(driver))
    except WebDriverException as error:
        reason = f"no headless Chromium ({(error.msg or '').splitlines()[0]}); on Debian: apt install chromium chromium-driver"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    resize(browser, width, height)
    return browser


def resize(browser: webdriver.Chrome, width: int, height: int) -> None:
    """Set the page's size itself: a headless window has a minimum width, a phone has not."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@contextmanager
def running_workbench(folder: Path, **environment: str) -> Iterator[str]:
    """`python app.py` on a free port; yields its address and ends it afterwards.

    Args:
        folder: where uploads, results and the log go.
        environment: further variables, e.g. ZEST_CHECKPOINT.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    variables = {"GRADIO_SERVER_PORT": port, "GRADIO_TEMP_DIR": str(folder / "gradio"), "PYTHONUNBUFFERED": "1"}
    with (folder / "workbench.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | variables | environment,
                                   stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}/", process, folder / "workbench.log")
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"The workbench did not start:\n{log.read_text()[-2000:]}")
