"""Shocks of schedules: prepayment speeds and lives, as other facts of the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from absalloc.cashflow.daycount import add_months
from absalloc.cashflow.facts import Facts, Notes
from absalloc.cashflow.speeds import smm_from_cpr
from absalloc.errors import BadInput
from absalloc.stress.load import Scenario
from absalloc.stress.models import Life, Speed
from absalloc.stress.select import select
from absalloc.universe.model import Universe

VECTOR_MONTHS = 720


POOLED = ("speeds", "defaults", "support", "revenue")
"""Shocks of pools and their supporters, which other lines than ABS do not have."""


def choose_lines(universe: Universe, where: Any, notes: Notes, topic: str) -> np.ndarray:
    """Return the lines a shock strikes; those a missing value leaves open are noted and not struck."""
    sure, open_ = select(universe, where)
    if topic in POOLED:
        securities, _ = select(universe, None)
        sure, open_ = sure & securities, open_ & securities
    notes.add(open_, f"unclear:{topic}")
    return sure


def idle_shocks(universe: Universe, scenario: Scenario) -> tuple[str, ...]:
    """Return the shocks that strike no line for certain, as ``key[number]``, numbers from 1: often a misspelt value."""
    keyed = [("spreads", scenario.spreads), *scenario.parts]
    found = []
    for key, shocks in keyed:
        for number, shock in enumerate(shocks, start=1):
            if not choose_lines(universe, shock.where, Notes(len(universe.table)), key).any():
                found.append(f"{key}[{number}]")
    return tuple(found)


def monthly_rates(steps: Sequence[tuple[float, int | None]], multiple: float = 1.0) -> np.ndarray:
    """Return monthly rates, month 1 first, of annual ``steps`` (rate, months); the last step lasts.

    Raises BadInput where the multiple takes a rate above 100 %.
    """
    annual = np.empty(VECTOR_MONTHS)
    at = 0
    for rate, months in steps:
        stop = VECTOR_MONTHS if months is None else min(at + months, VECTOR_MONTHS)
        annual[at:stop] = rate * multiple
        at = stop
    annual[at:] = steps[-1][0] * multiple
    if (annual > 1.0).any():
        raise BadInput("stress.speed_above_one", value=f"{annual.max():.1%}", expected="0 % - 100 %")
    return np.asarray(smm_from_cpr(annual))


def _speed_steps(shock: Speed) -> list[tuple[float, int | None]]:
    if shock.cpr is not None:
        return [(float(shock.cpr), None)]
    return [(float(step.cpr), step.months) for step in shock.steps or ()]


def with_speeds(facts: Facts, universe: Universe, scenario: Scenario, notes: Notes) -> Facts:
    """Return the facts under the scenario's speeds. They touch pass-through lines only; the last one counts."""
    cpr, row = facts.cpr.copy(), np.full(facts.cpr.size, -1, np.int64)
    vectors: list[np.ndarray] = []
    for shock in scenario.part("speeds"):
        hit = choose_lines(universe, shock.where, notes, "speeds")
        pool = hit & facts.schedulable & (facts.repayment == "pass_through")
        notes.add(hit & facts.schedulable & ~pool, "speed_untouched")
        if shock.multiple is not None:
            faster = facts.cpr * float(shock.multiple)
            if (faster[pool] > 1.0).any():
                raise BadInput("stress.speed_above_one", value=f"{faster[pool].max():.1%}", expected="0 % - 100 %")
            cpr[pool], row[pool] = faster[pool], -1
        else:
            smm = monthly_rates(_speed_steps(shock))
            vectors.append(np.concatenate(([1.0], np.cumprod(1.0 - smm))))
            row[pool] = len(vectors) - 1
        notes.add(pool, "speed")
    if not vectors:
        return replace(facts, cpr=cpr)
    return replace(facts, cpr=cpr, survival=np.array(vectors), survival_row=row)


def with_lives(facts: Facts, universe: Universe, scenario: Scenario, notes: Notes) -> Facts:
    """Return the facts with puts exercised or not, delays and early redemptions; later shocks build on earlier."""
    end, maturity = facts.end.copy(), facts.maturity.copy()
    for shock in scenario.part("life"):
        hit = choose_lines(universe, shock.where, notes, "life") & facts.schedulable
        if shock.to is not None:
            _turn(shock, facts, hit, end, maturity, notes)
        elif shock.delay is not None:
            moved = end == maturity
            end[hit] = add_months(end[hit], shock.delay)
            # A delay of the put leaves the maturity where it is.
            maturity[hit & moved] = add_months(maturity[hit & moved], shock.delay)
            notes.add(hit, f"delay:{shock.delay}")
        else:
            call = add_months(facts.as_of, shock.call)
            sooner = hit & (end > call)
            end[sooner] = call
            notes.add(sooner, f"call:{shock.call}")
    return replace(facts, end=end, maturity=maturity)


def _turn(shock: Life, facts: Facts, hit: np.ndarray, end: np.ndarray, maturity: np.ndarray, notes: Notes) -> None:
    has = hit & ~np.isnat(facts.put)
    target = maturity if shock.to == "maturity" else facts.put
    changed = has & (end != target) & ~np.isnat(target)
    end[changed] = target[changed]
    notes.add(changed, f"basis:{shock.to}")
