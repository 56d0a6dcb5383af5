"""The A/B player and the contours in a real browser, on a page of their own: what they do, dark, and on a phone."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Position

from tests.support.access import axe_faults
from tests.support.browser import PHONE, REST_SECONDS, assert_fits_the_screen, boxes_of, open_page
from tests.support.score_cards import CARD, MISSING
from tests.support.studio import ALT, SECONDS, SLOWER, studio_page
from tests.support.waiting import wait_until
from workbench.studio.turns import model_turns
from workbench.tabs.text import SCORE_NUMBERS

SWITCH = 0.05  # s that a switch may move the place
STATE = """() => { const { sound, blind, order } = document.querySelector('#studio-player [data-studio]').zestStudio;
    const voices = [...sound.voices.values()];
    return { now: sound.now(), key: sound.track.key, playing: sound.playing, loop: sound.loop, blind: blind.on, order,
             sounding: voices.filter((one) => one.sounding()).map((one) => one.track.key),
             own: sound.voice()?.sounding() ? sound.voice().position() : null, gain: sound.voice()?.gain.gain.value }; }"""
KEY_AT = """((place) => { const { sound, order } = document.querySelector('#studio-player [data-studio]').zestStudio;
    return sound.tracks[order[place]].key; })"""
PIXEL = 0.04  # s that a pixel of a panel may cover
PLAYER_AT = "document.querySelector('#studio-player [data-studio]').zestStudio.sound.now()"
FIRST_PANEL = """() => { const { panels } = document.querySelector('#studio-contours [data-studio]').zestStudio;
    return [panels[0].left, panels[0].width]; }"""
VIEW = """() => { const { from, to, overlay } = document.querySelector('#studio-contours [data-studio]').zestStudio.view;
    return [from, to, overlay]; }"""
GIVEN_AGAIN = """async () => { const { sound } = document.querySelector('#studio-player [data-studio]').zestStudio;
    sound.voices.clear();
    const begins = sound.play(2); // it has to be fetched and decoded, while the server says everything once more
    sound.give(sound.tracks.map((one) => ({ ...one })));
    await begins; }"""
SWITCHED = """async ([place, key]) => { const { sound } = document.querySelector('#studio-player [data-studio]').zestStudio;
    const press = () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    sound.seek(place); // and not after a time, which a slow machine takes for something else
    const before = sound.now(), begun = sound.context.currentTime, begin = sound.begin;
    const switched = new Promise((done) => { sound.begin = (at) => { // in the moment of the switch, whatever follows late
        begin.call(sound, at);
        sound.begin = begin;
        done({ before, after: sound.now(), passed: sound.context.currentTime - begun, own: sound.voice().position() }); }; });
    press();
    return switched; }"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        with studio_page(tmp_path_factory.mktemp("studio")) as url:
            yield url


class StudioPlayer:
    """What somebody does with the player, and what it does."""

    def __init__(self, browser, url: str, width: int = 1280):
        self.page = open_page(browser, url, width, endless=True)
        self.page.locator(".zs .name").nth(4).wait_for()
        self.page.locator(".zc svg").wait_for()

    def state(self) -> dict:
        return self.page.evaluate(STATE)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def plays(self, key: str) -> dict:
        """The state once this track sounds, and only this one."""
        return wait_until(lambda: (state := self.state())["sounding"] == [key] and state)

    def drag_region(self, start: float, end: float) -> list[float]:
        """Drags from one share of the time line to another; the region that loops, in seconds."""
        stage = self.page.locator(".zs .stage")
        width = boxes_of(stage)[0]["width"]
        stage.drag_to(stage, source_position={"x": start * width, "y": 10}, target_position={"x": end * width, "y": 30})
        return self.state()["loop"]

    def names(self) -> list[str]:
        return self.page.locator(".zs .name b").all_inner_texts()


def test_a_switch_keeps_the_place_in_the_new_timing_and_one_track_sounds(chromium, studio):
    player = StudioPlayer(chromium, studio)
    assert player.names() == ["Source", "Reference", "slower voice", "soft voice", "plain voice"]
    player.press("1")
    player.plays("source")
    seen = player.page.evaluate(SWITCHED, [2.2, "3"])
    assert abs(seen["after"] - seen["before"] - seen["passed"]) < SWITCH
    expected = 2 + (seen["after"] - 2) * (SLOWER - 2) / (SECONDS - 2)  # the second half is stretched
    assert abs(seen["own"] - expected) < SWITCH, "the take stands where the source stood"
    assert player.plays("slower")["playing"]
    back = player.page.evaluate(SWITCHED, [2.6, "x"])
    assert abs(back["after"] - back["before"] - back["passed"]) < SWITCH and player.plays("source")
    player.press("4")
    soft = player.plays("soft")
    wait_until(lambda: player.state()["gain"] > 2.0)  # equally loud: the soft take is raised
    player.press("e")
    wait_until(lambda: abs(player.state()["gain"] - 1) < 0.05)
    player.press("e", "p")
    assert wait_until(lambda: not player.state()["playing"]) and player.state()["now"] >= soft["now"]
    player.page.locator("#other button[aria-label='Play']").click()
    player.page.locator("#other button[aria-label='Pause']").wait_for()
    player.press("1")
    player.plays("source")
    assert player.page.evaluate("[...document.querySelectorAll('audio')].every((one) => one.paused)"), "Gradio's has stopped"
    player.page.locator("#other button[aria-label='Play']").click()
    wait_until(lambda: player.state()["sounding"] == [])  # and the other way round
    player.page.evaluate(GIVEN_AGAIN)
    player.plays("slower")
    tab = player.page.context.new_page()  # of the same browser
    tab.goto(studio)
    tab.locator("#other button[aria-label='Play']").click()
    wait_until(lambda: player.state()["sounding"] == [])


def test_a_dragged_region_loops_and_blind_mode_hides_names_and_counts(chromium, studio):
    player = StudioPlayer(chromium, studio)
    wait_until(lambda: player.drag_region(1 / 4, 3 / 8) == pytest.approx([SECONDS / 4, SECONDS * 3 / 8], abs=0.05))
    player.press("3")
    player.plays("slower")
    seen = {round(player.state()["now"], 2) for _ in wait_repeatedly(player, 1.2)}
    assert min(seen) >= SECONDS / 4 - 0.02 and max(seen) <= SECONDS * 3 / 8 + 0.02 and player.state()["playing"]
    player.press("l", "b")
    state = player.state()
    assert state["blind"] and sorted(state["order"]) == [2, 3, 4] and player.names() == ["A", "B", "C"]
    hidden = player.page.locator(".zs").inner_text() + player.page.locator(".zs").inner_html()
    assert not any(name in hidden for name in ("slower", "soft voice", "plain")), "nothing tells which is which"
    player.press("v")
    player.page.get_by_text("Listen to two of them first.").wait_for()
    votes: dict[str, int] = {}
    for _ in range(2):
        for place in ("1", "2"):
            player.press(place)
            wait_until(lambda place=place: player.state()["key"] == player.page.evaluate(
                f"{KEY_AT}({int(place) - 1})") and player.state()["playing"])
        preferred = player.state()["key"]
        votes[preferred] = votes.get(preferred, 0) + 1
        player.press("v")
        wait_until(lambda: not player.state()["playing"])
    player.press("b")
    said = player.page.locator(".zs .tally").inner_text()
    assert "Preferred in 2 rounds" in said
    assert {name: f"{name} voice: {votes.get(name, 0)}" in said for name in ("slower", "soft", "plain")} == dict.fromkeys(
        ("slower", "soft", "plain"), True)
    assert player.names()[2] == "slower voice"


def wait_repeatedly(player: StudioPlayer, seconds: float):
    """Again and again for so long."""
    for _ in range(12):
        player.page.wait_for_timeout(1000 * seconds / 12)
        yield


def test_few_tab_stops_names_for_screen_readers_and_a_phone(chromium, studio):
    player = StudioPlayer(chromium, f"{studio}?__theme=dark", width=PHONE)
    assert_fits_the_screen(player.page)
    stops = player.page.evaluate("""[...document.querySelectorAll('.zs button, .zs [tabindex]')]
        .filter((one) => one.tabIndex >= 0 && one.offsetParent && !one.closest('dialog')).length""")
    assert stops == 3, "play with its options, what plays, and the place"
    small = """[...document.querySelectorAll('.zs .tool, .zs .name, .zs .play')]
        .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.textContent)"""
    wait_until(lambda: player.page.evaluate(small) == [], REST_SECONDS)
    for role, name in (("button", "Play"), ("radio", "Source"), ("slider", "Position"), ("button", "Keyboard shortcuts")):
        assert player.page.locator(".zs").get_by_role(role, name=name).count() >= 1
    player.page.locator(".zs .name").nth(2).tap()
    player.plays("slower")
    assert player.page.get_by_role("radio", name="slower voice").get_attribute("aria-checked") == "true"
    player.page.get_by_role("button", name="Keyboard shortcuts").tap()
    assert "equal loudness" in player.page.locator("dialog.keys").inner_text()
    assert_fits_the_screen(player.page)


def opened(browser, url: str, width: int = 1280):
    page = open_page(browser, url, width, accept_downloads=True)
    page.locator(".zc svg").wait_for()
    page.locator(".zs .name").first.wait_for()
    return page


def saved(page, kind: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as {kind}").click()
    assert download.value.suggested_filename == f"man-angry-f0.{kind.lower()}"
    return download.value.path()


def place_in_first_panel(page, seconds: float) -> Position:
    """A place within the plot of the contours, as it is now: at this time of the source."""
    left, width = page.evaluate(FIRST_PANEL)
    return {"x": left + width * seconds / SLOWER, "y": 90}


def reads(page, seconds: float) -> str:
    """What the first panel says once the mouse stands at this time of the source. The mouse moves again while the page does."""
    figure = page.locator(".zc svg")

    def said() -> str:
        figure.hover(position=place_in_first_panel(page, seconds))
        found = re.search(r"(\d\.\d\d) s: (\d+ Hz, [\d.]+ st)", figure.text_content())
        return found[2] if found and abs(float(found[1]) - seconds) < PIXEL else ""

    return wait_until(said)


def goes_to(page, seconds: float) -> bool:
    """Whether a click at this time of the source takes the player there."""
    page.locator(".zc svg").click(position=place_in_first_panel(page, seconds))
    return abs(page.evaluate(PLAYER_AT) - seconds) < PIXEL


def drag_view(page, start: float, end: float) -> list[float]:
    """Drags from one time of the source to another, with everything in view before; what is in view afterwards, in seconds."""
    page.locator(".zc .plot").press("0")
    figure = page.locator(".zc svg")
    figure.drag_to(figure, source_position=place_in_first_panel(page, start), target_position=place_in_first_panel(page, end))
    return page.evaluate(VIEW)[:2]


def test_contours_are_read_zoomed_overlaid_and_saved(chromium, studio):
    page = opened(chromium, studio)
    plot, figure = page.locator(".zc .plot"), page.locator(".zc svg")
    assert figure.get_attribute("aria-label") == ALT and page.evaluate(VIEW) == [0, SLOWER, False]
    for words in ("Source", "Predicted", "Converted", "kids", "no sound of its own"):
        assert words in figure.text_content()
    assert reads(page, 0.7) == "120 Hz, 13.5 st"
    assert "+12.0 st" in figure.text_content() and "kids" in plot.get_attribute("aria-valuetext")
    wait_until(lambda: goes_to(page, 0.7))
    assert page.locator(".zc .playing").first.get_attribute("visibility") == "visible"
    wait_until(lambda: drag_view(page, 0.7, 2.7) == pytest.approx([0.7, 2.7], abs=0.05))
    plot.focus()
    page.keyboard.press("0")
    page.keyboard.press("o")
    assert page.evaluate(VIEW) == [0, SECONDS, True], "in the source's timing"
    assert len(set(page.locator(".zc path[data-key]").evaluate_all("all => all.map((one) => one.dataset.key)"))) == 3
    rows = list(csv.DictReader(io.StringIO(saved(page, "CSV").read_text())))
    assert {row["contour"] for row in rows} == {"source", "predicted", "converted"}
    picture = saved(page, "SVG").read_text()
    assert ALT in picture and "var(" not in picture
    with Image.open(saved(page, "PNG")) as image:
        assert image.width > 2 * 600 and np.asarray(image.convert("L")).mean() > 200, "on white"


def test_contours_in_the_dark_on_a_phone_are_overlaid_and_fit(chromium, studio):
    page = opened(chromium, f"{studio}?__theme=dark", width=PHONE)
    assert page.evaluate(VIEW)[2], "one plot fits the screen"
    assert_fits_the_screen(page)
    (shown,) = boxes_of(page.locator(".zc svg"))
    assert shown["height"] < 500 and shown["x"] >= 0 and shown["x"] + shown["width"] <= PHONE
    with Image.open(io.BytesIO(page.locator(".zc").screenshot())) as picture:
        assert np.median(np.asarray(picture.convert("L"))) < 100
    page.get_by_role("button", name="Overlay").tap()
    wait_until(lambda: not page.evaluate(VIEW)[2])
    assert_fits_the_screen(page)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", PHONE)])
def test_a_score_waits_for_its_turn_and_says_its_verdict_above_the_folded_card(
        chromium, studio, source_path, monkeypatch, theme, width):
    asked, card = [], replace(CARD, words=None, not_measured={"words": MISSING})
    monkeypatch.setattr("workbench.scoring.score_card", lambda *given, hook: asked.append(given) or card)
    page = opened(chromium, f"{studio}?__theme={theme}", width)
    for name in ("source", "converted"):
        page.set_input_files(f"#zest-one-{name} input[type=file]", source_path)
        page.wait_for_selector(f"#zest-one-{name} input[type=file]", state="detached")
    with model_turns().turn():
        page.click("#zest-one-score")
        page.get_by_text("Waiting: 1 job before yours").first.wait_for()
        assert asked == []
    verdict = page.locator("#zest-one-card .zest-verdict")
    assert verdict.get_by_role("status").inner_text() == (
        "Sounds angrier: 39 to 54 %. Same voice. Words not checked: whisper is not installed; "
        "install it with 'pip install openai-whisper'.")
    assert [one.partition(":")[0] for one in verdict.locator("li").all_inner_texts()] == [
        f"Ceiling of {what}" for what in ("the judge", "the voice", "naturalness")]
    numbers = page.locator("#zest-one-card [data-subject=voice]")
    assert not numbers.is_visible()
    page.get_by_text(SCORE_NUMBERS).click()
    assert "0.80" in numbers.inner_text()
    assert axe_faults(page, "#zest-one-card") == []
    assert_fits_the_screen(page)


def test_results_side_by_side_are_equally_tall(chromium, studio):
    buttons = opened(chromium, studio).locator(".zest-siblings button").all()
    assert len(buttons) == 3 and len({(box["y"], box["height"]) for box in boxes_of(*buttons)}) == 1
