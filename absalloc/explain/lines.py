"""What a question about one line does to the program: bar it, force it in, pay more or less for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.explain.model import Adjust
from absalloc.plan.builder import MILLION
from absalloc.plan.lines import PlanLines
from absalloc.plan.program import Program
from absalloc.plan.trades import Legs
from absalloc.solve import Problem


def without_line(p: int) -> Adjust:
    """Return what bars a line: none bought, all of it sold (where nothing else makes that impossible)."""

    def adjust(program: Program) -> Problem:
        low, high = program.problem.col_lower.copy(), program.problem.col_upper.copy()
        legs = program.legs
        if legs.buy[p] >= 0:
            high[legs.buy[p]] = 0.0
        for leg in (legs.sell[p], legs.odd[p]):
            if leg >= 0:
                low[leg] = high[leg]
        return replace(program.problem, col_lower=low, col_upper=high)

    return adjust


def with_line(p: int, units: float) -> Adjust:
    """Return what forces at least ``units`` of a line's buy column in."""

    def adjust(program: Program) -> Problem:
        low = program.problem.col_lower.copy()
        low[program.legs.buy[p]] = units
        return replace(program.problem, col_lower=low)

    return adjust


def paying(p: int, more: float) -> Adjust:
    """Return what lets a line yield ``more`` (a decimal) than it does."""

    def adjust(program: Program) -> Problem:
        return paid(program.problem, program.legs, program.lines, p, more)

    return adjust


def paid(problem: Problem, legs: Legs, lines: PlanLines, p: int, more: float) -> Problem:
    """Return a program in which a line yields ``more`` than it does, a year on its market value."""
    cost = np.array(problem.c)
    size = float(lines.lot[p]) if lines.lot[p] > 1.0 else MILLION
    for leg, sign in ((legs.buy[p], -1.0), (legs.sell[p], 1.0)):
        if leg >= 0:
            cost[leg] += sign * more * float(lines.worth[p]) * size / MILLION
    return replace(problem, c=cost)
