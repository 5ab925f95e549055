"""``solve_cvar``: a program whose worst draws are capped on average."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from absalloc.errors import BadInput
from absalloc.solve.csr import Floats, Mask
from absalloc.solve.highs import NAME
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import Problem
from absalloc.solve.proof import FEASIBLE, relative_gap
from absalloc.solve.solver import solve_problem
from absalloc.solve.tail import CvarOutcome, TailCap, cvar, excess, extensive, tail_weights
from absalloc.solve.tail_search import TailSearch, with_average

ROUNDS, NODES, AVERAGES = 50, 50, 16
"""Most programs with integers one after the other, nodes of each, and programs of averages after them."""


def solve_cvar(problem: Problem, cap: TailCap, settings: SolveSettings | None = None) -> CvarOutcome:
    """Return the best point of ``problem`` whose tail average stays within ``cap``, with proof.

    Where the cap alone is beyond reach the status is "infeasible" and ``least`` says what could be reached. With
    integers the bound is the word of branch and bound on a program of fewer rows, and there is no price.
    ``settings.time_limit`` holds for each solve. Raises BadInput for Q and for losses of another number of columns.
    """
    if cap.losses.shape[1] != problem.n:
        raise BadInput("solve.shape", name="losses", value=cap.losses.shape, expected=f"(draws, {problem.n})")
    if problem.Q is not None:
        raise BadInput("solve.cvar_linear", value="Q")
    settings, start = settings or SolveSettings(), time.perf_counter()
    free = solve_problem(problem, settings=settings)
    if free.status == "unbounded":
        return _bounded_by_cap(problem, cap, settings, free)
    if free.status != "optimal" or free.x is None:
        return CvarOutcome(free, free, None, None, 0.0, np.zeros(cap.losses.shape[0]))
    if excess(cap, free.x) <= 0.0:
        return _answer(cap, free, free)
    found = _integer(problem, cap, settings, free) if problem.has_integers else _linear(problem, cap, settings, free)
    return replace(found, outcome=replace(found.outcome, seconds=time.perf_counter() - start))


def _bounded_by_cap(problem: Problem, cap: TailCap, settings: SolveSettings, free: Outcome) -> CvarOutcome:
    """Return the answer where only the cap can bound the program: from the program of all draws."""
    found = solve_problem(extensive(problem, cap), settings=settings)
    if found.x is None:
        return _answer(cap, found, free)
    x = found.x[: problem.n]
    out = replace(found, x=x, row_activity=problem.A.times(x))
    if not excess(cap, x) <= FEASIBLE:
        out = replace(out, status="stopped", reason="solve.not_feasible")
    if found.row_dual is None or found.reduced_cost is None:
        return _answer(cap, out, free)
    price, of_draws = -float(found.row_dual[-1]), found.row_dual[problem.m : -1]
    out = replace(out, row_dual=found.row_dual[: problem.m], reduced_cost=found.reduced_cost[: problem.n])
    weights = of_draws / price if price > 0 else np.zeros(of_draws.size)
    return replace(_answer(cap, out, free), price=max(price, 0.0), weights=weights)


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
    """Find a point over the columns of the relaxation's answer, then over all, with the draws that matter to each.

    A program of some draws is a relaxation, so the bound of every one holds; one that takes too many nodes is left at
    what it has. Where point and bound do not meet the answer is "stopped".
    """
    relaxed = solve_cvar(problem.relaxed(), cap, settings)
    at, bound = relaxed.outcome.x, relaxed.outcome.bound
    if relaxed.outcome.status != "optimal" or at is None or bound is None:
        return replace(relaxed, free=free)
    off = (at == 0) & (problem.col_lower <= 0) & (problem.col_upper >= 0)
    low, high = np.where(off, 0.0, problem.col_lower), np.where(off, 0.0, problem.col_upper)
    inside = (tail_weights(cap.of(at), cap.level) > 0) | (relaxed.weights > 0)
    best, _, inside = _grown(replace(problem, col_lower=low, col_upper=high), cap, settings, inside)
    if not _meet(problem, best, bound, settings):
        found, more = _averaged(problem, cap, settings, relaxed)
        best, bound = _better(problem, best, found), max(bound, more)
    if not _meet(problem, best, bound, settings):
        found, more, inside = _grown(problem, cap, settings, inside)
        if more == np.inf:
            return _answer(cap, without_point("infeasible", NAME), free)
        best, bound = _better(problem, best, found), max(bound, more)
    whole = _whole(problem, best, bound, settings)
    return replace(_answer(cap, whole, free), draws=int(inside.sum()), columns=problem.n)


def _meet(problem: Problem, x: Floats | None, bound: float, settings: SolveSettings) -> bool:
    return x is not None and relative_gap(problem, x, problem.value(x), bound) <= settings.mip_gap


def _better(problem: Problem, one: Floats | None, two: Floats | None) -> Floats | None:
    if one is None or two is None:
        return two if one is None else one
    return one if problem.value(one) <= problem.value(two) else two


def _averaged(
    problem: Problem, cap: TailCap, settings: SolveSettings, relaxed: CvarOutcome
) -> tuple[Floats | None, float]:
    """Return a point within the cap (or None) and a bound, from programs in which averages of draws stand for the tail.

    One row an average: quick, and a relaxation. Every second time the rows are tighter by what the last answer
    exceeded, so that points within the cap come out.
    """
    best: Floats | None = None
    bound, margin = -np.inf, 0.0
    # Where the cap does not bind the relaxation, it has no weights: without a row to begin with.
    rows = [relaxed.weights] if relaxed.weights.any() else []
    for _ in range(AVERAGES):
        program, tighter = problem, replace(cap, limit=cap.limit - margin)
        for weights in rows:
            program = with_average(program, tighter, weights)
        found = solve_problem(program, settings=settings)
        if found.x is None:
            if margin == 0.0:
                break
            margin = 0.0
            continue
        if margin == 0.0 and found.bound is not None:
            bound = max(bound, found.bound)
        over = cvar(cap.of(found.x), cap.level) - cap.limit
        if excess(cap, found.x) <= FEASIBLE:
            best, margin = _better(problem, best, found.x), 0.0
        else:
            margin += 1.1 * over
        if _meet(problem, best, bound, settings):
            break
        rows.append(tail_weights(cap.of(found.x), cap.level))
    return best, bound


def _grown(problem: Problem, cap: TailCap, settings: SolveSettings, inside: Mask) -> tuple[Floats | None, float, Mask]:
    """Return (a point within the cap or None, a bound, the draws used); the bound is inf where there is no point.

    ``inside`` (draws,) grows by the tail of every answer that exceeds the cap.
    """
    bound, inside = -np.inf, inside.copy()
    for _ in range(ROUNDS):
        program = extensive(problem, cap, np.flatnonzero(inside))
        found = solve_problem(program, settings=replace(settings, node_limit=settings.node_limit or NODES))
        if found.status == "infeasible":
            return None, np.inf, inside
        bound = bound if found.bound is None else max(bound, found.bound)
        if found.x is None:
            return None, bound, inside
        x = found.x[: problem.n]
        if excess(cap, x) <= FEASIBLE:
            return x, bound, inside
        tail = tail_weights(cap.of(x), cap.level) > 0
        if not (tail & ~inside).any():
            return None, bound, inside
        inside |= tail
    return None, bound, inside


def _whole(problem: Problem, x: Floats | None, bound: float, settings: SolveSettings) -> Outcome:
    """Return the outcome of a point with whole columns within the cap, and the bound found beside it."""
    if x is None:
        return without_point("stopped", NAME, "solve.limit", bound)
    value = problem.value(x)
    gap = relative_gap(problem, x, value, bound)
    status = "optimal" if gap <= settings.mip_gap else "stopped"
    reason = None if status == "optimal" else "solve.limit"
    return Outcome(status, x, value, bound, gap, problem.A.times(x), None, None, NAME, reason=reason)


def _answer(cap: TailCap, outcome: Outcome, free: Outcome, search: TailSearch | None = None) -> CvarOutcome:
    tail = worst = None
    if outcome.x is not None:
        losses: Floats = cap.of(outcome.x)
        tail, worst = cvar(losses, cap.level), float(losses[tail_weights(losses, cap.level) > 0].min())
    size = (0, 0, 0) if search is None else (search.rounds, len(search.draws), int(search.chosen.sum()))
    return CvarOutcome(outcome, free, tail, worst, 0.0, np.zeros(cap.losses.shape[0]), None, *size)
