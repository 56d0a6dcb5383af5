"""The Convert tab in a browser: what a visitor does there, and what it shows."""

from __future__ import annotations

from tests.support.browser import open_page
from tests.support.waiting import wait_until

IN_SIGHT = """(selectors) => selectors.filter((one) => { const box = document.querySelector(one)?.getBoundingClientRect();
    return !box || !box.height || box.top < 0 || box.bottom > window.innerHeight; })"""
STORAGE_REFUSED = """Object.defineProperty(window, 'localStorage',
    { get() { throw new DOMException('refused', 'SecurityError'); } })"""


class Studio:
    """What a visitor does on the Convert tab, and what it shows."""

    def __init__(self, browser, url: str, width: int = 1280, height: int = 800, storage: str = ""):
        """storage: a script that takes it away, where this browser keeps nothing."""
        self.page = open_page(browser, "", width, height)
        if storage:
            self.page.add_init_script(storage)
        self.go(url)

    def go(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_selector("#zest-source input[type=file]", state="attached")

    def out_of_sight(self, *selectors: str) -> list[str]:
        return self.page.evaluate(IN_SIGHT, list(selectors))

    def rest(self) -> None:
        """Nothing runs any more."""
        wait_until(lambda: self.page.is_enabled("#zest-convert") and self.page.locator("#zest-progress progress").count() == 0)

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
