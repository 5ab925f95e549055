"""What one change of a rule does to the best plan: proven without a new plan where that can be, else by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain.model import NOTHING, Change, Model
from absalloc.explain.readings import Reading
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Session
from absalloc.plan.make import Answer


@dataclass(frozen=True)
class Move:
    """What one change of a rule does. ``gain`` is the new objective less the old one, yuan a year.

    ``low, high`` enclose the gain of the two true optima: they differ by the gaps of the two solves, and meet
    for an LP but for rounding. ``limit`` is None where the rule is removed; ``takes_over`` are the rules
    that bind in the new plan and did not before.
    """

    limit: Fraction | None
    status: str
    gain: Fraction | None
    low: Fraction | None
    high: Fraction | None
    gap: float | None
    takes_over: tuple[str, ...]

    @property
    def worth(self) -> str:
        """One of gain, loss, nothing (proven to a yuan), within_gap (the gaps of the solves do not tell), a status."""
        if self.gain is None:
            return self.status
        if self.low is None or self.high is None:
            return "gain" if self.gain > 0 else "loss" if self.gain < 0 else "nothing"
        if self.low > 1:
            return "gain"
        if self.high < -1:
            return "loss"
        return "nothing" if self.low >= -1 and self.high <= 1 else "within_gap"


class Mover:
    """Prices the changes of one book; ``lp``: on the LP relaxation, warm, both sides of each difference."""

    def __init__(self, model: Model, session: Session, *, lp: bool) -> None:
        self.model, self.session, self.lp = model, session, lp
        outcome, binding = session.relaxed(NOTHING)
        self.old = _yuan(outcome.objective) if lp and outcome.objective is not None else model.value(model.base)
        self.binding = frozenset(binding if lp else model.binding(model.base))

    @cached_property
    def readings(self) -> dict[tuple[str, str], Reading]:
        """How each limit stands at the answer of the LP."""
        return {(item.rule, item.sense): item for item in self.session.ask(Moved(), every=True).rules}

    def move(self, rule: str, change: Change, limit: Fraction | None, *, looser: bool) -> Move:
        """Return what a change does; without a new plan where the old one is proven to be as good."""
        if self.session.idle(rule, change):
            # No portfolio comes to the rule at either limit: nothing changes at all.
            gap = 0.0 if self.lp else gap_of(self.model.base)
            return Move(limit, "optimal", Fraction(0), Fraction(0), Fraction(0), gap, ())
        if self.lp:
            return self._relaxed(change, limit)
        base = self.model.base
        spared = self._spared(change, limit, looser=looser) if base.status == "optimal" else None
        return self._planned(change, limit, looser=looser) if spared is None else spared

    def _relaxed(self, change: Change, limit: Fraction | None) -> Move:
        found, binding = self.session.relaxed(change)
        if found.status != "optimal" or found.objective is None or self.old is None:
            return Move(limit, found.status, None, None, None, None, ())
        gain = _yuan(found.objective) - self.old
        taken = tuple(name for name in binding if name not in self.binding)
        return Move(limit, "optimal", gain, gain, gain, 0.0, taken)

    def _planned(self, change: Change, limit: Fraction | None, *, looser: bool) -> Move:
        model, base = self.model, self.model.base
        old, bound = model.value(base), model.bound(base)
        assert old is not None
        answer = model.answer(change)
        new = model.value(answer)
        if new is None:
            return Move(limit, answer.status, None, None, None, gap_of(answer), ())
        if answer.outcome is base.outcome:
            # The same program to the last number: nothing changes at all.
            return Move(limit, answer.status, Fraction(0), Fraction(0), Fraction(0), gap_of(answer), ())
        gain, low, high = new - old, None, None
        after_bound = model.bound(answer)
        if bound is not None and after_bound is not None and base.status == answer.status == "optimal":
            low, high = new - max(bound, old), max(after_bound, new) - old
            if low <= 0 <= high:
                # Within the gaps one plan serves both books: the better one for the looser.
                gain = max(gain, Fraction(0)) if looser else min(gain, Fraction(0))
        after = tuple(name for name in model.binding(answer) if name not in self.binding)
        return Move(limit, answer.status, gain, low, high, gap_of(answer), after)

    def _spared(self, change: Change, limit: Fraction | None, *, looser: bool) -> Move | None:
        """Return the move where no plan need be made: by a bound of the looser book, a plan that meets the tighter."""
        model, base = self.model, self.model.base
        old, bound = model.value(base), model.bound(base)
        if old is None or bound is None:
            return None
        slack = max(abs(old) * Fraction(model.settings.mip_gap), Fraction(1))
        if looser:
            top = model.ceiling(change)
            if top is None or top - old > slack:
                return None
            return Move(limit, "optimal", Fraction(0), Fraction(0), max(top - old, Fraction(0)), gap_of(base), ())
        state = model.changed(change)[0]
        moved = {name for name, _, _ in change.limits}
        findings = evaluate_exact([replace(base.state, rules=state.rules)], rules=moved)
        if not findings or any(item.verdict != "pass" for item in findings):
            return None
        return Move(limit, "optimal", Fraction(0), min(old - bound, Fraction(0)), Fraction(0), gap_of(base), ())


def _yuan(objective: float) -> Fraction:
    return Fraction(-float(objective)) * 10**6


def gap_of(answer: Answer) -> float | None:
    """Return the gap of an answer to three digits."""
    gap = None if answer.outcome is None else answer.outcome.gap
    return None if gap is None else float(f"{gap:.3g}")
