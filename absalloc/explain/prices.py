"""The price of each rule: what it is worth one notch looser, one notch tighter, or gone. Always by solving again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain.breakpoints import Span, behind, span
from absalloc.explain.model import Change, Model, digest
from absalloc.explain.relaxation import Relaxation, relax
from absalloc.explain.words import limit_text, ratio, title, yuan
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.rulebook.active import ActiveRule, Limit

NOTCHES: dict[str, Fraction] = {
    "ratio": Fraction(1, 100),
    "years": Fraction(1, 4),
    "months": Fraction(3),
    "days": Fraction(30),
    "count": Fraction(1),
    "grade": Fraction(1),
}
"""One notch by unit: 1 percentage point, 0.25 years, 30 days, 1 name, 1 grade; amounts move by ``YUAN_NOTCH``."""
YUAN_NOTCH = Fraction(1, 20)
"""One notch of a limit in yuan, as a share of the limit."""
Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is next)."""


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


@dataclass(frozen=True)
class Price:
    """The price of one limit of one rule; ``value`` is its ratio in the best plan (of the group nearest to it).

    ``behind``: of a binding rule whose removal gains nothing, the rules that take over (LP relaxation).
    """

    rule: ActiveRule = field(repr=False)
    sense: str
    unit: str
    limit: Fraction | None
    notch: Fraction | None
    value: Fraction | None
    group: str | None
    binding: bool
    looser: Move | None
    tighter: Move | None
    removed: Move
    span: Span | None = None
    behind: tuple[str, ...] = ()


@dataclass(frozen=True)
class PriceList:
    """The prices of the rules of a book, dearest first. ``bp`` are of NAV (of the invested amount without one)."""

    status: str
    reason: Note | None
    objective: str
    value: Fraction | None
    gap: float | None
    total: Fraction | None
    rate: bool
    prices: tuple[Price, ...]

    def bp(self, amount: Fraction | None) -> float | None:
        """Return an amount a year in basis points of the total; a rate in basis points."""
        if amount is None:
            return None
        if self.rate:
            return ratio(amount * 10_000)
        return ratio(amount / self.total * 10_000) if self.total else None

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the list as plain data: yuan a year to the fen (null where the objective is a rate), bp."""
        return {
            "schema": "absalloc.prices/1",
            "status": self.status,
            "reason": None if self.reason is None else self.reason.text(lang),
            "objective": {"kind": self.objective, "value": ratio(self.value), "gap": self.gap},
            "base_of_bp": yuan(self.total),
            "prices": [self._price(item, lang) for item in self.prices],
        }

    def _price(self, item: Price, lang: str) -> dict[str, Any]:
        return {
            "rule": item.rule.id,
            "title": title(item.rule, lang),
            "article": item.rule.source.article,
            "level": item.rule.level,
            "sense": item.sense,
            "unit": item.unit,
            "limit": ratio(item.limit),
            "limit_text": limit_text(item.limit, item.unit),
            "notch": ratio(item.notch),
            "value": ratio(item.value),
            "group": item.group,
            "binding": item.binding,
            "looser": self._move(item.looser),
            "tighter": self._move(item.tighter),
            "removed": self._move(item.removed),
            "binds_from": None if item.span is None else ratio(item.span.binds_from),
            "feasible_to": None if item.span is None else ratio(item.span.feasible_to),
            "behind": list(item.behind),
        }

    def _move(self, move: Move | None) -> dict[str, Any] | None:
        if move is None:
            return None
        return {
            "limit": ratio(move.limit),
            "status": move.status,
            "worth": move.worth,
            "gain_yuan": None if self.rate else yuan(move.gain),
            "gain_bp": self.bp(move.gain),
            "low_bp": self.bp(move.low),
            "high_bp": self.bp(move.high),
            "gap": move.gap,
            "takes_over": list(move.takes_over),
        }


def prices(
    state: BookState,
    settings: PlanSettings,
    *,
    notch: Mapping[str, Fraction] | None = None,
    rules: tuple[str, ...] | None = None,
    breakpoints: bool = False,
    progress: Progress | None = None,
) -> PriceList:
    """Return the price of every rule that binds a plan of the book (of ``rules`` only, where given).

    Each number is the difference between two plans made, rounded and re-checked in the same way; no dual is shown.
    ``notch`` maps units to steps and replaces those of ``NOTCHES``; ``breakpoints`` also finds where each limit starts
    and stops to bind (LP relaxation). Where the book has no plan as it stands, the list is empty and says why.
    Raises BadInput for a rule that is not in force.
    """
    model = Model(state, settings)
    base = model.base
    reason = base.reason
    head = (model.objective.kind, model.value(base), _gap(base), model.total, model.rate)
    if base.faces is None:
        return PriceList(base.status, reason, *head, ())
    wanted = model.binding_rules if rules is None else tuple(model.rule(name) for name in rules)
    steps = {**NOTCHES, **(notch or {})}
    found: list[Price] = []
    for number, rule in enumerate(wanted):
        if progress is not None:
            progress(number, len(wanted), rule.id)
        found += price_of(model, rule, steps, breakpoints=breakpoints)
    relaxation = relax(model)
    found = [_with_behind(model, relaxation, item) for item in found]
    found.sort(key=lambda item: (-(item.removed.gain or Fraction(0)), item.rule.id, item.sense))
    return PriceList(base.status, reason, *head, tuple(found))


def _with_behind(model: Model, relaxation: Relaxation, item: Price) -> Price:
    """Name the rules that take over where a binding rule costs nothing."""
    if not item.binding or item.removed.worth not in ("nothing", "within_gap"):
        return item
    return replace(item, behind=behind(model, relaxation, item.rule.id))


def price_of(
    model: Model, rule: ActiveRule, steps: Mapping[str, Fraction], *, breakpoints: bool = False
) -> list[Price]:
    """Return the prices of a rule: one a limit, or one alone for a rule that is no number."""
    removed = move(model, Change.drop(rule.id), None, looser=True)
    binding = rule.id in model.binding(model.base)
    numbers = [item for item in rule.limits if item.value is not None]
    if not numbers:
        return [Price(rule, "max", "none", None, None, None, None, binding, None, None, removed)]
    found = []
    for limit in numbers:
        notch = _notch(limit, steps)
        near, group = _nearest(model, rule, limit)
        pair = [_stepped(model, rule, limit, notch * side) for side in (1, -1)]
        reach = span(model, rule, limit) if breakpoints and not model.rate else None
        head = (rule, limit.sense, limit.unit, limit.value, notch, near, group, binding)
        found.append(Price(*head, pair[0], pair[1], removed, reach))
    return found


def _notch(limit: Limit, steps: Mapping[str, Fraction]) -> Fraction:
    assert limit.value is not None
    return abs(limit.value) * YUAN_NOTCH if limit.unit == "yuan" else steps[limit.unit]


def _stepped(model: Model, rule: ActiveRule, limit: Limit, step: Fraction) -> Move | None:
    """Return what ``step`` looser (tighter where negative) does; None where there is no such limit."""
    assert limit.value is not None
    value = limit.value + (step if limit.sense == "max" else -step)
    least = Fraction(1) if limit.unit == "grade" else Fraction(0)
    if value < least or (limit.unit == "ratio" and rule.kind == "average" and value > 1):
        return None
    return move(model, Change.limit(rule.id, limit.sense, value), value, looser=step > 0)


def move(model: Model, change: Change, limit: Fraction | None, *, looser: bool) -> Move:
    """Return what a change does to the best plan; without a new plan where the old one is proven to be as good."""
    base = model.base
    old, bound = model.value(base), model.bound(base)
    assert old is not None
    spared = _spared(model, change, limit, looser=looser) if base.status == "optimal" else None
    if spared is not None:
        return spared
    answer = model.answer(change)
    new = model.value(answer)
    if new is None:
        return Move(limit, answer.status, None, None, None, _gap(answer), ())
    if answer.outcome is base.outcome:
        # The same program to the last number: nothing changes at all.
        return Move(limit, answer.status, Fraction(0), Fraction(0), Fraction(0), _gap(answer), ())
    gain, low, high = new - old, None, None
    after_bound = model.bound(answer)
    if bound is not None and after_bound is not None and base.status == answer.status == "optimal":
        low, high = new - max(bound, old), max(after_bound, new) - old
        if low <= 0 <= high:
            # Within the gaps one plan serves both books: the better one for the looser.
            gain = max(gain, Fraction(0)) if looser else min(gain, Fraction(0))
    before = set(model.binding(base))
    after = tuple(name for name in model.binding(answer) if name not in before)
    return Move(limit, answer.status, gain, low, high, _gap(answer), after)


def _spared(model: Model, change: Change, limit: Fraction | None, *, looser: bool) -> Move | None:
    """Return the move where no plan need be made: by a bound of the looser book, or a plan that meets the tighter."""
    base = model.base
    old, bound = model.value(base), model.bound(base)
    if old is None or bound is None:
        return None
    program, outcome = model.relaxed(change)
    if digest(program.problem) == digest(model.relaxed_base[0].problem):
        # The same program to the last number: nothing changes at all.
        return Move(limit, "optimal", Fraction(0), Fraction(0), Fraction(0), _gap(base), ())
    slack = max(abs(old) * Fraction(model.settings.mip_gap), Fraction(1))
    if looser:
        top = None if outcome.bound is None else Fraction(-float(outcome.bound)) * 10**6
        if top is None or top - old > slack:
            return None
        return Move(limit, "optimal", Fraction(0), Fraction(0), max(top - old, Fraction(0)), _gap(base), ())
    state = model.changed(change)[0]
    moved = {name for name, _, _ in change.limits}
    findings = evaluate_exact([replace(base.state, rules=state.rules)], rules=moved)
    if not findings or any(item.verdict != "pass" for item in findings):
        return None
    return Move(limit, "optimal", Fraction(0), min(old - bound, Fraction(0)), Fraction(0), _gap(base), ())


def _gap(answer: Answer) -> float | None:
    gap = None if answer.outcome is None else answer.outcome.gap
    return None if gap is None else float(f"{gap:.3g}")


def _nearest(model: Model, rule: ActiveRule, limit: Limit) -> tuple[Fraction | None, str | None]:
    """Return (value, group) of the finding on the best plan that is nearest to the limit."""
    mine = [f for f in model.base.findings if f.rule == rule.id and f.sense == limit.sense and f.value is not None]
    if not mine:
        return None, None
    best = max(mine, key=lambda f: (f.value or 0) if limit.sense == "max" else -(f.value or 0))
    return best.value, best.group
