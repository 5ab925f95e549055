"""What a back end is to the rest: a name, and a function from a program to what its solver said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from absalloc.solve.csr import Floats
from absalloc.solve.outcome import SolveSettings
from absalloc.solve.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What a solver said of a program of continuous and integer columns, in the units of the problem.

    ``status``: optimal, infeasible, unbounded, unbounded_or_infeasible, limit. ``bound`` is the word of branch
    and bound, None for an LP; x and y are None where there is none. Of an infeasible LP y is a ray that may prove it.
    """

    status: str
    x: Floats | None
    y: Floats | None
    bound: float | None


@dataclass(frozen=True, slots=True)
class Runner:
    """A back end: ``run`` answers a program without Q and without semi-continuous columns.

    ``run`` raises InternalError, naming solver and status, for a status outside those of ``Raw``.
    """

    name: str
    run: Callable[[Problem, SolveSettings], Raw]
