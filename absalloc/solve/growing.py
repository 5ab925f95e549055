"""A linear program that stays in HiGHS while rows and columns are added to it, each solve starting from the last."""

from __future__ import annotations

from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve import highs
from absalloc.solve.csr import Csr, Floats
from absalloc.solve.live import empty_highs
from absalloc.solve.outcome import SolveSettings


class Growing:
    """An LP without columns at first. Rows and columns keep the order they were added in; the caller scales.

    Raises InternalError, naming the step, where HiGHS refuses what it is given.
    """

    def __init__(self, settings: SolveSettings) -> None:
        import highspy

        self._highspy, self._highs = highspy, empty_highs()
        chosen: dict[str, Any] = {"random_seed": settings.seed}
        if settings.time_limit is not None:
            chosen["time_limit"] = settings.time_limit
        for name, value in chosen.items():
            self._accepted(self._highs.setOptionValue(name, value))
        self.rows = self.columns = 0

    def add_rows(self, lower: Floats, upper: Floats, matrix: Csr) -> None:
        """Add rows below; ``matrix`` has every column there is."""
        starts, entries = matrix.indptr[:-1], matrix.data.size
        said = self._highs.addRows(len(lower), lower, upper, entries, starts, matrix.indices, matrix.data)
        self._accepted(said)
        self.rows += len(lower)

    def add_columns(self, cost: Floats, lower: Floats, upper: Floats, matrix: Csr) -> None:
        """Add columns to the right; row ``j`` of ``matrix`` holds column ``j``, by the rows there are."""
        starts, entries = matrix.indptr[:-1], matrix.data.size
        said = self._highs.addCols(len(cost), cost, lower, upper, entries, starts, matrix.indices, matrix.data)
        self._accepted(said)
        self.columns += len(cost)

    def set_costs(self, cost: Floats) -> None:
        """Replace the cost of every column."""
        which = np.arange(self.columns, dtype=np.int32)
        self._accepted(self._highs.changeColsCost(self.columns, which, np.ascontiguousarray(cost)))

    def set_bounds(self, column: int, lower: float, upper: float) -> None:
        """Replace the bounds of one column."""
        self._accepted(self._highs.changeColBounds(column, lower, upper))

    def solve(self) -> tuple[str, Floats, Floats]:
        """Return (status, x, row duals); the arrays are empty where there are none. Statuses as in ``Raw``."""
        with highs.ONE_AT_A_TIME:
            said = self._highs.run()
            if self._highs.getModelStatus() == self._highspy.HighsModelStatus.kNotset:
                self._highspy.Highs.resetGlobalScheduler(True)
                said = self._highs.run()
            if self._highs.getModelStatus() == self._highspy.HighsModelStatus.kUnknown:
                # Numerical trouble from the basis it started at: once more from nothing.
                self._highs.clearSolver()
                said = self._highs.run()
            status = highs.status_of(self._highspy, self._highs, said)
            solution = self._highs.getSolution()
            return status, np.array(solution.col_value), np.array(solution.row_dual)

    def _accepted(self, said: Any) -> None:
        if said == self._highspy.HighsStatus.kError:
            raise InternalError("solve.model_refused", solver=highs.NAME)
