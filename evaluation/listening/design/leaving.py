"""Where a listener goes afterwards: back to the platform, with the code of what became of the study for this listener."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from evaluation.listening.design.recruitment import DONE, OUTCOMES, PLATFORMS, ROLES, Recruitment

__all__ = ["OUTCOMES", "Leaving", "leaving"]


@dataclass(frozen=True)
class Leaving:
    """The way back.

    Attributes:
        outcome: one of OUTCOMES. platform: what it is called. code: to be shown and copied. address: '' where the platform has
            no way back for this outcome. fields: what a form sends there; () where following the address is enough.
        checks: (what a check asked for, what was chosen) of each failed one.
    """

    outcome: str
    platform: str
    code: str
    address: str
    fields: tuple[tuple[str, str], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()


def leaving(rules: Recruitment, outcome: str, known: dict[str, str], checks: Sequence[tuple[str, str]] = ()) -> Leaving:
    """The way back to the platform of a study.

    Args:
        rules: with a platform. known: by role, what the platform told of the listener; {} where that was forgotten.
    """
    code, template = rules.codes.get(outcome, ""), rules.completion_address
    title = PLATFORMS[rules.platform].title
    is_form = "{submit}" in template
    says_outcome = is_form or "{code}" in template  # an address that says nothing of the outcome is for work that was done
    if not template or not (says_outcome or outcome == DONE) or _lacks(template, known):
        return Leaving(outcome, title, code, "", (), tuple(checks))
    safe = {role: value if role == "submit" else quote(value, safe="") for role, value in known.items()}
    address = template.format(**dict.fromkeys(ROLES, "") | safe | {"code": quote(code, safe="")})
    fields = (("assignmentId", known.get("session", "")), ("outcome", outcome), ("code", code)) if is_form else ()
    return Leaving(outcome, title, code, address, fields, tuple(checks))


def _lacks(template: str, known: dict[str, str]) -> bool:
    return any(f"{{{role}}}" in template and not known.get(role) for role in ROLES)
