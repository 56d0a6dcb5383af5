"""What a listener does on the listeners' page, with the keyboard."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.support.browser import agree_and_tell, open_page
from tests.support.waiting import wait_until

BESIDE = """() => { const bands = [...document.querySelectorAll('.bands span')];
    bands.at(-1).textContent = 'Ausgezeichnet';
    const slider = document.querySelector('input[type=range]').getBoundingClientRect(), wide = slider.width / bands.length;
    return bands.filter((band, place) => { const box = band.getBoundingClientRect();
        return Math.abs(box.x + box.width / 2 - slider.x - wide * (place + 0.5)) > 3; }).map((band) => band.textContent); }"""


def open_listening(browser: Browser, address: str, **options) -> tuple[Page, list[str]]:
    """A page, and whatever goes wrong on it or is asked of another server."""
    page, wrong = open_page(browser, **options), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith((address.partition("/listen/")[0], "blob:", "data:"))
            or wrong.append(request.url))
    page.goto(address)
    page.wait_for_selector("h1")
    return page, wrong


def begin(page: Page) -> None:
    """By mouse to the first practice trial."""
    agree_and_tell(page)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".clips")


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def progress(page: Page) -> str:
    """Asked in one go: the screen may change at any moment."""
    return "".join(page.locator(".progress span").all_inner_texts())


def is_locked(page: Page) -> bool:
    return page.locator("fieldset input").first.is_disabled() and page.get_by_role("button", name="Next").is_disabled()


def hear_by_keyboard(page: Page) -> None:
    """Space, until everything was played; the answer is locked until then, and nothing is chosen."""
    for number in range(1, page.locator(".play").count() + 1):
        assert is_locked(page) and not page.locator("input:checked").count()
        page.keyboard.press("1")  # too early: nothing happens
        page.keyboard.press("Space")
        wait_until(lambda number=number: page.locator("[data-state=played]").count() == number)
    wait_until(lambda: not page.locator("fieldset input").first.is_disabled())
    assert not page.locator("input:checked").count()


def answer_by_keyboard(page: Page, key: str) -> str:
    """Answer with a digit and Enter; returns the value that was chosen, once something else is shown."""
    before = progress(page)
    page.keyboard.press(key)
    value = page.locator("input:checked").get_attribute("value")
    page.keyboard.press("Enter")
    wait_until(lambda: progress(page) != before)
    return value or ""


def tab_to(page: Page, selector: str) -> None:
    for _ in range(12):
        if page.locator(":focus").count() and page.locator(":focus").evaluate("(it, other) => it.matches(other)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def bands_beside_their_fifths(page: Page) -> list[str]:
    """Words of the scale of sliders that do not stand over their fifth of them, where the last one is a long word."""
    return page.evaluate(BESIDE)
