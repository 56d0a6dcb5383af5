"""The listeners' page in a real browser: consent to thanks by keyboard, reloads, lost connections, a phone, the Listen tab."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page

from evaluation.listening.design.trials import TRAP, order_for
from evaluation.listening.design.wording import NO_SUCH_STUDY, wording_in
from evaluation.listening.store import collect, open_store
from tests.support.access import axe_faults
from tests.support.browser import PHONE, agree_and_tell, assert_fits_the_screen, boxes_of, open_page
from tests.support.listeners_page import (
    answer_by_keyboard,
    bands_beside_their_fifths,
    begin,
    heading,
    hear_by_keyboard,
    is_locked,
    open_listening,
    progress,
    tab_to,
)
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import Clock, answer_next, careful, whole_set
from tests.support.waiting import wait_until
from workbench.listening.admin_text import TOO_SHORT
from workbench.listening.listen_tab import reopen
from workbench.tabs.text import LISTEN_NOTHING

TRAP_WORDS = "check that somebody is listening"
PLAYING = """() => { const play = HTMLMediaElement.prototype.play; // what begins now goes on until something stops it
    HTMLMediaElement.prototype.play = function () { this.loop = true; return play.call(this); };
    window.sounded = []; new MutationObserver(() => window.sounded.push(
    [...document.querySelectorAll('.clip')].flatMap((clip, place) => clip.dataset.state === 'playing' ? [place] : []).join()))
    .observe(document.querySelector('.clips'), {subtree: true, attributeFilter: ['data-state']}); }"""
BELOW_THE_SCREEN = """all => all.filter((one) => one.getBoundingClientRect().bottom > window.innerHeight)
    .map((one) => one.textContent)"""
PRESS_BEGIN = "() => [...document.querySelectorAll('button')].find(it => it.textContent === 'Begin' && !it.disabled)?.click()"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), seconds=0.5)


@pytest.fixture(scope="module")
def study(run, listening_place):
    """Two clips to a trial and one, a scale and a choice."""
    return small_study(run, listening_place / "studies" / "one", listeners=500, cap=20,
                       questions=("emotion-similarity", "emotion-choice"))


@pytest.fixture(scope="module")
def designs(run, study):
    """A comparison, ABX, MUSHRA and best-worst scaling; the first four trials have one of each."""
    return small_study(run, study.folder.parent / "designs", listeners=500, cap=80, systems=("copy", "f0-swap"), salt="designs",
                       questions=("comparison", "abx", "mushra", "emotion-strength"))


@pytest.fixture(scope="module")
def checked(run, study):
    """With the check of hearing before the practice."""
    return small_study(run, study.folder.parent / "checked", systems=("copy",), questions=("naturalness",), salt="checked",
                       listeners=500, checks=("hearing",))


@pytest.fixture(scope="module")
def served(study, listening_server):
    return listening_server


@pytest.fixture
def address(served, study):
    return f"{served}listen/{study.id}"


@pytest.fixture
def store(study):
    return open_store(study)


def test_a_whole_session_by_keyboard_alone_with_a_reload_in_the_middle(chromium, address, store, study):
    page, wrong = open_listening(chromium, address)
    tab_to(page, "#agree")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chips")
    for number in range(3):
        tab_to(page, f"fieldset:nth-of-type({number + 1}) input")
        page.keyboard.press("Space")
    tab_to(page, ".play")
    page.keyboard.press("Enter")
    wait_until(lambda: page.get_by_role("button", name="Begin").is_enabled())
    tab_to(page, ".primary")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Practice first").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector(".clips")
    given, trial_names, headings = [], [], []
    while not page.locator(".code").count():
        if not page.locator(".clips").count():  # a word between two parts
            headings.append(heading(page))
            page.keyboard.press("Enter")
            page.locator(".clips").first.wait_for()
        hear_by_keyboard(page)
        trial_names.append(heading(page))
        given.append(answer_by_keyboard(page, "421"[len(given) % 3]))
        if len(given) == 7:
            page.reload()
            page.wait_for_selector("h1")
    assert headings == ["Practice is over", "Welcome back"]
    assert wrong == []
    whole = len(study.design.training) + len(study.design.cells[0])
    mine = collect(store).listeners[-1]
    answers = sorted((one for one in collect(store).answers if one.listener == mine.listener), key=lambda one: one.place)
    assert [one.value for one in answers] == given and len(given) == whole and mine.completed is not None
    assert mine.setup == {"device": "headphones", "place": "quiet", "hearing": "none", "language": "en"}
    assert all(count == 1 for one in answers for count in one.plays.values())
    traps = [study.design.trials()[one.trial].kind == TRAP for one in answers]
    assert [TRAP_WORDS in name for name in trial_names] == traps and any(traps)
    code = page.locator(".code").inner_text()
    page.reload()
    page.wait_for_selector(".code")
    assert page.locator(".code").inner_text() == code, "the code comes back after a reload"


def test_after_closing_the_browser_the_page_goes_on_where_it_was(chromium, address):
    page, _ = open_listening(chromium, address)
    begin(page)
    hear_by_keyboard(page)
    answer_by_keyboard(page, "2")
    page.wait_for_selector(".clips")
    page.keyboard.press("Space")
    wait_until(lambda: page.locator("[data-state=played]").count() == 1)
    place, played = progress(page), page.locator("[data-state=played]").count()
    kept = page.context.storage_state()
    page.context.close()
    with_memory, _ = open_listening(chromium, address, storage_state=kept)
    assert heading(with_memory) == "Welcome back"
    with_memory.get_by_role("button", name="Go on").click()
    with_memory.wait_for_selector(".clips")
    assert progress(with_memory) == place == "2 of " + place.split()[-1]
    assert with_memory.locator("[data-state=played]").count() == played
    without, _ = open_listening(chromium, address)
    assert heading(without) == "Listening test", "another device begins anew"


def test_a_small_phone_in_the_dark_shows_the_scale_and_next_without_scrolling_and_passes_axe(chromium, address):
    page, wrong = open_listening(chromium, address, width=375, height=667, color_scheme="dark")
    assert sum(map(int, page.evaluate("getComputedStyle(document.body).backgroundColor").strip("rgb()").split(","))) < 120
    assert_fits_the_screen(page)
    begin(page)
    for number in range(2):
        page.wait_for_selector(".clips")
        assert_fits_the_screen(page)
        wait_until(lambda: page.locator(".option, .next button").evaluate_all(BELOW_THE_SCREEN) == [])
        assert axe_faults(page) == []
        for index in range(page.locator(".play").count()):
            page.locator(".play").nth(index).tap()
            wait_until(lambda index=index: page.locator("[data-state=played]").count() == index + 1)
        page.locator(".option").nth(number).tap()
        before = progress(page)
        page.get_by_role("button", name="Next").tap()
        wait_until(lambda before=before: progress(page) != before)
    page.get_by_text("Withdraw my answers").tap()
    page.wait_for_selector("dialog")
    assert_fits_the_screen(page)
    assert wrong == []
    (smallest,) = boxes_of(page.locator(".play").first)
    assert min(smallest["width"], smallest["height"]) >= 48, "large enough for a thumb"


def test_two_clips_are_side_by_side_and_only_one_sounds(chromium, address):
    page, _ = open_listening(chromium, address)
    begin(page)
    assert page.locator(".clip .name").all_inner_texts() == ["Emotion", "Recording"]
    first, second = boxes_of(*(page.locator(".play").nth(index) for index in (0, 1)))
    assert abs(first["y"] - second["y"]) < 2 and second["x"] > first["x"] + first["width"]
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("space plays, Q or W").wait_for()
    page.get_by_role("button", name="Close").click()
    hear_by_keyboard(page)
    page.evaluate(PLAYING)
    for key in "qw":
        page.keyboard.press(key)
        wait_until(lambda key=key: str("qw".index(key)) in page.evaluate("window.sounded"))
    assert page.locator("[data-state=playing]").count() == 1
    assert set(page.evaluate("window.sounded")) <= {"", "0", "1"}, "never both"
    labels = page.locator(".play").evaluate_all("buttons => buttons.map(button => button.getAttribute('aria-label'))")
    assert labels[0] == "Play again: Emotion" and "Recording" in labels[1]


def play_everything(page: Page) -> None:
    """Space, one after another."""
    for number in range(1, page.locator(".play").count() + 1):
        page.keyboard.press("Space")
        wait_until(lambda number=number: page.locator("[data-state=played]").count() == number)


def test_a_comparison_abx_mushra_and_best_worst_are_answered_by_keyboard_and_are_stored(chromium, served, designs):
    page, wrong = open_listening(chromium, f"{served}listen/{designs.id}")
    begin(page)
    for labels, key in ((["A", "B"], "2"), (["A", "B", "X"], "b")):
        assert page.locator(".clip .name").all_inner_texts() == labels and is_locked(page)
        play_everything(page)
        wait_until(lambda: not page.locator("fieldset input").first.is_disabled())
        answer_by_keyboard(page, key)
        page.wait_for_selector(".clips, .judged")
    assert page.locator(".clip .name").all_inner_texts() == ["Reference", *"12345"]
    assert set(page.locator(".judged output").all_inner_texts()) == {"\u2013"}, "no grade is suggested"
    play_everything(page)
    for number, keys in enumerate((["End"], ["Home"], ["PageUp"] * 5, ["ArrowRight"] * 3, ["End", "ArrowLeft"])):
        assert not page.get_by_role("button", name="Next").is_enabled()
        slider = page.locator("input[type=range]").nth(number)
        wait_until(slider.is_enabled)
        slider.focus()
        for key in keys:
            page.keyboard.press(key)
    grades = ["100", "0", "50", "3", "99"]
    wait_until(lambda: page.locator(".judged output").all_inner_texts() == grades)
    assert slider.get_attribute("aria-valuetext") == "99, Excellent"
    page.keyboard.press("Enter")
    page.wait_for_selector(".best-worst")
    play_everything(page)
    wait_until(lambda: page.locator("input[name=best]").first.is_enabled())
    for key in "21":
        page.keyboard.press(key)
    page.locator("input[name=worst]").nth(1).check()  # the strongest cannot be the weakest
    assert page.locator("input[name=best]:checked").count() == 0 and not page.get_by_role("button", name="Next").is_enabled()
    page.keyboard.press("3")
    page.get_by_role("button", name="Next").click()
    wait_until(lambda: progress(page).startswith("5 of"))
    assert wrong == []
    store = open_store(designs)
    answers = sorted(collect(store).answers, key=lambda one: one.place)
    assert [one.value for one in answers[:2]] == ["-2", "b"]
    mushra, strength = (order_for(designs.design, 0, designs.info["seed"], answers[0].listener)[place] for place in (2, 3))
    assert json.loads(answers[2].value) == {clip: int(grade) for (_, clip), grade in zip(mushra.clips[1:], grades, strict=True)}
    assert answers[3].value == f"{strength.clips[2][1]} {strength.clips[1][1]}"


def test_the_check_of_hearing_comes_before_the_practice_and_its_result_is_told(chromium, served, checked):
    page, wrong = open_listening(chromium, f"{served}listen/{checked.id}")
    agree_and_tell(page, then="Before you begin")
    assert "First come 4 short tasks" in page.locator("main .card").inner_text()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".clips")
    assert heading(page) == "How many tones do you hear in the noise?" and "Check" in page.locator(".badges").inner_text()
    assert page.locator("fieldset .option").count() == 5
    phone = open_page(chromium, page.url, PHONE, 844, storage_state=page.context.storage_state())
    phone.get_by_role("button", name="Begin").click()
    phone.wait_for_selector(".clips")
    assert phone.locator(".option").all_inner_texts() == list("12345"), "a phone has no keys, but the answers have to be there"
    assert axe_faults(phone) == []
    store = open_store(checked, clock=Clock(time.time()))
    token = page.evaluate("() => localStorage.getItem(Object.keys(localStorage).find(key => key.startsWith('zest-listen:')))")
    for _ in range(3):  # each takes three seconds: the page is needed for one
        answer_next(store, token, lambda shown: "1")
    page.reload()
    page.get_by_role("heading", name="Welcome back").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector(".clips")
    hear_by_keyboard(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Result of the checks").wait_for()
    said = page.locator("main .card").inner_text()
    assert "Tones in noise: 0 of 4 right." in said and "not counted in the analysis" in said and "practice" in said
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".clips")
    assert "Practice" in page.locator(".badges").inner_text() and wrong == []


def test_the_other_designs_fit_a_phone_in_the_dark_and_pass_axe(chromium, served, designs):
    page, wrong = open_listening(chromium, f"{served}listen/{designs.id}", width=PHONE, height=844, color_scheme="dark")
    begin(page)
    for number, choose in enumerate((".option >> nth=3", ".option >> nth=0", "input[type=range]", "input[name=best] >> nth=0")):
        page.wait_for_selector(".play")
        assert_fits_the_screen(page)
        assert axe_faults(page) == []
        for index in range(page.locator(".play").count()):
            page.locator(".play").nth(index).tap()
            wait_until(lambda index=index: page.locator("[data-state=played]").count() == index + 1)
        for index in range(page.locator(choose).count()):
            page.locator(choose).nth(index).tap()
        if number == 2:
            assert bands_beside_their_fifths(page) == [], "a longer word moves no other one"
        if number == 3:
            page.locator("input[name=worst]").nth(1).tap()
        before = progress(page)
        page.get_by_role("button", name="Next").tap()
        wait_until(lambda before=before: progress(page) != before)
    assert wrong == []


def test_a_lost_connection_loses_no_answer_and_is_told_calmly(chromium, address, store):
    page, _ = open_listening(chromium, address)
    begin(page)
    page.context.set_offline(True)
    page.keyboard.press("Space")
    page.locator("#banner").get_by_text("The server cannot be reached").wait_for()
    assert is_locked(page), "the server does not know yet that it was played"
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    wait_until(lambda: page.locator("[data-state=played]").count() == 1)
    page.keyboard.press("Space")
    wait_until(lambda: not page.locator("fieldset input").first.is_disabled())
    page.keyboard.press("4")
    page.locator("summary").click()
    page.locator("textarea").fill("a click <b>at 1</b> s")
    page.context.set_offline(True)
    page.get_by_role("button", name="Next").click()
    page.locator("#banner").get_by_text("still here").wait_for()
    assert page.locator("input:checked").get_attribute("value") == "4" and progress(page).startswith("1 of")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    wait_until(lambda: progress(page).startswith("2 of"))
    assert page.locator("#banner").inner_text() == ""
    last = collect(store).answers[-1]
    assert (last.value, last.remark) == ("4", "a click <b>at 1</b> s")


def test_double_clicks_are_harmless(chromium, address, store):
    before = len(collect(store).listeners)
    page, wrong = open_listening(chromium, address)
    page.check("#agree")
    page.get_by_role("button", name="Start").dblclick()
    for name in ("Earphones", "Noisy", "I would rather not say"):
        page.get_by_role("radio", name=name, exact=True).check()
    page.locator(".play").click()
    page.get_by_role("button", name="Begin").dblclick()
    page.get_by_role("heading", name="Practice first").or_(page.locator(".progress")).wait_for()
    page.evaluate(PRESS_BEGIN)  # where the second click has not done so
    page.wait_for_selector(".clips")
    hear_by_keyboard(page)
    page.keyboard.press("5")
    page.get_by_role("button", name="Next").dblclick()
    wait_until(lambda: progress(page).startswith("2 of"))
    page.wait_for_timeout(300)
    assert progress(page).startswith("2 of") and wrong == []
    collected = collect(store)
    assert len(collected.listeners) == before + 1
    assert sum(one.listener == collected.listeners[-1].listener for one in collected.answers) == 1


def test_a_second_tab_the_back_button_and_a_phone_that_sleeps_leave_one_answer_to_each_trial(chromium, address, store):
    page, wrong = open_listening(chromium, address)
    begin(page)
    other = page.context.new_page()
    other.goto(address)
    other.get_by_role("button", name="Begin").click()
    other.wait_for_selector(".clips")
    hear_by_keyboard(other)
    hear_by_keyboard(page)
    assert answer_by_keyboard(page, "4") == "4" and progress(page).startswith("2 of")
    other.keyboard.press("2")
    other.get_by_role("button", name="Next").click()
    other.locator("#banner").get_by_role("button", name="Try again").click()
    wait_until(lambda: progress(other).startswith("2 of"))
    other.close()
    page.goto("about:blank")
    page.go_back()
    page.get_by_role("heading", name="Welcome back").wait_for()
    page.keyboard.press("Enter")
    wait_until(lambda: progress(page).startswith("2 of"))
    phone = page.context.new_cdp_session(page)
    page.keyboard.press("Space")
    phone.send("Page.setWebLifecycleState", {"state": "frozen"})
    page.context.set_offline(True)
    page.context.set_offline(False)
    phone.send("Page.setWebLifecycleState", {"state": "active"})
    wait_until(lambda: page.locator("[data-state=played]").count() or page.keyboard.press("Space"))
    while page.locator("fieldset input").first.is_disabled():
        page.keyboard.press("Space")
        page.wait_for_timeout(200)
    second = answer_by_keyboard(page, "3")
    assert progress(page).startswith("3 of") and wrong == []
    collected = collect(store)
    own = [one for one in collected.answers if one.listener == collected.listeners[-1].listener]
    assert [one.value for one in own] == ["4", second] and len({one.trial for one in own}) == 2


def test_withdrawing_asks_first_and_is_marked(chromium, address, store):
    page, _ = open_listening(chromium, address)
    begin(page)
    page.get_by_text("Withdraw my answers").click()
    page.get_by_role("button", name="Keep my answers").click()
    page.wait_for_selector("dialog", state="detached")
    assert collect(store).listeners[-1].withdrawn is None
    page.get_by_text("Withdraw my answers").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("heading", name="Withdrawn").wait_for()
    assert collect(store).listeners[-1].withdrawn is not None
    page.reload()
    page.get_by_text("You have withdrawn from this listening test.").wait_for()


def test_a_session_that_is_unknown_can_start_again(chromium, address, study):
    page, _ = open_listening(chromium, address)
    page.evaluate("(key) => localStorage.setItem(key, 'made-up')", f"zest-listen:{study.id}")
    page.reload()
    page.locator("#banner").get_by_text("does not know you").wait_for()
    page.get_by_role("button", name="Start again").click()
    page.wait_for_selector("#agree")
    assert page.locator("#banner").inner_text() == ""


def test_the_link_of_a_study_leads_to_a_page_without_frames_and_from_there_to_the_workbench(chromium, served, study):
    page = open_page(chromium, f"{served}?study={study.id}&__theme=dark", PHONE)
    page.wait_for_selector("#agree")
    assert page.url == f"{served}listen/{study.id}?__theme=dark" and len(page.frames) == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    wait_until(page.locator("#agree").is_checked)
    assert_fits_the_screen(page)
    page.get_by_role("link", name="To the workbench").click()
    page.get_by_role("tab", name="Listen").wait_for()


def test_an_address_that_names_no_study_says_so_and_what_to_do_and_one_with_something_around_it_opens(chromium, served, study):
    page = open_page(chromium, f"{served}listen/{'0' * 16}")
    page.get_by_text("There is no such listening test; check the link.").wait_for()
    said = page.locator("#zest-listen-said")
    for address, words in ((f"{served}?study={'0' * 16}", NO_SUCH_STUDY), (f"{served}listen/", LISTEN_NOTHING)):
        page.goto(address)
        said.get_by_text(words).wait_for()
        assert not page.get_by_text("Take part in a listening test").is_visible()
    for address in (f"{served}?study=%20{study.id.upper()}).", f"{served}listen/{study.id}/"):
        page.goto(address)
        page.wait_for_selector("#agree")


@pytest.mark.parametrize(("name", "words"), [
    ("nope", ("no such listening test", "ask whoever sent")), ("0" * 16, ("no such listening test", "ask whoever sent")),
    ("", ("link of the listening test is missing", "paste the whole link"))])
def test_a_name_that_no_study_has_is_told_with_what_to_do(monkeypatch, tmp_path, name, words):
    monkeypatch.setenv("WORKBENCH_STUDIES", str(tmp_path))
    address, how, said, tabs = reopen(SimpleNamespace(query_params={"study": name}))
    assert all(one in said["value"] for one in words) and said["visible"]
    arab = SimpleNamespace(query_params={"study": name}, headers={"accept-language": "ar-EG"})
    assert wording_in("ar")["refusals"]["nowhere"] in reopen(arab)[2]["value"]
    assert address == "" and how["visible"] is False and tabs["selected"] == "listen"


def test_a_full_study_is_told_before_consent_also_to_who_has_the_page_open(chromium, served, study, tmp_path):
    full = small_study(finished_run(tmp_path / "run", sentences=1), study.folder.parent / "full", listeners=1, salt="full",
                       systems=("copy", "f0-swap"))
    page, _ = open_listening(chromium, f"{served}listen/{full.id}")
    page.check("#agree")
    whole_set(open_store(full, clock=Clock()), careful(full))
    page.get_by_role("button", name="Start").click()
    page.get_by_text("has all the listeners it needs").wait_for()
    assert not page.locator(".chips").count(), "no question about listening was asked"
    late, _ = open_listening(chromium, f"{served}listen/{full.id}")
    assert "has all the listeners it needs" in late.locator("main").inner_text() and not late.locator("#agree").count()


def test_a_browser_that_cannot_play_or_remember_says_so_before_consent(chromium, address):
    page = open_page(chromium)
    page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")
    page.goto(address)
    page.get_by_text("This browser cannot play the recordings").wait_for()
    assert not page.locator("#agree").count()
    forgetful = open_page(chromium)
    forgetful.add_init_script("Storage.prototype.setItem = () => { throw new Error('kept nothing'); }")
    forgetful.goto(address)
    forgetful.get_by_text("answer everything in one go").wait_for()
    for name in ("about", "next"):  # nothing comes, so nothing is said of the browser either
        lonely = open_page(chromium)
        lonely.add_init_script("localStorage.setItem('zest-listen:' + location.pathname.split('/').pop(), 'somebody')")
        lonely.route(f"**/{name}", lambda route: route.abort())
        lonely.goto(address)
        lonely.locator("main, #banner").get_by_text("The server cannot be reached; check your connection").wait_for()
        assert not lonely.locator(".slow").count() and not lonely.get_by_text("What you chose").count()


def test_a_password_that_is_too_short_is_told_at_the_start_and_on_the_page_and_the_listen_tab_takes_a_pasted_link(
        chromium, served, listening_place, study):
    sentence = TOO_SHORT.replace("`", "")
    assert (listening_place / "workbench.log").read_text().splitlines().count(sentence) == 1
    page = open_page(chromium, served)
    page.get_by_role("tab", name="Results").click()
    page.locator("#zest-unlock").get_by_text(sentence).wait_for()
    assert not page.locator("#zest-password").count(), "nothing to unlock by"
    page.get_by_role("tab", name="Listen").click()
    link = page.locator("#zest-listen-link").locator("input, textarea")
    link.fill("what is this")
    page.click("#zest-listen-open")
    page.locator("#zest-listen-said").get_by_text("no link of a listening test").wait_for()
    link.fill(f"https://somewhere/?study={study.id}")
    page.click("#zest-listen-open")
    page.wait_for_selector("#agree")
    assert page.url == f"{served}listen/{study.id}"
