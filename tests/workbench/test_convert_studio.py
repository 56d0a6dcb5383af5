"""The Convert tab as a studio in a real browser: one click to sound, takes that survive a reload, links and findings."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from pipelines.features.audio import load, save
from tests.support.access import axe_faults
from tests.support.browser import PHONE, assert_fits_the_screen, boxes_of, problems
from tests.support.convert_page import STORAGE_REFUSED, Studio
from tests.support.waiting import wait_until

FIRST_SCREENFUL = ("#zest-examples", "#zest-source", "#zest-emotion", "#zest-everything", "#zest-convert")


def test_one_click_to_sound_and_takes_that_survive_a_reload_and_are_nobody_elses(chromium, workbench):
    studio = Studio(chromium, workbench)
    page = studio.page
    wait_until(lambda: studio.out_of_sight(*FIRST_SCREENFUL) == [])
    assert page.locator("#zest-decoder").count() == 0
    page.get_by_role("button", name="Woman, sad").click()
    page.wait_for_selector("#zest-results")
    studio.rest()
    wait_until(lambda: studio.out_of_sight("#zest-status", "#zest-player section") == [])
    wait_until(lambda: page.evaluate("document.querySelector('#zest-player [data-studio]').zestStudio.sound.tracks.length") == 2)
    said = page.locator("#zest-status").inner_text()
    for words in ("s of sad speech after", "s of work", "source-woman.wav", "strength 1", "Neural vocoder", "seed 0"):
        assert words in said
    wait_until(lambda: studio.titles() == ["source-woman, sad"])
    page.click("#zest-everything")
    page.wait_for_selector("#zest-takes li.running")
    studio.go(workbench)  # in the middle of the run
    emotions = ("surprised", "sad", "happy", "angry", "neutral", "sad")  # the newest first
    wait_until(lambda: studio.titles() == [f"source-woman, {emotion}" for emotion in emotions])
    wait_until(lambda: page.locator("#zest-takes li.running").count() == 0)

    studio.act("more")
    page.fill("#zest-takes .details input", "mellow")
    page.keyboard.press("Tab")
    wait_until(lambda: studio.titles()[0] == "mellow")
    page.get_by_role("button", name="Copy link to its settings").click()
    page.locator("#zest-takes .bar").filter(has_text="?emotion=surprised&strength=1").wait_for()
    page.locator("#zest-takes .danger").click()
    wait_until(lambda: len(studio.titles()) == 5)
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: studio.titles()[0] == "mellow")
    studio.act("star")
    page.wait_for_selector("#zest-takes [data-act=star][aria-pressed=true]")
    stops = page.locator("#zest-takes li button").evaluate_all("all => all.filter((one) => one.tabIndex === 0).length")
    assert stops == 1, "one button is in the tab order, however many takes there are"
    page.locator("#zest-takes [data-act=star]").first.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Give a star: source-woman, sad"
    studio.act("use")
    wait_until(lambda: studio.emotion() == "surprised" and page.locator("#zest-source .component-wrapper").count() == 1)
    studio.act("show", 3)
    page.locator("#zest-status").filter(has_text="of angry speech").wait_for()
    saved = studio.download("#zest-takes [data-act=save]")
    assert saved.suggested_filename == "source-woman-surprised-strength1-residual_neural.wav"
    with zipfile.ZipFile(io.BytesIO(studio.download("#zest-takes .all").path().read_bytes())) as archive:
        assert len(archive.namelist()) == 12 and "source-woman-angry-strength1-residual_neural.json" in archive.namelist()

    other = Studio(chromium, workbench, storage=STORAGE_REFUSED)  # a visitor whose browser keeps nothing
    assert other.titles() == []
    other.page.get_by_role("button", name="Man, angry").click()
    wait_until(lambda: other.titles() == ["source-man, angry"])
    assert "keeps nothing" in other.page.locator("#zest-takes .bar").inner_text()
    page.click("#zest-takes .forget")
    page.get_by_role("button", name="Forget everything").click()
    wait_until(lambda: studio.titles() == [])
    assert other.titles() == ["source-man, angry"] and problems(page) == problems(other.page) == []


def test_on_a_phone_in_the_dark_the_result_comes_first_and_links_and_habits_are_remembered(chromium, workbench, source_path,
                                                                                               reference_path, tmp_path):
    studio = Studio(chromium, f"{workbench}?__theme=dark&emotion=recording&strength=1.2&seed=4&decoder=mine", PHONE, 844)
    page = studio.page
    wait_until(lambda: ["decoder 'mine'" in said for said in problems(page)] == [True])
    wait_until(lambda: page.locator("#zest-strength input[type=number]").input_value() == "1.2")
    assert studio.emotion() == "recording"
    studio.go(f"{workbench}?__theme=dark")
    wait_until(lambda: studio.out_of_sight(*FIRST_SCREENFUL) == [])
    assert_fits_the_screen(page)
    page.locator("#zest-autoplay input").uncheck()
    page.get_by_role("button", name="Hear it").click()
    page.wait_for_selector("#zest-results")
    studio.rest()
    head, inputs = boxes_of(page.locator("#zest-result-head"), page.locator("#zest-inputs"))
    assert head["y"] < inputs["y"]
    wait_until(lambda: studio.out_of_sight("#zest-status") == [])
    assert_fits_the_screen(page)
    assert axe_faults(page) == []
    studio.go(f"{workbench}?__theme=dark")
    wait_until(lambda: not page.locator("#zest-autoplay input").is_checked())
    assert "Judges recognise angry: acoustic" in page.locator("#zest-recognised").inner_text()
    assert not page.locator("#zest-mixer").is_visible()
    page.get_by_role("radio", name="Mix").check()
    pad = page.locator("#zest-mixer .pad")
    for key, words in (("Home", "Arousal 0.0, valence 0.0: Neutral 1.00"), ("PageUp", "Arousal 0.5, valence 0.0: ")):
        pad.press(key)
        assert pad.get_attribute("aria-valuetext").startswith(words)
    wait_until(lambda: studio.out_of_sight("#zest-examples", "#zest-emotion", "#zest-convert") == [])
    assert_fits_the_screen(page)
    assert axe_faults(page) == []
    for slider in page.locator("#zest-mixer input[type=range]").all():
        slider.fill("0")
    wait_until(lambda: ["sum to more than 0" in said for said in problems(page)] == [True])
    page.locator("#zest-mixer input[type=range]").nth(3).fill("40")
    wait_until(lambda: problems(page) == [])
    assert "Judges recognise sad: acoustic" in page.locator("#zest-mixer .recognised").inner_text()
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"none")
    page.set_input_files("#zest-mix-add input[type=file], #zest-mixing input[type=file]", bad)
    wait_until(lambda: ["bad.wav" in said for said in problems(page)] == [True])
    page.set_input_files("#zest-mix-add input[type=file], #zest-mixing input[type=file]", [reference_path, source_path])
    rows = page.locator("#zest-mixer .row")
    rows.nth(6).wait_for()
    assert problems(page) == [] and rows.nth(5).inner_text().startswith(reference_path.name)
    page.get_by_role("button", name=f"Take {source_path.name} out of the mix").click()
    wait_until(lambda: rows.count() == 6)
    page.locator("#zest-advanced > button").click()
    page.click("#zest-link-settings")
    page.locator("#zest-link-address").get_by_role("textbox").wait_for()
    wait_until(lambda: f"{workbench}?emotion=sad" in page.locator("#zest-link-address").get_by_role("textbox").input_value())
    page.click("#zest-convert")  # the source is gone with the page before
    wait_until(lambda: ["Add a source" in said for said in problems(page)] == [True])
    page.set_input_files("#zest-source input[type=file]", source_path)
    wait_until(lambda: problems(page) == [] and page.locator("#zest-source .component-wrapper").count() == 1)
    page.click("#zest-convert")
    page.locator("#zest-status").filter(has_text=reference_path.name).wait_for()
    assert "sad" in page.locator("#zest-status").inner_text()
    wait_until(lambda: reference_path.name in studio.titles()[0])
    for name in ("Convert", "Evaluate", "Listen", "Results"):
        assert page.get_by_role("tab", name=name).is_visible()


def test_keys_tell_convert_and_cancel(chromium, workbench, source_path, tmp_path):
    studio = Studio(chromium, workbench)
    page = studio.page
    page.wait_for_selector("#zest-convert")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    speech = np.tile(load(source_path).samples, 12)
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)
    long = save(tmp_path / "long.wav", speech + noise)
    page.set_input_files("#zest-source input[type=file]", long)
    page.wait_for_selector("#zest-source input[type=file]", state="detached")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#zest-progress progress")
    page.wait_for_selector("#zest-cancel")
    page.keyboard.press("Escape")
    page.locator("#zest-failed").filter(has_text="Cancelled").wait_for()
    studio.rest()
    assert not page.locator("#zest-results").is_visible() and studio.titles() == []
    found = page.locator("#zest-findings [data-code=noise]")
    found.wait_for()
    assert "There is noise" in found.inner_text() and page.is_visible("#zest-denoise input"), "what to do is one click away"
    page.locator("#zest-source button[aria-label='Clear']").click()
    wait_until(lambda: found.count() == 0 and not page.is_visible("#zest-denoise input"))
