"""Facts that follow from other facts: sector, standard or not, terms in days and years, factors.

What the law calls a thing is a rulebook's business; these are the few derived columns of the vocabulary.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from absalloc.terms import UNIT_PRICE_PRODUCTS
from absalloc.units import fifteen, tidy
from absalloc.universe.model import Universe, as_series, empty_column
from absalloc.universe.recognition import is_nonstandard

YEAR_DAYS = 365.0
"""Terms in years are ACT/365F, as ABS accrue."""


def derive(universe: Universe, as_of: date) -> Universe:
    """Return the universe with its derived columns as of a date, labelled ``derived``.

    ``sector nonstandard days_to_maturity days_to_reset remaining_term`` are computed; ``trading_days_to_maturity``
    is left unknown until ``calendar.with_trading_days`` is asked for it, ``principal`` and ``market_value`` because
    they belong to holdings. Missing ``factor``, ``outstanding`` and ``issue_size`` are filled where the others
    determine them. Past dates give negative days.
    """
    table = universe.table.copy(deep=False)
    labels = dict(universe.labels)
    rows = len(table)

    def put(name: str, values: np.ndarray) -> None:
        table[name] = as_series(values)
        labels[name] = "derived"

    put("sector", sectors(universe))
    put("nonstandard", nonstandard(universe))
    days = _days(universe.column("expected_maturity"), as_of)
    known = ~np.isnan(days)
    put("remaining_term", np.array([tidy(day / YEAR_DAYS) if day == day else np.nan for day in days]))
    # Cash is due at once, which averages over days to maturity must know; it has no cash flows to place in years.
    put("days_to_maturity", np.where(~known & (universe.column("product") == "cash"), 0.0, days))
    # A reset that is past says nothing of the next one.
    reset = _days(universe.column("next_reset"), as_of)
    put("days_to_reset", np.where(reset >= 0, reset, np.nan))
    for name in ("trading_days_to_maturity", "horizon_rate", "principal", "market_value"):
        table[name] = as_series(empty_column("days", rows))
        labels[name] = "missing"
    _amounts(universe, table, labels)
    return universe.replace(table=table, labels=labels)


def _days(dates: np.ndarray, as_of: date) -> np.ndarray:
    """Return calendar days from ``as_of`` to each date, NaN where there is none."""
    days = np.full(len(dates), np.nan)
    known = ~np.isnat(dates)
    days[known] = (dates[known] - np.datetime64(as_of, "D")).astype(np.int64)
    return days


NO_SECTOR = ""


def sectors(universe: Universe) -> np.ndarray:
    """Return the sector of each row: ``credit``, ``urban_investment``, ``enterprise``, "" or None.

    Enterprise ABS and ABN whose obligor is on a cited list (``lgfv`` true) are urban investment, the rest
    enterprise; where ``lgfv`` is unknown so is the sector (None). What is no ABS of these kinds has none, which
    is known and not missing: "", so that a rule on a sector does not call cash undecided.
    """
    result = empty_column("enum", len(universe.table))
    by_lgfv = {True: "urban_investment", False: "enterprise", None: None}
    for row, (product, lgfv) in enumerate(zip(universe.column("product"), universe.column("lgfv"), strict=True)):
        if product == "credit_abs":
            result[row] = "credit"
        elif product in ("enterprise_abs", "abn"):
            result[row] = by_lgfv[lgfv]
        elif product is not None:
            result[row] = NO_SECTOR
    return result


def nonstandard(universe: Universe) -> np.ndarray:
    """Return whether each row is a non-standard debt asset (True, False, None for unknown).

    标准化债权类资产认定规则 (2020 No. 5), as ``constraints/standard-debt.yaml`` has it.
    """
    result = empty_column("bool", len(universe.table))
    for row, (product, market) in enumerate(zip(universe.column("product"), universe.column("market"), strict=True)):
        result[row] = is_nonstandard(product, market)
    return result


def _amounts(universe: Universe, table: pd.DataFrame, labels: dict[str, str | np.ndarray]) -> None:
    """Fill factor, outstanding and issue size where the others determine them."""
    issued, left, factor = (universe.column(name).copy() for name in ("issue_size", "outstanding", "factor"))
    before = {"issue_size": issued.copy(), "outstanding": left.copy(), "factor": factor.copy()}
    for row in np.flatnonzero(np.isnan(left) & ~np.isnan(issued) & ~np.isnan(factor)):
        left[row] = fifteen(Decimal(repr(float(issued[row]))) * Decimal(repr(float(factor[row]))))
    # Issued from outstanding only where nothing was repaid: dividing by a rounded factor would invent digits.
    same = np.isnan(issued) & ~np.isnan(left) & (factor == 1.0)
    issued[same] = left[same]
    determined = np.isnan(factor) & (issued > 0) & ~np.isnan(left)
    factor[determined] = [tidy(a / b) for a, b in zip(left[determined], issued[determined], strict=True)]
    # Cash and repo have no factor to speak of, and a bullet repays everything at its end. That says nothing of
    # the amounts: face that was put back is cancelled.
    whole = np.isin(universe.column("product"), UNIT_PRICE_PRODUCTS) | (universe.column("repayment") == "bullet")
    factor[np.isnan(factor) & whole] = 1.0
    for name, values in (("issue_size", issued), ("outstanding", left), ("factor", factor)):
        filled = np.isnan(before[name]) & ~np.isnan(values)
        if filled.any():
            table[name] = as_series(values)
            mixed = universe.label(name).copy()
            mixed[filled] = "derived"
            labels[name] = "derived" if filled.all() else mixed
