"""Where a limit starts to cost and where it leaves no portfolio, with lots, tickets and names: by plans made anew.

The best a limit allows is a step function of it. Two sides close in on the step: plans that are known, each from the
tightest limit at which it passes the exact check on, and bounds that no portfolio beats, each at its limit and all
tighter ones. What lies between them the gaps of the solves do not tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from absalloc.compliance.exact import Call, evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.explain.breakpoints import Ladder, Span, Tops, last
from absalloc.explain.optima import YUAN, Optima, Optimum, Steps
from absalloc.explain.words import limit_text
from absalloc.rows import BookState
from absalloc.rulebook.active import ActiveRule, Limit

NODES = 200
"""Branches after which the search for any portfolio at a very tight limit is given up; nothing is claimed then."""


def whole_span(optima: Optima, rule: ActiveRule, limit: Limit, steps: Steps) -> Span:
    """Return where a limit starts and stops to bind a plan: ``Span`` says what is claimed, which is all proven."""
    ladder = Ladder(rule, limit)
    base = optima.base
    free = optima.at(ladder.off, base.low)
    if free.low is None or free.high is None or base.book is None:
        return Span(None, None, None, None, ladder.step)
    search = _Search(optima, ladder, free.low, steps)
    search.learn(0, base)
    search.learn(ladder.ends[1], free)
    binds, free_at = search.starts()
    feasible, none = search.stops()
    return ladder.span(binds, free_at, feasible, none)


class _Search:
    """Plans and bounds of the limits of one ladder. ``free``: what the best plan known without the limit earns."""

    def __init__(self, optima: Optima, ladder: Ladder, free: Fraction, steps: Steps) -> None:
        self.optima, self.ladder, self.free, self.steps = optima, ladder, free, steps
        self.tops = Tops(optima.model, ladder)
        self.call = Call()
        self.plans: list[tuple[int, Fraction]] = []
        self.bounds: dict[int, Fraction] = {}
        self.none: set[int] = set()
        self.tried: set[int] = set()

    def learn(self, steps: int, found: Optimum) -> None:
        """Take in what is known at a step."""
        if found.low is not None:
            reach = steps if found.book is None else self.reach(found.book, steps)
            self.plans.append((reach, found.low))
        if found.high is not None:
            self.bounds[steps] = found.high
        if found.status == "infeasible":
            self.none.add(steps)

    def low(self, steps: int) -> Fraction | None:
        """Return the most that is earned by a known plan which passes at a step."""
        return max((value for reach, value in self.plans if reach <= steps), default=None)

    def high(self, steps: int) -> Fraction | None:
        """Return what no plan beats at a step."""
        known = [bound for at, bound in self.bounds.items() if at >= steps]
        top = self.tops.at(steps)[1]
        return min([*known, *([] if top is None else [top])], default=None)

    def impossible(self, steps: int) -> bool:
        """Say whether no plan at a step is proven."""
        return any(at >= steps for at in self.none) or self.tops.impossible(steps)

    def costs(self, steps: int) -> bool:
        """Say whether a cost at a step is proven."""
        high = self.high(steps)
        return self.impossible(steps) or (high is not None and self.free - high > YUAN)

    def as_good(self, steps: int) -> bool:
        """Say whether a plan at a step is known that earns as much as without the limit."""
        low = self.low(steps)
        return low is not None and self.free - low <= YUAN

    def starts(self) -> tuple[int | None, int | None]:
        """Return (loosest step proven to cost, tightest with a plan as good as without the limit)."""
        low, high = self.ladder.ends
        by_lp = last(self.costs, low, high)
        bottom = low - 1 if by_lp is None else by_lp
        top = min((reach for reach, value in self.plans if self.free - value <= YUAN), default=high + 1)
        binds = self._last(bottom, top, self.costs, self._best)
        good = self._last(binds, top, lambda k: not self.as_good(k), self._best) + 1
        return (binds if binds >= low else None), good

    def stops(self) -> tuple[int | None, int | None]:
        """Return (tightest step with a plan, loosest proven to have none)."""
        low, high = self.ladder.ends
        by_lp = last(self.impossible, low, high)
        bottom = low - 1 if by_lp is None else by_lp
        top = min((reach for reach, _ in self.plans), default=high + 1)
        none = self._last(bottom, top, self.impossible, self._any)
        some = self._last(none, top, lambda k: self.low(k) is None, self._any) + 1
        return some, (none if none >= low else None)

    def _last(self, low: int, high: int, holds: Callable[[int], bool], solve: Callable[[int], None]) -> int:
        """Return the loosest step from ``low``, where something holds, to below ``high``, where it does not."""
        while high - low > 1:
            middle = (low + high) // 2
            solve(middle)
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low

    def _best(self, steps: int) -> None:
        """Make the plan at a step, where nothing known decides."""
        if not (self.costs(steps) or self.as_good(steps) or steps in self.bounds):
            self.steps.take(self._words(steps))
            self.learn(steps, self.optima.at(self.ladder.change(steps), self.low(steps)))

    def _any(self, steps: int) -> None:
        """Look for any plan at a step, where nothing known decides."""
        if self.impossible(steps) or self.low(steps) is not None or steps in self.tried:
            return
        self.tried.add(steps)
        self.steps.take(self._words(steps))
        model = self.optima.model
        answer = model.any(self.ladder.change(steps), NODES)
        book = None if answer.faces is None else answer.state
        self.learn(steps, Optimum(answer.status, model.value(answer), None, book=book))

    def _words(self, steps: int) -> str:
        return f"{self.ladder.rule.id} {limit_text(self.ladder.at(steps), self.ladder.limit.unit)}"

    def reach(self, book: BookState, steps: int) -> int:
        """Return the tightest step known at which a portfolio that passes at ``steps`` passes the exact check."""
        ladder, low = self.ladder, self.ladder.ends[0]
        assert ladder.limit.value is not None
        values = [f.value for f in self._findings(book, steps) if f.sense == ladder.limit.sense and f.value is not None]
        if not values:
            return steps
        value = max(values) if ladder.sign > 0 else min(values)
        guess = max(math.ceil(ladder.sign * (value - ladder.limit.value) / ladder.step), low)
        # A strict limit asks for one step more.
        for at in (guess, guess + 1):
            if at < steps and all(item.verdict == "pass" for item in self._findings(book, at)):
                return at
        return steps

    def _findings(self, book: BookState, steps: int) -> tuple[Finding, ...]:
        rules = self.optima.model.changed(self.ladder.change(steps))[0].rules
        return evaluate_exact([replace(book, rules=rules)], rules={self.ladder.rule.id}, call=self.call)
