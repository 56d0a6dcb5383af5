"""What the listeners' page is told of the platform: before the consent what is checked, and afterwards the way back."""

from __future__ import annotations

from typing import Any

from evaluation.listening.design.leaving import Leaving
from evaluation.listening.design.study import Study
from evaluation.listening.store import AnswerStore
from evaluation.listening.store.reception import Door

SECONDS = 15  # for which the code can be read and copied, before the page goes back to the platform by itself


def recruitment_document(study: Study) -> dict[str, Any]:
    """Whether listeners come from a platform, and sentences on places and checks. Codes are told at the end only."""
    rules = study.recruitment
    if rules is None:
        return {"platform": "", "keeps_places": False, "terms": [], "arrival_text": ""}
    texts, failures = study.wording["recruitment"], rules.failures(study.minutes)
    checks = texts["checks_one"] if failures == 1 else texts["checks"].format(failures=failures)
    title = rules.called(texts)
    terms = [texts["place"].format(minutes=f"{rules.time_out:g}")]
    terms += [checks, texts["identity"].format(platform=title)] if rules.platform else []
    return {"platform": title, "keeps_places": True, "terms": terms, "arrival_text": study.wording["refusals"]["arrival"]}


def door_document(store: AnswerStore, door: Door) -> dict[str, Any]:
    """For a worker who arrived: a session to go on with, or the way back, or neither: then comes the consent."""
    return {"token": door.session, "leaving": leaving_document(store.study, door.leaving) if door.leaving else None}


def leaving_document(study: Study, found: Leaving, sentence: str = "") -> dict[str, Any]:
    """The last screen. sentence: why, where there is more to say than the outcome."""
    texts = study.wording["recruitment"]
    called = study.recruitment.called(texts) if study.recruitment else found.platform
    said = sentence or texts[found.outcome].format(count=len(found.checks))
    return {"outcome": found.outcome, "sentence": said, "code": found.code, "address": found.address,
            "fields": [list(one) for one in found.fields],
            "checks": [texts["check"].format(asked=asked, given=given) for asked, given in found.checks],
            "code_text": texts["code"].format(platform=called), "go": texts["go"].format(platform=called),
            "soon": texts["soon"].format(platform=called, seconds="{seconds}"), "stay": texts["stay"],
            "by_hand": texts["by_hand"].format(platform=called),
            "seconds": 0 if found.checks else SECONDS}  # what was checked takes time to read
