"""What a solver answered, in one closed set of words, and how a solve is limited."""

from __future__ import annotations

from dataclasses import dataclass

from absalloc.solve.csr import Floats

STATUSES = ("optimal", "infeasible", "unbounded", "stopped")
LP_GAP = 1e-7
"""An LP or QP answer is called optimal only up to this relative gap, proven by ourselves from its duals."""


@dataclass(frozen=True, slots=True)
class SolveSettings:
    """Limits of a solve: seconds, branch-and-bound nodes, relative gap for integers, seed.

    ``time_limit`` and ``node_limit`` None mean none. The seed is fixed, so that the same input gives the
    same answer.
    """

    time_limit: float | None = None
    node_limit: int | None = None
    mip_gap: float = 1e-6
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The answer to a Problem. Only ``optimal`` is an answer: feasible, and ``gap`` within the promise.

    status        optimal | infeasible | unbounded | stopped
    x             (n,), or None where there is no point; with ``stopped`` an incumbent that is not proven
    objective     value at x, offset included; None without x
    bound         lower bound of the minimum; None where none is known. For LP and QP computed by ourselves
                  (weak duality); with integers the word of branch and bound
    gap           (objective − bound) relative to the larger of |objective| and Σ|c_j x_j| (``relative_gap``)
    row_activity  (m,) A x
    row_dual      (m,) > 0 where a lower, < 0 where an upper row bound is active; None with integers. Where there is
                  no point: a combination of rows that none can meet (Farkas), None where none is known
    reduced_cost  (n,) c + Qx − A'y; None with integers
    solver        back end and solver that produced x
    seconds       wall time; not part of the answer
    reason        message code that says why the status is not ``optimal``, or None
    notes         message codes of what a reader should know of an otherwise good answer
    """

    status: str
    x: Floats | None
    objective: float | None
    bound: float | None
    gap: float | None
    row_activity: Floats | None
    row_dual: Floats | None
    reduced_cost: Floats | None
    solver: str
    seconds: float = 0.0
    reason: str | None = None
    notes: tuple[str, ...] = ()


def without_point(status: str, solver: str, reason: str | None = None, bound: float | None = None) -> Outcome:
    """Return an Outcome that carries no point: infeasible, unbounded, or stopped before the first one."""
    return Outcome(status, None, None, bound, None, None, None, None, solver, reason=reason)
