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


def power(value: float | Floats) -> Any:
    """Return the power of two nearest to ``value`` (on a logarithmic scale)."""
    return np.exp2(np.round(np.log2(value)).clip(-60, 60))


def _typical(values: Floats) -> float:
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.median(sizes)) if len(sizes) else 0.0


def typical_amount(problem: Problem) -> float:
    """Return the median size of the bounds of continuous columns, else of rows, else 1."""
    plain = problem.integrality == CONTINUOUS
    columns = _typical(np.concatenate((problem.col_upper[plain], problem.col_lower[plain])))
    return columns or _typical(np.concatenate((problem.row_upper, problem.row_lower))) or 1.0


def scale(problem: Problem) -> Scaled:
    """Return the scaled program. Integer columns keep their unit, since one must stay one."""
    col = np.where(problem.integrality == CONTINUOUS, power(typical_amount(problem)), 1.0)
    A = problem.A
    data = A.data * col[A.indices]
    greatest = Csr(A.indptr, A.indices, data, A.shape).greatest()
    row = 1.0 / power(np.where(greatest > 0, greatest, 1.0))
    cost = problem.c * col
    top = float(np.abs(cost).max(initial=0.0))
    factor = float(1.0 / power(top)) if top > 0 else 1.0
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
