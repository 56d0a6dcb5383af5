"""Take the pictures of the Convert tab that the documentation shows: desktop, phone in the dark, player, long recording.

    python -m examples.render_screens [docs] [--url ADDRESS]

Starts a workbench of its own, or asks one that runs already, and converts the examples, whose voices are synthetic. Needs
requirements-dev.txt and Chromium. Run it again when the page or the weights change.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from contextlib import nullcontext
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright

from benchmarks.first_result import FLAGS, SOUND, workbench
from benchmarks.long_recordings import write_talk

ROOT = Path(__file__).resolve().parents[1]
COLOURS = 256  # of a picture: flat surfaces and text need no more
MARGIN = 6  # pixels around what is cut out
PATIENCE = 600_000  # ms for anything on the page, however busy the machine is
SETTLES = 800  # ms for waveforms and sizes
MOMENT = 0.5  # s at which the player stands
TALK = 65.0  # s of the long recording
RESTS = "document.querySelector('#zest-convert:enabled') && !document.querySelector('#zest-progress progress')"
STILL = "* { transition: none !important; animation: none !important; caret-color: transparent !important; }"


def opened(browser: Browser, address: str, width: int, height: int, scale: float = 1.0) -> Page:
    """The Convert tab for a visitor who has agreed before and for whom nothing plays by itself."""
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale, is_mobile=width < 600,
                                  has_touch=width < 600)
    context.set_default_timeout(PATIENCE)
    context.add_init_script("localStorage.setItem('zest-consent', 'true')")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#zest-source input[type=file]", state="attached")
    page.add_style_tag(content=STILL)
    page.locator("#zest-autoplay input").uncheck()
    return page


def converted(page: Page, example: str) -> None:
    """Press an example and wait for its result."""
    page.get_by_role("button", name=example).click()
    page.wait_for_selector("#zest-contours svg")
    page.wait_for_selector("#zest-takes [data-take]")
    page.wait_for_function(RESTS)


def keep(page: Page, path: Path, clip: FloatRect | None = None) -> None:
    """What is in view, or a part of the page, without focus rings."""
    page.evaluate("document.activeElement?.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(SETTLES)
    shot = page.screenshot(full_page=clip is not None, clip=clip)
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS).save(path, optimize=True)


def around(*locators: Locator) -> FloatRect:
    """The rectangle around elements, in pixels of the page, whose top is in view."""
    boxes = [box for one in locators if (box := one.bounding_box()) is not None]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right = max(box["x"] + box["width"] for box in boxes)
    bottom = max(box["y"] + box["height"] for box in boxes)
    return {"x": left - MARGIN, "y": top - MARGIN, "width": right - left + 2 * MARGIN, "height": bottom - top + 2 * MARGIN}


def desktop(browser: Browser, address: str, folder: Path) -> None:
    """Five emotions side by side, and their player with the contours."""
    page = opened(browser, address, 1280, 1000)
    converted(page, "Man, angry")
    page.click("#zest-everything")
    page.wait_for_function("document.querySelectorAll('#zest-takes [data-take]').length === 6")
    page.wait_for_function(RESTS)
    page.locator(".zest-siblings button").nth(1).click()
    page.locator("#zest-status").filter(has_text="of angry speech").wait_for()
    page.evaluate(f"{SOUND}.pause(); {SOUND}.seek({MOMENT}); scrollTo(0, 0)")
    keep(page, folder / "convert-tab.png")
    keep(page, folder / "studio.png", around(page.locator("#zest-player"), page.locator("#zest-contours")))


def phone(browser: Browser, address: str, folder: Path) -> None:
    """A result in the dark theme."""
    page = opened(browser, f"{address}?__theme=dark", 390, 844, scale=1.5)
    converted(page, "Man, angry")
    page.locator("#zest-result-head").evaluate("one => scrollTo(0, scrollY + one.getBoundingClientRect().top - 8)")
    keep(page, folder / "convert-phone.png")


def long_recording(browser: Browser, address: str, folder: Path, talk: Path) -> None:
    """A lane whose phrases are angry, but for one that is neutral and one that is a mix."""
    page = opened(browser, address, 1280, 1000)
    page.set_input_files("#zest-source input[type=file]", write_talk(talk, sources(), TALK))
    phrases = page.locator("#zest-lane [role=option]")
    phrases.nth(3).wait_for()
    phrases.first.click()
    page.keyboard.press("1")  # neutral
    phrases.nth(2).click()
    page.locator("#zest-lane select").select_option("mix")
    for place, weight in ((0, 0), (1, 60), (2, 0), (3, 40), (4, 0)):
        page.locator("#zest-lane .share input").nth(place).fill(str(weight))
    page.get_by_role("button", name="Render", exact=False).click()
    page.locator("#zest-lane .bar").filter(has_text="Done").wait_for()
    page.get_by_role("button", name="Result", exact=True).click()
    keep(page, folder / "long-lane.png", around(page.locator("#zest-lane")))


def sources() -> list[str]:
    """The examples that have something to say."""
    return [str(path) for path in sorted((ROOT / "examples").glob("source-*.wav"))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the pictures of the Convert tab for the documentation.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs")
    parser.add_argument("--url", default="", help="address of a workbench that runs already")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        with nullcontext(given.url) if given.url else workbench(Path(place)) as address:
            desktop(browser, address, given.folder)
            phone(browser, address, given.folder)
            long_recording(browser, address, given.folder, Path(place) / "talk.wav")
        browser.close()


if __name__ == "__main__":
    main()
