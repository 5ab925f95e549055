"""Powers of two that bring yuan and rates to the size solvers' absolute tolerances are meant for; exact both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from absalloc.solve.csr import Csr, Floats
from absalloc.solve.problem import CONTINUOUS, Problem


@dataclass(frozen=True, eq=False)
class Scaled:
    """A program with ``x = col·x'``, rows and cost multiplied by ``row`` and ``cost``."""

    c: Floats
    A: Csr
    row_lower: Floats
    row_upper: Floats
    col_lower: Floats
    col_upper: Floats
    row: Floats
    col: Floats
    cost: float
    integrality: Any
    offset: float

    @property
    def problem(self) -> Problem:
        """The scaled program as a Problem, offset included."""
        return Problem(
            self.c,
            self.A,
            self.row_lower,
            self.row_upper,
            self.col_lower,
            self.col_upper,
            self.integrality,
            offset=self.offset,
        )

    def x(self, scaled: Floats) -> Floats:
        """Return the point in the units of the problem."""
        return scaled * self.col

    def y(self, scaled: Floats) -> Floats:
        """Return the row duals in the units of the problem."""
        return scaled * self.row / self.cost


def _power(value: float | Floats) -> Any:
    return np.exp2(np.round(np.log2(value)).clip(-60, 60))


def _typical(values: Floats) -> float:
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.median(sizes)) if len(sizes) else 0.0


def scale(problem: Problem) -> Scaled:
    """Return the scaled program. Integer columns keep their unit, since one must stay one."""
    plain = problem.integrality == CONTINUOUS
    size = _typical(np.concatenate((problem.col_upper[plain], problem.col_lower[plain])))
    size = size or _typical(np.concatenate((problem.row_upper, problem.row_lower))) or 1.0
    col = np.where(plain, _power(size), 1.0)
    A = problem.A
    data = A.data * col[A.indices]
    filled = np.diff(A.indptr) > 0
    row = np.ones(problem.m)
    if filled.any():
        row[filled] = 1.0 / _power(np.maximum.reduceat(np.abs(data), A.indptr[:-1][filled]))
    cost = problem.c * col
    top = float(np.abs(cost).max(initial=0.0))
    factor = float(1.0 / _power(top)) if top > 0 else 1.0
    return Scaled(
        c=cost * factor,
        A=Csr(A.indptr, A.indices, data * np.repeat(row, np.diff(A.indptr)), A.shape),
        row_lower=problem.row_lower * row,
        row_upper=problem.row_upper * row,
        col_lower=problem.col_lower / col,
        col_upper=problem.col_upper / col,
        row=row,
        col=col,
        cost=factor,
        integrality=problem.integrality,
        offset=problem.offset * factor,
    )
