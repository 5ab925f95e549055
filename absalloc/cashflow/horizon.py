"""Income over a horizon: the yield on what is still outstanding, and the reinvestment rate on what was repaid."""

from __future__ import annotations

import numpy as np

from absalloc.cashflow.valuation import Valued
from absalloc.errors import BadInput


def horizon_rate(valued: Valued, months: int, reinvest_rate: float) -> np.ndarray:
    """Return the income of each line over ``months``, per yuan of market value and year; shape (lines,).

    With s the mean share of today's principal outstanding over the horizon (payments at t count min(t, H) / H),
    the rate is ``yield × s + reinvest_rate × (1 − s)``: scheduled run-off, no price change. NaN where the line has no
    yield or no schedule. Raises BadInput for a horizon under one month.
    """
    if months < 1:
        raise BadInput("cashflow.horizon_months", value=months, expected="12")
    years = months / 12
    flows = valued.flows
    paid = flows.total(flows.principal)
    alive = flows.total(flows.principal * np.minimum(flows.times, years))
    share = np.full(flows.count, np.nan)
    np.divide(alive, paid * years, out=share, where=paid > 0)
    return np.asarray(valued.yield_ * share + reinvest_rate * (1.0 - share))
