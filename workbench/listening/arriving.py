"""The link that a platform opens: what it says of the worker is taken out of the address at once.

The worker is led to the page with a token behind '#', which no browser sends and no server or proxy logs. The ids themselves are
only in the first request; this server writes no log of requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from evaluation.listening.design.recruitment import SESSION, SUBMIT, TASK, WORKER
from evaluation.listening.design.study import Study
from evaluation.listening.store.arrivals import Identity
from evaluation.listening.store.validation import refuse

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,127}")
NO_WORKER_YET = "ASSIGNMENT_ID_NOT_AVAILABLE"  # Mechanical Turk, in the preview of a task


@dataclass(frozen=True)
class PlatformVisit:
    """What a link of a platform says. identity: None in a preview."""

    identity: Identity | None


def is_platform_link(study: Study, query: Mapping[str, str]) -> bool:
    """Whether the address says anything that a platform says."""
    return bool(study.recruitment) and any(name in query for name in study.recruitment.names.values())


def visit(study: Study, query: Sequence[tuple[str, str]]) -> PlatformVisit:
    """Read the address of a study that takes listeners from a platform.

    Args:
        query: names and values as they stand in the address, unescaped.
    Raises:
        Refused: a parameter is missing, given twice, or holds no id; the sentence names the parameter and never its value.
    """
    rules = study.recruitment
    assert rules is not None
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    if given.get(rules.names.get(SESSION, "")) == [NO_WORKER_YET]:
        return PlatformVisit(None)
    found = {role: _value(study, name, given.get(name, []), role) for role, name in rules.names.items()}
    return PlatformVisit(Identity(found[WORKER], found.get(SESSION, ""), found.get(TASK, ""), found.get(SUBMIT, "")))


def _value(study: Study, name: str, values: Sequence[str], role: str) -> str:
    rules = study.recruitment
    assert rules is not None
    good = len(values) == 1 and (_host(values[0]) in rules.form_hosts if role == SUBMIT else ID.fullmatch(values[0]))
    if not good:
        raise refuse(study, "parameter", name=name, platform=rules.called(study.wording["recruitment"]))
    return _host(values[0]) if role == SUBMIT else values[0]


def _host(address: str) -> str:
    """Scheme and host; '' where it is no address."""
    try:
        split = urlsplit(address)
    except ValueError:
        return ""
    return f"{split.scheme}://{split.netloc}" if split.path in ("", "/") and not split.query else ""
