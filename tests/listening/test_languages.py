"""The listeners' page in several languages: complete texts, the browser's choice and the listener's, texts of a study's own."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page
from typer.testing import CliRunner

from evaluation.listening.analysis import results_of
from evaluation.listening.design.study import open_study
from evaluation.listening.design.wording import ENGLISH, LANGUAGES, language_for, missing_texts, wording_in
from evaluation.listening.errors import StudyError
from evaluation.listening.publish.export import listeners_frame
from evaluation.listening.store import collect, open_store
from tests.support.access import axe_faults
from tests.support.browser import PHONE, assert_fits_the_screen, open_page
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock
from workbench.cli import app as command_line
from workbench.listening.study_builder import parse_request

SAME = {"roles/a", "roles/b", "page/direction", "language"}  # and the letters of answers
FIELD = re.compile(r"\{\w*\}")


def flat(texts: dict, path: str = "") -> dict[str, str]:
    found = {}
    for name, value in texts.items():
        found |= flat(value, f"{path}{name}/") if isinstance(value, dict) else {f"{path}{name}": value}
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1)


@pytest.fixture(scope="module")
def study(run, listening_place):
    folder = listening_place / "studies" / "languages"
    return small_study(run, folder, systems=("copy", "f0-swap"), salt="languages", listeners=50)


@pytest.fixture(scope="module")
def served(study, listening_server):
    return listening_server


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_a_language_has_every_text_in_its_own_words_and_fills_in_the_same(language):
    english, own = flat(ENGLISH), flat(wording_in(language))
    assert set(own) == set(english) and missing_texts(wording_in(language)) == []
    assert [name for name in own if sorted(FIELD.findall(own[name])) != sorted(FIELD.findall(english[name]))] == []
    assert own["language"] == language and own["page/language_name"] == LANGUAGES[language]
    untranslated = {name for name in own if own[name] == english[name] and len(english[name]) > 8} - SAME
    assert untranslated == set()
    for scale in ("naturalness", "comparison", "emotion-comparison", "degradation"):
        options = wording_in(language)["questions"][scale]["options"]
        assert len(set(options.values())) == len(options), "two grades of one name"


@pytest.mark.parametrize(("accepted", "language"), [
    ("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr,pl;q=0.4,en;q=0.3", "pl"), ("zh-Hans-CN", "zh"), ("en;q=0.2,ar;q=0.8", "ar"),
    ("fr", "en"), ("", "en"), ("de;q=0", "en"), ("*", "en"), ("es;q=..,DE", "de"), (",;q=1,,", "en")])
def test_the_language_is_the_one_that_the_browser_likes_best(accepted, language):
    assert language_for(accepted, tuple(LANGUAGES)) == language


def test_a_listener_is_asked_refused_and_stored_in_one_language_and_others_in_theirs(study, tmp_path):
    store = open_store(study, f"sqlite:///{tmp_path / 'answers.sqlite'}", Clock())
    german, polish = store.in_language("de"), store.in_language("pl")
    tokens = {one.study.wording["language"]: one.enter(True, SETUP).token for one in (german, polish, store)}
    shown = german.next_trial(tokens["de"])
    assert shown.prompt in {texts["prompt"] for texts in wording_in("de")["questions"].values()}
    assert {label for _, label in shown.options} <= {text for texts in wording_in("de")["questions"].values()
                                                     for text in texts["options"].values()}
    assert polish.next_trial(tokens["de"]).trial == shown.trial, "another language, the same trial"
    store.close()
    for one, language in ((german, "de"), (polish, "pl"), (store, "en")):
        with pytest.raises(Exception, match=wording_in(language)["refusals"]["closed"]):
            one.enter(True, SETUP)
    collected = collect(store)
    table = listeners_frame(collected, results_of(study, collected, draws=10))
    assert sorted(table["language"]) == ["de", "en", "pl"]


def test_an_outage_that_one_language_meets_counts_for_all(study, tmp_path):
    store = open_store(study, f"sqlite:///{tmp_path / 'answers.sqlite'}", clock := Clock())
    german = store.in_language("de")
    before = store.up_since
    clock.now += 100
    store.engine.dispose()
    (tmp_path / "answers.sqlite").write_bytes(b"no database")
    with pytest.raises(Exception, match="The file with the answers is damaged"):
        german.enter(True, SETUP)
    assert store.up_since == german.up_since == before + 100


def test_texts_of_a_study_s_own_replace_some_or_add_a_language_on_the_command_line(run, tmp_path):
    french = tmp_path / "fr.json"
    invoke = CliRunner().invoke
    assert invoke(command_line.app, ["study", "texts", "en", "-o", str(french)]).exit_code == 0
    assert "exists already" in str(invoke(command_line.app, ["study", "texts", "de", "-o", str(french)]).exception)
    texts = json.loads(french.read_text())
    texts |= {"language": "fr", "title": "Test d'écoute"}
    texts["page"]["language_name"] = "Français"
    french.write_text(json.dumps(texts))
    german = tmp_path / "de.json"
    german.write_text(json.dumps({"language": "de", "title": "Unser Hörtest", "emotions": "none"}))
    create = ["study", "create", "--run", str(run.folder), "--systems", "copy,f0-swap", "--questions", "naturalness"]
    made = invoke(command_line.app, [*create, "--languages", "de,en", "--texts", f"{french},{german}", "-o", str(tmp_path / "S")])
    assert made.exit_code == 0, made.stderr
    study = open_study(tmp_path / "S")
    assert study.languages == {"de": "Deutsch", "en": "English", "fr": "Français"}
    assert study.wording["title"] == "Unser Hörtest" and study.wording["next"] == wording_in("de")["next"]
    assert study.in_language("fr").wording["title"] == "Test d'écoute" and study.in_language("xx") == study
    assert study.in_language("fr").languages.keys() == study.languages.keys()


@pytest.mark.parametrize(("texts", "languages", "said"), [
    ('{"language": "fr", "title": "Test"}', "en", "have none for consent"),
    ('{"language": "de", "progress": "{erledigt} von {all}"}', "en", "fills in other words"),
    ('{"language": "de", "title": {"of": "all"}}', "en", "have none for title"),
    ('{"language": "de", "questions": "all"}', "en", "have none for questions"),
    ('{"title": "Test"}', "en", "do not say their language"),
    ('{"language": "../de"}', "en", "do not say their language"),
    ("[]", "en", "holds no texts by their names"), ("{", "en", "is no JSON"),
    ("", "en,xx", "no texts in the language 'xx'; choose from en, de, pl, es, zh, ar"), (None, "en", "cannot be read"),
])
def test_texts_that_cannot_be_used_are_one_sentence(run, tmp_path, texts, languages, said):
    file = tmp_path / "texts.json"
    if texts:
        file.write_text(texts)
    given = [] if texts == "" else ["--texts", str(file)]
    result = CliRunner().invoke(command_line.app, [
        "study", "create", "--run", str(run.folder), "--systems", "copy", "--questions", "naturalness", "--languages", languages,
        *given, "-o", str(tmp_path / "S")])
    assert isinstance(result.exception, StudyError) and said in str(result.exception) and not (tmp_path / "S").exists()
    assert "\n" not in str(result.exception)


def test_the_form_takes_languages_and_texts():
    asked = parse_request(["copy"], ["naturalness"], 4, 20, 0, languages=["pl", "de"], texts='{"language": "pl", "title": "T"}')
    assert asked.languages == ("pl", "de") and asked.texts == {"language": "pl", "title": "T"}
    with pytest.raises(StudyError, match="is no JSON"):
        parse_request(["copy"], ["naturalness"], 4, 20, 0, texts="{")


def texts_on(page: Page) -> str:
    return page.locator("main").inner_text()


def test_a_phone_in_arabic_reads_from_the_right_and_another_language_is_chosen_and_kept(chromium, served, study):
    address = f"{served}listen/{study.id}"
    page = open_page(chromium, address, PHONE, 844, locale="ar-EG")
    arabic, polish = wording_in("ar"), wording_in("pl")
    page.get_by_role("heading", name=arabic["title"]).wait_for()
    assert page.evaluate("[document.documentElement.dir, document.documentElement.lang]") == ["rtl", "ar"]
    assert page.title() == arabic["title"] and arabic["consent"]["agree"] in texts_on(page)
    assert_fits_the_screen(page)
    assert axe_faults(page) == []
    page.check("#agree")
    page.get_by_role("button", name=arabic["consent"]["start"]).click()
    page.get_by_role("heading", name=arabic["page"]["setup_heading"]).wait_for()
    assert_fits_the_screen(page)
    page.reload()
    page.locator("#language").select_option("pl")
    page.get_by_role("heading", name=polish["title"]).wait_for()
    assert page.evaluate("[document.documentElement.dir, document.documentElement.lang]") == ["ltr", "pl"]
    page.goto(f"{served}listen/{'0' * 16}")
    page.get_by_text(polish["refusals"]["nowhere"]).wait_for()
    page.goto(address)
    page.get_by_role("heading", name=polish["title"]).wait_for()
    page.context.close()
