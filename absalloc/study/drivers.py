"""Break-even of a book by one driver: the widening, CPR or CDR at which it earns its benchmark, or a rule breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from absalloc.cashflow import CurveSet
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.rows import BookState
from absalloc.stress import Move, Scenario, Stressed, stress_universe
from absalloc.stress.models import PoolDefault, Speed, Title
from absalloc.study.break_even import benchmark_of, sleeve_weights
from absalloc.study.shocked import after_shock

Driver = Literal["spread", "cpr", "cdr"]
DRIVERS: tuple[Driver, ...] = ("spread", "cpr", "cdr")
GRID: dict[Driver, tuple[float, ...]] = {
    "spread": (0.0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.10, 0.20),
    "cpr": (0.0, 0.05, 0.10, 0.20, 0.30, 0.40, 0.60, 0.80, 0.95),
    "cdr": (0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64),
}
"""Values looked at, up; between two of them the crossing is halved down."""
STEP: dict[Driver, float] = {"spread": 1e-5, "cpr": 1e-4, "cdr": 1e-4}
RULE_STEP: dict[Driver, float] = {"spread": 1e-4, "cpr": 1e-3, "cdr": 1e-3}
SEVERITY = 0.6
"""Of a defaulted balance, lost; the assumption of the shipped scenarios."""


@dataclass(frozen=True)
class BreakEven:
    """One driver of one book.

    ``earns``: where the sleeve's total return meets the benchmark's; ``breaks``: the least value found at which a hard
    rule fails that passes today, and its ``finding``; None where no value looked at does.
    """

    driver: Driver
    earns: float | None
    breaks: float | None
    finding: Finding | None


@dataclass(frozen=True)
class _Book:
    state: BookState
    months: int
    benchmark: float
    curves: CurveSet | None

    def stressed(self, driver: Driver, value: float) -> Stressed:
        """Return the universe with the driver at a value for good, cash earning the benchmark."""
        scenario = driver_scenario(driver, value, self.months, self.benchmark)
        state = self.state
        return stress_universe(state.universe, scenario, state.as_of, curves=self.curves)

    def earns_less(self, driver: Driver, weights: np.ndarray, value: float) -> bool:
        """Say whether the sleeve's total return over the months is below the benchmark's."""
        found = self.stressed(driver, value)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = np.where(weights > 0, found.total / found.base, 0.0)
        return float(weights @ each) / float(weights.sum()) < self.benchmark * self.months / 12.0

    def breaks(self, driver: Driver, holds: frozenset[str], value: float) -> bool:
        """Say whether one of the rules fails at a value."""
        return self.broken(driver, holds, value) is not None

    def broken(self, driver: Driver, holds: frozenset[str], value: float) -> Finding | None:
        """Return the first hard rule that fails at a value and passes today."""
        after = after_shock(self.state, self.stressed(driver, value))[0]
        found = evaluate_exact([after], rules=holds)
        return next((item for item in found if item.verdict == "fail" and item.level == "hard"), None)


def driver_scenario(driver: Driver, value: float, months: int, reinvest: float) -> Scenario:
    """Return the scenario in which one driver stands at ``value`` for all ABS (a CPR: for pass-throughs)."""
    title = Title(en=f"{driver} {value:.4%}", zh=f"{driver} {value:.4%}")
    made = Scenario(f"{driver}-{value:.6f}", title, (), horizon=months, reinvest=reinvest)
    if driver == "spread":
        return replace(made, spreads=(Move((1.0,), (value,)),))
    written = f"{value:.8%}"
    if driver == "cpr":
        return replace(made, parts=(("speeds", (Speed.model_validate({"cpr": written}),)),))
    pool = PoolDefault.model_validate({"cdr": written, "severity": f"{SEVERITY:%}"})
    return replace(made, parts=(("defaults", (pool,)),))


def break_evens(
    state: BookState,
    *,
    months: int = 12,
    benchmark: float | None = None,
    curves: CurveSet | None = None,
    drivers: Sequence[Driver] = DRIVERS,
    step: Callable[[], Any] = lambda: None,
) -> tuple[BreakEven, ...]:
    """Return the break-evens of a book, one a driver; ``step`` is called after each value looked at.

    The benchmark is an annual return, by default the government yield of ``curves`` at the sleeve's duration. Between
    the values of ``GRID`` a crossing and back would be missed. Raises BadInput without benchmark or curves.
    """
    yearly = benchmark_of(state, benchmark, curves)
    book = _Book(state, months, yearly, curves)
    weights = sleeve_weights(state)
    now = evaluate_exact([replace(state, before=dict(state.held))])
    fails = {item.rule for item in now if item.verdict != "pass"}
    holds = frozenset(item.rule for item in now if item.level == "hard" and item.rule not in fails)
    found = []
    for driver in drivers:
        earns = _crossing(driver, partial(book.earns_less, driver, weights), STEP, step) if weights.any() else None
        breaks = _crossing(driver, partial(book.breaks, driver, holds), RULE_STEP, step)
        finding = None if breaks is None else book.broken(driver, holds, breaks)
        found.append(BreakEven(driver, earns, breaks, finding))
    return tuple(found)


def _crossing(
    driver: Driver, crossed: Callable[[float], bool], steps: dict[Driver, float], step: Callable[[], Any]
) -> float | None:
    """Return the least value found at which ``crossed`` is true, to a step; None for nowhere, 0 for at once."""
    low: float | None = None
    for value in GRID[driver]:
        step()
        if crossed(value):
            if low is None:
                return 0.0
            high = value
            break
        low = value
    else:
        return None
    while high - low > steps[driver]:
        middle = 0.5 * (low + high)
        step()
        low, high = (low, middle) if crossed(middle) else (middle, high)
    return round(high, 8)
