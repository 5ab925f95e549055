"""The engine in plain numpy: the same figures as ``kernel``, where numba is absent or the work is small."""

from __future__ import annotations

import numpy as np

from absalloc.cashflow.deals import BUMP, FOUND, MONTHS_A_YEAR, NO_CASH, NO_PRICE, NOT_ASKED, NOT_CONVERGED, DealBatch

NEWTON_STEPS = 100
CLOSE = 1e-9
"""A Newton step after which the next, about its square, would be below the last digit."""
CELLS = 400
"""Deals x scenarios at once: few enough that their flows stay in the processor's cache."""


def run(
    deals: DealBatch,
    speeds: tuple[np.ndarray, np.ndarray],
    how: tuple[float, int],
    prices: np.ndarray | None,
    batch: int | None = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return [wal, price, duration, yield, shortfall, status] and principal and interest of all tranches by month.

    The first are (deals, scenarios, tranches), the last (2, scenarios, months). ``speeds``: smm and mdr (scenarios,
    months); ``how``: severity and lag.
    """
    size = batch or max(1, CELLS // speeds[0].shape[0])
    parts, flows = [], np.zeros((2, *speeds[0].shape))
    for start in range(0, deals.balance.size, size):
        at = slice(start, start + size)
        principal, interest = _tranche_flows(deals, at, speeds, how)
        flows[0] += principal.sum(axis=(0, 1))
        flows[1] += interest.sum(axis=(0, 1))
        given = None if prices is None else prices[at]
        parts.append(_figures(deals.sizes[at], deals.yields[at], principal, interest, given))
    return [np.concatenate(column) for column in zip(*parts, strict=True)], flows


def _pool(
    deals: DealBatch, at: slice, speeds: tuple[np.ndarray, np.ndarray], how: tuple[float, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return principal cash and interest of the pools: (deals, scenarios, months). ``how``: severity and lag."""
    (smm, mdr), (severity, lag) = speeds, how
    term, rate = deals.term[at, None].astype(float), deals.wac[at, None] / MONTHS_A_YEAR
    month = np.arange(0, smm.shape[1] + 1)
    left = np.maximum(term - month, 0.0)
    safe = np.where(rate > 1e-12, rate, 1.0)
    level = np.expm1(-left * np.log1p(safe)) / np.expm1(-term * np.log1p(safe))
    factors = np.where(rate > 1e-12, level, left / term)
    if lag:
        dying = mdr[None] * (month[None, 1:] <= term - lag)[:, None, :]
        alive = np.cumprod(np.maximum(1.0 - dying - smm[None], 0.0), axis=2)
    else:
        # Speeds are the same for all deals and amortisation for all scenarios: their product is all there is.
        dying, alive = mdr[None], np.cumprod(np.maximum(1.0 - mdr - smm, 0.0), axis=1)[None]
    start = deals.balance[at, None, None]
    after = start * factors[:, None, 1:] * alive
    before = np.concatenate((np.broadcast_to(start, (*after.shape[:2], 1)), after[:, :, :-1]), axis=2)
    default = before * dying
    cash = before - after - default
    recovered = default * (1.0 - severity)
    cash[:, :, lag:] += recovered[:, :, : recovered.shape[2] - lag]
    return cash, (before - default) * rate[:, None]


def _tranche_flows(
    deals: DealBatch, at: slice, speeds: tuple[np.ndarray, np.ndarray], how: tuple[float, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return principal and interest by tranche: (deals, tranches, scenarios, months)."""
    cash, available = _pool(deals, at, speeds, how)
    collected = np.cumsum(cash, axis=2)
    sizes, coupons = deals.sizes[at], deals.coupons[at] / MONTHS_A_YEAR
    shape = (sizes.shape[0], sizes.shape[1], *cash.shape[1:])
    principal, interest = np.empty(shape), np.empty(shape)
    above = np.zeros(sizes.shape[0])
    for number in range(sizes.shape[1]):
        size = sizes[:, number, None, None]
        total = np.minimum(np.maximum(collected - above[:, None, None], 0.0), size)
        paid, due = principal[:, number], interest[:, number]
        paid[:, :, 0], paid[:, :, 1:] = total[:, :, 0], total[:, :, 1:] - total[:, :, :-1]
        due[:, :, 0] = size[:, :, 0]
        due[:, :, 1:] = size - total[:, :, :-1]
        due *= coupons[:, number, None, None]
        np.minimum(due, available, out=due)
        available = available - due
        above = above + sizes[:, number]
    return principal, interest


def _figures(
    sizes: np.ndarray, yields: np.ndarray, principal: np.ndarray, interest: np.ndarray, prices: np.ndarray | None
) -> list[np.ndarray]:
    """Return wal, price, duration, yield, shortfall and status, each (deals, scenarios, tranches)."""
    month = np.arange(1, principal.shape[3] + 1)
    repaid = principal.sum(axis=3)
    with np.errstate(invalid="ignore", divide="ignore"):
        wal = (principal @ (month / MONTHS_A_YEAR)) / np.where(repaid > 0, repaid, np.nan)
    cash = principal + interest
    steps = np.array([0.0, BUMP, -BUMP])
    factors = (1.0 + (yields[:, :, None, None] + steps) / MONTHS_A_YEAR) ** -month[:, None]
    worth = cash @ factors
    unit = np.where(sizes > 0, sizes, np.nan)[:, :, None]
    price = worth[..., 0] / unit
    with np.errstate(invalid="ignore", divide="ignore"):
        duration = (worth[..., 2] - worth[..., 1]) / (2.0 * BUMP * np.where(worth[..., 0] > 0, worth[..., 0], np.nan))
    found, status = np.full_like(price, np.nan), np.full(price.shape, NOT_ASKED, np.uint8)
    if prices is not None:
        found, status = _yields(cash, prices[:, :, None] * unit)
    short = 1.0 - repaid / unit
    return [np.swapaxes(part, 1, 2) for part in (wal, price, duration, found, short, status)]


def _yields(cash: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return annual yields, compounded monthly, at which ``cash`` (…, months) is worth ``target``, and the status.

    Newton on ln(price) in the continuous rate, convex and decreasing, by Horner over the months. The start is that of
    Jensen's inequality, from which no step overshoots.
    """
    total = cash.sum(axis=3)
    moment = cash @ np.arange(1.0, cash.shape[3] + 1)
    target = np.broadcast_to(target, total.shape)
    status = np.where(target > 0, NOT_CONVERGED, NO_PRICE).astype(np.uint8)
    status[~(total > 0)] = NO_CASH
    rate = np.zeros(total.shape)
    months = np.ascontiguousarray(np.moveaxis(cash, 3, 0))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        np.copyto(rate, np.log(total / target) * total / moment, where=status == NOT_CONVERGED)
        for _ in range(NEWTON_STEPS):
            moving = status == NOT_CONVERGED
            if not moving.any():
                break
            factor = np.exp(-rate)
            value, slope = np.zeros_like(rate), np.zeros_like(rate)
            for paid in months[::-1]:
                slope += value
                slope *= factor
                value += paid
                value *= factor
            step = np.log(value / target) * value / (slope + value)
            np.add(rate, step, out=rate, where=moving)
            status[moving & (np.abs(step) <= CLOSE)] = FOUND
    return np.where(status == FOUND, MONTHS_A_YEAR * np.expm1(rate), np.nan), status
