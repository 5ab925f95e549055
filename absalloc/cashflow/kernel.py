"""The compiled engine: pools, waterfalls and figures of many deals under many scenarios, without storing a flow.

Loops over a block of scenarios are innermost, so that the processor works on several at once; the flows of one deal in
one block stay in its cache. Importing this module needs numba (``pip install absalloc[fast]``); ``engine`` does so only
where it is there, and gives the same numbers without it. Nothing here depends on the number of threads: every scenario
is computed by the same operations in the same order.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit

from absalloc.cashflow.deals import BUMP, FOUND, MONTHS_A_YEAR, NO_CASH, NO_PRICE, NOT_ASKED, NOT_CONVERGED, DealBatch

BLOCK = 128
"""Scenarios of a block: the flows of a deal of three tranches over ten years then take 370 kB."""
DEALS_A_TASK = 256
NEWTON_STEPS = 100
CLOSE = 1e-9
"""A Newton step after which the next, about its square, would be below the last digit."""


def compiled(function: Callable[..., Any]) -> Any:
    """Return ``function`` compiled, kept on disk where some folder can be written to (a zipped wheel has none)."""
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        return njit(nogil=True, error_model="numpy")(function)


@compiled
def _pool_month(before, cash, available, default, smm, mdr, keep, rate):  # type: ignore[no-untyped-def]
    """One month of one pool: ``before`` moves on to the month's end; cash without recoveries, interest, defaults."""
    for b in range(before.size):
        start = before[b]
        lost = start * mdr[b]
        after = start * keep * max(1.0 - mdr[b] - smm[b], 0.0)
        cash[b] = start - after - lost
        available[b] = (start - lost) * rate
        default[b] = lost
        before[b] = after


@compiled
def _pay(collected, available, repaid, moment, out, totals, place, month):  # type: ignore[no-untyped-def]
    """One month of one tranche: principal up to its size, interest out of what is left; both are added to totals."""
    above, size, coupon = place
    for b in range(collected.size):
        total = min(max(collected[b] - above, 0.0), size)
        paid = total - repaid[b]
        due = min((size - repaid[b]) * coupon, available[b])
        available[b] -= due
        repaid[b] = total
        moment[b] += month * paid
        out[b] = paid + due
        totals[0, b] += paid
        totals[1, b] += due


@compiled
def _worth(flows, term, number, factors, value):  # type: ignore[no-untyped-def]
    """Values (3, B) of one tranche at three discount factors, by Horner from the last month."""
    width = value.shape[1]
    value[:] = 0.0
    low, middle, high = factors[0], factors[1], factors[2]
    one, two, three = value[0], value[1], value[2]
    for month in range(term - 1, -1, -1):
        paid = flows[month, number]
        for b in range(width):
            one[b] = (one[b] + paid[b]) * low
            two[b] = (two[b] + paid[b]) * middle
            three[b] = (three[b] + paid[b]) * high


@compiled
def _start(flows, term, number, target, total, moment, value, rates, rate, status):  # type: ignore[no-untyped-def]
    """Set a first monthly continuous rate per scenario: from the three known prices where the target is near.

    Else from Jensen's inequality, which lies on the side from which Newton's method never overshoots.
    """
    width = rate.size
    total[:] = 0.0
    moment[:] = 0.0
    for month in range(term):
        paid = flows[month, number]
        for b in range(width):
            total[b] += paid[b]
            moment[b] += (month + 1.0) * paid[b]
    for b in range(width):
        rate[b] = 0.0
        if not total[b] > 0.0:
            status[b] = NO_CASH
        elif not target > 0.0:
            status[b] = NO_PRICE
        else:
            status[b] = NOT_CONVERGED
            rate[b] = np.log(total[b] / target) * total[b] / moment[b]
            gap = np.log(value[1, b] / target)
            if abs(gap) < 0.25:
                below, above = np.log(value[0, b] / value[1, b]), np.log(value[2, b] / value[1, b])
                left, right = rates[0] - rates[1], rates[2] - rates[1]
                curve = (below / left - above / right) / (left - right)
                slope = above / right - curve * right
                step = -gap / slope
                rate[b] = rates[1] + step - curve * step * step / slope


@compiled
def _yields(flows, term, number, target, rate, status, value, work):  # type: ignore[no-untyped-def]
    """Newton on ln(price) in the continuous rate, convex and decreasing, until every scenario has converged."""
    width = rate.size
    factor, slope = work[0], work[1]
    worth = value[0]
    for _ in range(NEWTON_STEPS):
        for b in range(width):
            factor[b] = np.exp(-rate[b])
            worth[b] = 0.0
            slope[b] = 0.0
        for month in range(term - 1, -1, -1):
            paid = flows[month, number]
            for b in range(width):
                slope[b] = (slope[b] + worth[b]) * factor[b]
                worth[b] = (worth[b] + paid[b]) * factor[b]
        open_ = 0
        for b in range(width):
            if status[b] == NOT_CONVERGED:
                step = np.log(worth[b] / target) * worth[b] / (slope[b] + worth[b])
                rate[b] += step
                if abs(step) <= CLOSE:
                    status[b] = FOUND
                else:
                    open_ += 1
        if open_ == 0:
            return


@compiled
def _deal(deal, at, pool, tranches, speeds, recover, flows, work, repaid, moment, totals):  # type: ignore[no-untyped-def]
    """Flows of one deal in one block of scenarios: ``flows`` (months, tranches, B), what is repaid and its moment."""
    start, rate, term, keep = pool[0], pool[1], int(pool[2]), tranches[3]
    sizes, coupons = tranches[0][deal], tranches[1][deal]
    smm, mdr, none = speeds
    share, lag = recover
    before, cash, available, collected = work[0], work[1], work[2], work[3]
    defaults = work[4:]
    before[:] = start
    collected[:] = 0.0
    repaid[:] = 0.0
    moment[:] = 0.0
    low, high = at
    for month in range(term):
        dying = mdr[month, low:high] if month + 1 <= term - lag else none
        born = defaults[month % (lag + 1)]
        _pool_month(before, cash, available, born, smm[month, low:high], dying, keep[deal, month], rate)
        if month >= lag:
            old = defaults[(month - lag) % (lag + 1)]
            for b in range(cash.size):
                cash[b] += old[b] * share
        for b in range(cash.size):
            collected[b] += cash[b]
        above = 0.0
        for t in range(sizes.size):
            place = (above, sizes[t], coupons[t])
            _pay(collected, available, repaid[t], moment[t], flows[month, t], totals[month], place, month + 1.0)
            above += sizes[t]


@compiled
def _task(deals, span, pools, tranches, speeds, recover, prices, out, status, totals):  # type: ignore[no-untyped-def]
    """Fill ``out`` for the deals ``deals`` and the scenarios ``span``, one block at a time."""
    sizes, yields = tranches[0], tranches[2]
    months, count = speeds[0].shape[0], sizes.shape[1]
    width = span[1] - span[0]
    flows = np.empty((months, count, width))
    work = np.empty((5 + recover[1], width))
    repaid, moment = np.empty((count, width)), np.empty((count, width))
    value, spare, rate = np.empty((3, width)), np.empty((2, width)), np.empty(width)
    state = np.empty(width, np.uint8)
    wal, price, duration, found, short = out
    for deal in range(deals[0], deals[1]):
        pool = (pools[0][deal], pools[1][deal] / MONTHS_A_YEAR, pools[2][deal])
        term = int(pools[2][deal])
        _deal(deal, span, pool, tranches, speeds, recover, flows, work, repaid, moment, totals)
        for t in range(count):
            rates = np.log1p((yields[deal, t] + np.array([-BUMP, 0.0, BUMP])) / MONTHS_A_YEAR)
            _worth(flows, term, t, np.exp(-rates), value)
            unit = sizes[deal, t] if sizes[deal, t] > 0.0 else np.nan
            for b in range(width):
                s = span[0] + b
                wal[deal, s, t] = moment[t, b] / MONTHS_A_YEAR / repaid[t, b] if repaid[t, b] > 0.0 else np.nan
                price[deal, s, t] = value[1, b] / unit
                rise = (value[0, b] - value[2, b]) / (2.0 * BUMP)
                duration[deal, s, t] = rise / value[1, b] if value[1, b] > 0.0 else np.nan
                short[deal, s, t] = 1.0 - repaid[t, b] / unit
            if prices.size:
                target = prices[deal, t] * unit
                _start(flows, term, t, target, spare[0], spare[1], value, rates, rate, state)
                _yields(flows, term, t, target, rate, state, value, spare)
                for b in range(width):
                    s = span[0] + b
                    status[deal, s, t] = state[b]
                    found[deal, s, t] = MONTHS_A_YEAR * np.expm1(rate[b]) if state[b] == FOUND else np.nan


def run(
    deals: DealBatch,
    keep: np.ndarray,
    speeds: tuple[np.ndarray, np.ndarray],
    how: tuple[float, int],
    prices: np.ndarray | None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return what ``vectorised.run`` returns, on all cores; ``keep`` (deals, months) is what amortisation leaves.

    The work is cut into parts of fixed size, whatever the cores: threads share no number they write.
    """
    scenarios, months = speeds[0].shape
    shape = (deals.balance.size, scenarios, deals.sizes.shape[1])
    wal, price, duration, short = (np.empty(shape) for _ in range(4))
    found, status = np.full(shape, np.nan), np.full(shape, NOT_ASKED, np.uint8)
    out = (wal, price, duration, found, short)
    smm, mdr = (np.ascontiguousarray(part.T) for part in speeds)
    tranches = tuple(
        np.ascontiguousarray(part, float) for part in (deals.sizes, deals.coupons / 12.0, deals.yields, keep)
    )
    pools = (deals.balance.astype(float), deals.wac.astype(float), deals.term.astype(np.int64))
    given = np.empty((0, 0)) if prices is None else np.ascontiguousarray(prices, float)

    def work(task: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
        part, span = task
        totals = np.zeros((months, 2, span[1] - span[0]))
        tables = (smm, mdr, np.zeros(span[1] - span[0]))
        _task(part, span, pools, tranches, tables, (1.0 - how[0], how[1]), given, out, status, totals)
        return totals

    spans, parts = _cuts(scenarios, BLOCK), _cuts(shape[0], DEALS_A_TASK)
    tasks = [(part, span) for span in spans for part in parts]
    flows = np.zeros((2, scenarios, months))
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for (_, span), totals in zip(tasks, pool.map(work, tasks), strict=True):
            flows[:, span[0] : span[1]] += totals.transpose(1, 2, 0)
    return [wal, price, duration, found, short, status], flows


def _cuts(count: int, size: int) -> list[tuple[int, int]]:
    return [(low, min(low + size, count)) for low in range(0, count, size)]
