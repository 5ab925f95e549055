"""What the rules cost together, shared out over groups of rules so that it adds up: in an order, and by Shapley."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import factorial
from typing import Any

from absalloc.errors import BadInput
from absalloc.explain.model import Change, Model
from absalloc.explain.prices import Progress
from absalloc.explain.whatif import Session
from absalloc.explain.words import ratio, yuan
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState

MOST_GROUPS = 10
"""Shapley solves one program for each subset of the groups."""


@dataclass(frozen=True)
class Share:
    """What one group of rules costs, yuan a year: ``ordered`` added after those before it, ``shapley`` on average."""

    group: str
    rules: tuple[str, ...]
    ordered: Fraction | None
    shapley: Fraction | None


@dataclass(frozen=True)
class Attribution:
    """The gap between the best portfolio without and with the rules; both columns of ``shares`` add up to it.

    All values are optima of the LP relaxation; ``integer_gap`` is what lots, tickets and names cost on top,
    ``free`` the optimum under budget, supply and tickets alone. ``status`` is not ``optimal`` where a subset has none.
    """

    status: str
    free: Fraction | None
    constrained: Fraction | None
    integer_gap: Fraction | None
    total: Fraction | None
    shares: tuple[Share, ...]
    relaxation: bool = True

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data: yuan a year, basis points of NAV (of the invested amount without one)."""
        del lang
        return {
            "schema": "absalloc.attribution/1",
            "status": self.status,
            "lp_relaxation": self.relaxation,
            "free": yuan(self.free),
            "constrained": yuan(self.constrained),
            "integer_gap": yuan(self.integer_gap),
            "shares": [
                {
                    "group": item.group,
                    "rules": list(item.rules),
                    "ordered_yuan": yuan(item.ordered),
                    "ordered_bp": self._bp(item.ordered),
                    "shapley_yuan": yuan(item.shapley),
                    "shapley_bp": self._bp(item.shapley),
                }
                for item in self.shares
            ],
        }

    def _bp(self, amount: Fraction | None) -> float | None:
        return ratio(amount / self.total * 10_000) if amount is not None and self.total else None


def rule_groups(state: BookState) -> dict[str, tuple[str, ...]]:
    """Return the rules of a book by rulebook: the groups of an attribution where none are given."""
    found: dict[str, list[str]] = {}
    for rule in state.rules.active:
        found.setdefault(rule.id.partition("/")[0], []).append(rule.id)
    return {name: tuple(rules) for name, rules in found.items()}


def attribution(
    state: BookState,
    settings: PlanSettings,
    groups: Mapping[str, Sequence[str]] | None = None,
    *,
    shapley: bool = True,
    progress: Progress | None = None,
) -> Attribution:
    """Return the cost of each group of rules (short or full ids); by rulebook where no groups are given.

    Rules in no group form one more, ``others``. Raises BadInput for a rule that is not in force or stands in two
    groups, and for more than ``MOST_GROUPS`` groups with ``shapley``.
    """
    model = Model(state, settings)
    if model.refused is not None or model.rate:
        return Attribution("stopped", None, None, None, model.total, ())
    named = _named(model, groups)
    if shapley and len(named) > MOST_GROUPS:
        raise BadInput("explain.too_many_groups", value=len(named), expected=MOST_GROUPS)
    game = _Game(Session.of(model), [frozenset(rules) for rules in named.values()], progress)
    full, none = (1 << len(named)) - 1, 0
    ends = game.value(none), game.value(full)
    if ends[0] is None or ends[1] is None:
        return Attribution("infeasible", ends[0], ends[1], None, model.total, ())
    ordered = game.ordered()
    fair = game.shapley() if shapley else [None] * len(named)
    shares = tuple(Share(n, tuple(r), o, s) for (n, r), o, s in zip(named.items(), ordered, fair, strict=True))
    best = model.value(model.base)
    return Attribution("optimal", ends[0], ends[1], None if best is None else ends[1] - best, model.total, shares)


def _named(model: Model, groups: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    binding = [rule.id for rule in model.binding_rules]
    wanted = groups if groups is not None else rule_groups(model.state)
    named = {name: tuple(model.rule(rule).id for rule in rules) for name, rules in wanted.items()}
    taken = [rule for rules in named.values() for rule in rules]
    for rule in taken:
        if taken.count(rule) > 1:
            raise BadInput("explain.rule_twice", value=rule)
    named = {name: tuple(r for r in rules if r in binding) for name, rules in named.items()}
    rest = tuple(rule for rule in binding if rule not in taken)
    return {**named, **({"others": rest} if rest else {})}


class _Game:
    """The value of each set of groups in force, as a bit mask: the optimum of the LP relaxation in yuan a year."""

    def __init__(self, session: Session, groups: list[frozenset[str]], progress: Progress | None) -> None:
        self.session, self.groups, self.progress = session, groups, progress
        self.known: dict[int, Fraction | None] = {}

    def value(self, mask: int) -> Fraction | None:
        if mask not in self.known:
            if self.progress is not None:
                self.progress(len(self.known), 1 << len(self.groups), "")
            without = frozenset[str]().union(*(g for i, g in enumerate(self.groups) if not mask >> i & 1))
            found = self.session.relaxed(Change(without=without))[0]
            good = found.status == "optimal" and found.objective is not None
            self.known[mask] = Fraction(-float(found.objective or 0.0)) * 10**6 if good else None
        return self.known[mask]

    def ordered(self) -> list[Fraction | None]:
        steps = [self.value((1 << i) - 1) for i in range(len(self.groups) + 1)]
        return [a - b if a is not None and b is not None else None for a, b in pairwise(steps)]

    def shapley(self) -> list[Fraction | None]:
        """Return Σ over sets S without i of |S|!(n−|S|−1)!/n! × (v(S) − v(S ∪ i)): exact in fractions."""
        n = len(self.groups)
        result: list[Fraction | None] = []
        for i in range(n):
            total: Fraction | None = Fraction(0)
            for mask in (m for m in range(1 << n) if not m >> i & 1):
                size = mask.bit_count()
                before, after = self.value(mask), self.value(mask | 1 << i)
                if before is None or after is None or total is None:
                    total = None
                    break
                total += Fraction(factorial(size) * factorial(n - size - 1), factorial(n)) * (before - after)
            result.append(total)
        return result
