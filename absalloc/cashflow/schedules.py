"""From the facts of a tranche to its dated remaining cash flows, per 100 of remaining face.

Payment dates run back from the end date in whole periods. Principal: ``bullet`` all at the end;
``scheduled`` equal amounts (or a given table); ``pass_through`` level pay at the coupon with prepayment at a
stated CPR and a clean-up call. On put basis what is left is repaid on the put date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from absalloc.cashflow.daycount import year_fraction
from absalloc.cashflow.facts import DAYS_A_YEAR, Facts
from absalloc.cashflow.settings import Table
from absalloc.errors import BadInput

FACE = 100.0
_TABLE_SUM = 1e-6
_BY_PAYMENT = ("line", "dates", "times", "interest", "principal")


@dataclass(frozen=True)
class Flows:
    """Remaining cash flows of ``count`` lines, one entry a payment, ordered by line and date.

    ``line`` row of the line; ``dates`` datetime64[D]; ``times`` years from the as-of date; ``interest`` and
    ``principal`` per 100 of remaining face; ``accrued`` per line; ``frequency`` payments a year per line.
    """

    count: int
    line: np.ndarray
    dates: np.ndarray
    times: np.ndarray
    interest: np.ndarray
    principal: np.ndarray
    accrued: np.ndarray
    frequency: np.ndarray

    @property
    def cash(self) -> np.ndarray:
        """Interest plus principal of each payment."""
        return np.asarray(self.interest + self.principal)

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of ``values`` (one a payment) by line."""
        return np.bincount(self.line, weights=values, minlength=self.count)

    def payments(self) -> np.ndarray:
        """Return the number of payments of each line."""
        return np.asarray(np.bincount(self.line, minlength=self.count))

    def average_life(self) -> np.ndarray:
        """Return sum(time x principal) / sum(principal) in years by line; NaN where a line has no flows."""
        paid = self.total(self.principal)
        unknown = np.full(self.count, np.nan)
        return np.asarray(np.divide(self.total(self.principal * self.times), paid, out=unknown, where=paid > 0))

    def take(self, lines: np.ndarray) -> Flows:
        """Return the flows of the lines where the boolean array ``lines`` is true; rows keep their numbers."""
        keep = lines[self.line]
        return replace(self, **{name: getattr(self, name)[keep] for name in _BY_PAYMENT})


class _Calendar:
    """Month arithmetic by table: much faster than datetime64 conversions on every payment."""

    def __init__(self, first: np.datetime64, last: np.datetime64) -> None:
        self._base = int(first.astype("datetime64[M]").astype(np.int64)) - 13
        stop = int(last.astype("datetime64[M]").astype(np.int64)) + 3
        starts = np.arange(self._base, stop).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        self._start, self._length = starts[:-1], np.diff(starts)

    def day(self, month: np.ndarray, into: np.ndarray) -> np.ndarray:
        """Return days since 1970 of day ``into`` (from 0) of ``month``, clipped to the month's end."""
        at = month - self._base
        return np.asarray(self._start[at] + np.minimum(into, self._length[at] - 1))


def _months(day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    month = day.astype("datetime64[M]")
    return month.astype(np.int64), (day - month).astype(np.int64)


def _periods(facts: Facts, lines: np.ndarray, calendar: _Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Return for ``lines``: payments after the as-of date up to ``end``, and periods from ``end`` to maturity."""
    step = 12 // facts.frequency[lines]
    month, into = _months(facts.end[lines])
    today_month = int(facts.as_of.astype("datetime64[M]").astype(np.int64))
    back = (month - today_month) // step
    first = calendar.day(month - back * step, into)
    count = back + (first > facts.as_of.astype(np.int64))
    maturity = facts.maturity[lines]
    later = np.where(np.isnat(maturity), facts.end[lines], maturity)
    gap = (later - facts.end[lines]).astype(np.int64) / DAYS_A_YEAR * facts.frequency[lines]
    return count, np.maximum(np.rint(gap).astype(np.int64), 0)


def _level_pay(rate: np.ndarray, total: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Share of a level-pay balance left after ``paid`` of ``total`` periods at ``rate`` a period."""
    safe = np.where(rate > 1e-12, rate, 1.0)
    grown = -np.expm1(-(total - paid) * np.log1p(safe)) / -np.expm1(-total * np.log1p(safe))
    return np.asarray(np.where(rate > 1e-12, grown, (total - paid) / total))


def _balances(facts: Facts, line: np.ndarray, number: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the balance per 100 after payment ``number`` of ``total`` of each entry's line."""
    form, coupon, f = facts.repayment[line], np.nan_to_num(facts.coupon[line]), facts.frequency[line]
    left = np.ones(line.size)
    equal, pool = form == "scheduled", form == "pass_through"
    left[equal] = 1.0 - number[equal] / total[equal]
    survive = _survival(facts, line[pool], number[pool], f[pool])
    left[pool] = _level_pay(coupon[pool] / f[pool], total[pool], number[pool]) * survive
    return np.asarray(FACE * left)


def _survival(facts: Facts, line: np.ndarray, number: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Return the share not prepaid by payment ``number``: at the constant CPR, or by the line's monthly vector."""
    share = (1.0 - facts.cpr[line]) ** (number / frequency)
    if facts.survival is None or facts.survival_row is None:
        return np.asarray(share)
    row = facts.survival_row[line]
    month = np.minimum(np.rint(number * 12 / frequency).astype(np.int64), facts.survival.shape[1] - 1)
    return np.asarray(np.where(row >= 0, facts.survival[np.maximum(row, 0), month], share))


def _call_cut(facts: Facts, line: np.ndarray, balance: np.ndarray) -> np.ndarray:
    """Return which entries stay: those up to the first at which the clean-up call is exercised."""
    factor = np.where(np.isfinite(facts.factor), facts.factor, 1.0)
    threshold = np.divide(FACE * facts.call_share, factor, out=np.zeros(factor.size), where=factor > 0)
    called = (balance <= threshold[line]) & (facts.call_share[line] > 0)
    earlier = np.concatenate(([False], called[:-1] & (line[1:] == line[:-1])))
    return ~earlier


def _fractions(
    facts: Facts, line: np.ndarray, span: tuple[np.ndarray, np.ndarray], period: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return the interest years of each ``span`` of days; ``period`` is the whole coupon period it lies in."""
    years = (span[1] - span[0]) / DAYS_A_YEAR
    kinds = facts.day_count[line]
    icma = kinds == "ACT/ACT"
    if icma.any():
        length = np.maximum(period[1] - period[0], 1) * facts.frequency[line]
        years[icma] = ((span[1] - span[0]) / length)[icma]
    for name in ("ACT/360", "30/360", "NL/365"):
        other = kinds == name
        if other.any():
            start, stop = (edge[other].astype("datetime64[D]") for edge in span)
            years[other] = year_fraction(start, stop, name)
    return np.asarray(years)


def build_flows(facts: Facts, tables: Mapping[str, Table] | None = None) -> Flows:
    """Return the remaining cash flows of every schedulable line, per 100 of remaining face.

    Lines with an entry in ``tables`` (by tranche_id) follow it. A missing coupon gives principal only.
    Raises BadInput for a table that does not sum to 100, runs backwards or holds a negative amount.
    """
    rows = np.flatnonzero(facts.schedulable)
    if rows.size == 0:
        nothing = np.zeros(0)
        empty = np.full(facts.end.size, np.nan)
        return Flows(
            facts.end.size,
            np.zeros(0, np.int64),
            nothing.astype("datetime64[D]"),
            nothing,
            nothing,
            nothing,
            empty,
            facts.frequency,
        )
    calendar = _Calendar(facts.as_of, facts.end[rows].max())
    count, beyond = _periods(facts, rows, calendar)
    line = np.repeat(rows, count)
    first = np.cumsum(count) - count
    number = np.arange(line.size) - np.repeat(first, count) + 1
    month, into = (np.repeat(part, count) for part in _months(facts.end[rows]))
    left = np.repeat(count, count) - number
    step = 12 // facts.frequency[line]
    day = calendar.day(month - left * step, into)
    regular = calendar.day(month - (left + 1) * step, into)
    balance = _balances(facts, line, number, np.repeat(count + beyond, count))
    balance[left == 0] = 0.0
    keep = _call_cut(facts, line, balance)
    line, day, regular, balance, number = (part[keep] for part in (line, day, regular, balance, number))
    last = np.concatenate((line[1:] != line[:-1], [True]))
    balance[last] = 0.0
    return _with_tables(facts, _assemble(facts, line, (regular, day), balance, number), tables or {})


def _issue_days(facts: Facts, line: np.ndarray) -> np.ndarray:
    issued = facts.issue_date[line]
    return np.where(np.isnat(issued), np.iinfo(np.int64).min // 2, issued.astype(np.int64))


def _assemble(
    facts: Facts, line: np.ndarray, days: tuple[np.ndarray, np.ndarray], balance: np.ndarray, number: np.ndarray
) -> Flows:
    """Return the flows of payments on ``days[1]`` whose whole coupon period would start on ``days[0]``."""
    regular, day = days
    today, one = int(facts.as_of.astype(np.int64)), number == 1
    opening = np.where(one, FACE, np.concatenate(([FACE], balance[:-1])))
    issued = np.where(one, _issue_days(facts, line), regular)
    start = np.minimum(np.maximum(regular, issued), day)
    coupon = np.nan_to_num(facts.coupon[line])
    interest = coupon * _fractions(facts, line, (start, day), days) * opening
    since = _fractions(facts, line, (start, np.maximum(start, today)), days)
    accrued = np.full(facts.end.size, np.nan)
    accrued[line[one]] = (coupon * since * FACE)[one]
    times = (day - today) / DAYS_A_YEAR
    street = facts.day_count[line] == "ACT/ACT"
    if street.any():
        lead = np.zeros(facts.end.size)
        lead[line[one]] = ((day - today) / np.maximum(day - regular, 1))[one]
        times = np.where(street, (lead[line] + number - 1) / facts.frequency[line], times)
    count = facts.end.size
    return Flows(count, line, day.astype("datetime64[D]"), times, interest, opening - balance, accrued, facts.frequency)


def _with_tables(facts: Facts, flows: Flows, tables: Mapping[str, Table]) -> Flows:
    """Replace the principal of lines that have a given table."""
    if not tables:
        return flows
    wanted = np.isin(facts.tranche_id.astype(str), list(tables)) & facts.schedulable
    if missing := set(tables) - set(facts.tranche_id[wanted].tolist()):
        raise BadInput(
            "cashflow.table_unused", value=sorted(missing)[0], choices=facts.tranche_id[facts.schedulable].tolist()
        )
    pieces = [flows.take(~wanted)]
    accrued = flows.accrued.copy()
    for row in np.flatnonzero(wanted).tolist():
        piece = _tabled(facts, row, tables[str(facts.tranche_id[row])])
        accrued[row] = piece.accrued[row]
        pieces.append(piece)
    parts = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in _BY_PAYMENT}
    order = np.argsort(parts["line"], kind="stable")
    return replace(flows, accrued=accrued, **{name: part[order] for name, part in parts.items()})  # type: ignore[arg-type]


def _tabled(facts: Facts, row: int, table: Table) -> Flows:
    dates, paid = np.asarray(table.dates, "datetime64[D]"), np.asarray(table.principal, float)
    name = str(facts.tranche_id[row])
    if (
        dates.size != paid.size
        or dates.size == 0
        or (np.diff(dates.astype(np.int64)) <= 0).any()
        or dates[0] <= facts.as_of
    ):
        raise BadInput("cashflow.table_dates", value=name, expected=str(facts.as_of))
    if not (paid >= 0).all() or abs(paid.sum() - FACE) > _TABLE_SUM:
        raise BadInput("cashflow.table_sum", value=float(paid.sum()), expected=FACE, name=name)
    day = dates.astype(np.int64)
    step = 12 // int(facts.frequency[row])
    month, into = _months(dates[:1])
    before = _Calendar(facts.as_of, dates[-1]).day(np.maximum(month - step, month - 12), into)
    opened = before if before[0] <= facts.as_of.astype(np.int64) else np.array([facts.as_of.astype(np.int64)])
    regular = np.concatenate((opened, day[:-1]))
    balance = np.maximum(FACE - np.cumsum(paid), 0.0)
    balance[-1] = 0.0
    return _assemble(facts, np.full(day.size, row), (regular, day), balance, np.arange(1, day.size + 1))
