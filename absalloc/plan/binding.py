"""Which rules stop a plan: those with a row at its bound."""

from __future__ import annotations

import numpy as np

from absalloc.plan.builder import Builder, RowOf, speaks
from absalloc.plan.program import Program
from absalloc.solve import Outcome, Problem
from absalloc.solve.csr import Csr


def bars(A: Csr, upper: np.ndarray) -> np.ndarray:
    """Say of each row whether it only keeps columns at nil: nothing counts against the others, and there is no room."""
    return np.asarray((upper == 0) & (least_entries(A) >= 0))


def least_entries(A: Csr) -> np.ndarray:
    """Return the least entry of each row, infinite for a row without any: shape (m,)."""
    found = np.full(A.shape[0], np.inf)
    filled = np.diff(A.indptr) > 0
    if filled.any():
        found[filled] = np.minimum.reduceat(A.data, A.indptr[:-1][filled])
    return found


def tight(program: Program, outcome: Outcome, *, lots: bool = False) -> tuple[str, ...]:
    """Return the rules with a row at its bound; with ``lots`` a row a whole lot short of it is at its bound too."""
    found = tight_rows(program.problem, program.builder, outcome, lots=lots)
    return tuple(dict.fromkeys(str(row.rule) for row in found))


def tight_rows(problem: Problem, builder: Builder, outcome: Outcome, *, lots: bool) -> list[RowOf]:
    """Return the rows of rules at their bounds.

    A row that lets nothing in (a limit of nil) bars lines, as an eligibility rule does; nothing of it is used up.
    """
    if outcome.row_activity is None or outcome.x is None:
        return []
    at, columns = np.asarray(outcome.row_activity), builder.columns
    step = max((c.size for c in columns if c.leg == "buy" and c.size < 1e6), default=0.0) / 1e6 if lots else 0.0
    found = np.zeros(len(at), dtype=bool)
    for bound in (problem.row_upper, problem.row_lower):
        width = 1e-7 * np.maximum(1.0, np.where(np.isfinite(bound), np.abs(bound), 1.0))
        found |= np.abs(at - bound) <= width + step
    found &= ~bars(problem.A, problem.row_upper)
    return [row for row, on in zip(builder.rows, found, strict=False) if on and row.rule and speaks(row.name)]
