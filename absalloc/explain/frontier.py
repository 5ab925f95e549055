"""Carry against one limit or target: a plan at each value, what binds there, and where that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from absalloc.errors import BadInput
from absalloc.explain.frontier_range import Range, values_of
from absalloc.explain.model import Change, Model
from absalloc.explain.prices import Progress
from absalloc.explain.repairs import step_of
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Session
from absalloc.explain.words import limit_text, ratio, yuan
from absalloc.plan.make import PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.rulebook.active import ActiveRule, Limit
from absalloc.units import on_scale

PARTS = 64
"""A change of the binding rules is bracketed to this part of the stretch between two values, or a step of the unit."""


@dataclass(frozen=True)
class Point:
    """The best plan at one limit: ``value`` yuan a year (None where there is no plan), the rules that bind."""

    limit: Fraction
    status: str
    value: Fraction | None
    bp: Fraction | None
    gap: float | None
    binding: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """Between two limits the binding rules of the LP relaxation change: ``starts`` to bind, ``stops`` to bind."""

    low: Fraction
    high: Fraction
    starts: tuple[str, ...]
    stops: tuple[str, ...]


@dataclass(frozen=True)
class Frontier:
    """Carry against the limit of one rule, ``limit`` as written; points and ``turns`` in the order of the values.

    ``relaxation``: the points are of the LP relaxation too, and both ends of every turn are among them.
    """

    rule: ActiveRule
    sense: str
    unit: str
    limit: Fraction | None
    points: tuple[Point, ...]
    turns: tuple[Turn, ...]
    reason: Note | None = None
    """Why there is no point at all."""
    relaxation: bool = False
    rate: bool = False
    """Whether the objective is a rate and no amount."""

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "schema": "absalloc.frontier/1",
            "rule": self.rule.id,
            "title": self.rule.title.zh if lang == "zh" else self.rule.title.en,
            "sense": self.sense,
            "unit": self.unit,
            "limit": ratio(self.limit),
            "limit_text": limit_text(self.limit, self.unit, lang),
            "reason": None if self.reason is None else self.reason.text(lang),
            "lp_relaxation": self.relaxation,
            "points": [
                {
                    "limit": ratio(p.limit),
                    "limit_text": limit_text(p.limit, self.unit, lang),
                    "status": p.status,
                    "carry_yuan": None if self.rate else yuan(p.value),
                    "carry_bp": ratio(p.bp),
                    "gap": p.gap,
                    "binding": list(p.binding),
                }
                for p in self.points
            ],
            "turns": [
                {"low": ratio(t.low), "high": ratio(t.high), "starts": list(t.starts), "stops": list(t.stops)}
                for t in self.turns
            ],
        }


def frontier(
    state: BookState,
    settings: PlanSettings,
    what: str,
    values: Sequence[Fraction] | Range,
    *,
    sense: str | None = None,
    turns: bool = True,
    lp: bool = False,
    supply: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Frontier:
    """Return the best plan at each of ``values`` of the limit of rule ``what`` (``target/duration``, ``cash-floor``).

    ``sense`` picks the limit of a rule that has a least and a greatest one. Values are in the rule's unit, ratios as
    decimals; a ``Range`` finds them. Each point is a plan of its own, re-checked; ``lp``: of the LP relaxation, in
    milliseconds a point. The turns between them come from the LP relaxation. ``supply``: the most face that may be
    bought of some lines.

    Raises BadInput for a rule that is not in force or has no such limit, for a negative value, a range that is none.
    """
    model = Model.of(state, settings, supply)
    rule = model.rule(what)
    limit = limit_of(rule, sense)
    for value in (values.low, values.high) if isinstance(values, Range) else values:
        if value is not None and value < 0:
            raise BadInput("explain.not_positive", value=str(value))
        if value is not None:
            on_scale(value, limit.unit, rule.id)
    made = Frontier(rule, limit.sense, limit.unit, limit.value, (), (), model.refused, lp, model.rate)
    if model.refused is not None:
        return made
    session = Session.of(model)
    model.quick = session.relaxed
    wanted = values_of(model, rule, limit, values) if isinstance(values, Range) else values
    search = _Search(model, rule, limit)
    found = [turn for pair in pairwise(wanted) for turn in search.turns(*pair)] if turns else []
    if lp:
        wanted = sorted({*wanted, *(end for turn in found for end in (turn.low, turn.high))})
    points = []
    for number, value in enumerate(wanted):
        if progress is not None:
            progress(number, len(wanted), limit_text(value, limit.unit))
        points.append(_quick(model, session, rule, limit, value) if lp else _point(model, rule, limit, value))
    return replace(made, points=tuple(points), turns=tuple(found))


def limit_of(rule: ActiveRule, sense: str | None) -> Limit:
    """Return the limit that is moved. Raises BadInput for a rule without a number, and for one with two."""
    every = [item for item in rule.limits if item.value is not None]
    found = [item for item in every if sense in (None, item.sense)]
    if len(found) > 1:
        senses = [item.sense for item in every]
        raise BadInput("explain.two_limits", value=rule.id, expected=" | ".join(senses))
    if not found:
        raise BadInput("explain.no_limit", value=rule.id, choices=[item.sense for item in rule.limits])
    return found[0]


def _point(model: Model, rule: ActiveRule, limit: Limit, value: Fraction) -> Point:
    answer = model.answer(Change.limit(rule.id, limit.sense, value))
    worth = model.value(answer)
    gap = None if answer.outcome is None or answer.outcome.gap is None else float(f"{answer.outcome.gap:.3g}")
    return Point(value, answer.status, worth, model.bp(worth), gap, model.binding(answer))


def _quick(model: Model, session: Session, rule: ActiveRule, limit: Limit, value: Fraction) -> Point:
    """Return the point of the LP relaxation; soft rules that gave way leave no plan, as in a plan after a change."""
    off = frozenset(r.id for r in model.rules.values() if r.level not in model.levels)
    live = session.ask(Moved({(rule.id, limit.sense): value}, off))
    if live.value is None or live.gave_way:
        status = "infeasible" if live.gave_way else live.status
        return Point(value, status, None, None, None, ())
    worth = Fraction(live.value)
    return Point(value, "optimal", worth, model.bp(worth), live.gap, live.binding)


class _Search:
    """Where the binding rules of the LP relaxation change along one limit."""

    def __init__(self, model: Model, rule: ActiveRule, limit: Limit) -> None:
        self.model, self.rule, self.limit = model, rule, limit
        self.step = step_of(limit)
        self.known: dict[Fraction, tuple[str, ...]] = {}

    def turns(self, low: Fraction, end: Fraction) -> list[Turn]:
        """Return the changes between two limits, one after the other, each bracketed; none where both are the same."""
        width = max(self.step, (end - low) / PARTS)
        here, last, found = self.binding(low), self.binding(end), []
        while here != last:
            below, above, there = low, end, last
            while above - below > width:
                middle = below + self.step * max(1, (above - below) // (2 * self.step))
                if middle >= above:
                    break
                seen = self.binding(middle)
                below, above, there = (middle, above, there) if seen == here else (below, middle, seen)
            starts, stops = (tuple(n for n in a if n not in b) for a, b in ((there, here), (here, there)))
            found.append(Turn(below, above, starts, stops))
            low, here = above, there
        return found

    def binding(self, value: Fraction) -> tuple[str, ...]:
        """Return the rules that bind at a limit; the status alone where there is no answer."""
        if value not in self.known:
            change = Change.limit(self.rule.id, self.limit.sense, value)
            outcome, binding = self.model.relaxation(change)
            self.known[value] = tuple(sorted(binding)) if outcome.status == "optimal" else (outcome.status,)
        return self.known[value]
