"""A workbench without a checkpoint says so on its page and in no traceback; a server of listening tests has none."""

from __future__ import annotations

from tests.support.browser import open_page, problem


def test_a_missing_checkpoint_is_told_on_the_page(chromium, listening_server, listening_place):
    page = open_page(chromium, listening_server)
    page.locator("#zest-status").filter(has_text="There is no checkpoint folder").wait_for()
    page.get_by_role("button", name="Man, emotion of a recording").click()
    problem(page, "There is no checkpoint folder")
    log = (listening_place / "workbench.log").read_text()
    assert "Traceback" not in log, log
