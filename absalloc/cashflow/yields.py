"""Yield, price and duration of many lines at once, on ragged flows (``schedules.Flows``).

A rate here is continuous; ``annual`` and ``continuous`` turn it into the line's own compounding. The Newton
step works on ln(price), convex in the rate, from a start that Jensen's inequality puts on the safe side, so
it never overshoots; flows must not be negative.
"""

from __future__ import annotations

import numpy as np

from absalloc.cashflow.schedules import Flows

_STEPS = 60
_TOLERANCE = 1e-13


def compounding(flows: Flows, how: str) -> np.ndarray:
    """Return compounding periods a year by line: 0 (simple) with one payment left, else as ``how`` says."""
    periods = np.ones(flows.count) if how == "annual" else flows.frequency.astype(float)
    return np.where(flows.payments() == 1, 0.0, periods)


def _last_time(flows: Flows) -> np.ndarray:
    last = np.zeros(flows.count)
    last[flows.line] = flows.times
    return last


def annual(flows: Flows, rate: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return the annual yield of continuous ``rate`` by line; simple interest where ``periods`` is 0."""
    when = _last_time(flows)
    f = np.where(periods > 0, periods, 1.0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        simple = np.expm1(rate * when) / when
        return np.where(periods > 0, f * np.expm1(rate / f), simple)


def continuous(flows: Flows, yield_: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return the continuous rate of an annual yield by line; NaN where the yield has no price."""
    when = _last_time(flows)
    f = np.where(periods > 0, periods, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        simple = np.log1p(yield_ * when) / when
        return np.where(periods > 0, f * np.log1p(yield_ / f), simple)


def present_value(flows: Flows, rate: np.ndarray) -> np.ndarray:
    """Return the dirty price per 100 by line at continuous ``rate``; NaN where the rate is."""
    return flows.total(flows.cash * np.exp(-rate[flows.line] * flows.times))


def solve_rate(flows: Flows, dirty: np.ndarray) -> np.ndarray:
    """Return the continuous rate at which each line is worth ``dirty``; NaN where it has no price or flows."""
    wanted = np.isfinite(dirty) & (dirty > 0) & (flows.payments() > 0)
    part = flows.take(wanted)
    cash, t = part.cash, part.times
    total, moment = part.total(cash), part.total(cash * t)
    ready = wanted & (total > 0) & (moment > 0)
    rate = np.full(flows.count, np.nan)
    rate[ready] = np.log(total[ready] / dirty[ready]) * total[ready] / moment[ready]
    for _ in range(_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            worth = cash * np.exp(-rate[part.line] * t)
        value, slope = part.total(worth), part.total(worth * t)
        step = np.zeros(flows.count)
        fine = ready & (value > 0) & (slope > 0)
        step[fine] = np.log(value[fine] / dirty[fine]) * value[fine] / slope[fine]
        rate = rate + step
        if np.max(np.abs(step), initial=0.0) <= _TOLERANCE:
            break
    return rate


def modified_duration(flows: Flows, rate: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return -P'/P in years by line for the line's own compounding; NaN without a rate or flows."""
    worth = flows.cash * np.exp(-rate[flows.line] * flows.times)
    value = flows.total(worth)
    macaulay = np.divide(flows.total(worth * flows.times), value, out=np.full(flows.count, np.nan), where=value > 0)
    f = np.where(periods > 0, periods, 1.0)
    growth = np.where(periods > 0, np.exp(rate / f), np.exp(rate * _last_time(flows)))
    return np.asarray(macaulay / growth)
