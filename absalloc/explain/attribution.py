"""What the rules cost together, shared out over groups of rules so that it adds up: in an order, and by Shapley."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Any

from absalloc.errors import BadInput
from absalloc.explain.model import Change, Model
from absalloc.explain.optima import Optima, Optimum, Progress, Steps, between, worth_of
from absalloc.explain.whatif import Session
from absalloc.explain.words import apportioned, ratio, yuan
from absalloc.plan.make import PlanSettings
from absalloc.plan.note import Note, no_answer
from absalloc.rows import BookState

MOST_GROUPS = 10
"""Shapley solves one program for each subset of the groups."""


Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Share:
    """What one group of rules costs, yuan a year: ``ordered`` added after those before it, ``shapley`` on average.

    The ends hold the share as it is of the true optima; of the LP they meet, but for rounding.
    """

    group: str
    rules: tuple[str, ...]
    ordered: Fraction | None
    shapley: Fraction | None
    ordered_ends: Ends | None = None
    shapley_ends: Ends | None = None


@dataclass(frozen=True)
class Attribution:
    """The gap between the best portfolio without and with the rules; both columns of ``shares`` add up to it.

    ``relaxation``: all values are optima of the LP relaxation, and ``integer_gap`` is what lots, tickets and counts of
    names cost on top (None where the book has no plan). Else they are what plans earn with all of these, each within
    the gap of its solve. ``free`` is the optimum under budget, supply and tickets alone. ``status``: ``infeasible`` or
    ``stopped`` where a set of groups has no proven answer; then there are no shares.
    """

    status: str
    free: Fraction | None
    constrained: Fraction | None
    integer_gap: Fraction | None
    total: Fraction | None
    shares: tuple[Share, ...]
    relaxation: bool = True
    reason: Note | None = None

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data: yuan a year, basis points of NAV (of the invested amount without one).

        To the fen, and adding up to it: free - shares = constrained, constrained - integer_gap = the plan.
        """
        gap = None if self.free is None or self.constrained is None else _fen(self.free) - _fen(self.constrained)
        columns = {key: _column([getattr(x, key) for x in self.shares], gap) for key in ("ordered", "shapley")}
        best = None if self.constrained is None or self.integer_gap is None else self.constrained - self.integer_gap
        return {
            "schema": "absalloc.attribution/1",
            "status": self.status,
            "reason": None if self.reason is None else self.reason.text(lang),
            "lp_relaxation": self.relaxation,
            "free": yuan(self.free),
            "constrained": yuan(self.constrained),
            "integer_gap": None if best is None else yuan(_fen(self.constrained or best) - _fen(best)),
            "plan": yuan(best if self.relaxation else self.constrained),
            "shares": [
                {
                    "group": item.group,
                    "rules": list(item.rules),
                    **self._share("ordered", item, columns["ordered"][i]),
                    **self._share("shapley", item, columns["shapley"][i]),
                }
                for i, item in enumerate(self.shares)
            ],
        }

    def _share(self, key: str, item: Share, shown: Fraction | None) -> dict[str, Any]:
        ends: Ends | None = getattr(item, f"{key}_ends")
        return {
            f"{key}_yuan": yuan(shown),
            f"{key}_bp": self._bp(getattr(item, key)),
            f"{key}_low_bp": None if ends is None else self._bp(ends[0]),
            f"{key}_high_bp": None if ends is None else self._bp(ends[1]),
            f"{key}_worth": None if ends is None else worth_of(*ends),
        }

    def _bp(self, amount: Fraction | None) -> float | None:
        return ratio(amount / self.total * 10_000) if amount is not None and self.total else None


def _fen(amount: Fraction) -> Fraction:
    return Fraction(round(amount * 100), 100)


def _column(parts: list[Fraction | None], gap: Fraction | None) -> list[Fraction | None]:
    """Return a column to the fen that adds up to the gap to the fen."""
    known = [part for part in parts if part is not None]
    return list(apportioned(known, gap)) if gap is not None and len(known) == len(parts) else parts


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
    exact: bool = False,
    progress: Progress | None = None,
) -> Attribution:
    """Return the cost of each group of rules (short or full ids); by rulebook where no groups are given.

    Rules in no group form one more, ``others``. Of the LP relaxation, unless ``exact``: then a plan with lots, tickets
    and names is made for each set of groups (two to the power of their number for Shapley). Raises BadInput for a rule
    that is not in force or stands in two groups, and for more than ``MOST_GROUPS`` groups with ``shapley``.
    """
    model = Model(state, settings)
    if model.refused is not None or model.rate:
        note = model.refused or Note("rate_not_shared")
        return Attribution("stopped", None, None, None, model.total, (), not exact, note)
    named = _named(model, groups)
    if shapley and len(named) > MOST_GROUPS:
        raise BadInput("explain.too_many_groups", value=len(named), expected=MOST_GROUPS)
    session = Session.of(model)
    model.quick = session.relaxed
    game = _Game(Optima(model, session, whole=exact), list(named.values()), Steps(progress))
    failed = game.play(shapley=shapley)
    free, all_ = game.known.get(0), game.known.get(game.full)
    ends = (None if free is None else free.low, None if all_ is None else all_.low)
    if failed is not None:
        return Attribution(failed, *ends, None, model.total, (), not exact, no_answer(failed))
    shares = []
    for i, (name, rules) in enumerate(named.items()):
        (ordered, ordered_ends), (fair, fair_ends) = game.ordered(i), game.shapley(i) if shapley else (None, None)
        shares.append(Share(name, rules, ordered, fair, ordered_ends, fair_ends))
    best = None if exact else model.value(model.base)
    assert ends[1] is not None
    on_top = None if best is None else ends[1] - best
    return Attribution("optimal", *ends, on_top, model.total, tuple(shares), not exact)


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
    """The best of each set of groups in force, as a bit mask, and what the groups cost by it."""

    def __init__(self, optima: Optima, groups: list[tuple[str, ...]], steps: Steps) -> None:
        self.optima, self.groups, self.steps = optima, groups, steps
        self.full = (1 << len(groups)) - 1
        self.known: dict[int, Optimum] = {}

    def play(self, *, shapley: bool) -> str | None:
        """Find the optima that the shares need, most rules first; return the status of one that has none."""
        masks = range(self.full, -1, -1) if shapley else [(1 << i) - 1 for i in range(len(self.groups), -1, -1)]
        self.steps.expect(len(masks))
        for mask in masks:
            names = [str(i + 1) for i in range(len(self.groups)) if mask >> i & 1]
            self.steps.take("+".join(names))
            found = self._at(mask)
            self.known[mask] = found
            if found.status != "optimal" or found.low is None:
                return found.status if found.status in ("infeasible", "stopped") else "stopped"
        return None

    def _at(self, mask: int) -> Optimum:
        """Return the optimum of a set; what earns something under more rules earns it under fewer."""
        without = frozenset[str]().union(*(g for i, g in enumerate(self.groups) if not mask >> i & 1))
        wider = [found.low for other, found in self.known.items() if other & mask == mask and found.low is not None]
        return self.optima.at(Change(without=without), max(wider, default=None))

    def ordered(self, i: int) -> tuple[Fraction, Ends | None]:
        """Return what group ``i`` costs once the groups before it are in force, with its ends."""
        return self._sum({(1 << i) - 1: Fraction(1), (1 << i + 1) - 1: Fraction(-1)})

    def shapley(self, i: int) -> tuple[Fraction, Ends | None]:
        """Return Σ over sets S without i of |S|!(n−|S|−1)!/n! × (v(S) − v(S ∪ i)): exact in fractions.

        Source: Shapley, A Value for n-Person Games (1953).
        """
        n, signs = len(self.groups), dict[int, Fraction]()
        for mask in (m for m in range(1 << n) if not m >> i & 1):
            size = mask.bit_count()
            weight = Fraction(factorial(size) * factorial(n - size - 1), factorial(n))
            signs[mask], signs[mask | 1 << i] = weight, -weight
        return self._sum(signs)

    def _sum(self, signs: Mapping[int, Fraction]) -> tuple[Fraction, Ends | None]:
        total = sum((weight * (self.known[mask].low or Fraction(0)) for mask, weight in signs.items()), Fraction(0))
        return total, between((weight, self.known[mask]) for mask, weight in signs.items())
