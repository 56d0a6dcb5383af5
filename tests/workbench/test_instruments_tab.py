"""Judges and rivals on the page: the audit that ships, and what is installed, in a visitor's words."""

from __future__ import annotations

import sys

from evaluation.audit.stored import StoredAudit, stored_audit
from evaluation.rivals.catalogue import VARIABLE, shipped
from workbench.tabs import text
from workbench.tabs.instruments import audit_html, rivals_html


def test_the_page_shows_every_verdict_that_ships_and_what_models_learnt_from():
    page, audit = audit_html(stored_audit()), stored_audit()
    assert page.count("<code>") == len(audit.verdicts) and audit.about in page
    assert page.count(">Passed</td>") == sum(one.passed for one in audit.verdicts.values())
    assert audit.verdicts["emotion@acoustic"].reasons[0] in page and "LibriSpeech (other)" in page
    assert text.NO_AUDIT.partition("'")[0] in audit_html(StoredAudit())


def test_the_page_lists_rivals_and_names_no_folder_of_the_server(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    page = rivals_html()
    assert page.count(text.NOT_INSTALLED) == len(shipped()) and all(one.licence in page for one in shipped().values())
    (tmp_path / "rivals.toml").write_text(
        f'[mine]\nfolder = "{tmp_path}"\npython = "{sys.executable}"\ncommand = ["{{python}}", "-c", "pass", "{{output}}"]\n'
        '[seed-vc]\nfolder = "/nowhere"\n')
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rivals.toml"))
    page = rivals_html()
    assert "Installed, version" in page and str(tmp_path) not in page and "/nowhere" not in page
    (tmp_path / "rivals.toml").write_text("[mine")
    assert "cannot be read as TOML" in rivals_html()
