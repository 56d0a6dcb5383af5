"""What axe-core finds wrong on a page, and what Tab reaches there."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
MOST_RUNS = 5  # of axe-core on one page
MOST_STOPS = 60  # where Tab goes in circles
TO_THE_TOP = "() => { const one = document.body; one.tabIndex = -1; one.focus(); one.removeAttribute('tabindex'); one.blur(); }"
FOCUSED = """() => { const one = document.activeElement; if (!one || one === document.body) return '';
    const look = getComputedStyle(one), name = one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText;
    const ring = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2;
    const shown = ring || look.boxShadow !== 'none' || one.closest('label')?.matches(':has(:focus-visible)');
    return `${one.tagName} ${name || one.title || one.type}${shown ? '' : ' WITHOUT FOCUS RING'}`; }"""


def axe_faults(page: Page, within: str = "html") -> list[str]:
    """'rule: element: what to do' for all that axe-core calls wrong on the page, once that stays the same: nothing fades in.

    within: a selector of what is looked at.
    """
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(SCRIPT)
    faults: list[str] = []
    for _ in range(MOST_RUNS):
        before, faults = faults, _faults_now(page, within)
        if faults == before:
            break
    return faults


def _faults_now(page: Page, within: str) -> list[str]:
    run = "(within) => axe.run(within, { resultTypes: ['violations'], iframes: false })"
    found = page.evaluate(run, within)["violations"]
    return [f"{one['id']}: {node['target']}: {node.get('failureSummary', '')}" for one in found for node in one["nodes"]]


def tab_stops(page: Page) -> list[str]:
    """What Tab reaches from the top of the page to its end, pressed as a visitor presses it."""
    page.evaluate(TO_THE_TOP)
    found: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if not focused:
            return found
        found.append(focused)
    raise AssertionError(f"Tab goes on and on: {found}")
