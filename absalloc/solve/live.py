"""The part of an LP that lives in HiGHS, in scaled units, and how it follows the whole program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve.csr import Floats
from absalloc.solve.fast_csr import FastCsr, Index
from absalloc.solve.highs import RESETTING
from absalloc.solve.problem import Problem
from absalloc.solve.scaling import scale


class _Standing(Problem):
    """A Problem on the arrays of a ``Whole``, which are checked as they move and not each time anew."""

    def __post_init__(self) -> None:
        pass


class Whole:
    """An LP whose numbers move, as arrays: the whole of what a ``Part`` is a part of."""

    def __init__(self, problem: Problem) -> None:
        A = problem.A
        self.A = FastCsr(A.indptr, A.indices, A.data.copy(), A.shape)
        self.c, self.offset = problem.c.copy(), problem.offset
        self.row_lower, self.row_upper = problem.row_lower.copy(), problem.row_upper.copy()
        self.col_lower, self.col_upper = problem.col_lower.copy(), problem.col_upper.copy()
        self._kinds = problem.integrality

    @property
    def problem(self) -> Problem:
        """The program as it stands now; its matrix is shared and moves with the next change."""
        return Problem(
            self.c, self.A, self.row_lower, self.row_upper, self.col_lower, self.col_upper, offset=self.offset
        )

    @property
    def standing(self) -> Problem:
        """The program as it stands now, all of it shared: it moves with the next change."""
        return _Standing(
            self.c, self.A, self.row_lower, self.row_upper, self.col_lower, self.col_upper, self._kinds,
            offset=self.offset,
        )  # fmt: skip


@dataclass(frozen=True)
class _Units:
    row: Floats
    col: Floats
    cost: float


class Part:
    """Some rows and columns of an LP in one HiGHS object; the other columns rest, the other rows are open."""

    def __init__(self, lp: Whole, rows: Index, columns: Index, rest: Floats) -> None:
        made = scale(lp.problem)
        self.units = _Units(made.row, made.col, made.cost)
        self.rest = rest
        self.rows, self.columns = rows, columns
        self.cost_moved = self.columns_moved = self.rows_moved = False
        self.entries_moved: set[int] = set()
        self.grown = False
        self.highs = empty_highs()
        self._number(lp)
        self._load(lp)

    def _number(self, lp: Whole) -> None:
        self.spot = np.full(lp.A.shape[1], -1, dtype=np.int32)
        self.spot[self.columns] = np.arange(len(self.columns), dtype=np.int32)
        self.row_at = {int(row): i for i, row in enumerate(self.rows)}

    def _load(self, lp: Whole) -> None:
        import highspy

        model = highspy.HighsLp()
        n, m = len(self.columns), len(self.rows)
        model.num_col_, model.num_row_ = n, m
        model.col_cost_ = self._cost(lp)
        model.col_lower_, model.col_upper_ = self._column_ends(lp, self.columns)
        model.row_lower_, model.row_upper_ = self._row_ends(lp, self.rows)
        matrix = self._scaled(lp.A.block(self.rows, self.columns), self.rows, self.columns)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.num_col_, model.a_matrix_.num_row_ = n, m
        model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
        model.a_matrix_.value_ = matrix.data
        if self.highs.passModel(model) == highspy.HighsStatus.kError:
            raise InternalError("solve.model_refused", solver="highs")

    def _cost(self, lp: Whole) -> Floats:
        return np.asarray(lp.c[self.columns] * self.units.col[self.columns] * self.units.cost)

    def _column_ends(self, lp: Whole, columns: Index) -> tuple[Floats, Floats]:
        size = self.units.col[columns]
        return lp.col_lower[columns] / size, lp.col_upper[columns] / size

    def _row_ends(self, lp: Whole, rows: Index) -> tuple[Floats, Floats]:
        moved = self._away(lp)[rows] if self._resting_somewhere() else 0.0
        size = self.units.row[rows]
        return (lp.row_lower[rows] - moved) * size, (lp.row_upper[rows] - moved) * size

    def _resting_somewhere(self) -> bool:
        return bool(self.rest.any())

    def _away(self, lp: Whole) -> Floats:
        return lp.A.times(np.where(self.spot < 0, self.rest, 0.0))

    def _scaled(self, matrix: Any, rows: Index, columns: Index) -> Any:
        matrix = matrix.tocsr()
        matrix.sort_indices()
        lengths = np.diff(matrix.indptr)
        matrix.data = matrix.data * np.repeat(self.units.row[rows], lengths) * self.units.col[columns][matrix.indices]
        return matrix

    def run(self, lp: Whole) -> tuple[str, Floats, Floats] | None:
        """Bring the part up to date and solve it: (optimal, x, y) or (infeasible, rest, ray); None for neither."""
        import highspy

        self._follow(lp)
        self.grown = False
        with RESETTING:
            self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            solution = self.highs.getSolution()
            x = self.rest.copy()
            x[self.columns] = np.asarray(solution.col_value) * self.units.col[self.columns]
            return "optimal", x, self._all_rows(lp, np.asarray(solution.row_dual) / self.units.cost)
        if status == highspy.HighsModelStatus.kInfeasible:
            _, there, ray = self.highs.getDualRay()
            if there:
                return "infeasible", self.rest, self._all_rows(lp, np.asarray(ray))
        return None

    def _all_rows(self, lp: Whole, y: Floats) -> Floats:
        full = np.zeros(lp.A.shape[0])
        full[self.rows] = y * self.units.row[self.rows]
        return full

    def _follow(self, lp: Whole) -> None:
        """Hand on what has moved since the last solve."""
        every = np.arange(len(self.columns), dtype=np.int32)
        if self.columns_moved:
            self.rest = np.where(np.abs(lp.col_lower) <= np.abs(lp.col_upper), lp.col_lower, lp.col_upper)
            self.highs.changeColsBounds(len(every), every, *self._column_ends(lp, self.columns))
        if self.cost_moved:
            self.highs.changeColsCost(len(every), every, self._cost(lp))
        if self.rows_moved or self.columns_moved:
            all_rows = np.arange(len(self.rows), dtype=np.int32)
            self.highs.changeRowsBounds(len(all_rows), all_rows, *self._row_ends(lp, self.rows))
        for row in self.entries_moved & self.row_at.keys():
            places, values = lp.A.entries(row, self.spot)
            sized = values * self.units.row[row] * self.units.col[self.columns[places]]
            at, change = self.row_at[row], self.highs.changeCoeff
            for column, value in zip(places.tolist(), sized.tolist(), strict=True):
                change(at, column, value)
        self.cost_moved = self.columns_moved = self.rows_moved = False
        self.entries_moved.clear()

    def grow(self, lp: Whole, columns: Index, rows: Index) -> None:
        """Take more columns and rows into the part."""
        if len(columns):
            self._take_columns(lp, columns)
        if len(rows):
            self._take_rows(lp, rows)
        self.grown = bool(len(columns) or len(rows))

    def _take_columns(self, lp: Whole, columns: Index) -> None:
        matrix = self._scaled(lp.A.block(self.rows, columns), self.rows, columns).tocsc()
        old, self.columns = self.columns, np.concatenate((self.columns, columns))
        self._number(lp)
        cost = self._cost(lp)[len(old) :]
        low, high = self._column_ends(lp, columns)
        self.highs.addCols(
            len(columns), cost, low, high, len(matrix.data), matrix.indptr[:-1], matrix.indices, matrix.data
        )
        self.rows_moved = self.rows_moved or self._resting_somewhere()

    def _take_rows(self, lp: Whole, rows: Index) -> None:
        matrix = self._scaled(lp.A.block(rows, self.columns), rows, self.columns)
        self.rows = np.concatenate((self.rows, rows))
        self._number(lp)
        low, high = self._row_ends(lp, rows)
        self.highs.addRows(len(rows), low, high, len(matrix.data), matrix.indptr[:-1], matrix.indices, matrix.data)


def empty_highs() -> Any:
    """Return a HiGHS object of one thread; it shares nothing with any other."""
    import highspy

    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {
        "output_flag": False, "log_to_console": False, "threads": 1, "random_seed": 0, "presolve": "off",
        "solver": "simplex", "simplex_strategy": 1, "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
    }  # fmt: skip
    for name, value in options.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise InternalError("solve.option_refused", value=f"{name} = {value}", solver="highs")
    return highs
