"""Bulk files for a platform: whom to approve, whom to reject and why, and bonuses. What was written once is not written again.

    approve-1.csv   Prolific: an id a line. Others: assignment and worker
    reject-1.csv    worker, visit and a reason that the worker can be shown
    bonus-1.csv     worker (Mechanical Turk: and assignment), amount and reason

The number is that of the call. Only listeners who failed the instruction checks are rejected; nobody is who stopped, withdrew
or was excluded from the analysis.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from evaluation.listening.analysis.standing import COUNTED, listener_standings
from evaluation.listening.errors import StudyError
from evaluation.listening.store import AnswerStore, collect
from evaluation.listening.store.arrivals import Identity, identities
from evaluation.listening.store.collected import Listener
from evaluation.listening.store.database import writing
from evaluation.listening.store.schema import LISTENERS, PAYMENTS
from pipelines.counting import counted
from pipelines.errors import OutputError
from pipelines.files import make_folder, write_whole

APPROVE, REJECT, BONUS = KINDS = ("approve", "reject", "bonus")
RULE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?) if (finished|counted)")
NOTE = "payments.json"  # names the study whose files lie in a folder
REASON = ("You answered checks otherwise than the screen asked, such as 'choose: Poor'. The consent told before the start how "
          "many failed checks end the payment, and the last page showed each of yours.")
THANKS = "Thank you for listening with care."


@dataclass(frozen=True)
class Payment:
    """One line of a bulk file. amount: '' except of a bonus, in the currency of the platform's account."""

    listener: str
    kind: str
    amount: str
    reason: str


def write_payments(store: AnswerStore, folder: Path | str, kinds: Sequence[str], bonus: str = "",
                   told: Callable[[str], object] = lambda note: None) -> dict[str, tuple[Path, int]]:
    """Write the files of what is new since the last call; the database remembers it in the same transaction.

    Args:
        kinds: of 'approve' and 'reject'. bonus: as '0.50 if counted' or '0.50 if finished', '' for none.
        told: gets a note where somebody had a bonus of another amount before, and so gets no second one.
    Returns:
        by kind, the file and its lines; kinds with nothing new are left out.
    Raises:
        StudyError: a plain link, a wrong rule, or ids that were forgotten. OutputError: the folder holds the payments of
            another study, or cannot be written. StoreError.
    """
    study, folder = store.study, Path(folder)
    if study.recruitment is None or not study.recruitment.platform:
        raise StudyError("Listeners of this study came by a plain link, so no platform can pay them; name a study with a "
                         "platform.")
    asked = [payment for payment in decided(store, bonus) if payment.kind in (*kinds, *([BONUS] if bonus else []))]
    _check_folder(folder, study.id)
    written: list[Path] = []
    try:
        with writing(store.engine, study.wording) as connection:
            ours = sa.select(LISTENERS.c.listener).where(LISTENERS.c.study == study.id)
            before = connection.execute(sa.select(PAYMENTS).where(PAYMENTS.c.listener.in_(ours)).with_for_update()).all()
            known = {(row.listener, row.kind) for row in before}
            number = 1 + max((row.number for row in before), default=0)
            new = [one for one in asked if (one.listener, one.kind) not in known]
            people = {listener: identity for identity, listener in identities(connection, study) if listener}
            if any(one.listener not in people for one in new):
                raise StudyError("The ids of some listeners were forgotten or lost, so no platform can pay them by a file; "
                                 "nothing was written.")
            _tell_other_amounts(asked, {row.listener: row.amount for row in before if row.kind == BONUS}, told)
            if new:
                connection.execute(PAYMENTS.insert(), [{**vars(one), "number": number, "written": store.clock()} for one in new])
            found = {}
            for kind in KINDS:
                rows = [one for one in new if one.kind == kind]
                if rows:
                    table = _table(study.recruitment.platform, rows, people)
                    written.append(_write(folder, study.id, f"{kind}-{number}.csv", table))
                    found[kind] = (written[-1], len(rows))
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return found


def _tell_other_amounts(asked: Sequence[Payment], before: Mapping[str, str], told: Callable[[str], object]) -> None:
    other = [one for one in asked if one.kind == BONUS and before.get(one.listener, one.amount) != one.amount]
    if other:
        amounts = " or ".join(sorted({before[one.listener] for one in other}))
        told(f"{counted(len(other), 'worker')} had a bonus of {amounts} in an earlier file, and nobody gets a second one; "
             "pay the rest on the platform.")


def decided(store: AnswerStore, bonus: str = "") -> list[Payment]:
    """What each listener who finished gets, whether it was written before or not. Raises StudyError: a wrong rule."""
    rule = RULE.fullmatch(bonus.strip()) if bonus else None
    if bonus and (rule is None or Decimal(rule[1]) == 0):
        raise StudyError(f"The rule for a bonus {bonus!r} is not understood; write it as '0.50 if counted' or '0.50 if "
                         "finished'.")
    collected = collect(store)
    states = {one.listener: one.state for one in listener_standings(store, collected)}
    found: list[Payment] = []
    for listener in collected.listeners:
        if listener.completed is None or listener.withdrawn is not None:
            continue
        found.append(_verdict(listener))
        earns = rule and listener.failed is None and (rule[2] == "finished" or states[listener.listener] == COUNTED)
        if rule and earns:
            found.append(Payment(listener.listener, BONUS, f"{Decimal(rule[1]):.2f}", THANKS))
    return found


def _verdict(listener: Listener) -> Payment:
    return Payment(listener.listener, *((APPROVE, "", "") if listener.failed is None else (REJECT, "", REASON)))


def _table(platform: str, rows: Sequence[Payment], people: Mapping[str, Identity]) -> list[list[str]]:
    """As the platform's bulk upload reads it; heads only where it wants them."""
    kind, who = rows[0].kind, [people[row.listener] for row in rows]
    if platform == "prolific" and kind == APPROVE:
        return [[one.worker] for one in who]
    if platform == "prolific" and kind == BONUS:
        return [[one.worker, row.amount] for one, row in zip(who, rows, strict=True)]
    if platform == "mturk" and kind != BONUS:
        return [["AssignmentId", "WorkerId", "HITId", "Approve", "Reject"],
                *([one.session, one.worker, one.task, "x" if kind == APPROVE else "", row.reason]
                  for one, row in zip(who, rows, strict=True))]
    if platform == "mturk":
        return [["WorkerId", "AssignmentId", "BonusAmount", "Reason"],
                *([one.worker, one.session, row.amount, row.reason] for one, row in zip(who, rows, strict=True))]
    return [["worker", "visit", "amount", "reason"],
            *([one.worker, one.session, row.amount, row.reason] for one, row in zip(who, rows, strict=True))]


def _check_folder(folder: Path, study: str) -> None:
    note = folder / NOTE
    if not note.exists():
        return
    try:
        owner = json.loads(note.read_text(encoding="utf-8")).get("study")
    except (OSError, ValueError, AttributeError):
        owner = None
    if owner != study:
        raise OutputError(f"{folder} holds the payments of another study, and nothing was written; choose another folder with "
                          "-o.")


def _write(folder: Path, study: str, name: str, table: Sequence[Sequence[str]]) -> Path:
    make_folder(folder)
    if (folder / name).exists():
        raise OutputError(f"{folder / name} is there already and was not replaced; choose another folder with -o.")
    write_whole(folder / NOTE, json.dumps({"study": study}).encode())
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return write_whole(folder / name, text.getvalue().encode())
