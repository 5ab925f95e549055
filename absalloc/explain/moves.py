"""What one change of a rule does to the best plan: proven without a new plan where that can be, else by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain.live import Probe
from absalloc.explain.model import NOTHING, Change, Model
from absalloc.explain.optima import Optima, worth_of
from absalloc.explain.readings import Reading
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Session


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
        if self.gain is None or self.status != "optimal":
            return self.status
        if self.low is None or self.high is None:
            return "gain" if self.gain > 0 else "loss" if self.gain < 0 else "nothing"
        return worth_of(self.low, self.high)

    @property
    def told(self) -> Fraction | None:
        """The gain, None where it is not told from nothing or not proven."""
        return None if self.worth in ("within_gap", self.status) else self.gain


class Mover:
    """Prices the changes of one book; ``lp``: on the LP relaxation, warm, both sides of each difference."""

    def __init__(self, model: Model, session: Session, *, lp: bool) -> None:
        self.model, self.session, self.lp = model, session, lp
        self.optima = Optima(model, session, whole=not lp)
        self.old = self.optima.base.low
        self.binding = frozenset(self.optima.base.binding)

    @cached_property
    def readings(self) -> dict[tuple[str, str], Reading]:
        """How each limit stands at the answer of the LP."""
        return {(item.rule, item.sense): item for item in self.session.ask(Moved(), every=True).rules}

    @cached_property
    def start(self) -> Probe:
        """The LP as the rules stand, with what its duals prove."""
        return self.session.probe(NOTHING)

    def move(self, rule: str, change: Change, limit: Fraction | None, *, looser: bool) -> Move:
        """Return what a change does; without a new plan where the old one is proven to be as good."""
        if self.lp:
            return self._relaxed(rule, change, limit, looser=looser)
        base = self.optima.base
        if self.session.idle(rule, change):
            # No portfolio comes to the rule at either limit: nothing changes at all.
            return Move(limit, "optimal", Fraction(0), Fraction(0), Fraction(0), base.gap, ())
        spared = self._spared(change, limit, looser=looser) if base.status == "optimal" else None
        return self._planned(change, limit, looser=looser) if spared is None else spared

    def _relaxed(self, rule: str, change: Change, limit: Fraction | None, *, looser: bool) -> Move:
        proven = rule not in self.start.needed if looser else self._still_allowed(change)
        if proven:
            return Move(limit, "optimal", Fraction(0), Fraction(0), Fraction(0), 0.0, ())
        found = self.optima.at(change)
        if found.low is None or self.old is None:
            return Move(limit, found.status, None, None, None, None, ())
        gain = found.low - self.old
        taken = tuple(name for name in found.binding if name not in self.binding)
        return Move(limit, "optimal", gain, gain, gain, 0.0, taken)

    def _still_allowed(self, change: Change) -> bool:
        """Say whether the answer keeps a limit that was tightened, or holds no line that is barred by it: it stands."""
        if self.session.keeps(change, self.start):
            return True
        faces, more = self.start.faces, self.session.bars_more(change)
        return faces is not None and more is not None and not np.any(faces[more] > 0)

    def _planned(self, change: Change, limit: Fraction | None, *, looser: bool) -> Move:
        base, found = self.optima.base, self.optima.at(change)
        if found.low is None or base.low is None:
            return Move(limit, found.status, None, None, None, found.gap, ())
        if found.same:
            # The same program to the last number: nothing changes at all.
            return Move(limit, found.status, Fraction(0), Fraction(0), Fraction(0), found.gap, ())
        # Against a plan that is not proven nothing is.
        status = found.status if base.status == "optimal" else base.status
        gain, low, high = found.low - base.low, None, None
        if base.high is not None and found.high is not None and base.status == found.status == "optimal":
            low, high = found.low - base.high, found.high - base.low
            if low <= 0 <= high:
                # Within the gaps one plan serves both books: the better one for the looser.
                gain = max(gain, Fraction(0)) if looser else min(gain, Fraction(0))
        after = tuple(name for name in found.binding if name not in self.binding)
        return Move(limit, status, gain, low, high, found.gap, after)

    def _spared(self, change: Change, limit: Fraction | None, *, looser: bool) -> Move | None:
        """Return the move where no plan need be made: by a bound of the looser book, a plan that meets the tighter."""
        model, base = self.model, self.optima.base
        old, bound = base.low, base.high
        if old is None or bound is None:
            return None
        if looser:
            top = self.optima.ceiling(change)
            if top is None or top - old > self.optima.slack:
                return None
            return Move(limit, "optimal", Fraction(0), Fraction(0), max(top - old, Fraction(0)), base.gap, ())
        if not meets(model, change):
            return None
        return Move(limit, "optimal", Fraction(0), min(old - bound, Fraction(0)), Fraction(0), base.gap, ())


def meets(model: Model, change: Change) -> bool:
    """Say whether the plan as the rules stand passes the rules whose limits a change moves, by the exact check."""
    state = model.changed(change)[0]
    moved = {name for name, _, _ in change.limits}
    findings = evaluate_exact([replace(model.base.state, rules=state.rules)], rules=moved)
    return bool(findings) and all(item.verdict == "pass" for item in findings)
