"""Whether a portfolio meets some rules and no others, by the plan's own program; how much a cap by group lets in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.explain.asker import BRIEF_LOTS
from absalloc.explain.model import NOTHING, Change, Model
from absalloc.explain.relaxation import BUDGET, TURNOVER
from absalloc.explain.standing import Standing
from absalloc.explain.words import Words, limit_text
from absalloc.plan.program import build_program
from absalloc.rows import Block
from absalloc.solve import Problem, SolveSettings, solve_problem
from absalloc.solve.highs import HIGHS
from absalloc.solve.near import open_integers, some_point

NODES = 1000
FEW_NODES = 20
"""Branches after which a limit is taken as too tight: the repair is then a little wider than the tightest one."""


def feasible_program(
    model: Model, kept: frozenset[str], change: Change = NOTHING, *, brief: bool = False
) -> bool | None:
    """Say whether a portfolio meets the rules ``kept`` and no others, by a program the plan builds afresh.

    Lots, tickets and counts of names included. None where a limit of time or ``NODES`` branches ended the search;
    ``brief``: of a few branches, and of none where the relaxation leaves many lots open and no point is near it.
    """
    problem = _program(model, kept, change)
    settings = SolveSettings(time_limit=model.settings.time_limit, node_limit=FEW_NODES if brief else NODES)
    lp = solve_problem(problem.relaxed(), "highs", settings)
    if lp.status == "infeasible":
        return False
    if lp.status == "optimal" and not problem.has_integers:
        return True
    if lp.x is not None and np.count_nonzero(open_integers(problem, lp.x)) > BRIEF_LOTS:
        if some_point(problem, lp, settings, HIGHS).x is not None:
            return True
        if brief:
            return None
    found = solve_problem(replace(problem, c=np.zeros(problem.n), offset=0.0), "highs", settings)
    return False if found.status == "infeasible" else True if found.x is not None else None


def _program(model: Model, kept: frozenset[str], change: Change) -> Problem:
    state, system, current = model.changed(change)
    skip = frozenset(rule.id for rule in state.rules.active) - kept
    terms = replace(model.terms(state, system, current, model.levels), skip=skip)
    cap = model.turnover_cap if TURNOVER in kept else None
    program = build_program(system, model.lines, model.objective, terms, max_turnover=cap, least_change=False)
    low = program.problem.row_lower.copy()
    if BUDGET not in kept:
        low[[i for i, row in enumerate(program.builder.rows) if row.name == "budget"]] = -np.inf
    return replace(program.problem, row_lower=low)


def numbers(standing: Standing, name: str) -> Words | None:
    """Return what a rule of a conflict comes to in yuan: cap × supply, a floor, an exact amount; None for others."""
    model = standing.model
    invest = model.state.mandate.portfolio.invest
    if name == BUDGET and invest is not None:
        return Words("conflict_budget", yuan=_hundred_millions(float(invest.amount)))
    block = next((b for b in model.system.blocks if b.rule.id == name and b.branch == "main"), None)
    if block is None or block.form != "linear" or block.unit != "ratio" or not block.rows:
        return None
    if not isinstance(block.rule.of, str) or np.any(block.d != 0):
        return None
    if block.rule.by is not None:
        return _capacity(standing, block) if block.sense == "max" else None
    if block.sense == "max":
        code, asked = "conflict_cap", float(block.limit[0] * block.d0[0][0] - block.n0[1][0])
    else:
        code, asked = "conflict_floor", float(block.limit_most[0] * block.d0[1][0] - block.n0[0][0])
    if not np.isfinite(asked):
        return None
    limit = limit_text(block.limit_exact, "ratio")
    return Words(code, rule=name, limit=limit, yuan=_hundred_millions(max(asked, 0.0)))


def _capacity(standing: Standing, block: Block) -> Words:
    """Return how much a cap by group lets in, of what there is to buy: groups, cap × supply."""
    supply = _supply(standing, block)
    cap = np.maximum(block.limit * block.d0[0] - block.n0[1], 0.0)
    room = np.minimum(cap, supply)
    some = supply > 0
    return Words(
        "conflict_capacity", rule=block.rule.id, groups=int(some.sum()), at_cap=int(np.sum(some & (supply >= cap))),
        limit=limit_text(block.limit_exact, "ratio"), supply=_hundred_millions(float(supply.sum())),
        room=_hundred_millions(float(room[some].sum())),
    )  # fmt: skip


def _hundred_millions(yuan: float) -> str:
    return f"{yuan / 1e8:,.2f}"


def _supply(standing: Standing, block: Block) -> np.ndarray:
    """Return what can be held of each group under the eligibility rules, in the rule's measure: shape (rows,)."""
    model, barred = standing.model, standing.always.copy()
    for lines in standing.bars.values():
        barred |= lines
    most = np.where(barred, model.lines.held, np.maximum(model.lines.most, model.lines.held))
    most = np.where(model.lines.allocated, most, model.lines.held)
    inside = block.col < model.system.positions
    weights = block.n[inside] * most[block.col[inside]]
    return np.bincount(block.row[inside], weights=weights, minlength=block.rows)
