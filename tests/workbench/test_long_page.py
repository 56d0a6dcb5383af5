"""Long recordings on the Convert tab in a real browser: directed phrase by phrase, found again after a reload, on a phone too."""

from __future__ import annotations

import numpy as np
import soundfile

from tests.support.access import axe_faults
from tests.support.browser import PHONE, assert_fits_the_screen, open_page, problem, problems
from tests.support.speech import RATE
from tests.support.talks import long_talk, write_talk
from tests.support.waiting import wait_until

BAD = b"start,end,emotion\n0,3,sad\n2,5,angry\n"


class LongPage:
    """What a visitor does with a long recording, and what the page shows."""

    def __init__(self, browser, url: str, width: int = 1280, height: int = 800, **options):
        self.page, self.url = open_page(browser, url, width, height, **options), url
        self.refused: list[str] = []  # addresses of sound that were not there
        self.page.on("response", lambda one: one.status >= 400 and "/long/file/" in one.url and self.refused.append(one.url))
        self.page.wait_for_selector("#zest-source input[type=file]", state="attached")

    def plays(self) -> float | None:
        """Seconds of what is in the lane's player; None where it is nothing that can be played."""
        return self.page.locator("#zest-lane audio").evaluate("(one) => one.error || !one.readyState ? null : one.duration")

    def give(self, path) -> None:
        self.page.set_input_files("#zest-source input[type=file]", path)

    def phrases(self) -> list[str]:
        """What a screen reader says of each, without its times."""
        all_of_them = self.page.locator("#zest-lane [role=option]")
        labels = all_of_them.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
        return [label.partition(": ")[2] for label in labels]

    def bar(self) -> str:
        return self.page.locator("#zest-lane .bar").inner_text()

    def render(self, words: str) -> None:
        """By the button with these words, until the work is seen, or its end where that was faster."""
        self.page.get_by_role("button", name=words).click()
        wait_until(lambda: self.page.is_visible("#zest-lane progress") or "Done" in self.bar())

    def save(self, words: str):
        with self.page.expect_download() as waited:
            self.page.get_by_text(words, exact=True).click()
        return waited.value


def test_a_long_recording_is_directed_phrase_by_phrase_and_found_again_after_a_reload(chromium, workbench, source_path, tmp_path):
    visit = LongPage(chromium, workbench)
    page = visit.page
    visit.give(write_talk(tmp_path / "silence.wav", np.zeros(61 * RATE, np.float32)))
    assert "silence.wav is silent" in problem(page, "is silent") and page.is_visible("#zest-convert")
    source = long_talk(tmp_path)
    visit.give(source)
    page.locator("#zest-lane [role=option]").nth(1).wait_for()
    assert visit.phrases() == ["angry; not rendered yet"] * 2 and problems(page) == []
    assert wait_until(visit.plays) > 61 and visit.refused == [], "the source is asked for once it is there"
    assert not page.is_visible("#zest-convert") and axe_faults(page) == []
    page.locator("#zest-lane [role=option]").first.press("ArrowRight")
    page.keyboard.press("4")  # of neutral, angry, happy, sad, surprised
    assert visit.phrases()[1] == "sad; not rendered yet"
    page.locator("#zest-lane select").select_option("mix")
    weights = page.locator("#zest-lane .share input")
    weights.nth(3).fill("0")
    assert "sum to more than 0" in page.locator("#zest-lane .blend .hint").inner_text() and visit.phrases()[1].startswith("sad")
    weights.nth(1).fill("60")
    weights.nth(3).fill("40")
    wait_until(lambda: visit.phrases()[1] == "angry:0.6,sad:0.4; not rendered yet")
    page.locator("#zest-lane [role=option]").nth(1).press("4")
    doubtful = page.locator("#zest-lane .notes [data-code=no_speech]")
    assert "Hardly any of this is speech" in doubtful.inner_text() and page.is_visible("#zest-denoise input")
    visit.render("Render 2 phrases")
    page.reload()  # in the middle of the run
    wait_until(lambda: visit.phrases() == ["angry; rendered", "sad; rendered"])
    page.check("#zest-denoise input")
    page.locator("#zest-lane .summary").filter(has_text="Denoising has changed").wait_for()
    page.reload()
    page.locator("#zest-lane .summary").filter(has_text="Denoising has changed").wait_for()  # the box is as it was
    assert visit.phrases() == ["angry; rendered", "sad; rendered"] and page.is_checked("#zest-denoise input")
    page.uncheck("#zest-denoise input")
    page.locator("#zest-lane [role=option]").first.press("0")
    visit.render("Update the result")
    page.locator("#zest-lane .bar").filter(has_text="Done: 0 pieces rendered, 1 taken over").wait_for()
    own = soundfile.read(source)[0]
    made = soundfile.read(visit.save("Download WAV").path())[0]
    np.testing.assert_array_equal(made[:3 * RATE], own[:3 * RATE])
    plan = visit.save("Download plan")
    rows = plan.path().read_text().splitlines()
    assert plan.suggested_filename == "long-plan.csv" and [row.split(",")[2] for row in rows] == ["emotion", "", "sad"]
    page.set_input_files("#zest-lane .plan-file", {"name": "bad.csv", "mimeType": "text/csv", "buffer": BAD})
    assert problem(page, "bad.csv, line 3").endswith("they must not overlap.")
    assert visit.phrases()[1] == "sad; rendered", "the plan is as it was"

    state = page.context.storage_state()  # the same visitor on a phone, and another one
    phone = LongPage(chromium, f"{workbench}?__theme=dark", PHONE, 844, storage_state=state)
    phone.page.locator("#zest-lane [role=option]").nth(1).wait_for()
    assert_fits_the_screen(phone.page)
    assert axe_faults(phone.page) == []
    other = LongPage(chromium, workbench)
    assert not other.page.locator("#zest-lane [role=option]").count() and other.page.is_visible("#zest-convert")
    other.give(source_path)  # a short one, by the button under Advanced
    other.page.wait_for_selector("#zest-source input[type=file]", state="detached")
    other.page.locator("#zest-advanced > button").click()
    other.page.click("#zest-direct")
    wait_until(lambda: other.phrases() == ["angry; not rendered yet"])
    assert other.page.locator("#zest-lane h2").inner_text() == source_path.name
    for name in ("Remove", "Remove it"):
        phone.page.get_by_role("button", name=name, exact=True).click()
    wait_until(lambda: phone.page.is_visible("#zest-convert"))
