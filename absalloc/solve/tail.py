"""The tail of losses: a cap on the average of the worst draws, and what an answer to a program with one says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from absalloc.errors import BadInput
from absalloc.solve.csr import Floats, as_csr
from absalloc.solve.outcome import Outcome
from absalloc.solve.problem import CONTINUOUS, Problem


@dataclass(frozen=True, eq=False)
class TailCap:
    """The average loss of the worst ``1 − level`` of the draws must not exceed ``limit``.

    ``losses`` (draws, n): loss of one unit of each column, a gain negative; ``level`` in 0 … 1 (0.95: the worst 5 %);
    ``limit`` in the unit of the loss; ``fixed`` (draws,) the loss of what is no column. Draws weigh the same. Where
    (1 − level) × draws is no whole number the last draw of the tail counts in part.
    Raises BadInput for a level outside 0 … 1, numbers that are not finite, and shapes that do not fit.
    """

    losses: Floats
    level: float
    limit: float
    fixed: Any = None
    greatest: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        losses = np.asarray(self.losses, float)
        if losses.ndim != 2 or not losses.size:
            raise BadInput("solve.shape", name="losses", value=losses.shape, expected="(draws, n)")
        fixed = np.zeros(losses.shape[0]) if self.fixed is None else np.asarray(self.fixed, float)
        if fixed.shape != losses.shape[:1]:
            raise BadInput("solve.shape", name="fixed", value=fixed.shape, expected=losses.shape[:1])
        ends = np.array([losses.min(), losses.max()])  # a NaN or an infinity anywhere ends up here
        for name, values in (("losses", ends), ("fixed", fixed), ("limit", np.array([self.limit]))):
            if not np.isfinite(values).all():
                bad = int(np.flatnonzero(~np.isfinite(values))[0])
                raise BadInput("solve.not_finite", value=float(values[bad]), name=name, index=bad)
        if not 0.0 <= self.level < 1.0:
            raise BadInput("solve.level", value=self.level, expected="0 ≤ level < 1")
        object.__setattr__(self, "losses", losses)
        object.__setattr__(self, "fixed", fixed)
        object.__setattr__(self, "greatest", float(np.abs(ends).max()))

    @property
    def share(self) -> float:
        """What one draw of the tail weighs in its average."""
        return float(min(1.0, 1.0 / ((1.0 - self.level) * self.losses.shape[0])))

    def of(self, x: Floats) -> Floats:
        """Return the loss of ``x`` in every draw."""
        held = np.flatnonzero(x)
        return np.asarray(np.take(self.losses, held, axis=1) @ x[held] + self.fixed)

    def size(self, x: Floats) -> float:
        """Return what an excess at ``x`` is small against: the cap, or gains and losses that may cancel in a draw."""
        held = np.flatnonzero(x)
        gross = np.abs(np.take(self.losses, held, axis=1)) @ np.abs(x[held]) + np.abs(self.fixed)
        return max(abs(self.limit), float(gross.max())) or 1.0


def cvar(losses: Floats, level: float) -> float:
    """Return the average of the worst ``1 − level`` of ``losses``, each as likely; the last one counts in part.

    Raises BadInput for a level outside 0 … 1 and no losses.
    """
    return float(tail_weights(losses, level) @ np.asarray(losses, float))


def tail_weights(losses: Floats, level: float) -> Floats:
    """Return the weight of each draw in the average of the worst ``1 − level``; they sum to 1."""
    values = np.asarray(losses, float)
    if values.ndim != 1 or not values.size or not 0.0 <= level < 1.0:
        raise BadInput("solve.level", value=level, expected="0 ≤ level < 1")
    share = min(1.0, 1.0 / ((1.0 - level) * values.size))
    order = np.argsort(-values, kind="stable")
    weights = np.zeros(values.size)
    weights[order] = np.clip(1.0 - share * np.arange(values.size), 0.0, share)
    return weights


@dataclass(frozen=True, slots=True, eq=False)
class CvarOutcome:
    """The answer to a program with a tail cap.

    outcome   of the program: status, point, objective, bound and gap as in ``Outcome``, proven by ourselves
    free      the same without the cap; what the cap costs is ``outcome.objective − free.objective``
    cvar var  average of the tail at the point, and the least loss in it; None without a point
    price     how much the objective falls by unit of a looser cap; 0 where the cap does not bind
    weights   (draws,) the tail average that the proof rests on: any point's losses averaged by it stay below the cap
    least     the least tail average there is, where the cap is beyond reach, else None
    rounds draws columns   solves of the small program, and what it held at the end (with integers: averages of draws)
    """

    outcome: Outcome
    free: Outcome
    cvar: float | None
    var: float | None
    price: float
    weights: Floats
    least: float | None = None
    rounds: int = 0
    draws: int = 0
    columns: int = 0


def excess(cap: TailCap, x: Floats) -> float:
    """Return how far the tail at ``x`` exceeds the cap, relative to the terms of the greatest draw or the cap."""
    return (cvar(cap.of(x), cap.level) - cap.limit) / cap.size(x)


def extensive(problem: Problem, cap: TailCap, draws: np.ndarray | None = None) -> Problem:
    """Return the program with one row and one column a draw (all, or some): z + Σ u_s / tail ≤ limit, u_s ≥ loss_s − z.

    Columns: those of the problem, z, one u a draw; rows: those of the problem, one a draw, the cap. With some of the
    draws it is a relaxation.
    """
    rows = np.arange(cap.losses.shape[0]) if draws is None else np.asarray(draws)
    count = rows.size
    body = np.zeros((count + 1, problem.n + 1 + count))
    body[:count, : problem.n] = -cap.losses[rows]
    body[:, problem.n] = 1.0
    body[np.arange(count), problem.n + 1 + np.arange(count)] = 1.0
    body[count, problem.n + 1 :] = cap.share
    more = np.concatenate(([-np.inf], np.zeros(count)))
    return replace(
        problem,
        c=np.concatenate((problem.c, np.zeros(1 + count))),
        A=problem.A.widened(1 + count).stacked(as_csr(body, "losses")),
        row_lower=np.concatenate((problem.row_lower, cap.fixed[rows], [-np.inf])),
        row_upper=np.concatenate((problem.row_upper, np.full(count, np.inf), [cap.limit])),
        col_lower=np.concatenate((problem.col_lower, more)),
        col_upper=np.concatenate((problem.col_upper, np.full(1 + count, np.inf))),
        integrality=np.concatenate((problem.integrality, np.full(1 + count, CONTINUOUS))),
        row_names=None,
        col_names=None,
    )
