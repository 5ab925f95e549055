"""The price of each rule: what it is worth one notch looser, one notch tighter, or gone. Always by solving again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from absalloc.explain.breakpoints import Span, behind, span
from absalloc.explain.model import NOTHING, Change, Model
from absalloc.explain.moves import Move, Mover, gap_of
from absalloc.explain.repairs import outward
from absalloc.explain.whatif import Session
from absalloc.explain.words import limit_text, ratio, title, yuan
from absalloc.plan.make import PlanSettings
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
    relaxation: bool = False

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
            "lp_relaxation": self.relaxation,
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
    lp: bool = False,
    supply: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> PriceList:
    """Return the price of every rule that binds a plan of the book (of ``rules`` only, where given).

    Each number is the difference between two plans made, rounded and re-checked in the same way; no dual is shown.
    ``notch`` maps units to steps and replaces those of ``NOTCHES``; ``breakpoints`` also finds where each limit starts
    and stops to bind (LP relaxation). ``lp``: all of it on the LP relaxation, in milliseconds a price; a book whose
    plan has no integers is priced on its LP anyway, which is then its own. ``supply``: the most face that may be bought
    of some lines. Where the book has no plan as it stands, the
    list is empty and says why.
    Raises BadInput for a rule that is not in force.
    """
    model = Model.of(state, settings, supply)
    found = _mover(model, lp=lp)
    if isinstance(found, PriceList):
        return found
    mover, head = found
    wanted = model.binding_rules if rules is None else tuple(model.rule(name) for name in rules)
    steps = {**NOTCHES, **(notch or {})}
    made: list[Price] = []
    for number, rule in enumerate(wanted):
        if progress is not None:
            progress(number, len(wanted), rule.id)
        made += price_of(mover, rule, steps, breakpoints=breakpoints)
    made = [_with_behind(mover, item) for item in made]
    made.sort(key=lambda item: (-(item.removed.gain or Fraction(0)), item.rule.id, item.sense))
    return replace(head, prices=tuple(made))


def _mover(model: Model, *, lp: bool) -> tuple[Mover, PriceList] | PriceList:
    """Return (what prices changes, the list without its prices); the list alone where there is nothing to price."""
    empty = PriceList("stopped", model.refused, model.objective.kind, None, None, model.total, model.rate, ())
    if model.refused is not None:
        return empty
    session = Session.of(model)
    model.quick = session.relaxed
    if lp and not model.rate:
        outcome = session.relaxed(NOTHING)[0]
        if outcome.status != "optimal":
            note = Note("infeasible" if outcome.status == "infeasible" else "solver_stopped", why=outcome.status)
            return replace(empty, status=outcome.status, reason=note, relaxation=True)
    else:
        base = model.base
        empty = replace(empty, status=base.status, reason=base.reason, value=model.value(base), gap=gap_of(base))
        if base.faces is None:
            return empty
        lp = base.program is not None and not base.program.problem.has_integers and not model.rate
    mover = Mover(model, session, lp=lp and not model.rate)
    if mover.lp:
        empty = replace(empty, status="optimal", reason=None, value=mover.old, gap=0.0, relaxation=True)
    return mover, empty


def _with_behind(mover: Mover, item: Price) -> Price:
    """Name the rules that take over where a binding rule costs nothing."""
    if not item.binding or item.removed.worth not in ("nothing", "within_gap"):
        return item
    return replace(item, behind=behind(mover.model, item.rule.id, mover.binding))


def price_of(
    mover: Mover, rule: ActiveRule, steps: Mapping[str, Fraction], *, breakpoints: bool = False
) -> list[Price]:
    """Return the prices of a rule: one a limit, or one alone for a rule that is no number."""
    model = mover.model
    removed = mover.move(rule.id, Change.drop(rule.id), None, looser=True)
    binding = rule.id in mover.binding
    numbers = [item for item in rule.limits if item.value is not None]
    if not numbers:
        return [Price(rule, "max", "none", None, None, None, None, binding, None, None, removed)]
    found = []
    for limit in numbers:
        notch = _notch(limit, steps)
        near, group = _nearest(mover, rule, limit)
        pair = [_stepped(mover, rule, limit, notch * side) for side in (1, -1)]
        reach = span(model, rule, limit) if breakpoints and not model.rate else None
        head = (rule, limit.sense, limit.unit, limit.value, notch, near, group, binding)
        found.append(Price(*head, pair[0], pair[1], removed, reach))
    return found


def _notch(limit: Limit, steps: Mapping[str, Fraction]) -> Fraction:
    assert limit.value is not None
    return abs(limit.value) * YUAN_NOTCH if limit.unit == "yuan" else steps[limit.unit]


def _stepped(mover: Mover, rule: ActiveRule, limit: Limit, step: Fraction) -> Move | None:
    """Return what ``step`` looser (tighter where negative) does; None where there is no such limit."""
    assert limit.value is not None
    value = limit.value + outward(limit) * step
    least = Fraction(1) if limit.unit == "grade" else Fraction(0)
    if value < least or (limit.unit == "ratio" and rule.kind == "average" and value > 1):
        return None
    return mover.move(rule.id, Change.limit(rule.id, limit.sense, value), value, looser=step > 0)


def _nearest(mover: Mover, rule: ActiveRule, limit: Limit) -> tuple[Fraction | None, str | None]:
    """Return (value, group) of the finding on the best plan (the LP's answer) that is nearest to the limit."""
    model = mover.model
    if mover.lp:
        reading = mover.readings.get((rule.id, limit.sense))
        return (None, None) if reading is None or reading.value is None else (Fraction(reading.value), reading.group)
    mine = [f for f in model.base.findings if f.rule == rule.id and f.sense == limit.sense and f.value is not None]
    if not mine:
        return None, None
    best = max(mine, key=lambda f: (f.value or 0) if limit.sense == "max" else -(f.value or 0))
    return best.value, best.group
