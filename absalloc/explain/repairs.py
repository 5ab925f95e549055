"""What a rule in a conflict would have to give: the limit at which a portfolio exists, in points and in yuan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.explain.feasible import feasible_program
from absalloc.explain.model import NOTHING, Change, Model, limit_range, loosening
from absalloc.explain.readings import readings
from absalloc.explain.relaxation import BUDGET, Relaxation
from absalloc.explain.whatif import Session
from absalloc.explain.words import Words, limit_text, ratio, yuan
from absalloc.plan.builder import MILLION
from absalloc.plan.make import Answer
from absalloc.rulebook.active import Limit
from absalloc.solve import Outcome, solve_problem

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


@dataclass(frozen=True)
class Repair:
    """One way out: a rule's limit moved just far enough, others as they are; ``limit`` None: only without the rule.

    ``points`` in the limit's unit; ``excess`` the least yuan by which the rule as written would be exceeded, summed
    over groups, beside the same rules (of the LP relaxation: lots may take more; None where the rule does not count
    yuan, and where only lots, tickets or names stand in the way). ``status, value, bp``:
    the plan after the repair, yuan a year; ``most, most_bp`` what no plan can beat there. ``status`` is ``infeasible``
    where another conflict remains, ``stopped`` where the best plan takes long to find: ``value`` is of a good one.
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
    most: Fraction | None = None
    most_bp: Fraction | None = None

    @property
    def words(self) -> Words:
        """The repair as a sentence, with the points where the limit is a share."""
        was, limit = limit_text(self.was, self.unit), limit_text(self.limit, self.unit)
        if self.unit == "ratio" and self.points is not None:
            points = f"{float(self.points * 100):.6g}"
            return Words("repair_points", rule=self.rule, was=was, limit=limit, points=points)
        return Words("repair_limit", rule=self.rule, was=was, limit=limit)

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
            "carry_most_yuan": yuan(self.most),
            "carry_most_bp": ratio(self.most_bp),
            "text": self.words.text(lang) if self.limit is not None else Words("repair_off", rule=self.rule).text(lang),
        }


@dataclass(frozen=True)
class Ways:
    """The ways out of conflicts of one book; ``names``: the rules, and what may conflict with rules."""

    model: Model
    session: Session
    relaxation: Relaxation
    names: tuple[str, ...]

    def out_of(self, rules: tuple[str, ...]) -> tuple[Repair, ...]:
        """Return the repairs of a minimal conflict, one a rule and limit, those that leave most carry first."""
        found: list[Repair] = []
        for name in rules:
            rule = self.model.rules.get(name)
            numbers = [] if rule is None else [item for item in rule.limits if item.value is not None]
            moved = [made for limit in numbers if (made := self._moved(rules, name, limit)) is not None]
            found += moved
            if not moved and rule is not None:
                found.append(self._repair(name, None, None, self._excess(frozenset(rules), name)))
        return tuple(sorted(found, key=lambda item: (item.value is None, -(item.value or 0), item.rule)))

    def _moved(self, rules: tuple[str, ...], name: str, limit: Limit) -> Repair | None:
        """Return the repair at the limit that all rules need; where none does for all, at that of the set alone."""
        every, some = frozenset(self.names), frozenset(rules)
        excess = self._excess(every, name)
        value = self._nearest(every, name, limit, excess)
        if value is not None:
            return self._repair(name, limit, value, excess)
        excess = self._excess(some, name)
        value = self._nearest(some, name, limit, excess)
        return None if value is None else self._made(name, limit, value, excess, None)

    def _excess(self, kept: frozenset[str], name: str) -> Fraction | None:
        return least_excess(self.model, self.relaxation, kept, name)

    def _repair(self, name: str, limit: Limit | None, value: Fraction | None, excess: Fraction | None) -> Repair:
        change = Change.drop(name) if limit is None or value is None else Change.limit(name, limit.sense, value)
        answer = self.model.planned(change)
        if limit is not None and value is not None and answer.status == "stopped" and answer.faces is None:
            # The very edge may leave no room for whole yuan: one step further is then the repair.
            further = value + loosening(self.model.rules[name], limit) * step_of(limit)
            again = self.model.planned(Change.limit(name, limit.sense, further))
            value, answer = (further, again) if again.faces is not None else (value, answer)
        return self._made(name, limit, value, excess, answer)

    def _made(
        self, name: str, limit: Limit | None, value: Fraction | None, excess: Fraction | None, answer: Answer | None
    ) -> Repair:  # fmt: skip
        """Return the repair with the plan after it; None: another conflict remains."""
        worth = None if answer is None else self.model.value(answer)
        most = None if answer is None or answer.status == "infeasible" else self.model.bound(answer)
        was = None if limit is None else limit.value
        points = None if value is None or was is None else abs(value - was)
        sense, unit = ("max", "none") if limit is None else (limit.sense, limit.unit)
        status = "infeasible" if answer is None else answer.status
        bp = self.model.bp
        return Repair(name, sense, unit, was, value, points, excess, status, worth, bp(worth), most, bp(most))

    def _nearest(self, kept: frozenset[str], name: str, limit: Limit, excess: Fraction | None) -> Fraction | None:
        """Return the limit nearest to the one written at which a portfolio meets the rules ``kept``; None for none.

        ``excess``: the least yuan by which the rule is exceeded there.
        """
        if not self._relaxed(kept - {name}):
            return None
        was, step, sign = limit.value, step_of(limit), loosening(self.model.rules[name], limit)
        assert was is not None

        low, high = limit_range(limit)

        def value(steps: int) -> Fraction:
            found = max(was + sign * steps * step, low)
            return found if high is None else min(found, high)

        def at(steps: int) -> Change:
            return Change.limit(name, limit.sense, value(steps))

        def whole(steps: int) -> bool | None:
            return feasible_program(self.model, kept, at(steps), brief=True)

        # The relaxation is fast and never asks for more; lots and names start from where it ends.
        guess = self._guess(name, limit, excess)
        least = 0 if self._relaxed(kept) else least_steps(lambda k: self._relaxed(kept, at(k)), DOUBLINGS, guess, 1)
        if least is None:
            return None
        more: int | None = 0
        if not least or not whole(least):
            start = self._lost(kept, name, limit, at(least)) / float(step)
            more = least_steps(lambda k: whole(least + k), DOUBLINGS, max(int(np.ceil(start - 1e-6)), 1))
        return None if more is None else value(least + more)

    def _guess(self, name: str, limit: Limit, excess: Fraction | None) -> int:
        """Return about how many steps an excess of a rule of one row comes to; 1 where that cannot be told."""
        blocks = [b for b in self.model.system.blocks if b.rule.id == name and b.sense == limit.sense and b.rows == 1]
        base = float(blocks[0].d0[0][0]) if len(blocks) == 1 and limit.unit == "ratio" else 1.0
        steps = float(excess or 0) / (base or 1.0) / float(step_of(limit))
        return max(int(np.ceil(steps - 1e-6)), 1) if blocks and steps < 2**DOUBLINGS else 1

    def _lost(self, kept: frozenset[str], name: str, limit: Limit, change: Change) -> float:
        """Return how much further a limit must go where the relaxation's purchases are cut to whole lots: about."""
        found, standing = self._asked(kept, change), self.session.standing
        if found.x is None:
            return 0.0
        lines, faces = self.model.lines, standing.faces(found.x)
        bought = np.floor(np.maximum(faces - lines.held, 0.0) / lines.lot + 1e-6) * lines.lot
        cut = np.minimum(faces, lines.held) + np.where(bought >= lines.ticket, bought, 0.0)
        told = readings(standing, found, [name], cut, frozenset())
        value = next((item.value for item in told if item.sense == limit.sense and item.limit is not None), None)
        now = next(at for rule, sense, at in change.limits if sense == limit.sense)
        return 0.0 if value is None else max(loosening(self.model.rules[name], limit) * (value - float(now)), 0.0)

    def _relaxed(self, kept: frozenset[str], change: Change = NOTHING) -> bool:
        """Say whether the relaxation has a point that meets the rules ``kept`` and no others, warm."""
        return self._asked(kept, change).status == "optimal"

    def _asked(self, kept: frozenset[str], change: Change) -> Outcome:
        return self.session.relaxed(replace(change, without=frozenset(self.names) - kept))[0]


def step_of(limit: Limit) -> Fraction:
    """Return how finely limits of this unit are searched."""
    return STEPS.get(limit.unit, abs(limit.value or Fraction(1)) / 10_000)


def least_steps(
    enough: Callable[[int], bool | None], doublings: int, start: int = 1, near: int | None = None
) -> int | None:
    """Return the least whole number of steps that is enough (monotone), about ``start``; None for 2**doublings.

    ``near``: how far from ``start`` is tried next, and twice as far each time; by default as far as nought.
    Where the solver leaves some open (None), a number that is enough and at most about twice the least.
    """
    sure, apart = True, near or start

    def asked(steps: int) -> bool:
        nonlocal sure
        found = enough(steps)
        sure = sure and found is not None
        return bool(found)

    if asked(start):
        low, high = start - apart, start
        while low > 0 and asked(low):
            low, high, apart = low - 2 * apart, low, 2 * apart
        low = max(low, 0)
    else:
        low, high = start, start + apart
        while high < 2**doublings and not asked(high):
            low, high, apart = high, high + 2 * apart, 2 * apart
        if high >= 2**doublings:
            return None
    while high - low > (1 if sure else max(1, high // 2)):
        middle = (low + high) // 2
        low, high = (low, middle) if asked(middle) else (middle, high)
    return high


def least_excess(model: Model, relaxation: Relaxation, kept: frozenset[str], name: str) -> Fraction | None:
    """Return the least yuan, summed over groups, by which a rule must be exceeded for the rest of a set to hold.

    By one LP with a slack on each of its rows. None for rules whose rows do not count yuan (means count yuan times
    years or grades) or that bar lines, and where parts of lots leave nothing to exceed.
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
    excess = Fraction(float(found.objective)) * int(MILLION)
    # Nothing to exceed by parts of lots: only lots, tickets or names stand in the way, and how much they take is open.
    return excess if excess >= 1 else None
