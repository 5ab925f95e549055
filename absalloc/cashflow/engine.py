"""Many deals under many scenarios at once: flows, average life, price, yield and effective duration, in plain numpy.

The same model as ``project_pool`` and ``sequential``, vectorised: level-pay pools, speeds by scenario and month,
interest in order of seniority out of pool interest, then principal in the same order. Flows are never stored for more
than one batch of deals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.errors import BadInput

MONTHS_A_YEAR = 12.0
BUMP = 0.0025
NEWTON_STEPS = 12
BATCH = 4
"""Deals at once: few enough that their flows stay in the processor's cache."""


@dataclass(frozen=True)
class DealBatch:
    """Pools and their tranches, most senior first. Shapes: (deals,) and, from ``sizes`` on, (deals, tranches).

    ``balance`` performing today; ``wac`` annual decimal; ``term`` remaining months; ``sizes`` in the unit of the
    balance; ``coupons`` and ``yields`` annual decimals compounded monthly.
    """

    balance: np.ndarray
    wac: np.ndarray
    term: np.ndarray
    sizes: np.ndarray
    coupons: np.ndarray
    yields: np.ndarray

    def __post_init__(self) -> None:
        count = self.balance.size
        for name in ("wac", "term", "sizes", "coupons", "yields"):
            values = getattr(self, name)
            if values.shape[0] != count or (name in ("coupons", "yields") and values.shape != self.sizes.shape):
                raise BadInput("cashflow.lengths", value=values.shape[0], expected=count, name=name)
            if not np.isfinite(values).all():
                raise BadInput("cashflow.not_finite", value="nan", name=name)
        if (self.balance < 0).any() or (self.sizes < 0).any():
            raise BadInput("cashflow.negative", value=float(self.balance.min(initial=0.0)), name="balance")
        if (self.term < 1).any() or (self.term != np.rint(self.term)).any():
            raise BadInput("cashflow.term", value=float(self.term.min()))
        most = self.sizes.sum(axis=1)
        if (most > self.balance * (1 + 1e-9)).any():
            worst = int(np.argmax(most - self.balance))
            raise BadInput("cashflow.tranche_sizes", value=float(most[worst]), expected=float(self.balance[worst]))


@dataclass(frozen=True)
class EngineResult:
    """Arrays (deals, scenarios, tranches).

    ``wal`` years (NaN where a tranche gets no principal); ``price`` per unit of size at the deal's ``yields``;
    ``duration`` effective, years; ``yield_`` at ``prices``, NaN without them; ``short`` the share never repaid.
    """

    wal: np.ndarray
    price: np.ndarray
    duration: np.ndarray
    yield_: np.ndarray
    short: np.ndarray


def run_engine(
    deals: DealBatch, smm: np.ndarray, mdr: np.ndarray, *, severity: float = 0.0, lag: int = 0,
    prices: np.ndarray | None = None, batch: int = BATCH,
) -> EngineResult:  # fmt: skip
    """Return lives, prices, durations and yields of every tranche in every scenario.

    ``smm`` and ``mdr``: (scenarios, months), month 1 first, at least as long as the longest term. ``severity`` of a
    default is lost, the rest recovered ``lag`` months later; MDR is 0 in a deal's last ``lag`` months, and defaulted
    loans do not amortise (``project_pool(advance=False)``). ``prices`` (deals, tranches) per unit of size.
    Raises BadInput for rates outside 0 … 1 and for months that end before the longest term.
    """
    _check(deals, smm, mdr, severity)
    months = int(deals.term.max())
    smm, mdr = smm[:, :months], mdr[:, :months]
    parts = []
    for start in range(0, deals.balance.size, batch):
        at = slice(start, start + batch)
        principal, interest = _tranche_flows(deals, at, (smm, mdr), (severity, lag))
        given = None if prices is None else prices[at]
        parts.append(_figures(deals.sizes[at], deals.yields[at], principal, interest, given))
    return EngineResult(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _check(deals: DealBatch, smm: np.ndarray, mdr: np.ndarray, severity: float) -> None:
    for name, rates in (("smm", smm), ("mdr", mdr), ("severity", np.array([[severity]]))):
        bad = ~((rates >= 0.0) & (rates <= 1.0))
        if rates.ndim != 2 or bad.any():
            raise BadInput("cashflow.speed_range", value=float(rates[bad].flat[0]), expected="0 - 1", name=name)
    if smm.shape != mdr.shape or smm.shape[1] < deals.term.max():
        raise BadInput("cashflow.lengths", value=smm.shape[1], expected=int(deals.term.max()), name="smm")


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
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return wal, price, duration, yield and shortfall, each (deals, scenarios, tranches)."""
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
    found = np.full_like(price, np.nan) if prices is None else _yields(cash, prices[:, :, None] * unit, yields)
    short = 1.0 - repaid / unit
    wal, price, duration, found, short = (np.swapaxes(part, 1, 2) for part in (wal, price, duration, found, short))
    return wal, price, duration, found, short


def _yields(cash: np.ndarray, target: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return annual yields, compounded monthly, at which ``cash`` (…, months) is worth ``target``; NaN where none is.

    Newton on ln(price) in the continuous rate, convex, by Horner over the months.
    """
    rate = np.broadcast_to(np.log1p(start / MONTHS_A_YEAR)[:, :, None], cash.shape[:3]).copy()
    total = cash.sum(axis=3)
    usable = (total > 0) & (target > 0)
    months = np.ascontiguousarray(np.moveaxis(cash, 3, 0))
    for _ in range(NEWTON_STEPS):
        factor = np.exp(-rate)
        value, slope = np.zeros_like(rate), np.zeros_like(rate)
        for paid in months[::-1]:
            slope += value
            slope *= factor
            value += paid
            value *= factor
        slope += value
        with np.errstate(invalid="ignore", divide="ignore"):
            step = np.where(usable, np.log(value / target) * value / slope, 0.0)
        rate += step
        if np.max(np.abs(step), initial=0.0) < 1e-13:
            break
    return np.where(usable, MONTHS_A_YEAR * np.expm1(rate), np.nan)
