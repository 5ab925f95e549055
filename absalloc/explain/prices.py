"""The price of each rule: what it is worth one notch looser, one notch tighter, or gone. Always by solving again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from absalloc.errors import BadInput
from absalloc.explain.breakpoints import Span, relaxed_span
from absalloc.explain.model import NOTHING, Change, Model, limit_range, loosening
from absalloc.explain.moves import Move, Mover
from absalloc.explain.optima import Optima, Progress, Steps, gap_of
from absalloc.explain.pairs import Pair, pairs_of
from absalloc.explain.whatif import Session
from absalloc.explain.whole_breakpoints import whole_span
from absalloc.explain.words import limit_text, ratio, title, yuan
from absalloc.plan.make import PlanSettings
from absalloc.plan.note import Note, no_answer
from absalloc.rows import BookState
from absalloc.rulebook.active import ActiveRule, Limit

__all__ = ["NOTCHES", "Price", "PriceList", "Progress", "prices"]

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
SPAN = ("binds_from", "free_from", "feasible_to", "infeasible_from")
INTEGERS, RELAXATION, OWN_LP = "integers", "lp_relaxation", "lp"
"""How numbers were solved: plans with lots, tickets and names; their LP relaxation; the LP of a plan that has none."""


@dataclass(frozen=True)
class Price:
    """The price of one limit of one rule; ``value`` is its ratio in the best plan (of the group nearest to it).

    ``binding``: the plan is at this limit, or more is gained without the rule. ``removed`` is the whole rule gone, with
    all its limits. ``behind``: the rules that take over from it, by the pairs of the list.
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
    pairs: tuple[Pair, ...] = ()
    solved_as: Mapping[str, str] = field(default_factory=dict)
    """How ``prices breakpoints pairs`` were solved: ``integers``, ``lp_relaxation``, ``lp``; what was found of them."""

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
            "solved_as": {key: self.solved_as.get(key) for key in ("prices", "breakpoints", "pairs")},
            "prices": [self._price(item, lang) for item in self.prices],
            "pairs": [self._pair(item) for item in self.pairs],
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
            "limit_text": limit_text(item.limit, item.unit, lang),
            "notch": ratio(item.notch),
            "value": ratio(item.value),
            "group": item.group,
            "binding": item.binding,
            "looser": self._move(item.looser),
            "tighter": self._move(item.tighter),
            "removed": self._move(item.removed),
            **{key: None if item.span is None else ratio(getattr(item.span, key)) for key in SPAN},
            "behind": list(item.behind),
        }

    def _pair(self, pair: Pair) -> dict[str, Any]:
        told = pair.more if pair.worth == "gain" else None
        return {
            "rules": list(pair.rules),
            "alone_bp": [self.bp(gain) for gain in pair.alone],
            "together_bp": self.bp(pair.together),
            "worth": pair.worth,
            "more_yuan": yuan(told),
            "more_bp": self.bp(told),
            "low_bp": self.bp(pair.low),
            "high_bp": self.bp(pair.high),
        }

    def _move(self, move: Move | None) -> dict[str, Any] | None:
        if move is None:
            return None
        return {
            "limit": ratio(move.limit),
            "status": move.status,
            "worth": move.worth,
            "gain_yuan": None if self.rate else yuan(move.told),
            "gain_bp": self.bp(move.told),
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
    exact: bool = False,
    pairs: bool = True,
    supply: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> PriceList:
    """Return the price of every rule that binds a plan of the book (of ``rules`` only, where given).

    Each number is the difference between two plans made, rounded and re-checked in the same way; no dual is shown.
    ``notch`` maps units to steps and replaces those of ``NOTCHES``; ``breakpoints`` also finds where each limit starts
    and stops to bind. These and the pairs of rules that take over from each other are of the LP relaxation, unless
    ``exact``: then plans with lots, tickets and names are made for them as well, which takes many times longer.
    ``lp``: all of it on the LP relaxation, in milliseconds a price; a book whose plan has no integers is priced
    on its LP anyway, which is then its own. Not ``pairs``: without the pairs. ``supply``: the most face that may be
    bought of some lines. Where the book has no plan as it stands, the list is empty and says why.
    Raises BadInput for a rule that is not in force, and for ``lp`` with ``exact``.
    """
    if lp and exact:
        raise BadInput("explain.lp_or_exact")
    model = Model.of(state, settings, supply)
    found = _mover(model, lp=lp)
    if isinstance(found, PriceList):
        return found
    mover, head = found
    wanted = model.binding_rules if rules is None else tuple(model.rule(name) for name in rules)
    notches = {**NOTCHES, **(notch or {})}
    steps = Steps(progress)
    steps.expect(len(wanted))
    made: list[Price] = []
    for rule in wanted:
        steps.take(rule.id)
        made += price_of(mover, rule, notches)
    deep = Optima(model, mover.session, whole=False) if not exact or mover.lp else mover.optima
    known = not model.rate and deep.base.high is not None
    if breakpoints and known:
        made = [_with_span(deep, item, steps) for item in made]
    found_pairs = pairs_of(deep, [rule.id for rule in wanted], steps) if known and pairs else None
    both = found_pairs or ()
    made = [replace(item, behind=_behind(item.rule.id, both)) for item in made]
    made.sort(key=lambda item: (-(item.removed.gain or Fraction(0)), item.rule.id, item.sense))
    how = INTEGERS if deep.whole else OWN_LP if head.solved_as["prices"] == OWN_LP else RELAXATION
    done = {"breakpoints": breakpoints and known, "pairs": found_pairs is not None}
    told = {key: how for key, is_done in done.items() if is_done}
    return replace(head, prices=tuple(made), pairs=both, solved_as={**head.solved_as, **told})


def _mover(model: Model, *, lp: bool) -> tuple[Mover, PriceList] | PriceList:
    """Return (what prices changes, the list without its prices); the list alone where there is nothing to price."""
    empty = PriceList("stopped", model.refused, model.objective.kind, None, None, model.total, model.rate, ())
    if model.refused is not None:
        return empty
    session = Session.of(model)
    model.quick = session.relaxed
    how = INTEGERS
    if lp and not model.rate:
        how, outcome = RELAXATION, session.relaxed(NOTHING)[0]
        if outcome.status != "optimal":
            note = no_answer(outcome.status, outcome.reason)
            return replace(empty, status=outcome.status, reason=note, relaxation=True)
    else:
        base = model.base
        empty = replace(empty, status=base.status, reason=base.reason, value=model.value(base), gap=gap_of(base))
        if base.faces is None:
            return empty
        lp = base.program is not None and not base.program.problem.has_integers and not model.rate
        how = OWN_LP if lp else INTEGERS
    mover = Mover(model, session, lp=lp and not model.rate)
    if mover.lp:
        empty = replace(empty, status="optimal", reason=None, value=mover.old, gap=0.0, relaxation=True)
    return mover, replace(empty, solved_as={"prices": how})


def _with_span(optima: Optima, item: Price, steps: Steps) -> Price:
    """Add where the limit starts and stops to bind; a rule that is no number has no such limit."""
    limit = next((x for x in item.rule.limits if x.sense == item.sense and x.value is not None), None)
    if limit is None:
        return item
    steps.take(item.rule.id)
    found = (
        whole_span(optima, item.rule, limit, steps) if optima.whole else relaxed_span(optima.model, item.rule, limit)
    )
    return replace(item, span=found)


def _behind(rule: str, pairs: tuple[Pair, ...]) -> tuple[str, ...]:
    """Return the rules that take over from a rule."""
    mine = [pair for pair in pairs if rule in pair.rules and pair.worth == "gain"]
    return tuple(name for pair in mine for name in pair.rules if name != rule)


def price_of(mover: Mover, rule: ActiveRule, notches: Mapping[str, Fraction]) -> list[Price]:
    """Return the prices of a rule: one a limit, or one alone for a rule that is no number."""
    removed = mover.move(rule.id, Change.drop(rule.id), None, looser=True)
    binding = rule.id in mover.binding or removed.worth == "gain"
    numbers = [item for item in rule.limits if item.value is not None]
    if not numbers:
        return [Price(rule, "max", "none", None, None, None, None, binding, None, None, removed)]
    found = []
    for limit in numbers:
        notch = _notch(limit, notches)
        near, group = _nearest(mover, rule, limit)
        head = (rule, limit.sense, limit.unit, limit.value, notch, near, group)
        pair = [_stepped(mover, rule, limit, notch * side) for side in (1, -1)]
        found.append(Price(*head, binding and _nearer(limit, numbers, near), pair[0], pair[1], removed))
    return found


def _nearer(limit: Limit, numbers: list[Limit], value: Fraction | None) -> bool:
    """Say whether a value is nearer to this limit than to the rule's other one: only there can the plan be at it."""

    def away(item: Limit) -> Fraction:
        assert item.value is not None
        assert value is not None
        return abs(item.value - value)

    return value is None or all(away(limit) <= away(other) for other in numbers)


def _notch(limit: Limit, steps: Mapping[str, Fraction]) -> Fraction:
    assert limit.value is not None
    return abs(limit.value) * YUAN_NOTCH if limit.unit == "yuan" else steps[limit.unit]


def _stepped(mover: Mover, rule: ActiveRule, limit: Limit, step: Fraction) -> Move | None:
    """Return what ``step`` looser (tighter where negative) does; None where there is no such limit."""
    assert limit.value is not None
    value = limit.value + loosening(rule, limit) * step
    least, most = limit_range(limit)
    beyond = value < least or (most is not None and value > most)
    if beyond or (limit.unit == "ratio" and rule.kind == "average" and value > 1):
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
