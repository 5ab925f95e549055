"""What a rule in a conflict would have to give: the limit at which a portfolio exists, in points and in yuan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.explain.model import Change, Model, limit_range, loosening
from absalloc.explain.relaxation import BUDGET, TURNOVER, Relaxation
from absalloc.explain.words import Words, limit_text, ratio, yuan
from absalloc.plan.builder import MILLION
from absalloc.plan.program import build_program
from absalloc.rows import Block
from absalloc.rulebook.active import Limit
from absalloc.solve import SolveSettings, solve_problem

STEPS: dict[str, Fraction] = {
    "ratio": Fraction(1, 10_000),
    "years": Fraction(1, 100),
    "months": Fraction(1),
    "days": Fraction(1),
    "count": Fraction(1),
    "grade": Fraction(1),
}
"""How finely a repaired limit is found; a limit in yuan to a ten-thousandth of itself."""
DOUBLINGS = 24
NODES = 20
"""Branches after which a limit is taken as too tight: the repair is then a little wider than the tightest one."""


@dataclass(frozen=True)
class Repair:
    """One way out: a rule's limit moved just far enough, others as they are; ``limit`` None: only without the rule.

    ``points`` in the limit's unit; ``excess`` the least yuan by which the rule as written would be exceeded (LP
    relaxation, None where the rule does not count yuan). ``status, value, bp``: the plan after the
    repair; ``status`` is ``infeasible`` where another conflict remains.
    """

    rule: str
    sense: str
    unit: str
    was: Fraction | None
    limit: Fraction | None
    points: Fraction | None
    excess: Fraction | None
    status: str
    value: Fraction | None
    bp: Fraction | None

    @property
    def words(self) -> Words:
        """The repair as a sentence."""
        was, limit = limit_text(self.was, self.unit), limit_text(self.limit, self.unit)
        return Words("repair_max" if self.sense == "max" else "repair_min", rule=self.rule, was=was, limit=limit)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "rule": self.rule,
            "sense": self.sense,
            "unit": self.unit,
            "was": ratio(self.was),
            "limit": ratio(self.limit),
            "points": ratio(self.points),
            "excess_yuan": yuan(self.excess),
            "remove": self.limit is None,
            "status": self.status,
            "carry_yuan": yuan(self.value),
            "carry_bp": ratio(self.bp),
            "text": self.words.text(lang) if self.limit is not None else Words("repair_off", rule=self.rule).text(lang),
        }


def repairs_of(model: Model, relaxation: Relaxation, rules: tuple[str, ...]) -> tuple[Repair, ...]:
    """Return the repairs of a minimal conflict, one a rule and limit, those that leave most carry first."""
    kept = frozenset(rules)
    found: list[Repair] = []
    for name in rules:
        rule = model.rules.get(name)
        numbers = [] if rule is None else [item for item in rule.limits if item.value is not None]
        moved = [made for limit in numbers if (made := _moved(model, kept, name, limit)) is not None]
        excess = least_excess(model, relaxation, kept, name)
        found += [_whole(model, relaxation, name, made, excess) for made in moved]
        if not moved and rule is not None:
            found.append(_repair(model, name, None, None, excess))
    return tuple(sorted(found, key=lambda item: (item.value is None, -(item.value or 0), item.rule)))


def _whole(
    model: Model, relaxation: Relaxation, name: str, moved: tuple[Limit, Fraction], excess: Fraction | None
) -> Repair:
    """Return the repair at the limit that the set needs; at that which all rules need, where others want more."""
    repair = _repair(model, name, *moved, excess)
    if repair.status != "infeasible":
        return repair
    wider = _moved(model, frozenset(relaxation.names), name, moved[0])
    return repair if wider is None else _repair(model, name, *wider, excess)


def _repair(model: Model, name: str, limit: Limit | None, value: Fraction | None, excess: Fraction | None) -> Repair:
    change = Change.drop(name) if limit is None or value is None else Change.limit(name, limit.sense, value)
    answer = model.planned(change)
    if limit is not None and value is not None and answer.status == "stopped":
        # The very edge may leave no room for whole yuan: one step further is then the repair.
        further = value + loosening(model.rules[name], limit) * step_of(limit)
        again = model.planned(Change.limit(name, limit.sense, further))
        value, answer = (further, again) if again.faces is not None else (value, answer)
    worth = model.value(answer)
    was = None if limit is None else limit.value
    points = None if value is None or was is None else abs(value - was)
    sense, unit = ("max", "none") if limit is None else (limit.sense, limit.unit)
    return Repair(name, sense, unit, was, value, points, excess, answer.status, worth, model.bp(worth))


def _moved(model: Model, kept: frozenset[str], name: str, limit: Limit) -> tuple[Limit, Fraction] | None:
    """Return the limit nearest to the one written at which the conflict is gone; None where no limit does it."""
    was = limit.value
    assert was is not None
    step = step_of(limit)
    sign = loosening(model.rules[name], limit)
    least_limit, most_limit = limit_range(limit)

    def at(steps: int) -> Fraction:
        value = max(was + sign * steps * step, least_limit)
        return value if most_limit is None else min(value, most_limit)

    def enough(steps: int, *, whole: bool) -> bool:
        value = at(steps)
        if not whole and model.quick is not None:
            # The cap on trades and the budget are no rules, and left out by name like them.
            without = frozenset({*model.rules, TURNOVER, BUDGET}) - kept
            change = Change(frozenset({(name, limit.sense, value)}), without)
            return model.quick(change)[0].status == "optimal"
        return feasible_program(model, kept, Change.limit(name, limit.sense, value), whole=whole, nodes=NODES) is True

    # The relaxation is fast and never asks for more; lots and names start from where it ends.
    least = 0 if enough(0, whole=False) else least_steps(lambda k: enough(k, whole=False), DOUBLINGS)
    if least is None:
        return None
    more = 0 if least and enough(least, whole=True) else least_steps(lambda k: enough(least + k, whole=True), DOUBLINGS)
    return None if more is None else (limit, at(least + more))


def step_of(limit: Limit) -> Fraction:
    """Return how finely limits of this unit are searched."""
    return STEPS.get(limit.unit, abs(limit.value or Fraction(1)) / 10_000)


def least_steps(enough: Callable[[int], bool], doublings: int) -> int | None:
    """Return the least whole number of steps that is enough (monotone); None where 2**doublings are not."""
    high = 1
    for _ in range(doublings):
        if enough(high):
            break
        high *= 2
    else:
        return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def feasible_program(
    model: Model, kept: frozenset[str], change: Change | None = None, *, whole: bool = True, nodes: int | None = None
) -> bool | None:
    """Say whether a portfolio meets the rules ``kept`` and no others, by a program the plan builds afresh.

    Lots, tickets and counts of names included, unless not ``whole``. None where a limit of time ended the search.
    """
    state, system, current = model.changed(change or Change())
    skip = frozenset(rule.id for rule in state.rules.active) - kept
    terms = replace(model.terms(state, system, current, model.levels), skip=skip)
    cap = model.turnover_cap if TURNOVER in kept else None
    program = build_program(system, model.lines, model.objective, terms, max_turnover=cap, least_change=False)
    problem = program.problem
    low = problem.row_lower.copy()
    if BUDGET not in kept:
        low[[i for i, row in enumerate(program.builder.rows) if row.name == "budget"]] = -np.inf
    problem = replace(problem, c=np.zeros(problem.n), row_lower=low, offset=0.0)
    problem = problem if whole else problem.relaxed()
    found = solve_problem(problem, "highs", SolveSettings(time_limit=model.settings.time_limit, node_limit=nodes))
    return False if found.status == "infeasible" else True if found.x is not None else None


def least_excess(model: Model, relaxation: Relaxation, kept: frozenset[str], name: str) -> Fraction | None:
    """Return the least yuan, summed over groups, by which a rule must be exceeded for the rest of a set to hold.

    By one LP with a slack on each of its rows. None for rules whose rows do not count yuan (means count yuan times
    years or grades) or that bar lines.
    """
    if name in model.rules and model.rules[name].kind == "average":
        return None
    row_of = relaxation.row_of
    mine = np.flatnonzero(row_of == name)
    names = [relaxation.program.builder.rows[i].name for i in mine]
    if not len(mine) or any(word.endswith(("| count", "| held")) or word.startswith("buys") for word in names):
        return None
    problem = relaxation.problem(frozenset(relaxation.names) - kept)
    keep = np.isin(row_of, ["", BUDGET, *kept])
    at = np.flatnonzero(row_of[keep] == name)
    from scipy.sparse import csr_matrix, hstack

    sign = np.where(np.isfinite(problem.row_upper[at]), -1.0, 1.0)
    slack = csr_matrix((sign, (at, np.arange(len(at)))), shape=(problem.m, len(at)))
    elastic = replace(
        problem, c=np.concatenate([np.zeros(problem.n), np.ones(len(at))]),
        A=hstack([problem.A.to_scipy(), slack]).tocsr(),
        col_lower=np.concatenate([problem.col_lower, np.zeros(len(at))]),
        col_upper=np.concatenate([problem.col_upper, np.full(len(at), np.inf)]),
        integrality=None, col_names=None, offset=0.0,
    )  # fmt: skip
    found = solve_problem(elastic, "highs", relaxation.settings)
    if found.status != "optimal" or found.objective is None:
        return None
    return Fraction(float(found.objective)) * int(MILLION)


def capacity(model: Model, relaxation: Relaxation, name: str) -> dict[str, str] | None:
    """Return how much a cap by group lets in, of what there is to buy: groups, cap × supply; None for other rules."""
    block = next((b for b in model.system.blocks if b.rule.id == name and b.branch == "main"), None)
    if (
        block is None
        or block.rule.by is None
        or block.sense != "max"
        or block.form != "linear"
        or block.unit != "ratio"
    ):
        return None
    if not isinstance(block.rule.of, str) or np.any(block.d != 0):
        return None
    supply = _supply(model, relaxation, block)
    cap = np.maximum(block.limit * block.d0[0] - block.n0[1], 0.0)
    room = np.minimum(cap, supply)
    some = supply > 0
    return {
        "rule": name,
        "groups": str(int(some.sum())),
        "at_cap": str(int(np.sum(some & (supply >= cap)))),
        "limit": limit_text(block.limit_exact, "ratio"),
        "supply": f"{float(supply.sum()) / 1e8:.4g}",
        "room": f"{float(room[some].sum()) / 1e8:.4g}",
    }


def _supply(model: Model, relaxation: Relaxation, block: Block) -> np.ndarray:
    """Return what can be held of each group under the eligibility rules, in the rule's measure: shape (rows,)."""
    barred = relaxation.always.copy()
    for lines in relaxation.bars.values():
        barred |= lines
    most = np.where(barred, model.lines.held, np.maximum(model.lines.most, model.lines.held))
    most = np.where(model.lines.allocated, most, model.lines.held)
    inside = block.col < model.system.positions
    weights = block.n[inside] * most[block.col[inside]]
    return np.bincount(block.row[inside], weights=weights, minlength=block.rows)
