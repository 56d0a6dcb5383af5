"""Workers of Prolific and Mechanical Turk in a real browser, from the platform's link back to the platform, by each outcome."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.crowd_platform import MTURK, PROLIFIC, crowd_platform
from evaluation.listening.design.recruitment import recruitment_from
from evaluation.listening.publish.links import listeners_link
from evaluation.listening.store import collect, open_store
from evaluation.listening.store.arrivals import Identity
from evaluation.listening.store.reception import Reception
from tests.support.access import axe_faults
from tests.support.browser import PHONE, agree_and_tell, assert_fits_the_screen, open_page
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, careful
from tests.support.waiting import wait_until

CODES = {"done": "OK1", "failed": "BAD1", "screened": "NO1", "full": "FULL1", "withdrawn": "OUT1"}
WORKER = "5f0c0ffee0c0ffee0c0ffee"


@pytest.fixture(scope="module")
def platform():
    with crowd_platform() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def studies(tmp_path_factory, listening_place, platform):
    """A study on each platform, and one on Prolific that has one place."""
    run = finished_run(tmp_path_factory.mktemp("crowd"), sentences=1)
    prolific = {"platform": "prolific", "codes": CODES, "address": platform.prolific_completion,
                "quotas": {"device": {"loudspeakers": 0}, "native": {"native": 40}}}
    rules = {"prolific": prolific, "tiny": prolific | {"quotas": {}},
             "mturk": {"platform": "mturk", "hosts": [platform.address], "codes": CODES}}
    return {name: small_study(run, listening_place / "studies" / name, systems=("copy", "f0-swap"), questions=("naturalness",),
                              salt=name, listeners=1 if name == "tiny" else 50, recruitment=recruitment_from(document))
            for name, document in rules.items()}


@pytest.fixture(scope="module")
def served(studies, listening_server):
    return listening_server


def look(page: Page, name: str) -> None:
    """A picture, for who asks for pictures."""
    if folder := os.environ.get("ZEST_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def work_done(study, worker: str, visit: str, right: bool = True) -> None:
    """The worker answers everything somewhere else, with or without care for the checks."""
    store, by_design = open_store(study, clock=Clock(now=1_900_000_000.0)), careful(study)
    token = Reception(store).enter(True, SETUP | ({"native": "native"} if "native" in study.setup else {}),
                                   Reception(store).arrive(Identity(worker, visit, "task-1", *submit_of(study))))
    traps = {trial.id: trial.accepted for trial in study.design.trials().values() if trial.kind == "trap"}

    def choose(shown):
        wrong = shown.check and not right
        return next(value for value, _ in shown.options if value not in traps[shown.trial]) if wrong else by_design(shown)

    while answer_next(store, token.token, choose):
        pass
    store.engine.dispose()


def submit_of(study) -> tuple[str, ...]:
    return study.recruitment.form_hosts[:1]


def outcome(page: Page, name: str, code: str) -> None:
    """The last screen shows the outcome and the code, also after a reload."""
    for _ in range(2):
        page.locator(f"[data-outcome={name}]").wait_for()
        assert page.locator(".code").inner_text() == code
        page.reload()
    page.locator(f"[data-outcome={name}]").wait_for()


def go_back(page: Page, platform, path: str) -> dict[str, str]:
    """By the button; returns what the platform was sent."""
    before = len(platform.returned)
    page.locator(".ended .primary").click()
    wait_until(lambda: len(platform.returned) > before)
    sent_to, sent = platform.returned[-1]
    assert sent_to == path
    return sent


def come(chromium: Browser, platform, served: str, study, worker: str, stays: bool = True, **options) -> Page:
    """A worker's page. stays: its time stands still, so that it does not go back to the platform by itself after a while."""
    link, page = listeners_link(study, served), open_page(chromium, **options)
    page.clock.set_fixed_time(datetime.now()) if stays else page.clock.install()
    if study.recruitment.platform == "mturk":
        page.goto(platform.mturk_link(link, worker, f"A-{worker}"))
    else:
        page.goto(platform.prolific_link(link, worker, f"visit-{worker}"))
    return page


def test_a_worker_of_prolific_withdraws_and_another_is_screened_out(chromium, served, studies, platform):
    page = come(chromium, platform, served, studies["prolific"], f"{WORKER}1", width=PHONE, height=844)
    page.wait_for_selector("#agree")
    assert WORKER not in page.url and page.get_by_text("One failed check ends the payment").count()
    look(page, "consent-phone")
    page.check("#agree")
    page.get_by_role("button", name="Start").click()
    for name in ("Headphones", "Quiet", "No"):
        page.get_by_role("radio", name=name, exact=True).first.check()
    page.get_by_role("radio", name="Yes", exact=True).last.check()
    look(page, "setup-phone")
    page.locator(".play").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("heading", name="Practice first").wait_for()
    page.reload()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".clips")
    page.get_by_role("button", name="Withdraw my answers").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    outcome(page, "withdrawn", "OUT1")
    assert_fits_the_screen(page)
    look(page, "withdrawn-phone")
    assert go_back(page, platform, PROLIFIC) == {"cc": "OUT1"}
    page.go_back()
    outcome(page, "withdrawn", "OUT1")
    loud = come(chromium, platform, served, studies["prolific"], f"{WORKER}2")
    loud.check("#agree")
    loud.get_by_role("button", name="Start").click()
    for name in ("Loudspeakers", "Quiet", "No"):
        loud.get_by_role("radio", name=name, exact=True).first.check()
    loud.get_by_role("radio", name="Yes", exact=True).last.check()
    loud.locator(".play").click()
    loud.get_by_role("button", name="Begin").click()
    outcome(loud, "screened", "NO1")
    look(loud, "screened")
    assert go_back(loud, platform, PROLIFIC) == {"cc": "NO1"}


def test_a_worker_of_prolific_is_done_on_another_device_one_fails_and_one_comes_too_late(chromium, served, studies, platform):
    study = studies["tiny"]
    page = come(chromium, platform, served, study, f"{WORKER}3")
    agree_and_tell(page)
    late = come(chromium, platform, served, study, f"{WORKER}4")
    outcome(late, "full", "FULL1")
    look(late, "full")
    assert go_back(late, platform, PROLIFIC) == {"cc": "FULL1"}
    work_done(study, f"{WORKER}3", f"visit-{WORKER}3", right=False)
    page.reload()
    outcome(page, "failed", "BAD1")
    assert page.locator(".checks li").count() >= 1 and "choose" in page.locator(".checks li").first.inner_text()
    assert axe_faults(page) == []
    look(page, "failed")
    assert go_back(page, platform, PROLIFIC) == {"cc": "BAD1"}
    work_done(study, f"{WORKER}5", "elsewhere")
    done = come(chromium, platform, served, study, f"{WORKER}5")
    outcome(done, "done", "OK1")
    assert axe_faults(done) == []
    look(done, "done")
    done.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    done.get_by_role("button", name="Copy the code").click()
    done.get_by_role("button", name="Copied").wait_for()
    assert done.evaluate("window.copied") == "OK1" and done.get_by_text("You are taken back to Prolific in").count() == 1
    done.get_by_role("button", name="Stay on this page").click()
    assert done.get_by_text("You are taken back").count() == 0
    before, leaves = len(platform.returned), come(chromium, platform, served, study, f"{WORKER}5", stays=False)

    def goes_by_itself() -> bool:
        leaves.clock.run_for(2000)
        return len(platform.returned) > before

    wait_until(goes_by_itself)
    assert platform.returned[-1] == (PROLIFIC, {"cc": "OK1"})


def test_mechanical_turk_previews_and_takes_each_outcome_by_its_form(chromium, served, studies, platform):
    study = studies["mturk"]
    preview = open_page(chromium, platform.mturk_link(listeners_link(study, served)))
    preview.get_by_text("This is a preview.").wait_for()
    assert preview.locator("#agree").is_disabled() and preview.get_by_role("button", name="Start").is_disabled()
    look(preview, "preview")
    store = open_store(study)
    assert collect(store).listeners == ()
    outcomes = {}
    for number, (name, right) in enumerate((("done", True), ("failed", False))):
        work_done(study, f"W{number}", f"A-W{number}", right)
        page = come(chromium, platform, served, study, f"W{number}")
        outcome(page, name, CODES[name])
        outcomes[name] = go_back(page, platform, MTURK)
    assert outcomes == {name: {"assignmentId": f"A-W{number}", "outcome": name, "code": CODES[name]}
                        for number, name in enumerate(outcomes)}
    store.close()
    page = come(chromium, platform, served, study, "W2")
    outcome(page, "full", "FULL1")
    look(page, "mturk-full")
    assert go_back(page, platform, MTURK) == {"assignmentId": "A-W2", "outcome": "full", "code": "FULL1"}
    store.engine.dispose()


def test_the_server_s_log_names_no_worker_and_a_wrong_link_gets_a_sentence(chromium, served, studies, listening_place):
    page = open_page(chromium, f"{served}?study={studies['prolific'].id}&PROLIFIC_PID={WORKER}9")
    page.get_by_text("This link lacks").wait_for()
    direct = open_page(chromium, f"{served}listen/{studies['prolific'].id}")
    direct.get_by_text("open it by the link there").wait_for()
    log = (listening_place / "workbench.log").read_text()
    assert WORKER not in log and "refused (parameter)" in log
