"""What a study will cost: places times minutes times pay, and what the platform takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from evaluation.listening.errors import StudyError
from pipelines.counting import counted

CENT = Decimal("0.01")
MOST_RATE, MOST_FEE = 100_000, 200


@dataclass(frozen=True)
class Pay:
    """What a listener is paid, and how many will be lost.

    Attributes:
        rate: for an hour, 0 where nobody is paid. currency: as it shall be printed. fee: what the platform adds, percent.
        excluded: percent of those who finish whom the screening will exclude. left: percent of those who begin and do not finish.
    """

    rate: Decimal = Decimal(0)
    currency: str = "GBP"
    fee: float = 0.0
    excluded: float = 0.0
    left: float = 0.0


@dataclass(frozen=True)
class Budget:
    """Of one study.

    Attributes:
        planned: listeners who shall finish and count. for_excluded, for_left: further places. minutes: of a listener.
        each: what a place is paid, rounded up to a cent. paid, fee, total: money of all places.
    """

    pay: Pay
    planned: int
    for_excluded: int
    for_left: int
    minutes: int
    each: Decimal
    paid: Decimal
    fee: Decimal
    total: Decimal

    @property
    def places(self) -> int:
        return self.planned + self.for_excluded + self.for_left

    def document(self) -> dict[str, Any]:
        """JSON-able; money as text with two decimals."""
        return {"planned": self.planned, "for_excluded": self.for_excluded, "for_left": self.for_left, "places": self.places,
                "minutes": self.minutes, "rate": str(self.pay.rate), "currency": self.pay.currency, "fee_percent": self.pay.fee,
                "each": str(self.each), "paid": str(self.paid), "fee": str(self.fee), "total": str(self.total)}


def parse_pay(rate: object = None, currency: object = "GBP", fee: object = 0, excluded: object = 0, left: object = 0) -> Pay:
    """From what somebody wrote. rate: None or '' where nobody is paid.

    Raises:
        StudyError: a number that is none or out of range, or no currency.
    """
    hour = Decimal(0)
    if rate is not None and str(rate).strip():
        hour = Decimal(str(_number("rate of pay", rate, 0, MOST_RATE, above=True)))
    money = str(currency or "").strip()
    if not 1 <= len(money) <= 8 or any(letter.isdigit() or letter.isspace() or not letter.isprintable() for letter in money):
        raise StudyError(f"{money!r} is no currency; write one of 1 to 8 letters or signs, such as GBP.")
    return Pay(hour, money, _number("platform's fee", fee, 0, MOST_FEE), _number("share of excluded listeners", excluded, 0, 90),
               _number("share of listeners who leave", left, 0, 90))


def budget_of(listeners: int, minutes: int, pay: Pay) -> Budget:
    """Every place is counted as paid, which is the most that it can be: platforms return the pay of who left.

    Args:
        listeners: who shall finish and count. minutes: that a listener is paid for.
    Raises:
        StudyError: no listener.
    """
    if listeners < 1:
        raise StudyError("A budget needs at least one listener.")
    finish = _grossed(listeners, pay.excluded)
    begin = _grossed(finish, pay.left)
    each = (pay.rate * minutes / 60).quantize(CENT, ROUND_UP)
    paid = each * begin
    fee = (paid * Decimal(str(pay.fee)) / 100).quantize(CENT, ROUND_HALF_UP)
    return Budget(pay, listeners, finish - listeners, begin - finish, minutes, each, paid, fee, paid + fee)


def budget_sentences(found: Budget) -> list[str]:
    """Places, time and money."""
    pay = found.pay
    more = [f"{count} {why}" for count, why in ((found.for_excluded, f"for the {pay.excluded:g} % who will be excluded"),
                                                (found.for_left, f"for the {pay.left:g} % who will leave")) if count]
    said = [f"{counted(found.places, 'place')}: {counted(found.planned, 'listener')} who shall count"
            + "".join(f", {one}" for one in more) + f"; about {counted(found.minutes, 'minute')} each."]
    if not pay.rate:
        return [*said, "No rate of pay was given, so there is no cost."]
    fee = f"; the platform's fee of {pay.fee:g} % is {found.fee}" if pay.fee else "; no platform's fee was given"
    return [*said, f"{found.places} x {found.minutes} min x {pay.rate:.2f} {pay.currency} an hour = {found.paid} {pay.currency} "
                   f"({found.each} a listener){fee}. Total: {found.total} {pay.currency}."]


def _grossed(count: int, percent: float) -> int:
    """How many there must be, so that so many are left when this share is lost."""
    return math.ceil(round(count / (1 - percent / 100), 9))


def _number(name: str, value: object, least: float, most: float, above: bool = False) -> float:
    try:
        found = float(str(value))
    except ValueError:
        found = math.nan
    if isinstance(value, bool) or not least <= found <= most or (above and found == least):
        raise StudyError(f"The {name} is {value!s:.40}; write a number {'above' if above else 'from'} {least:g}"
                         f"{' and up' if above else ''} to {most:,g}{'' if above else ' percent'}.")
    return found
