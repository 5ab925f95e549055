"""What the engine of many deals works on: pools, their tranches, and the figures it gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.errors import BadInput

MONTHS_A_YEAR = 12.0
BUMP = 0.0025
"""Shift of yields for the effective duration."""
FOUND, NO_CASH, NO_PRICE, NOT_CONVERGED, NOT_ASKED = range(5)
"""What became of a yield: found; none exists, since the tranche gets no cash or is given no positive price; not found
within the steps (never a number then); not asked for, since no price was given."""


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
        if not (self.balance >= 0).all() or (self.sizes < 0).any():
            raise BadInput("cashflow.negative", value=float(self.balance.min(initial=0.0)), name="balance")
        if (self.term < 1).any() or (self.term != np.rint(self.term)).any():
            raise BadInput("cashflow.term", value=float(self.term.min()))
        if (self.yields <= BUMP - MONTHS_A_YEAR).any():
            raise BadInput("cashflow.yield_too_low", value=float(self.yields.min()))
        most = self.sizes.sum(axis=1)
        if (most > self.balance * (1 + 1e-9)).any():
            worst = int(np.argmax(most - self.balance))
            raise BadInput("cashflow.tranche_sizes", value=float(most[worst]), expected=float(self.balance[worst]))


@dataclass(frozen=True)
class EngineResult:
    """Arrays (deals, scenarios, tranches), and sums over all tranches by month (scenarios, months).

    ``wal`` years (NaN where a tranche gets no principal); ``price`` per unit of size at the deal's ``yields`` (NaN
    where the size is 0); ``duration`` effective, years (NaN where the price is 0); ``yield_`` at the prices given, NaN
    unless ``status`` is ``FOUND``; ``short`` the share never repaid. ``principal`` and ``interest`` are paid to all
    tranches together. ``engine``: numba or numpy.
    """

    wal: np.ndarray
    price: np.ndarray
    duration: np.ndarray
    yield_: np.ndarray
    short: np.ndarray
    status: np.ndarray
    principal: np.ndarray
    interest: np.ndarray
    engine: str = "numpy"
