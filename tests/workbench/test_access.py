"""Every tab by axe-core, on a desktop and a phone, light and dark; by keyboard alone with few tab stops; keys told by "?"."""

from __future__ import annotations

from tests.support.access import axe_faults, tab_stops
from tests.support.browser import PHONE, assert_fits_the_screen, open_page
from tests.support.waiting import wait_until

PLACES = (("Convert", "#zest-convert"), ("Evaluate", "#zest-one-score"), ("A whole set", "#zest-evaluate"),
          ("Listen", "#zest-listen-open"), ("Results", "#zest-unlock"))
MOST_STOPS = 25  # on Convert with a result
ICONS_OVER_LABELS = """() => [...document.querySelectorAll('.zest-recording')].filter((it) => it.offsetParent).flatMap((box) => {
    const label = box.querySelector('[data-testid=block-label]').getBoundingClientRect();
    return [...box.querySelectorAll('button')].map((one) => one.getBoundingClientRect())
        .filter((one) => one.width && one.left < label.right && one.right > label.left && one.top < label.bottom - 4
            && one.bottom > label.top + 4).map(() => box.id); })"""


def look_at_every_tab(page, width: int) -> None:
    """Each is in sight, fits the screen and passes axe."""
    page.wait_for_selector("#zest-source input[type=file]", state="attached")
    for name, shows in PLACES:
        tab = page.get_by_role("tab", name=name)
        wait_until(lambda tab=tab: tab.is_visible() and tab.evaluate("(one) => one.getBoundingClientRect().right") <= width)
        tab.click()
        page.wait_for_selector(shows)
        assert axe_faults(page) == [], name
        assert_fits_the_screen(page)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")


def test_on_a_phone_in_the_dark_every_tab_is_in_sight_and_passes_axe(chromium, workbench):
    page = open_page(chromium, f"{workbench}?__theme=dark", PHONE, 800)
    look_at_every_tab(page, PHONE)
    assert page.locator("footer").inner_text().strip() == "", "of a link that phones do not show, nothing stays"


def test_every_tab_is_in_sight_and_passes_axe_and_a_result_is_reached_by_keyboard_alone_with_few_tab_stops(chromium, workbench):
    page = open_page(chromium, f"{workbench}?__theme=light", 1280, 800)
    look_at_every_tab(page, 1280)
    page.get_by_role("tab", name="Convert").click()
    page.get_by_role("button", name="Man, angry").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.innerText") == "Woman, sad"
    page.keyboard.press("Enter")
    page.locator("#zest-status").filter(has_text="of sad speech").wait_for()
    page.wait_for_selector("#zest-takes [data-take]")
    wait_until(lambda: page.is_enabled("#zest-convert") and page.locator("#zest-contours svg").count())
    page.wait_for_selector("#zest-source .component-wrapper")
    wait_until(lambda: page.evaluate(ICONS_OVER_LABELS) == [])
    assert axe_faults(page) == []
    stops = tab_stops(page)
    assert len(stops) <= MOST_STOPS, stops
    assert [one for one in stops if "WITHOUT" in one] == []
    page.get_by_test_id("Sad-radio-label").get_by_role("radio").focus()
    page.keyboard.press("ArrowRight")
    wait_until(lambda: page.get_by_test_id("Surprised-radio-label").get_by_role("radio").is_checked())
    page.get_by_role("tab", name="Convert").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_selector("#zest-unlock")
    page.set_viewport_size({"width": 375, "height": 667})
    page.get_by_role("tab", name="Convert").click()
    page.wait_for_selector("#zest-source .component-wrapper")
    wait_until(lambda: page.evaluate(ICONS_OVER_LABELS) == [])
    label = page.locator("#zest-source [data-testid=block-label]")
    wait_until(lambda: label.evaluate("(one) => one.scrollWidth <= one.clientWidth"))  # the whole label is read


def test_axe_finds_what_is_too_faint_and_what_has_no_name(chromium):
    page = open_page(chromium)
    page.set_content('<html lang="en"><title>t</title><main style="background: #fff"><h1>t</h1><p style="color: #999">faint</p>'
                     '<p style="color: #666">clear</p><button></button></main></html>')
    assert sorted(one.partition(":")[0] for one in axe_faults(page)) == ["button-name", "color-contrast"]
