"""How a solve ends: ties broken, and what may be said of an answer once its rounded point has its gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.plan.builder import Builder
from absalloc.plan.note import Note
from absalloc.solve import Outcome, Problem, SolveSettings, lexicographic, solve_problem
from absalloc.solve.outcome import LP_GAP


def best_of(problem: Problem, builder: Builder, n: int, backend: str, settings: SolveSettings) -> Outcome:
    """Return the best answer; among equal optima of an LP the fewest yuan moved, later codes before earlier ones.

    ``n``: how many positions there are.
    """
    if problem.has_integers:
        return solve_problem(problem, backend, settings)
    size = np.array([c.size for c in builder.columns]) / 1e6
    rank = np.array([c.position for c in builder.columns]) / max(n, 1)
    return lexicographic(problem, size * (1.0 + 1e-3 * rank), settings, backend)


def ended(outcome: Outcome, mip_gap: float) -> tuple[str, Note | None, Outcome]:
    """Return the status of a plan, why it is not ``optimal``, and the outcome.

    ``outcome.gap`` is that of the rounded plan.
    """
    allowed = max(mip_gap, LP_GAP)
    if outcome.status == "optimal" and outcome.gap is not None and outcome.gap <= allowed:
        return "optimal", None, outcome
    if outcome.status == "optimal":
        # The promise is the rounded plan's: in an amount this small a yuan of each line is more than the gap.
        note = Note("rounding_gap", gap=_share(outcome.gap), allowed=_share(allowed))
        return "stopped", note, replace(outcome, status="stopped", reason="solve.not_proven")
    code = "limit_reached" if outcome.reason == "solve.limit" else "not_proven"
    return "stopped", Note(code, why=outcome.reason or ""), outcome


def _share(gap: float | None) -> str:
    return "?" if gap is None else f"{100 * gap:.2g} %"
