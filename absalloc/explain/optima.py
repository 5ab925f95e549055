"""The optimum of a book under changes, between what a portfolio earns and what none can beat."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from absalloc.explain.model import NOTHING, Change, Model
from absalloc.explain.whatif import Session
from absalloc.plan.make import Answer
from absalloc.rows import BookState

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is next)."""
YUAN = Fraction(1)
"""Less than this a year is no difference."""


class Steps:
    """Work done and work to come, told to whoever shows it."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.done, self.total = progress, 0, 0

    def expect(self, more: int) -> None:
        """Say that so many steps more are to come."""
        self.total += more

    def take(self, what: str) -> None:
        """Say what is done next."""
        if self.progress is not None:
            self.progress(self.done, max(self.total, self.done + 1), what)
        self.done += 1


@dataclass(frozen=True)
class Optimum:
    """The best under a change: ``low`` yuan a year are earned by a portfolio that is known, none earns over ``high``.

    ``status``: optimal infeasible stopped. ``book`` is the portfolio where a plan was made for it, ``same`` where the
    plan as the rules stand is that plan, to the last number of its program.
    """

    status: str
    low: Fraction | None
    high: Fraction | None
    gap: float | None = None
    binding: tuple[str, ...] = ()
    book: BookState | None = field(default=None, repr=False)
    same: bool = False


class Optima:
    """The optima of one book, each found once. ``whole``: by plans made, rounded and re-checked; else of the LP."""

    def __init__(self, model: Model, session: Session, *, whole: bool) -> None:
        self.model, self.session, self.whole = model, session, whole
        self.known: dict[Change, Optimum] = {}

    @property
    def base(self) -> Optimum:
        """The optimum as the rules stand."""
        return self.at(NOTHING)

    @property
    def slack(self) -> Fraction:
        """What the promised gap leaves open of one solve, yuan a year; at least a yuan."""
        value = self.base.low
        if not self.whole or value is None:
            return YUAN
        return max(abs(value) * Fraction(self.model.settings.mip_gap), YUAN)

    def at(self, change: Change, least: Fraction | None = None) -> Optimum:
        """Return the optimum under a change. ``least``: what a portfolio earns that is known to be allowed there.

        No plan is made where the bound of the LP is no more than the slack above ``least``.
        """
        if change not in self.known:
            self.known[change] = self._spared(change, least) or self._made(change)
        return raised(self.known[change], least)

    def ceiling(self, change: Change) -> Fraction | None:
        """Return what no portfolio beats under a change, by the LP; None where the LP has no answer."""
        return self.model.ceiling(change)

    def _spared(self, change: Change, least: Fraction | None) -> Optimum | None:
        top = self.ceiling(change) if self.whole and least is not None else None
        if top is None or least is None or top - least > self.slack:
            return None
        gap = float((top - least) / abs(least)) if least else 0.0
        return Optimum("optimal", least, max(top, least), max(gap, 0.0))

    def _made(self, change: Change) -> Optimum:
        if not self.whole:
            found, binding = self.session.relaxed(change)
            if found.status != "optimal" or found.objective is None or found.bound is None:
                return Optimum(found.status, None, None)
            value = _yuan(found.objective)
            return Optimum("optimal", value, max(value, _yuan(found.bound)), 0.0, binding)
        answer, model = self.model.answer(change), self.model
        low, bound = model.value(answer), proven_bound(model, answer, change)
        high = bound if bound is None or low is None else max(bound, low)
        same = change != NOTHING and answer.outcome is not None and answer.outcome is model.base.outcome
        book = None if answer.faces is None else answer.state
        return Optimum(answer.status, low, high, gap_of(answer), model.binding(answer), book, same)


def raised(found: Optimum, least: Fraction | None) -> Optimum:
    """Return an optimum that is no less than what a portfolio earns that is known to be allowed."""
    if least is None or (found.low is not None and least <= found.low):
        return found
    # "No portfolio" where one is known is no proof but a solver at the end of its tolerance.
    status = "stopped" if found.status == "infeasible" else found.status
    high = None if found.high is None else max(found.high, least)
    return replace(found, status=status, low=least, high=high)


def proven_bound(model: Model, answer: Answer, change: Change) -> Fraction | None:
    """Return the most a plan can earn under a change, yuan a year; None where no such number is known.

    Where rows were held back for the exact re-check, the bound of the program solved is one of fewer portfolios: the
    LP of all of them has the bound then, as where the solver stopped before it had one.
    """
    bound = None if answer.margins else model.bound(answer)
    return model.ceiling(change) if bound is None and model.earns and answer.status != "infeasible" else bound


def between(terms: Iterable[tuple[Fraction, Optimum]]) -> tuple[Fraction, Fraction] | None:
    """Return the ends of a weighted sum of optima, None where one of them has no ends."""
    low = high = Fraction(0)
    for weight, found in terms:
        if found.low is None or found.high is None:
            return None
        ends = (weight * found.low, weight * found.high)
        low, high = low + min(ends), high + max(ends)
    return low, high


def worth_of(low: Fraction, high: Fraction) -> str:
    """Return what ends tell of a difference: gain loss nothing (to a yuan), or within_gap."""
    if low > YUAN:
        return "gain"
    if high < -YUAN:
        return "loss"
    return "nothing" if low >= -YUAN and high <= YUAN else "within_gap"


def gap_of(answer: Answer) -> float | None:
    """Return the gap of an answer to three digits."""
    gap = None if answer.outcome is None else answer.outcome.gap
    return None if gap is None else float(f"{gap:.3g}")


def _yuan(objective: float) -> Fraction:
    return Fraction(-float(objective)) * 10**6
