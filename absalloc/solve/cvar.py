"""``solve_cvar``: a program whose worst draws are capped on average."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from absalloc.errors import BadInput
from absalloc.solve.csr import Floats
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import Problem
from absalloc.solve.proof import FEASIBLE
from absalloc.solve.solver import solve_problem
from absalloc.solve.tail import CvarOutcome, TailCap, cvar, excess, extensive, tail_weights
from absalloc.solve.tail_search import TailSearch

ROUNDS = 50
"""Programs with integers that are solved before giving up; each holds the draws the last one lacked."""


def solve_cvar(problem: Problem, cap: TailCap, settings: SolveSettings | None = None) -> CvarOutcome:
    """Return the best point of ``problem`` whose tail average stays within ``cap``, with proof.

    Where the cap alone is beyond reach the status is "infeasible" and ``least`` says what could be reached. With
    integers the bound is the word of branch and bound on a program of fewer draws, and there is no price.
    ``settings.time_limit`` holds for each solve. Raises BadInput for Q and for losses of another number of columns.
    """
    if cap.losses.shape[1] != problem.n:
        raise BadInput("solve.shape", name="losses", value=cap.losses.shape, expected=f"(draws, {problem.n})")
    if problem.Q is not None:
        raise BadInput("solve.cvar_linear", value="Q")
    settings, start = settings or SolveSettings(), time.perf_counter()
    free = solve_problem(problem, settings=settings)
    if free.status != "optimal" or free.x is None:
        return CvarOutcome(free, free, None, None, 0.0, np.zeros(cap.losses.shape[0]))
    if excess(cap, free.x) <= 0.0:
        return _answer(cap, free, free)
    found = _integer(problem, cap, settings, free) if problem.has_integers else _linear(problem, cap, settings, free)
    return replace(found, outcome=replace(found.outcome, seconds=time.perf_counter() - start))


def _linear(problem: Problem, cap: TailCap, settings: SolveSettings, free: Outcome) -> CvarOutcome:
    search = TailSearch(problem, cap, settings, free)
    status, x, dual = search.solve()
    if status == "infeasible":
        # Only the columns at hand cannot keep the cap, or none can.
        status, least = search.least()
        if status == "infeasible":
            return replace(_answer(cap, without_point("infeasible", "highs"), free, search), least=least)
        if status == "optimal":
            status, x, dual = search.solve()
    if status != "optimal":
        reason = "solve.limit" if status == "limit" else "solve.no_unproven"
        return _answer(cap, without_point("stopped", "highs", reason), free, search)
    outcome, price, weights = search.proven(x, dual)
    return replace(_answer(cap, outcome, free, search), price=price, weights=weights)


def _integer(problem: Problem, cap: TailCap, settings: SolveSettings, free: Outcome) -> CvarOutcome:
    """Solve with the draws of the relaxation's answer, then with those its own answers lack."""
    relaxed = solve_cvar(problem.relaxed(), cap, settings)
    if relaxed.outcome.status == "infeasible":
        return replace(relaxed, free=free)
    at = relaxed.outcome.x if relaxed.outcome.x is not None else free.x
    assert at is not None
    assert free.x is not None
    inside = (tail_weights(cap.of(at), cap.level) > 0) | (tail_weights(cap.of(free.x), cap.level) > 0)
    for number in range(1, ROUNDS + 1):
        found = solve_problem(extensive(problem, cap, np.flatnonzero(inside)), settings=settings)
        if found.x is None:
            return _answer(cap, found, free)
        x = found.x[: problem.n]
        if excess(cap, x) <= FEASIBLE:
            activity = problem.A.times(x)
            whole = replace(found, x=x, row_activity=activity, row_dual=None, reduced_cost=None)
            return replace(_answer(cap, whole, free), rounds=number, draws=int(inside.sum()), columns=problem.n)
        more = inside | (tail_weights(cap.of(x), cap.level) > 0)
        if (more == inside).all():
            break
        inside = more
    return _answer(cap, without_point("stopped", free.solver, "solve.limit"), free)


def _answer(cap: TailCap, outcome: Outcome, free: Outcome, search: TailSearch | None = None) -> CvarOutcome:
    tail = worst = None
    if outcome.x is not None:
        losses: Floats = cap.of(outcome.x)
        tail, worst = cvar(losses, cap.level), float(losses[tail_weights(losses, cap.level) > 0].min())
    size = (0, 0, 0) if search is None else (search.rounds, len(search.draws), int(search.chosen.sum()))
    return CvarOutcome(outcome, free, tail, worst, 0.0, np.zeros(cap.losses.shape[0]), None, *size)
