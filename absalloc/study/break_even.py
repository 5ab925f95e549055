"""Break-even widening: how far spreads may widen before a book earns no more than its benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from absalloc.cashflow import CurveSet, ValuationSettings
from absalloc.cashflow.arrays import rounded
from absalloc.cashflow.facts import Notes, line_facts
from absalloc.cashflow.schedules import Flows
from absalloc.cashflow.yields import compounding, continuous
from absalloc.errors import BadInput
from absalloc.rows import BookState
from absalloc.stress.revalue import Line, base_lines
from absalloc.study.shocked import mean
from absalloc.terms import ABS_PRODUCTS

LOW, HIGH = -0.05, 0.50
STEPS = 60


def break_even_spread(
    state: BookState,
    *,
    months: int = 12,
    benchmark: float | None = None,
    curves: CurveSet | None = None,
    reinvest: float | None = None,
    settings: ValuationSettings | None = None,
) -> float | None:
    """Return the widening of all ABS spreads at which their total return over ``months`` equals the benchmark's.

    ``benchmark``: annual return as a decimal; without it the government yield of ``curves`` at the sleeve's duration.
    ``reinvest``: annual rate on cash received, by default the benchmark's.
    Spreads widen at once and stay. None where the book holds no ABS that
    can be revalued, or where no widening between -500 and +5000 bp does. Raises BadInput without benchmark or curves.
    """
    chosen = settings or ValuationSettings()
    base = _base(state, chosen)
    weights = _weights(state, base)
    if not weights.any():
        return None
    yearly = benchmark_of(state, benchmark, curves)
    again, target = yearly if reinvest is None else reinvest, yearly * months / 12.0
    periods = compounding(base.flows, chosen.compounding)

    def gap(spread: float) -> float:
        rate = continuous(base.flows, base.yield_ + spread, periods)
        value = horizon_value(base.flows, rate, months / 12.0, again)
        with np.errstate(invalid="ignore", divide="ignore"):
            gained = np.where(weights > 0, value / base.dirty - 1.0, 0.0)
        return float(weights @ gained) / float(weights.sum()) - target

    return _root(gap)


def horizon_value(flows: Flows, rate: np.ndarray, years: float, reinvest: float) -> np.ndarray:
    """Return what a line is worth after ``years``, payments until then included, per 100 of remaining face."""
    discount = np.exp(-rate[flows.line] * (flows.times - years))
    grown = (1.0 + reinvest) ** np.maximum(years - flows.times, 0.0)
    return flows.total(flows.cash * np.where(flows.times > years, discount, grown))


def sleeve_weights(state: BookState, settings: ValuationSettings | None = None) -> np.ndarray:
    """Return the market value (rows,) of the ABS held that can be revalued, yuan; 0 elsewhere."""
    return _weights(state, _base(state, settings or ValuationSettings()))


def _base(state: BookState, settings: ValuationSettings) -> Line:
    facts = line_facts(state.universe, state.as_of, settings, Notes(len(state.universe.table)))
    return base_lines(state.universe, facts, settings)


def _weights(state: BookState, base: Line) -> np.ndarray:
    weights = np.zeros(len(state.universe.table))
    for name, face in state.held.items():
        row = state.index.get(name)
        if row is None or state.product[row] not in ABS_PRODUCTS or not np.isfinite(base.rate[row]):
            continue
        low, high = state.unit("market_value", row)
        weights[row] = float(low * face) if low == high else 0.0
    return weights


def benchmark_of(state: BookState, benchmark: float | None, curves: CurveSet | None) -> float:
    """Return an annual return: as given, or the government yield at the sleeve's duration. Raises BadInput."""
    if benchmark is not None:
        return benchmark
    if curves is None or "government" not in curves:
        raise BadInput("study.no_benchmark", value="benchmark")
    duration = mean(state, "modified_duration", ABS_PRODUCTS)
    return float(curves["government"].at(duration or 0.0))


def _root(gap: Callable[[float], float]) -> float | None:
    low, high = LOW, HIGH
    first, last = gap(low), gap(high)
    if not (np.isfinite(first) and np.isfinite(last)) or first < 0 or last > 0:
        return None
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gap(middle) > 0 else (low, middle)
    return float(rounded(np.array([0.5 * (low + high)]), 10)[0])
