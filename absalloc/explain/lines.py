"""What a question about one line does to the program: bar it, force it in, pay more or less for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.explain.model import Adjust
from absalloc.plan.builder import MILLION
from absalloc.plan.program import Program
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
    """Return what forces some of a line in: at least ``units`` of its buy column, or a piece of what is held kept."""

    def adjust(program: Program) -> Problem:
        if program.lines.held[p] > 0:
            return _kept(program, p)
        low = program.problem.col_lower.copy()
        low[program.legs.buy[p]] = units
        return replace(program.problem, col_lower=low)

    return adjust


def _kept(program: Program, p: int) -> Problem:
    """Return the program in which not all that is held of a line is sold: a lot, the odd rest or a yuan stays."""
    from scipy.sparse import csr_matrix, vstack

    problem, held = program.problem, float(program.lines.held[p])
    cols = [leg for leg in (int(program.legs.sell[p]), int(program.legs.odd[p])) if leg >= 0]
    sizes = np.array([program.builder.columns[leg].size for leg in cols])
    pieces = [size if program.builder.whole[leg] else 1.0 for leg, size in zip(cols, sizes, strict=True)
              if problem.col_upper[leg] > 0]  # fmt: skip
    row = csr_matrix((sizes / MILLION, (np.zeros(len(cols), dtype=int), cols)), shape=(1, problem.n))
    return replace(
        problem, A=vstack([problem.A.to_scipy(), row]).tocsr(), row_lower=np.append(problem.row_lower, -np.inf),
        row_upper=np.append(problem.row_upper, (held - min(pieces, default=0.0)) / MILLION), row_names=None,
    )  # fmt: skip


def paying(p: int, more: float) -> Adjust:
    """Return what lets a yuan of a line earn ``more`` (a decimal) than it does, a year on its market value."""

    def adjust(program: Program) -> Problem:
        lines, legs = program.lines, program.legs
        cost, yuan = np.array(program.problem.c), more * float(lines.worth[p]) / MILLION
        for leg, sign in ((legs.buy[p], -1.0), (legs.sell[p], 1.0), (legs.odd[p], 1.0)):
            if leg >= 0:
                cost[leg] += sign * yuan * program.builder.columns[leg].size
        return replace(program.problem, c=cost, offset=program.problem.offset - yuan * float(lines.held[p]))

    return adjust
