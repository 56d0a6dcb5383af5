"""Who may administer: the password or a named sign-in, checked at every call; over raw HTTP nothing leaks."""

from __future__ import annotations

import json
import logging
import time
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond

from evaluation.listening.design.study import open_study
from evaluation.listening.store import open_store
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import Clock, whole_set
from tests.support.raw_gradio import RawVisitor
from workbench import demo as page
from workbench.api.all import ENDPOINTS
from workbench.listening import admin_text as text
from workbench.listening.admin import HOURS, Administration, Attempts, NotAllowed, administration
from workbench.listening.gather_tab import GatheredSet
from workbench.listening.results_actions import ResultsActions
from workbench.listening.study_form import StudyForm

PASSWORD = "open sesame please"
HERE = "192.0.2.1"


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="zest.listening")
    return caplog


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A folder of studies with one that somebody has answered."""
    folder = tmp_path_factory.mktemp("studies")
    small_study(finished_run(tmp_path_factory.mktemp("run"), sentences=1), folder / "STUDY", systems=("copy", "f0-swap"))
    store = open_store(open_study(folder / "STUDY"), clock=Clock())
    whole_set(store)
    store.engine.dispose()
    return folder


@pytest.fixture(scope="module")
def served(studies, tmp_path_factory):
    """(the Blocks, its address): the whole workbench in this process, so that its functions and log can be seen."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"WORKBENCH_STUDIES": studies, "WORKBENCH_ADMIN_PASSWORD": PASSWORD,
                            "GRADIO_TEMP_DIR": tmp_path_factory.mktemp("gradio")}.items():
            patch.setenv(name, str(value))
        patch.delenv("WORKBENCH_DATABASE_URL", raising=False)
        demo = page.build_demo()
        _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **page.launch_options())
        yield demo, address
        demo.close()


def office(**changed) -> Administration:
    return Administration(**{"password": PASSWORD, **changed})


def numbers(demo: gr.Blocks, *names: str) -> list[int]:
    """Numbers of the functions of that name."""
    return [number for number, one in demo.fns.items() if one.name in names]


def guarded(demo: gr.Blocks) -> dict[int, list]:
    """Every function that an administrator has, by number, with its inputs."""
    owners = (ResultsActions, GatheredSet, StudyForm)
    return {number: one.inputs for number, one in demo.fns.items()
            if isinstance(getattr(one.fn, "__self__", None), owners) or one.name == "send"}


def unlocked(demo: gr.Blocks, address: str, **headers: str) -> RawVisitor:
    """Somebody whose browser has a good pass. headers: that it sends besides."""
    key = administered(demo).unlock(PASSWORD, HERE)
    visitor = RawVisitor(address, {administered(demo).cookie: key})
    visitor._client.headers.update(headers)
    return visitor


def administered(demo: gr.Blocks) -> Administration:
    return next(one.fn.__self__ for one in demo.fns.values()
                if isinstance(getattr(one.fn, "__self__", None), ResultsActions)).access.administration


def filled(inputs: list, study: str) -> list[object]:
    """Something that fits each input."""
    kinds = {gr.State: None, gr.Radio: study, gr.CheckboxGroup: [], gr.Number: 3, gr.Checkbox: False, gr.Textbox: "x",
             gr.Dropdown: ""}
    return [kinds[type(component)] for component in inputs]


def test_the_password_gives_a_pass_and_nothing_else_does(log):
    admin = office()
    key = admin.unlock(PASSWORD, HERE)
    admin.check(key, None, HERE, "read results")
    for wrong in ("open", PASSWORD + " ", PASSWORD.upper(), None, True, ["x"], {"$ne": 1}, "\ud800"):
        with pytest.raises(NotAllowed, match="not the password"):
            office().unlock(wrong, HERE)
    assert PASSWORD not in log.text and "unlocked from 192.0.2.1" in log.text


def test_no_pass_can_be_made_up_or_prolonged_and_none_outlives_its_hours(log):
    clock = Clock()
    admin = office(clock=clock)
    key = admin.unlock(PASSWORD, HERE)
    until, _, signature = key.partition(".")
    forged = (None, True, 1, "", ".", "true", until, f"{until}.", f".{signature}", f"{int(until) + 1}.{signature}",
              f"inf.{signature}", f"{until}.{signature[:-1]}", key + " ", [key], office().unlock(PASSWORD, HERE), "\ud800.\ud800")
    for one in forged:
        with pytest.raises(NotAllowed) as caught:
            admin.check(one, None, HERE, "read results")
        assert str(caught.value) == text.LOCKED
    assert log.text.count("refused (read results) to 192.0.2.1") == len(forged) and signature not in log.text
    clock.now += 3600 * HOURS - 1
    assert admin.allows(key, None)
    clock.now += 2
    assert not admin.allows(key, None)


def test_wrong_passwords_are_limited_by_address_and_in_all_and_then_even_the_right_one_waits(log):
    admin = office(attempts=Attempts(RateLimitItemPerMinute(3), RateLimitItemPerMinute(5)))
    for _ in range(3):
        with pytest.raises(NotAllowed, match="not the password"):
            admin.unlock("wrong", HERE)
    with pytest.raises(NotAllowed, match="Too many"):
        admin.unlock(PASSWORD, HERE)
    assert admin.unlock(PASSWORD, "192.0.2.2"), "others are not kept out"
    for number in range(3, 5):
        with pytest.raises(NotAllowed, match="not the password"):
            admin.unlock("wrong", f"192.0.2.{number}")
    with pytest.raises(NotAllowed, match="Too many"):
        admin.unlock(PASSWORD, "192.0.2.99")
    assert "too many attempts" in log.text


def test_a_password_that_was_not_entered_is_asked_for_and_is_no_attempt(log):
    admin = office(attempts=Attempts(RateLimitItemPerMinute(1), RateLimitItemPerMinute(1)))
    for _ in range(3):
        with pytest.raises(NotAllowed, match="^Enter the administrator's password first.$"):
            admin.unlock("", HERE)
    assert admin.unlock(PASSWORD, HERE), "and nobody has to wait"


def test_the_limit_ends_after_its_time_and_right_passwords_do_not_count():
    admin = office(attempts=Attempts(RateLimitItemPerSecond(1), RateLimitItemPerSecond(9)))
    for _ in range(4):
        admin.unlock(PASSWORD, HERE)
    with pytest.raises(NotAllowed, match="not the password"):
        admin.unlock("wrong", HERE)
    time.sleep(1.1)
    assert admin.unlock(PASSWORD, HERE)


def test_without_a_password_nothing_unlocks_and_the_page_says_how_to_set_one(monkeypatch, log):
    monkeypatch.delenv("WORKBENCH_ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("WORKBENCH_ADMINS", raising=False)
    admin = administration()
    assert not admin.configured
    for empty in ("", None):
        with pytest.raises(NotAllowed, match="WORKBENCH_ADMIN_PASSWORD.*`zest study`"):
            admin.unlock(empty, HERE)
    for weak in ("short", "         x", "          "):
        monkeypatch.setenv("WORKBENCH_ADMIN_PASSWORD", weak)
        assert not administration().configured and administration().problem == text.TOO_SHORT
        with pytest.raises(NotAllowed, match="fewer than 10 letters"):
            administration().unlock(weak, HERE)
    monkeypatch.setenv("WORKBENCH_ADMIN_PASSWORD", f"{PASSWORD}\n")
    assert administration().unlock(PASSWORD, HERE), "a file of a secret often ends with a line break"


def test_signed_in_names_count_on_spaces_only_where_the_sign_in_is_real(monkeypatch):
    monkeypatch.delenv("WORKBENCH_ADMIN_PASSWORD", raising=False)
    monkeypatch.setenv("WORKBENCH_ADMINS", "alice, bob ,")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "id")
    monkeypatch.delenv("SYSTEM", raising=False)
    assert not administration().configured, "elsewhere gradio signs everybody in as the server's own user"
    assert text.NO_NAMES in administration().problem and text.NOT_SET_UP in administration().problem
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "somebody/zest")
    admin = administration()
    assert admin.names == {"alice", "bob"} and not admin.problem
    assert admin.allows("", SimpleNamespace(username="bob"))
    for nobody in (None, SimpleNamespace(username="mallory"), SimpleNamespace(username=""), SimpleNamespace(), "alice"):
        assert not admin.allows("", nobody)
    monkeypatch.delenv("OAUTH_CLIENT_ID")
    assert not administration().configured


def test_over_raw_http_every_function_that_an_administrator_has_is_refused_and_tells_nothing(served, studies, log):
    demo, address = served
    study = open_study(studies / "STUDY")
    secrets = ("f0-swap", study.hash[:12], "Mean opinion", "listeners took part", "zest-study-results h3", '"full', ".zip")
    there = guarded(demo)
    assert {demo.fns[number].name for number in there} >= {"page", "watch", "show", "close", "export", "make", "send", "forget",
                                                           "count"}
    for cookies in ({}, {administered(demo).cookie: f"9999999999.{'0' * 64}"}):
        visitor = RawVisitor(address, cookies)
        for number, inputs in there.items():
            name = demo.fns[number].name
            for way in (visitor.call, visitor.run):
                said = way(number, filled(inputs, study.id))
                assert not [secret for secret in secrets if secret in said], (name, said)
                assert "Traceback" not in said
            if name in ("show", "close", "export", "make", "send", "forget", "count"):
                assert text.LOCKED in visitor.call(number, filled(inputs, study.id)), f"{name} is refused with one sentence"
    assert not open_store(study).is_closed() and len(list(studies.iterdir())) == 1, "nothing was closed, made or gathered"
    assert {"make a study", "gather a conversion", "empty the gathered conversions"} <= {
        record.args[0] for record in log.records if "administration: refused" in record.msg}


def test_reading_closing_and_exporting_are_refused_and_logged_even_with_a_true_id(served, studies, log):
    """The functions themselves refuse what the list of choices would refuse already."""
    demo, _ = served
    study = open_study(studies / "STUDY")
    counter = next(one.fn.__self__ for one in demo.fns.values() if isinstance(getattr(one.fn, "__self__", None), ResultsActions))
    request = SimpleNamespace(client=SimpleNamespace(host=HERE), headers={}, cookies={})
    for function, what in ((counter.show, "read results"), (counter.close, "close a study"), (counter.export, "export a study")):
        for key in ("", f"9999999999.{'0' * 64}"):
            log.clear()
            request.cookies = {counter.access.administration.cookie: key}
            said = str(function(study.id, None, request))
            assert text.LOCKED in said and "f0-swap" not in said and ".zip" not in said
            assert f"refused ({what}) to {HERE}" in log.text
    form = next(one.fn.__self__ for one in demo.fns.values() if isinstance(getattr(one.fn, "__self__", None), StudyForm))
    for systems in (["copy"], []):
        assert text.LOCKED in form.make("", systems, ["naturalness"], 4, 20, 0, False, None, request)[0]
    assert not open_store(study).is_closed()


def test_who_locks_is_told_of_no_expiry_and_another_tab_says_why_it_closed(served):
    demo, _ = served
    actions = next(one.fn.__self__ for one in demo.fns.values() if isinstance(getattr(one.fn, "__self__", None), ResultsActions))
    request = SimpleNamespace(client=SimpleNamespace(host=HERE), headers={}, cookies={})
    told = text.ENDED.format(hours=HOURS)
    assert told not in str(actions.locked("", None, request)) and "by Lock in another tab" in told
    assert told in str(actions.watch(None, request))


def test_a_pass_opens_results_for_the_browser_that_has_it_and_for_no_other(served, studies):
    demo, address = served
    study = open_study(studies / "STUDY")
    (listing, *_), (show, *_) = numbers(demo, "page"), [one for one in numbers(demo, "show") if one in guarded(demo)]
    admin, other = unlocked(demo, address), RawVisitor(address)
    assert study.id in admin.call(listing, []) and "f0-swap" in admin.call(show, [study.id])
    assert study.id not in other.call(listing, []) and "f0-swap" not in other.call(show, [study.id])
    foreign = unlocked(demo, address, **{"Sec-Fetch-Site": "cross-site"})
    assert study.id not in foreign.call(listing, []), "a page of another site has the browser send the cookie"


def test_the_password_sets_a_cookie_that_no_script_reads_and_lock_ends_the_pass_everywhere(served, studies):
    demo, address = served
    study, (listing, *_) = open_study(studies / "STUDY"), numbers(demo, "page")
    with httpx.Client(base_url=address) as browser:
        reply = browser.post("admin/unlock", json={"password": PASSWORD})
        said = reply.headers["set-cookie"].lower()
        assert reply.status_code == 200 and reply.json() == {"hours": HOURS}, "no script gets the pass"
        assert "httponly" in said and "samesite=strict" in said and f"max-age={3600 * HOURS:.0f}" in said and "secure" not in said
        copied = RawVisitor(address, dict(browser.cookies))
        assert study.id in copied.call(listing, [])
        browser.post("admin/lock", json={})
        assert administered(demo).cookie not in browser.cookies
    assert study.id not in copied.call(listing, []), "a copy of the cookie opens nothing any more"
    secure = httpx.post(f"{address}admin/unlock", json={"password": PASSWORD}, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in secure.headers["set-cookie"].lower(), "behind a proxy that speaks https"


def test_a_wrong_password_over_raw_http_opens_nothing_is_one_sentence_and_is_logged(served, studies, log):
    demo, address = served
    with httpx.Client(base_url=address) as browser:
        for body, status, sentence in (({"password": "not it at all"}, 403, text.WRONG), ({"password": ["x"]}, 403, text.WRONG),
                                       ([1], 400, text.MALFORMED)):
            reply = browser.post("admin/unlock", json=body)
            assert (reply.status_code, reply.json()["sentence"]) == (status, sentence) and "set-cookie" not in reply.headers
        assert browser.get("admin/unlock").status_code == 405
    assert "wrong password" in log.text and open_study(studies / "STUDY").id not in RawVisitor(address).call(
        numbers(demo, "page")[0], [])


def test_no_private_function_is_offered_by_name_in_the_api(served):
    _, address = served
    offered = RawVisitor(address)._client.get("gradio_api/info").json()["named_endpoints"]
    assert set(offered) == {f"/{one.name}" for one in ENDPOINTS}


def _data(said: str) -> list:
    return [json.loads(line[6:])["output"]["data"] for line in said.splitlines() if '"process_completed"' in line][0]
