"""The Convert tab as a studio in a real browser: one click to sound, takes that survive a reload, Cancel, keys and contrast."""

from __future__ import annotations

import numpy as np

from pipelines.features.audio import load, save
from tests.support.browser import open_page
from tests.support.waiting import wait_until

FIRST_SCREENFUL = ("#zest-examples", "#zest-source", "#zest-emotion", "#zest-everything", "#zest-convert")
IN_SIGHT = """(selectors) => selectors.filter((one) => { const box = document.querySelector(one)?.getBoundingClientRect();
    return !box || !box.height || box.top < 0 || box.bottom > window.innerHeight; })"""
STORAGE_REFUSED = """Object.defineProperty(window, 'localStorage',
    { get() { throw new DOMException('refused', 'SecurityError'); } })"""
# Text whose contrast against the nearest opaque ground is below WCAG's AA: [contrast, words].
TOO_FAINT = """(inside) => {
    const read = (colour) => [...colour.match(/[\\d.]+/g).map(Number), 1].slice(0, 4);
    const shine = (colour) => colour.slice(0, 3).map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
    const over = (top, under) => [0, 1, 2].map((place) => top[place] * top[3] + under[place] * (1 - top[3]));
    const ground = (one) => { if (!one) return [255, 255, 255]; const own = read(getComputedStyle(one).backgroundColor);
        return own[3] === 1 ? own : over(own, ground(one.parentElement)); };
    const faint = [];
    for (const one of document.querySelector(inside).querySelectorAll('*')) {
        const words = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
        const look = getComputedStyle(one), colour = look.color, under = words && one.offsetParent ? ground(one) : null;
        if (!under || look.visibility !== 'visible' || !/^rgb/.test(colour)) continue;
        const [high, low] = [shine(over(read(colour), under)), shine(under)].sort((a, b) => b - a);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < (parseFloat(look.fontSize) >= 24 ? 3 : 4.5)) faint.push([Math.round(100 * contrast) / 100, words]);
    }
    return faint; }"""


class Studio:
    """What a visitor does on the Convert tab, and what it shows."""

    def __init__(self, browser, url: str, width: int = 1280, height: int = 800, refused: bool = False):
        self.page = open_page(browser, "", width, height)
        if refused:
            self.page.add_init_script(STORAGE_REFUSED)
        self.go(url)

    def go(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_selector("#zest-source input[type=file]", state="attached")

    def out_of_sight(self, *selectors: str) -> list[str]:
        return self.page.evaluate(IN_SIGHT, list(selectors))

    def rest(self) -> None:
        """Nothing runs any more."""
        wait_until(lambda: self.page.is_enabled("#zest-convert") and self.page.locator("#zest-progress").count() == 0)

    def titles(self) -> list[str]:
        return self.page.locator("#zest-takes [data-take] .title").all_inner_texts()

    def act(self, name: str, row: int = 0) -> None:
        self.page.locator(f"#zest-takes [data-act={name}]").nth(row).click()

    def download(self, selector: str):
        with self.page.expect_download() as waited:
            self.page.locator(selector).first.click()
        return waited.value

    def emotion(self) -> str | None:
        return self.page.locator("#zest-emotion input:checked").get_attribute("value")


def test_keys_tell_convert_and_cancel(chromium, workbench, source_path, tmp_path):
    studio = Studio(chromium, workbench)
    page = studio.page
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    long = save(tmp_path / "long.wav", np.tile(load(source_path).samples, 12))
    page.set_input_files("#zest-source input[type=file]", long)
    page.wait_for_selector("#zest-source input[type=file]", state="detached")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#zest-progress progress")
    page.keyboard.press("Escape")
    page.locator("#zest-failed").filter(has_text="Cancelled").wait_for()
    studio.rest()
    assert page.locator("#zest-results").count() == 0 and studio.titles() == []


def test_the_contrast_check_finds_what_is_too_faint(chromium):
    page = open_page(chromium)
    page.set_content('<main style="background: #fff"><p style="color: #999">faint</p><p style="color: #666">clear</p></main>')
    assert [words for _, words in page.evaluate(TOO_FAINT, "main")] == ["faint"]
