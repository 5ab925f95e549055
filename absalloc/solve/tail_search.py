"""A linear program with a cap on the average of its worst draws (CVaR), without the program of all draws.

The least z + Σ (loss_s − z)⁺ / ((1 − level) S) is the average loss of the worst (1 − level) S draws (Rockafellar and
Uryasev, Optimization of conditional value-at-risk, 2000): one row a draw. Few draws are ever among the worst, and few
columns are ever held, so both enter as they are needed: a draw when its loss exceeds z, a column when the duals price
it below its cost. At the end no draw is missing, which makes the point feasible, and no column would improve it. The
duals of the draws are weights of an average loss no greater than the tail's: one row that every feasible point
satisfies. With it the duals prove the optimum of the whole, by weak duality as for any other program.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve.csr import Csr, Floats, Mask, as_csr
from absalloc.solve.growing import Growing
from absalloc.solve.kept import binding_rows, only_rows, spread
from absalloc.solve.linear import beside
from absalloc.solve.outcome import Outcome, SolveSettings
from absalloc.solve.problem import Problem
from absalloc.solve.proof import FEASIBLE, prove, weak_duality
from absalloc.solve.scaling import power, scale
from absalloc.solve.tail import TailCap, cvar, excess, tail_weights

ROUNDS = 1000
FIRST_COLUMNS, MORE_COLUMNS, MORE_DRAWS = 300, 60, 100
CLOSE, TINY = 1e-9, 1e-10
"""Relative excess of the tail over its cap, and reduced cost (the greatest cost is about 1), that end the search."""
LEVEL, SLACK = 0, 1
"""Columns of the small program: z, and the excess of the cap that is allowed while the least tail is sought."""


class TailSearch:
    """The small program: some columns, some draws. ``run`` finds the optimum, ``least`` the least tail."""

    def __init__(self, problem: Problem, cap: TailCap, settings: SolveSettings, free: Outcome) -> None:
        self.problem, self.cap = problem, cap
        self.keep = binding_rows(problem)
        self.scaled = scale(only_rows(problem, self.keep))
        self.by_column = _turned(self.scaled.A)
        greatest = cap.greatest * float(self.scaled.col.max())
        self.unit = float(power(greatest)) if greatest > 0 else 1.0
        self.chosen: Mask = np.zeros(problem.n, dtype=bool)
        self.order = np.zeros(0, dtype=np.int64)
        self.place = np.zeros(0, dtype=np.int64)
        self.draws = np.zeros(0, dtype=np.int64)
        self.seen: Mask = np.zeros(cap.losses.shape[0], dtype=bool)
        self.rounds = 0
        self.cost = self.scaled.c
        self.live = Growing(settings)
        self._begin()
        assert free.x is not None
        assert free.reduced_cost is not None
        must = (problem.col_lower > 0) | (problem.col_upper < 0) | (free.x != 0)
        likely = np.argsort(free.reduced_cost, kind="stable")[:FIRST_COLUMNS]
        must[likely] = True
        self._add_columns(np.flatnonzero(must))
        self._add_draws(np.flatnonzero(tail_weights(cap.of(free.x), cap.level) > 0))

    def _begin(self) -> None:
        scaled, zero = self.scaled, np.zeros(2)
        rows = scaled.A.shape[0]
        nothing = Csr(np.zeros(rows + 1, np.int32), np.zeros(0, np.int32), np.zeros(0), (rows, 0))
        self.live.add_rows(scaled.row_lower, scaled.row_upper, nothing)
        self.live.add_columns(zero, np.array([-np.inf, 0.0]), np.array([np.inf, 0.0]), as_csr(np.zeros((2, rows)), "A"))
        top = np.array([self.cap.limit / self.unit])
        self.live.add_rows(np.array([-np.inf]), top, as_csr(np.array([[1.0, -1.0]]), "A"))

    def _unit_losses(self, draws: np.ndarray, columns: np.ndarray) -> Floats:
        """Return losses by unit of the scaled columns, in the unit of the small program: (draws, columns)."""
        return np.asarray(self.cap.losses[np.ix_(draws, columns)] * (self.scaled.col[columns] / self.unit))

    def _add_columns(self, columns: np.ndarray) -> None:
        scaled, cap_row = self.scaled, self.scaled.A.shape[0]
        own = self.by_column.rows(_mask(columns, self.problem.n))
        below = -self._unit_losses(self.draws, columns).T
        dense = as_csr(np.concatenate((np.zeros((columns.size, 1)), below), axis=1), "A")
        both = _beside(own, dense, cap_row + 1 + self.draws.size)
        self.place = np.concatenate((self.place, self.live.columns + np.arange(columns.size)))
        self.live.add_columns(self.cost[columns], scaled.col_lower[columns], scaled.col_upper[columns], both)
        self.order = np.concatenate((self.order, columns))
        self.chosen[columns] = True

    def _add_draws(self, draws: np.ndarray) -> None:
        """Add for each draw s the excess u_s ≥ 0, which weighs in the cap, and the row z + u_s ≥ loss_s(x)."""
        count, cap_row = draws.size, self.scaled.A.shape[0]
        first = self.live.columns
        weigh = Csr(
            np.arange(count + 1, dtype=np.int32), np.full(count, cap_row, np.int32),
            np.full(count, self.cap.share), (count, self.live.rows),
        )  # fmt: skip
        self.live.add_columns(np.zeros(count), np.zeros(count), np.full(count, np.inf), weigh)
        full = np.zeros((count, self.live.columns))
        full[:, LEVEL] = 1.0
        full[np.arange(count), first + np.arange(count)] = 1.0
        full[:, self.place] = -self._unit_losses(draws, self.order)
        self.live.add_rows(self.cap.fixed[draws] / self.unit, np.full(count, np.inf), as_csr(full, "A"))
        self.draws = np.concatenate((self.draws, draws))
        self.seen[draws] = True

    def solve(self) -> tuple[str, Floats, Floats]:
        """Return (status, x of the problem, duals of the small program) at the optimum over all columns and draws.

        "infeasible" only says that the columns of the small program cannot keep the cap.
        """
        x, dual = np.zeros(self.problem.n), np.zeros(0)
        while self.rounds < ROUNDS:
            self.rounds += 1
            status, point, dual = self.live.solve()
            if status != "optimal":
                return status, x, dual
            x = np.zeros(self.problem.n)
            x[self.order] = point[self.place] * self.scaled.col[self.order]
            allowed = self.cap.limit + point[SLACK] * self.unit
            draws = self._missing(x, float(point[LEVEL]) * self.unit, allowed)
            columns = self._improving(dual)
            if not draws.size and not columns.size:
                return "optimal", x, dual
            if columns.size:
                self._add_columns(columns)
            if draws.size:
                self._add_draws(draws)
        return "limit", x, dual

    def _missing(self, x: Floats, level: float, allowed: float) -> np.ndarray:
        """Return the worst draws that are not in the program and exceed z, where the tail exceeds what is allowed."""
        losses = self.cap.of(x)
        if cvar(losses, self.cap.level) - allowed <= CLOSE * self.cap.size(x):
            return np.zeros(0, dtype=np.int64)
        over = np.flatnonzero((losses > level) & ~self.seen)
        return over[np.argsort(-losses[over], kind="stable")[:MORE_DRAWS]]

    def _improving(self, dual: Floats) -> np.ndarray:
        reduced = self._reduced(dual)
        lower, upper = self.problem.col_lower, self.problem.col_upper
        gain = np.where(
            (reduced < -TINY) & (upper > 0), -reduced, np.where((reduced > TINY) & (lower < 0), reduced, 0.0)
        )
        gain[self.chosen] = 0.0
        best = np.argsort(-gain, kind="stable")[:MORE_COLUMNS]
        return np.sort(best[gain[best] > 0])

    def _reduced(self, dual: Floats) -> Floats:
        """Return the reduced cost of every scaled column at the duals of the small program."""
        rows = self.scaled.A.shape[0]
        of_draws = dual[rows + 1 :]
        used = np.flatnonzero(of_draws)
        average = of_draws[used] @ self.cap.losses[self.draws[used]]
        return self.cost - self.scaled.A.transposed_times(dual[:rows]) + average * (self.scaled.col / self.unit)

    def weights(self, dual: Floats, x: Floats) -> Floats:
        """Return weights of draws, within those of a tail, that sum to 1: the duals but for rounding."""
        rows, share = self.scaled.A.shape[0], self.cap.share
        found = np.zeros(self.seen.size)
        price = -float(dual[rows])
        if price > 0:
            found[self.draws] = np.clip(dual[rows + 1 :] / price, 0.0, share)
        found /= max(1.0, float(found.sum()))
        for draw in np.argsort(-self.cap.of(x), kind="stable").tolist():
            left = 1.0 - float(found.sum())
            if left <= 0.0:
                break
            found[draw] += min(left, share - found[draw])
        return found

    def proven(self, x: Floats, dual: Floats) -> tuple[Outcome, float, Floats]:
        """Return the outcome, the price of the cap and the weights: one average of draws stands for the tail."""
        rows = self.scaled.A.shape[0]
        weights = self.weights(dual, x)
        price = max(0.0, -float(dual[rows])) / (self.scaled.cost * self.unit)
        y = spread(self.scaled.y(dual[:rows]), self.keep)
        whole = with_average(self.problem, self.cap, weights)
        out = prove(whole, x, np.append(y, -price), "highs")
        point = np.clip(x, self.problem.col_lower, self.problem.col_upper)
        out = replace(out, row_activity=self.problem.A.times(point), row_dual=y)
        if not excess(self.cap, point) <= FEASIBLE:
            out = replace(out, status="stopped", reason="solve.not_feasible")
        return out, price, weights

    def least(self) -> tuple[str, float | None]:
        """Return ("infeasible", the least tail), proven; ("optimal", None) where the cap can be kept; else the trouble.

        Afterwards the program has its cost and its cap again, and columns and draws with which the cap can be kept.
        """
        cost, self.cost = self.cost, np.zeros(self.problem.n)
        self._set_costs(slack=1.0)
        self.live.set_bounds(SLACK, 0.0, np.inf)
        status, x, dual = self.solve()
        self.cost = cost
        self._set_costs(slack=0.0)
        self.live.set_bounds(SLACK, 0.0, 0.0)
        if status != "optimal":
            return status, None
        reached = cvar(self.cap.of(x), self.cap.level)
        if excess(self.cap, x) <= CLOSE:
            return "optimal", None
        bound = self._least_bound(x, dual)
        proven = bound > self.cap.limit and reached - bound <= FEASIBLE * self.cap.size(x)
        return ("infeasible", reached) if proven else ("limit", None)

    def _set_costs(self, slack: float) -> None:
        costs = np.zeros(self.live.columns)
        costs[SLACK] = slack
        costs[self.place] = self.cost[self.order]
        self.live.set_costs(costs)

    def _least_bound(self, x: Floats, dual: Floats) -> float:
        """Return what no feasible point's tail is below, by weak duality on one average of draws."""
        weights = self.weights(dual, x)
        used = np.flatnonzero(weights)
        y = dual[: self.scaled.A.shape[0]] * self.scaled.row * self.unit
        constant = float(weights @ self.cap.fixed)
        average = replace(self.problem, c=weights[used] @ self.cap.losses[used], offset=constant)
        return weak_duality(average, x, spread(y, self.keep))[0]


def with_average(problem: Problem, cap: TailCap, weights: Floats) -> Problem:
    """Return the program with the row that the average of losses by ``weights`` stays below the cap."""
    used = np.flatnonzero(weights)
    row = as_csr((weights[used] @ cap.losses[used])[None], "losses")
    return replace(
        problem,
        A=problem.A.stacked(row),
        row_lower=np.append(problem.row_lower, -np.inf),
        row_upper=np.append(problem.row_upper, cap.limit - float(weights @ cap.fixed)),
        row_names=None,
    )


def _mask(which: np.ndarray, count: int) -> Mask:
    found: Mask = np.zeros(count, dtype=bool)
    found[which] = True
    return found


def _turned(matrix: Csr) -> Csr:
    """Return the transpose."""
    order = np.argsort(matrix.indices, kind="stable")
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    rows = matrix.row_of[order].astype(np.int32)
    return Csr(indptr, rows, matrix.data[order], (matrix.shape[1], matrix.shape[0]))


def _beside(left: Csr, right: Csr, columns: int) -> Csr:
    """Return two matrices of equal height side by side, ``columns`` wide."""
    joined = beside(left, right)
    return Csr(joined.indptr, joined.indices, joined.data, (joined.shape[0], columns))
