"""Write stressed numbers back into the universe; numbers as exact decimals, never NaN where the base had a value."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from absalloc.cashflow.arrays import choose, rounded
from absalloc.cashflow.facts import DAYS_A_YEAR, Facts
from absalloc.cashflow.schedules import build_flows
from absalloc.cashflow.settings import ValuationSettings
from absalloc.cashflow.yields import annual, compounding, solve_rate
from absalloc.terms import COLUMNS
from absalloc.units import tidy
from absalloc.universe.model import Universe, as_series


def fill_stressed(
    universe: Universe,
    facts: tuple[Facts, Facts],
    found: Mapping[str, np.ndarray],
    settings: ValuationSettings,
    codes: tuple[tuple[str, ...], ...],
) -> Universe:
    """Return the universe with stressed columns, labelled ``stressed`` on the lines that moved.

    ``facts``: before and after; ``found``: ``dirty`` per 100, ``shift`` and ``spread`` decimals, ``wal`` and
    ``duration`` years; ``codes``: the notes of each line.
    """
    dirty = found["dirty"]
    accrued = np.asarray(universe.column("accrued") if "accrued" in universe.table.columns else np.zeros(dirty.size))
    accrued = rounded(np.minimum(np.nan_to_num(accrued.astype(float)), dirty), 8)
    clean = rounded(dirty - accrued, 8)
    limits = COLUMNS["yield"]
    shifted = rounded(np.asarray(universe.column("yield"), float) + np.nan_to_num(found["shift"]), 10)
    columns: dict[str, np.ndarray] = {
        "dirty_price": dirty,
        "accrued": accrued,
        "clean_price": clean,
        "yield": np.clip(shifted, limits.low, limits.high),
        "spread": rounded(np.asarray(universe.column("spread"), float) + found["spread"], 10),
        "wal": found["wal"],
        "modified_duration": found["duration"],
        **_extension(universe, facts[1], clean, settings),
        **_terms(universe, *facts),
    }
    old_codes = universe.column("assumptions") if "assumptions" in universe.table.columns else np.full(dirty.size, "")
    columns["assumptions"] = np.array(
        ["; ".join([*([str(old)] if old else []), *new]) for old, new in zip(old_codes.tolist(), codes, strict=True)],
        object,
    )
    labels = {**universe.labels}
    for name, values in columns.items():
        old = universe.column(name) if name in universe.table.columns else np.full(dirty.size, None)
        labels[name] = choose(_differs(old, values), "stressed", universe.label(name))
    series = {name: as_series(values) for name, values in columns.items()}
    return universe.replace(table=universe.table.assign(**series), labels=labels)


def _differs(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    if old.dtype.kind == "f" and new.dtype.kind == "f":
        return np.asarray(~((old == new) | (np.isnan(old) & np.isnan(new))))
    pairs = zip(old.tolist(), new.tolist(), strict=True)
    return np.array([not (a == b or (a is None and b is None)) for a, b in pairs], bool)


def _extension(
    universe: Universe, after: Facts, clean: np.ndarray, settings: ValuationSettings
) -> dict[str, np.ndarray]:
    """Return life and yield to maturity of the lines with a put, at the stressed price."""
    if "extension_yield" not in universe.table.columns:
        return {}
    longer = build_flows(after.at_maturity())
    has = (longer.payments() > 0) & np.isfinite(after.coupon)
    dirty = np.where(has, clean + np.nan_to_num(longer.accrued), np.nan)
    found = rounded(annual(longer, solve_rate(longer, dirty), compounding(longer, settings.compounding)), 10)
    limits = COLUMNS["yield"]
    old = np.asarray(universe.column("extension_yield"), float)
    return {
        "extension_wal": np.where(has, rounded(longer.average_life(), 8), universe.column("extension_wal")),
        "extension_yield": np.where(np.isfinite(found), np.clip(found, limits.low, limits.high), old),
    }


def _terms(universe: Universe, before: Facts, after: Facts) -> dict[str, np.ndarray]:
    """Return maturity, its derived days and the basis, where the scenario changed them."""
    end_moved = (before.end != after.end) & ~np.isnat(after.end)
    if not end_moved.any():
        return {}
    to_put = ~np.isnat(after.put) & (after.end == after.put)
    # A call or a delay of the end moves the expected maturity; a put not exercised does not.
    maturity = np.where(end_moved & ~to_put & (after.end != before.maturity), after.end, before.maturity)
    moved = (maturity != before.maturity) & ~np.isnat(maturity)
    basis = choose(
        end_moved & ~np.isnat(after.put), np.where(to_put, "put", "maturity"), universe.column("yield_basis")
    )
    found: dict[str, np.ndarray] = {"yield_basis": basis}
    if not moved.any():
        return found
    days = (maturity - before.as_of).astype(float)
    dates = universe.column("expected_maturity").astype("datetime64[s]")
    dates[moved] = maturity[moved].astype("datetime64[s]")
    found["expected_maturity"] = dates
    if "days_to_maturity" in universe.table.columns:
        found["days_to_maturity"] = np.where(moved, days, universe.column("days_to_maturity"))
        years = np.array([tidy(day / DAYS_A_YEAR) if day == day else np.nan for day in days.tolist()])
        found["remaining_term"] = np.where(moved, years, universe.column("remaining_term"))
    return found
