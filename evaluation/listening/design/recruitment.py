"""How listeners are recruited: the platform they come from and go back to, places, quotas of groups, and fair checks.

A recruitment file is TOML. Everything in it is frozen with the study:

    platform = "prolific"           # prolific, mturk, sona, custom; left out: a plain link
    group = "emotion-2026"          # nobody takes two studies of one group
    over = 2                        # most listeners beyond the planned ones, who come back after their place was given away
    time_out = 60                   # minutes without an answer after which a place can be given to another listener
    fail_after = 2                  # failed instruction checks for which a listener is turned down

    [codes]                         # completion codes, one for each outcome
    done = "C1"
    failed = "C2"
    screened = "C3"
    full = "C4"
    withdrawn = "C5"

    [quotas.native]                 # most listeners with an answer; 0 turns these away; an answer left out has no limit
    native = 10
    other = 0
"""

from __future__ import annotations

import math
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evaluation.listening.errors import StudyError
from pipelines.counting import counted

DONE, FAILED, SCREENED, FULL, WITHDRAWN = OUTCOMES = ("done", "failed", "screened", "full", "withdrawn")
WORKER, SESSION, TASK, SUBMIT = ROLES = ("worker", "session", "study", "submit")  # what a platform tells in its link
OWN = "custom"  # a platform that has no entry of its own
NATIVE = "native"  # a question about the listener that is asked only where a quota needs it
GROUPS = {"device": ("headphones", "earphones", "loudspeakers"), NATIVE: ("native", "other")}
LEAST_FAILURES, SHORT_MINUTES = 2, 5  # Prolific: one check decides only in a study under five minutes
MOST = 10_000
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")  # of a query parameter
LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Platform:
    """A crowd's platform.

    Attributes:
        parameters: by role, the name of the query parameter. address: where listeners go back to, with {code} or the name of a
            role filled in; '' where each study has its own. placeholders: what the platform fills into a study's link.
        coded: outcomes that need a code. hosts: that may show the page in a frame and take its form; the listener is sent back
            by a form where there are any.
    """

    title: str
    parameters: Mapping[str, str]
    address: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    coded: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


PLATFORMS = {
    "prolific": Platform("Prolific", {WORKER: "PROLIFIC_PID", TASK: "STUDY_ID", SESSION: "SESSION_ID"},
                         "https://app.prolific.com/submissions/complete?cc={code}",
                         {WORKER: "{{%PROLIFIC_PID%}}", TASK: "{{%STUDY_ID%}}", SESSION: "{{%SESSION_ID%}}"}, OUTCOMES),
    "mturk": Platform("Mechanical Turk", {WORKER: "workerId", SESSION: "assignmentId", TASK: "hitId", SUBMIT: "turkSubmitTo"},
                      "{submit}/mturk/externalSubmit",
                      hosts=("https://www.mturk.com", "https://workersandbox.mturk.com")),
    "sona": Platform("SONA", {WORKER: "survey_code"}, placeholders={WORKER: "%SURVEY_CODE%"}),
    OWN: Platform("the platform", {WORKER: "worker"}),  # to listeners in their language: the text own_platform
}


@dataclass(frozen=True)
class Recruitment:
    """The rules of one study, as the file above.

    Attributes:
        platform: a key of PLATFORMS, '' for a plain link. parameters: by role, where names differ from the platform's own.
        codes: by outcome. address: where listeners go back to. hosts: as of Platform. over: None for a tenth, rounded up.
        time_out: minutes. fail_after: None for what is fair (two; one in a study under five minutes).
        quotas: by question of GROUPS and answer.
    """

    platform: str = ""
    group: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    hosts: tuple[str, ...] = ()
    over: int | None = None
    time_out: float = 60.0
    fail_after: int | None = None
    quotas: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def rules_of_platform(self) -> Platform:
        return PLATFORMS[self.platform]

    def called(self, texts: Mapping[str, str]) -> str:
        """What listeners read as the platform's name; '' for a plain link. texts: the wording's part "recruitment"."""
        return texts["own_platform"] if self.platform == OWN else self.rules_of_platform.title if self.platform else ""

    @property
    def names(self) -> dict[str, str]:
        """By role, the name of the query parameter; {} for a plain link."""
        return {**self.rules_of_platform.parameters, **self.parameters} if self.platform else {}

    @property
    def completion_address(self) -> str:
        return self.address or (self.rules_of_platform.address if self.platform else "")

    @property
    def form_hosts(self) -> tuple[str, ...]:
        return self.hosts or (self.rules_of_platform.hosts if self.platform else ())

    def most_over(self, planned: int) -> int:
        """Listeners beyond the planned ones."""
        return math.ceil(planned / 10) if self.over is None else self.over

    def failures(self, minutes: float) -> int:
        """Failed instruction checks for which a listener is turned down. minutes: that the study takes."""
        return fair_failures(minutes) if self.fail_after is None else self.fail_after

    def query(self) -> str:
        """What a study's link needs besides the study, with the placeholders that the platform fills in."""
        filled = self.rules_of_platform.placeholders if self.platform else {}
        return "".join(f"&{name}={filled[role]}" for role, name in self.names.items() if role in filled)

    def document(self) -> dict[str, Any]:
        """JSON-able; `recruitment_from` reads it again."""
        return {**asdict(self), "hosts": list(self.hosts)}


def fair_failures(minutes: float) -> int:
    return 1 if minutes < SHORT_MINUTES else LEAST_FAILURES


def read_recruitment(source: Path | str) -> Recruitment:
    """From a file, or from its text. Raises StudyError: it cannot be read, or something in it is wrong."""
    if isinstance(source, Path):
        try:
            source = source.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"The recruitment file {source} cannot be read; name a text file in UTF-8.") from error
    try:
        return recruitment_from(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"The recruitment file is no TOML ({error}); see docs/listening.md for one.") from error


def recruitment_from(document: Mapping[str, Any]) -> Recruitment:
    """Raises StudyError: an unknown or malformed setting, in one sentence."""
    unknown = sorted(set(document) - {one.name for one in fields(Recruitment)})
    if unknown:
        raise StudyError(f"The recruitment file has an unknown setting '{unknown[0]}'; it knows "
                         f"{', '.join(one.name for one in fields(Recruitment))}.")
    _check_kinds(document)
    found = replace(Recruitment(**document), hosts=tuple(document.get("hosts") or ()))
    for check in (_check_platform, _check_parameters, _check_codes, _check_address, _check_numbers, _check_quotas):
        check(found)
    return found


def with_codes(recruitment: Recruitment) -> Recruitment:
    """With a random code for each outcome that has none, where the platform leaves codes to the study."""
    if not recruitment.platform:
        return recruitment
    drawn = {outcome: secrets.token_hex(5).upper() for outcome in OUTCOMES}
    return replace(recruitment, codes={**drawn, **recruitment.codes})


def check_fair(recruitment: Recruitment, minutes: float) -> None:
    """Raises StudyError: fewer failures turn a listener down than platforms allow."""
    least = fair_failures(minutes)
    if recruitment.fail_after is not None and recruitment.fail_after < least:
        raise StudyError(f"The setting fail_after is {recruitment.fail_after}, but in a study of about "
                         f"{counted(math.ceil(minutes), 'minute')} a listener may only be turned down after "
                         f"{counted(least, 'failed check')}; set at least {least}.")


def _check_kinds(document: Mapping[str, Any]) -> None:
    kinds: dict[str, tuple[Any, str]] = {
        **{name: (str, "a text in quotation marks") for name in ("platform", "group", "address")},
        **{name: (dict, f"a table, as [{name}]") for name in ("parameters", "codes", "quotas")},
        "hosts": ((list, tuple), "a list of addresses"), "over": ((int, type(None)), "a whole number"),
        "fail_after": ((int, type(None)), "a whole number"), "time_out": ((int, float), "a number of minutes")}
    for name, value in document.items():
        kind, words = kinds[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise StudyError(f"The setting {name} of the recruitment file has to be {words}.")


def _check_platform(found: Recruitment) -> None:
    if found.platform and found.platform not in PLATFORMS:
        raise StudyError(f"The recruitment file names the platform '{found.platform}'; choose from {', '.join(PLATFORMS)}.")
    if not found.platform and (found.codes or found.parameters or found.address or found.hosts):
        raise StudyError("The recruitment file has codes, parameters, an address or hosts but no platform; add platform = "
                         f"\"...\", one of {', '.join(PLATFORMS)}.")


def _check_parameters(found: Recruitment) -> None:
    for role, name in found.parameters.items():
        if role not in ROLES:
            raise StudyError(f"The recruitment file names a parameter for '{role}'; a platform tells {', '.join(ROLES)}.")
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in ("study", "__theme"):
            raise StudyError(f"The recruitment file calls the parameter for {role} {name!r}; use letters, digits and _, and "
                             "neither 'study' nor '__theme', which the link needs itself.")
    if len(set(found.names.values())) < len(found.names):
        raise StudyError("The recruitment file gives two parameters one name; give each a name of its own.")


def _check_codes(found: Recruitment) -> None:
    for outcome, code in found.codes.items():
        if outcome not in OUTCOMES:
            raise StudyError(f"The recruitment file has a code for '{outcome}'; codes are for {', '.join(OUTCOMES)}.")
        if not isinstance(code, str) or not CODE.fullmatch(code):
            raise StudyError(f"The code for {outcome} in the recruitment file has to be 1 to 64 letters, digits, - and _.")
    lacking = [one for one in (found.rules_of_platform.coded if found.platform else ()) if one not in found.codes]
    if lacking:
        title = found.rules_of_platform.title
        raise StudyError(f"The recruitment file lacks {title}'s completion code for {', '.join(lacking)}; copy it from the "
                         f"study's completion paths on {title} into [codes].")
    if len(set(found.codes.values())) < len(found.codes):
        raise StudyError("The recruitment file has one code for two outcomes; give each outcome a code of its own.")


def _check_address(found: Recruitment) -> None:
    if found.platform == "sona" and not found.address:
        raise StudyError("The recruitment file lacks SONA's completion address; copy it from the study's page on SONA, with "
                         "{worker} in the place of XXXX.")
    for address in filter(None, (found.address, *found.hosts)):
        split = urlsplit(address) if isinstance(address, str) else None
        if split is not None and address.startswith("{submit}") and address == found.address:
            continue
        secure = split is not None and (split.scheme == "https" or split.scheme == "http" and split.hostname in LOCAL)
        if not secure or split is None or not split.netloc:
            raise StudyError(f"The recruitment file has {address!r} as an address; it has to begin with https://.")
    try:
        found.completion_address.format(code="", **dict.fromkeys(ROLES, ""))
    except (KeyError, ValueError, IndexError) as error:
        raise StudyError("The completion address of the recruitment file may hold {code}, {worker}, {session}, {study} and "
                         "{submit}, and no other braces.") from error


def _check_numbers(found: Recruitment) -> None:
    numbers = {"over": (found.over, 0), "fail_after": (found.fail_after, 1), "time_out": (found.time_out, 1)}
    for name, (value, least) in numbers.items():
        if value is not None and not least <= value <= MOST:
            raise StudyError(f"The setting {name} of the recruitment file has to be from {least} to {MOST}.")


def _check_quotas(found: Recruitment) -> None:
    for question, limits in found.quotas.items():
        if question not in GROUPS or not isinstance(limits, Mapping):
            raise StudyError(f"The recruitment file has a quota of '{question}'; quotas are of {', '.join(GROUPS)}, each a "
                             "table.")
        for answer, most in limits.items():
            if answer not in GROUPS[question]:
                raise StudyError(f"The quota of {question} names '{answer}'; answers are {', '.join(GROUPS[question])}.")
            if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= MOST:
                raise StudyError(f"The quota of {question} for {answer} has to be a whole number from 0 to {MOST}.")
        if not any(most is None or most > 0 for most in (limits.get(answer) for answer in GROUPS[question])):
            raise StudyError(f"The quota of {question} turns everybody away; give at least one answer more than 0.")
