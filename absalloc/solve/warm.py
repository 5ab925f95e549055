"""An LP kept warm: a few rows and columns live in the solver, every answer is proven over all of them.

After each solve the duals price every column left out and the point is put into every row left out; what would improve
or is broken enters, until nothing does. The last check is the proof itself (feasibility, weak duality), so an
answer rests on the whole program, never on the part that was solved. Where the part does not get there, the whole
program is solved anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from absalloc.errors import BadInput
from absalloc.solve.csr import Csr, Floats
from absalloc.solve.live import Part, Whole
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import Problem, bound, vector
from absalloc.solve.proof import farkas, prove
from absalloc.solve.scaling import typical_amount
from absalloc.solve.sift import resting
from absalloc.solve.solver import solve_problem

ROUNDS = 40
"""Of growing, a few milliseconds each: together about what the program whole would take."""
SMALL = 600
"""Programs of so few rows or columns are kept whole."""
COLUMNS, ENTERING = 250, 120
FEASIBLE = 1e-9
"""Relative breach of a row that makes it enter; a tenth of a thousandth of what the proof allows."""


class WarmLP(Whole):
    """One LP whose costs, bounds and coefficients move: ``change_*``, then ``solve``. Not for two threads at once.

    Raises BadInput for a program with integers or Q, and for a column without a finite bound.
    """

    def __init__(self, problem: Problem, settings: SolveSettings | None = None) -> None:
        rest = resting(problem)
        if problem.has_integers or problem.Q is not None or rest is None:
            raise BadInput("solve.warm_form")
        self.settings = settings or SolveSettings()
        super().__init__(problem)
        self.part: Part | None = None
        self.warm = self.cold = 0
        self._typical: float | None = None

    def change_cost(self, columns: NDArray[np.intp], cost: Floats, offset: float | None = None) -> None:
        """Set the cost of some columns, and the constant of the objective. Raises BadInput, changing nothing."""
        self.c[columns] = vector(cost, "c", len(columns))
        self.offset = self.offset if offset is None else offset
        if self.part is not None:
            self.part.cost_moved = True

    def change_columns(self, columns: NDArray[np.intp], lower: Floats, upper: Floats) -> None:
        """Set the bounds of some columns, finite ones. Raises BadInput, changing nothing."""
        ends = vector(lower, "col_lower", len(columns)), vector(upper, "col_upper", len(columns))
        self.col_lower[columns], self.col_upper[columns] = ends
        self._typical = None
        if self.part is not None:
            self.part.columns_moved = True

    def change_rows(self, rows: NDArray[np.intp], lower: Floats, upper: Floats) -> None:
        """Set the bounds of some rows. Raises BadInput, changing nothing."""
        ends = bound(lower, "row_lower", len(rows), -np.inf), bound(upper, "row_upper", len(rows), np.inf)
        self.row_lower[rows], self.row_upper[rows] = ends
        if self.part is not None:
            self.part.rows_moved = True

    def change_entries(self, rows: NDArray[np.intp], at: NDArray[np.intp], data: Floats) -> None:
        """Set stored coefficients: ``at`` are places in ``A.data``, all of them in ``rows``. Raises BadInput."""
        self.A.set(rows, at, vector(data, "A", len(at)))
        if self.part is not None:
            self.part.entries_moved.update(rows.tolist())

    def solve(self) -> Outcome:
        """Return the proven answer as things stand now; ``infeasible`` is proven as well."""
        part, problem = self.part, self.standing
        for _ in range(ROUNDS if part is not None else 0):
            assert part is not None
            raw = part.run(self)
            if raw is None:
                break
            found = self._judged(problem, part, *raw)
            if found is not None:
                self.warm += 1
                return found
            if not part.grown:
                break
        return self._whole(self.problem)

    def _judged(self, problem: Problem, part: Part, status: str, x: Floats, y: Floats) -> Outcome | None:
        """Return the proven answer, or None after what is missing has entered the part."""
        if status == "infeasible":
            return self._none(problem, part, y)
        if self._typical is None:
            self._typical = typical_amount(problem)
        found = prove(problem, x, y, "highs", self._typical)
        if found.status == "optimal":
            return found
        assert found.reduced_cost is not None
        assert found.row_activity is not None
        part.grow(self, self._improving(found.reduced_cost, part), self._broken(problem, found.row_activity, part))
        return None

    def _none(self, problem: Problem, part: Part, ray: Floats) -> Outcome | None:
        """Return ``infeasible`` where the ray proves it over all columns; else let those enter that speak against."""
        y, best = farkas(problem, ray)
        if y is not None:
            return replace(without_point("infeasible", "highs"), row_dual=y)
        part.grow(self, self._improving(best, part), np.zeros(0, dtype=np.intp))
        return None

    def _improving(self, reduced: Floats, part: Part) -> NDArray[np.intp]:
        """Return the columns outside the part that would improve most, at most ``ENTERING``."""
        rest = part.rest
        gain = np.where(rest < self.col_upper, -reduced, 0.0).clip(min=0.0)
        gain = np.maximum(gain, np.where(rest > self.col_lower, reduced, 0.0))
        gain = gain * (self.col_upper - self.col_lower)
        gain[part.columns] = 0.0
        found = np.flatnonzero(gain > 0)
        return found[np.argsort(-gain[found], kind="stable")[:ENTERING]]

    def _broken(self, problem: Problem, activity: Floats, part: Part) -> NDArray[np.intp]:
        """Return the rows outside the part that the point breaks."""
        over = np.maximum(activity - problem.row_upper, problem.row_lower - activity)
        size = np.maximum(1.0, np.abs(activity))
        over[part.rows] = 0.0
        return np.flatnonzero(over > FEASIBLE * size)

    def _whole(self, problem: Problem) -> Outcome:
        """Solve the whole program, and start a part anew from its answer."""
        self.cold += 1
        matrix = Csr(self.A.indptr, self.A.indices, self.A.data, self.A.shape)
        found = solve_problem(replace(problem, A=matrix), "highs", self.settings)
        if found.status == "optimal" or self.part is None:
            self.part = Part(self, *self._chosen(problem, found))
        return found

    def _chosen(self, problem: Problem, found: Outcome) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """Return (rows, columns, resting places) of a part around an answer."""
        rest = resting(problem)
        assert rest is not None
        rows = np.ones(problem.m, dtype=bool)
        columns = np.ones(problem.n, dtype=bool)
        if problem.n > 2 * SMALL:
            price = problem.c if found.reduced_cost is None else found.reduced_cost
            # A column without room would only take the place of one that may move; it enters when it has room.
            room = problem.col_lower < problem.col_upper
            price = np.where(room, np.where(rest <= problem.col_lower, price, -price), np.inf)
            columns = room & (price <= np.partition(price, COLUMNS)[COLUMNS])
            if found.x is not None:
                columns |= found.x != rest
            columns[0] |= not columns.any()
        if problem.m > SMALL:
            rows = np.diff(self.A.indptr) * 20 >= problem.n
            if found.row_dual is not None:
                rows |= found.row_dual != 0
            if found.row_activity is not None:
                rows |= self._at_an_end(found.row_activity, columns)
            if not rows.any():
                rows[0] = True
        return np.flatnonzero(rows), np.flatnonzero(columns), rest

    def _at_an_end(self, activity: Floats, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the rows that stand at one of their ends and hold a column of the part.

        They break as soon as such a column moves: a switch tied to the amount it stands for, above all. Without them
        equally good points are tried one after the other.
        """
        size = FEASIBLE * np.maximum(1.0, np.abs(activity))
        at_end = (self.row_upper - activity <= size) | (activity - self.row_lower <= size)
        held = np.concatenate(([0], np.cumsum(columns[self.A.indices])))
        return np.asarray(at_end & (held[self.A.indptr[1:]] > held[self.A.indptr[:-1]]))
