"""Dated cash flows of a line from its own columns, and what price and durations follow from a yield.

The conventions, stated in README.md: dates run back from the end of the life (next put where the yield is to
the put, else expected maturity); ``bullet`` pays yearly; ``scheduled`` quarterly, equal principal to maturity;
``pass_through`` monthly, level pay at the coupon, with prepayment (RMBS 10 %, auto 9 % a year) and the clean-up
call. What is left on the put date is repaid then. ABS accrue ACT/365F, plain bonds ACT/ACT by coupon period.
Yields compound at the payment frequency; with one payment left interest is simple. Written on purpose without
the package's own cash-flow code, so that the two check each other.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

STEP_MONTHS = {"bullet": 12, "scheduled": 3, "pass_through": 1}
BASE_CPR = {"rmbs": 0.10, "auto": 0.09}


@dataclass(frozen=True)
class Terms:
    """What the schedule of a line follows from; ``coupon``, ``cpr``, ``call`` and ``factor`` are decimals."""

    as_of: date
    start: date
    end: date
    maturity: date
    coupon: float
    repayment: str = "bullet"
    factor: float = 1.0
    cpr: float = 0.0
    call: float = 0.0
    bond: bool = False


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


def _balances(terms: Terms, count: int) -> list[float]:
    """Return the balance per 100 after each of ``count`` payments, up to a clean-up call; the last is 0."""
    step = STEP_MONTHS[terms.repayment]
    total = count + round((terms.maturity - terms.end).days / 365 * 12 / step)
    rate, left = terms.coupon * step / 12, []
    threshold = 100 * terms.call / terms.factor if terms.factor > terms.call else 0.0
    for k in range(1, count + 1):
        if terms.repayment == "bullet":
            balance = 100.0
        elif terms.repayment == "scheduled" or rate < 1e-12:
            balance = 100.0 * (1 - k / total)
        else:
            balance = 100.0 * (1 - (1 + rate) ** (k - total)) / (1 - (1 + rate) ** -total)
        left.append(balance * (1 - terms.cpr) ** (k * step / 12))
        if terms.repayment == "pass_through" and left[-1] <= threshold:
            break
    left[-1] = 0.0
    return left


def flows(terms: Terms) -> tuple[list[float], list[float], list[float], float]:
    """Return (years, principal, interest, accrued) per 100 of remaining principal."""
    days = payment_dates(terms.as_of, terms.end, STEP_MONTHS[terms.repayment])
    regular, opened = days[0], max(days[0], terms.start)
    balances = _balances(terms, len(days) - 1)
    times, principal, interest, before = [], [], [], 100.0
    lead = (days[1] - terms.as_of).days / (days[1] - regular).days
    for k, (balance, day) in enumerate(zip(balances, days[1:], strict=False)):
        since = opened if k == 0 else days[k]
        share = (day - since).days / ((day - days[k]).days if terms.bond else 365)
        times.append(lead + k if terms.bond else (day - terms.as_of).days / 365)
        interest.append(before * terms.coupon * share)
        principal.append(before - balance)
        before = balance
    year = (days[1] - regular).days if terms.bond else 365
    return times, principal, interest, 100.0 * terms.coupon * max((terms.as_of - opened).days, 0) / year


def value(terms: Terms, yield_: float) -> Valuation:
    """Return price, WAL and duration of a line at its yield (decimal, compounded at the payment frequency)."""
    times, principal, interest, accrued = flows(terms)
    f = 12 / STEP_MONTHS[terms.repayment]
    if len(times) == 1:
        factors = [1 / (1 + yield_ * times[0])]
        scale = factors[0]
    else:
        factors = [(1 + yield_ / f) ** (-f * t) for t in times]
        scale = 1 / (1 + yield_ / f)
    present = [(p + i) * d for p, i, d in zip(principal, interest, factors, strict=True)]
    dirty = sum(present)
    macaulay = sum(t * v for t, v in zip(times, present, strict=True)) / dirty
    wal = sum(t * p for t, p in zip(times, principal, strict=True)) / 100
    return Valuation(dirty - accrued, accrued, wal, macaulay * scale)
