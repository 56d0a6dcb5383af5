"""The Results tab in a real browser: an administrator unlocks, makes a study, watches answers come in, exports and closes it."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from dataclasses import asdict

import pytest

from evaluation.listening.design.create import create_study
from evaluation.listening.design.gathering import gather, gathered_run
from evaluation.listening.design.study import Study, open_study
from evaluation.listening.store import open_store
from pipelines.features.audio import save
from tests.support.browser import PHONE, assert_fits_the_screen, open_page, running_workbench
from tests.support.foreign_results import mushra_csv
from tests.support.listening import finished_run
from tests.support.listening_session import Clock, careful, whole_set
from tests.support.speech import MAN, WOMAN, speak
from tests.support.waiting import wait_until
from workbench.jobs.queue import DONE, Job, JobRequest, Status
from workbench.jobs.worker import publish

PASSWORD = "open sesame please"
JOB = "0123456789abcdef" * 2
DARK = """() => { document.body.classList.add('dark'); const of = (part, what) => getComputedStyle(part)[what];
    return [...document.querySelectorAll('#zest-study-results figure text:not([style*=fill])')].map(label =>
        of(label, 'fill') === of(label.closest('.zest-study'), 'color') ? 'dark: as the text around it' : of(label, 'fill')); }"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A folder of studies: gathered conversions, and one study of them that a listener has answered."""
    folder, clips = tmp_path_factory.mktemp("studies"), tmp_path_factory.mktemp("clips")
    for number, voice in enumerate((MAN, WOMAN)):
        source, converted, reference = (save(clips / f"{name}{number}.wav", speak(voice, 0.6, seed=seed + number) * 0.4)
                                        for seed, name in enumerate(("source", "converted", "reference")))
        gather(folder / "gathered", source, converted, reference, "sad", "mine")
    listened(create_study(gathered_run(folder / "gathered"), ("mine",), ("naturalness",), folder / "older", listeners=2))
    return folder


def listened(study: Study, times: int = 1) -> None:
    """So many listeners come, answer everything and pass the screening."""
    store = open_store(study, clock=Clock())
    for _ in range(times):
        whole_set(store, careful(study))
    store.engine.dispose()


def is_closed(study: Study) -> bool:
    store = open_store(study)
    closed = store.is_closed()
    store.engine.dispose()
    return closed


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the workbench keeps uploads and jobs, with one job that is done."""
    folder = tmp_path_factory.mktemp("workbench")
    job = Job(folder / "gradio" / "zest-jobs" / JOB)
    run = finished_run(job.folder, sentences=1)
    (run.folder / "report.html").write_text("<h1>How the conversions scored</h1>")
    for name in ("report.md", "scores.csv"):
        (run.folder / name).touch()
    publish(job, "mine")
    job.request_file.write_text(json.dumps(asdict(JobRequest("mine", len(run.pairs), ()))))
    job.write_status(Status(DONE))
    return folder


@pytest.fixture(scope="module")
def administered(studies, place):
    with running_workbench(place, WORKBENCH_STUDIES=str(studies), WORKBENCH_ADMIN_PASSWORD=PASSWORD) as address:
        yield address


def results_tab(chromium, address: str, width: int = 1280):
    page = open_page(chromium, address, width)
    page.get_by_role("tab", name="Results").click()
    return page


def unlocked(chromium, address: str):
    page = results_tab(chromium, address)
    unlock(page)
    return page


def unlock(page) -> None:
    page.fill("#zest-password input", PASSWORD)
    page.click("#zest-open")
    page.wait_for_selector("#zest-gathered")


def test_a_phone_shows_results_after_the_right_password_without_scrolling_sideways_until_locked_or_opened_again(
        chromium, administered):
    page = results_tab(chromium, administered, PHONE)
    page.fill("#zest-password input", "not it at all")
    page.click("#zest-open")
    page.locator("#zest-unlock-said").get_by_text("That is not the password.").wait_for()
    page.wait_for_timeout(300)
    assert page.locator("#zest-unlock-said").is_visible() and page.locator("#zest-studies label").count() == 0
    assert_fits_the_screen(page)
    unlock(page)
    page.locator("#zest-studies label").filter(has_text="of 2 listeners").click()
    page.wait_for_selector("#zest-study-results figure svg")
    assert_fits_the_screen(page)
    labels = page.evaluate(DARK)
    assert labels and set(labels) == {"dark: as the text around it"}
    page.click("#zest-lock")
    page.wait_for_selector("#zest-password input")
    wait_until(lambda: not page.locator("#zest-study-results figure, #zest-studies label").count())
    page.goto(f"{administered}?job={JOB}")
    a_visitor_makes_no_study_beside_a_finished_evaluation_but_an_administrator_does(page, administered)


def test_an_administrator_makes_a_study_watches_answers_exports_and_closes_it(chromium, administered, studies, place):
    page, before = unlocked(chromium, administered), set(studies.glob("*/study.json"))
    page.locator("#zest-gathered button").first.click()
    page.wait_for_selector("#zest-gathered .zest-systems label")
    page.locator("#zest-gathered .zest-listeners input").fill("4")
    page.locator("#zest-gathered .zest-budget button").first.click()
    page.locator("#zest-gathered .zest-rate input, #zest-gathered .zest-rate textarea").fill("9")
    page.locator("#zest-gathered .zest-estimate").click()
    page.locator("#zest-gathered .zest-budget .zest-outcome").get_by_text("9.00 GBP an hour").wait_for()
    page.locator("#zest-gathered .zest-make").click()
    link = page.locator("#zest-gathered .zest-outcome a").first.inner_text()
    (made,) = set(studies.glob("*/study.json")) - before
    study = open_study(made.parent)
    assert link == f"{administered}?study={study.id}", "it can be pasted"
    card = page.locator("#zest-studies label").filter(has_text="0 of 4 listeners finished")
    card.click()
    wait_until(lambda: "No answers yet" in page.locator("#zest-study-results").first.inner_text())
    link = page.locator("#zest-link textarea, #zest-link input").first
    wait_until(lambda: link.input_value() == f"{administered}?study={study.id}")
    listened(study, times=2)
    page.click("#zest-refresh")
    page.wait_for_selector("#zest-study-results figure svg")
    said = page.locator("#zest-study-results").first.inner_text()
    assert "preliminary" in said and "(natural)" in said and "mine" in said
    wait_until(lambda: "2 listeners took part" in page.locator("#zest-paragraph textarea").input_value())
    page.locator("#zest-studies label").filter(has_text="2 of 4 listeners finished").wait_for()
    page.reload()
    page.get_by_role("tab", name="Results").click()
    page.locator("#zest-studies label").filter(has_text="2 of 4 listeners finished").click()
    page.wait_for_selector("#zest-study-results figure svg")
    page.click("#zest-export")
    address = page.locator("#zest-study-files a[download]").first.get_attribute("href")
    with zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(address).read())) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
    assert {"answers.csv", "answers.json", "results.json", "paragraph.md", "mos-naturalness.png"} <= names
    imported(page, place)
    page.locator("#zest-studies label").filter(has_text="2 of 4 listeners finished").click()
    page.click("#zest-close")
    assert not is_closed(study), "nothing is closed before it is confirmed"
    page.click("#zest-close-yes")
    wait_until(lambda: "closed" in page.locator("#zest-study-results h3").inner_text())
    assert is_closed(study)
    assert_fits_the_screen(page)


def imported(page, place) -> None:
    """An administrator has the results of another tool analysed, after a file that is none."""
    page.locator("#zest-import button").first.click()
    for name, content in (("odd.csv", "a,b\n1,2\n"), ("mushra.csv", mushra_csv())):
        if name == "mushra.csv":
            page.locator("#zest-import-file button[aria-label*='Remove'], #zest-import-file button[aria-label*='Clear']").click()
        page.locator("#zest-import-file input[type=file]").set_input_files({"name": name, "mimeType": "text/csv",
                                                                           "buffer": content.encode()})
        page.locator("#zest-import-file").get_by_text(name.partition(".")[0]).first.wait_for()
        page.click("#zest-import-go")
        if name == "odd.csv":
            page.locator("#zest-import-problem").get_by_text("odd.csv has the columns a, b").wait_for()
    page.wait_for_selector("#zest-import-results figure svg")
    assert "imported" in page.locator("#zest-import-results h3").inner_text()
    address = page.locator("#zest-import-files a[download]").first.get_attribute("href")
    with zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(address).read())) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        assert not any(b"@" in archive.read(name) for name in archive.namelist() if name.endswith((".csv", ".json", ".md")))
    assert {"answers.csv", "import.json", "levels-mushra.png"} <= names
    assert not list((place / "gradio").rglob("mushra.csv")), "it names listeners, so it is deleted"
    page.locator("#zest-studies label").filter(has_text="Imported from webMUSHRA").click()
    wait_until(lambda: "imported" in page.locator("#zest-study-results h3").inner_text())
    assert not page.locator("#zest-close").is_visible() and not page.locator("#zest-link").is_visible()


def a_visitor_makes_no_study_beside_a_finished_evaluation_but_an_administrator_does(page, administered: str) -> None:
    """And the button is ready again."""
    page.wait_for_selector("#zest-downloads a[download]")
    assert not page.context.cookies() and not page.locator("#zest-studies label").count(), "the page kept no password"
    assert not page.locator("#zest-job-study").count(), "a visitor sees no form of administrators"
    page.get_by_role("tab", name="Results").click()
    unlock(page)
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#zest-job-study button").first.click()
    button = page.locator("#zest-job-study .zest-make")
    button.click()
    page.wait_for_selector(f"#zest-job-study .zest-outcome a[href^='{administered}?study=']")
    wait_until(lambda: button.inner_text() == "Make the listening test" and button.is_enabled())
