"""The columns of a program at the faces of a plan, exact: trades as rounded, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.plan.program import Program
from absalloc.plan.recheck import Outlook
from absalloc.plan.rounding import traded
from absalloc.rows import BookState
from absalloc.solve import Outcome, SolveSettings, solve_problem
from absalloc.units import exact

MILLION_EXACT = 10**6


def settled(
    program: Program, state: BookState, outcome: Outcome, outlooks: Sequence[Outlook], settings: SolveSettings
) -> Outcome | None:
    """Return the outcome with the switches that go with the exact faces and sales; None where none do.

    A redemption may be solved without its order of sale; in the order it has, other switches may be on.
    """
    point = np.array([float(value) for value in exact_point(program, state, outcome, outlooks)])
    problem = program.problem
    free = np.array([column.leg == "on" for column in program.builder.columns], dtype=bool)
    low, high = np.where(free, problem.col_lower, point), np.where(free, problem.col_upper, point)
    found = solve_problem(replace(problem, col_lower=low, col_upper=high), "highs", settings)
    return None if found.x is None else replace(outcome, x=found.x)


def exact_point(
    program: Program, state: BookState, outcome: Outcome, outlooks: Sequence[Outlook] = ()
) -> list[Fraction]:
    """Return the program's columns at the faces of the plan: what was rounded, not what the solver returned."""
    assert outcome.x is not None
    before = state.before or {}
    point = [Fraction(0)] * len(program.builder.columns)
    for j, meaning in enumerate(program.builder.columns):
        if meaning.leg == "on":
            value = float(outcome.x[j])
            point[j] = Fraction(round(value)) if program.builder.whole[j] else exact(float(f"{value:.12g}"))
    for outlook in outlooks:
        _after(program, state, outlook, point)
    ids, known = program.lines.positions.ids, {*state.held, *before}
    some = traded(program.legs, outcome.x) | np.array([name in known for name in ids], dtype=bool)
    for p in np.flatnonzero(some).tolist():
        name = ids[p]
        change = state.held.get(name, Fraction(0)) - before.get(name, Fraction(0))
        _legs(program, p, change, outcome.x, point)
    return point


def _after(program: Program, state: BookState, outlook: Outlook, point: list[Fraction]) -> None:
    """Fill in what follows from the faces in one scenario: net assets, sales for a redemption, which lines these empty.

    The columns of a scenario stand in order of sale.
    """
    nav, scenario = state.mandate.amount("nav"), outlook.scenario
    base = nav if nav is not None else state.mandate.amount("total_assets")
    known = {f"net assets in {scenario}": (base or 0) + outlook.gain}
    known[f"{scenario} leaves unpaid"] = outlook.redeemed.unpaid
    gone = True
    for j, meaning in enumerate(program.builder.columns):
        if meaning.leg != "after":
            continue
        name = "" if meaning.position < 0 else program.lines.positions.ids[meaning.position]
        if meaning.name in known:
            point[j] = known[meaning.name] / MILLION_EXACT
        elif meaning.name == f"{scenario} sells {name}":
            point[j] = outlook.redeemed.sold.get(name, Fraction(0)) / MILLION_EXACT
        elif meaning.name == f"{scenario} empties {name}":
            gone = gone and name not in outlook.state.held
            point[j] = Fraction(int(gone))


def _legs(program: Program, p: int, change: Fraction, x: Any, point: list[Fraction]) -> None:
    legs = program.legs
    bought, sold, odd = int(legs.buy[p]), int(legs.sell[p]), int(legs.odd[p])
    columns = program.builder.columns
    if odd >= 0:
        point[odd] = Fraction(round(float(x[odd])))
        change += point[odd] * exact(columns[odd].size)
    if bought >= 0 and program.builder.whole[bought]:
        # A line may be bought and sold in one plan only where that is free; both legs are kept as solved.
        point[bought] = Fraction(round(float(x[bought])))
        change -= point[bought] * exact(columns[bought].size)
        if sold >= 0:
            point[sold] = -change / exact(columns[sold].size)
        return
    leg = bought if change > 0 else sold
    if leg >= 0:
        point[leg] = abs(change) / exact(columns[leg].size)
