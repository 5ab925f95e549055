"""A stressed universe as it runs off: what is left of every line some months on, and what was paid until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from absalloc.cashflow.arrays import rounded
from absalloc.cashflow.daycount import add_months
from absalloc.cashflow.facts import DAYS_A_YEAR
from absalloc.cashflow.schedules import FACE, Flows
from absalloc.cashflow.yields import modified_duration
from absalloc.stress.result import Stressed
from absalloc.universe import derive
from absalloc.universe.model import Universe, as_series

GONE = 1e-9


@dataclass(frozen=True)
class RunOff:
    """The universe on ``day``; per 100 of what was left at the start, one entry a line: ``paid`` in cash, ``left``.

    ``universe`` has factor, outstanding, prices, lives and days of ``day``; yields and ratings are those of the start.
    ``left`` is 0 where everything due was paid.
    """

    day: date
    universe: Universe
    paid: np.ndarray
    left: np.ndarray


def run_off(stressed: Stressed, months: int) -> RunOff:
    """Return the stressed universe ``months`` on. Each line earns its stressed rate; nothing else moves.

    A line without flows stays as it is. Principal lost stays in the balance until the last payment.
    """
    flows = stressed.flows
    day = np.datetime64(add_months(stressed.facts.as_of, months).item(), "D")
    years = float((day - stressed.facts.as_of) / np.timedelta64(1, "D")) / DAYS_A_YEAR
    done = flows.dates <= day
    paid = flows.total(np.where(done, flows.cash, 0.0))
    has = flows.payments() > 0
    over = has & (flows.total(np.where(done, 0.0, 1.0)) == 0)
    left = np.where(over, 0.0, FACE - flows.total(np.where(done, flows.principal, 0.0)))
    left = np.where(left < GONE, 0.0, rounded(left, 8))
    later = _later(flows, ~done, years)
    priced = has & np.isfinite(stressed.rate) & (left > 0)
    worth = later.total(later.cash * np.exp(-np.nan_to_num(stressed.rate)[later.line] * later.times))
    dirty = np.where(priced, rounded(worth / np.where(left > 0, left, FACE) * FACE, 8), stressed.dirty)
    universe = _as_of(stressed, later, np.where(has, left / FACE, 1.0), dirty, day.item())
    return RunOff(day.item(), universe, rounded(paid, 8), left)


def _later(flows: Flows, keep: np.ndarray, years: float) -> Flows:
    parts = {name: getattr(flows, name)[keep] for name in ("line", "dates", "interest", "principal")}
    return replace(flows, times=np.maximum(flows.times[keep] - years, 0.0), **parts)


def _as_of(stressed: Stressed, later: Flows, share: np.ndarray, dirty: np.ndarray, day: date) -> Universe:
    table = stressed.universe.table
    before = stressed.flows.average_life()
    life = _ratio(later.average_life(), before)
    periods = stressed.flows.frequency.astype(float)
    duration = _ratio(
        modified_duration(later, np.nan_to_num(stressed.rate), periods),
        modified_duration(stressed.flows, np.nan_to_num(stressed.rate), periods),
    )
    numbers = {
        "factor": rounded(table["factor"].to_numpy(float) * share, 12),
        "outstanding": rounded(table["outstanding"].to_numpy(float) * share, 2),
        "dirty_price": dirty,
        "accrued": np.zeros(dirty.size),
        "clean_price": dirty,
        "wal": rounded(table["wal"].to_numpy(float) * life, 8),
        "modified_duration": rounded(table["modified_duration"].to_numpy(float) * duration, 8),
    }
    moved = table.assign(**{name: as_series(values) for name, values in numbers.items()})
    labels = {**stressed.universe.labels, **dict.fromkeys(numbers, "stressed")}
    universe = derive(stressed.universe.replace(table=moved, labels=labels), day)
    if "trading_days_to_maturity" in table and np.isfinite(table["trading_days_to_maturity"].to_numpy(float)).any():
        from absalloc.universe.calendar import with_trading_days

        universe = with_trading_days(universe, day)
    return universe


def _ratio(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    usable = (before > 0) & np.isfinite(after)
    return np.asarray(np.divide(after, before, out=np.ones(before.size), where=usable))
