"""Dated cash flows of a line from its own columns, and what price and durations follow from a yield.

The convention, stated in README.md: coupons on the remaining balance, ACT/365F; dates counted back from the
end of the life (next put where the yield is to the put, else expected maturity); ``bullet`` pays yearly,
``scheduled`` quarterly with equal principal, ``pass_through`` monthly with equal total payments; annual
compounding over ACT/365F years.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

STEP_MONTHS = {"bullet": 12, "scheduled": 3, "pass_through": 1}


@dataclass(frozen=True)
class Valuation:
    """Per 100 of remaining principal: clean and accrued; WAL and modified duration in years."""

    clean: float
    accrued: float
    wal: float
    modified_duration: float


def add_months(day: date, months: int) -> date:
    """Return the same day of another month, its last day where the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def payment_dates(as_of: date, end: date, step: int) -> list[date]:
    """Return the last payment date not after ``as_of`` and all later ones up to ``end``."""
    days, k = [end], 1
    while days[-1] > as_of:
        days.append(add_months(end, -step * k))
        k += 1
    return days[::-1]


def _principal(repayment: str, count: int, rate: float) -> list[float]:
    if repayment == "bullet":
        return [0.0] * (count - 1) + [100.0]
    if repayment == "scheduled" or rate <= 0:
        return [100.0 / count] * count
    first = 100.0 * rate / ((1 + rate) ** count - 1)
    return [first * (1 + rate) ** k for k in range(count)]


def flows(as_of: date, end: date, coupon: float, repayment: str, start: date) -> tuple[list[float], list[float], list[float], float]:
    """Return (years, principal, interest, accrued) per 100 of remaining principal; ``coupon`` is a decimal."""
    step = STEP_MONTHS[repayment]
    days = payment_dates(as_of, end, step)
    days[0] = max(days[0], start)
    principal = _principal(repayment, len(days) - 1, coupon * step / 12)
    times, interest, balance = [], [], 100.0
    for before, day, paid in zip(days, days[1:], principal, strict=False):
        times.append((day - as_of).days / 365)
        interest.append(balance * coupon * (day - before).days / 365)
        balance -= paid
    accrued = 100.0 * coupon * max((as_of - days[0]).days, 0) / 365
    return times, principal, interest, accrued


def value(as_of: date, end: date, coupon: float, repayment: str, start: date, yield_: float) -> Valuation:
    """Return price, WAL and duration of a line at an annual yield (decimal)."""
    times, principal, interest, accrued = flows(as_of, end, coupon, repayment, start)
    present = [(p + i) * (1 + yield_) ** -t for t, p, i in zip(times, principal, interest, strict=True)]
    dirty = sum(present)
    macaulay = sum(t * v for t, v in zip(times, present, strict=True)) / dirty
    wal = sum(t * p for t, p in zip(times, principal, strict=True)) / 100
    return Valuation(dirty - accrued, accrued, wal, macaulay / (1 + yield_))
