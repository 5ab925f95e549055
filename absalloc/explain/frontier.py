"""Carry against one limit or target: a plan at each value, what binds there, and where that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from absalloc.errors import BadInput
from absalloc.explain.model import Change, Model
from absalloc.explain.prices import Progress
from absalloc.explain.whatif import Session
from absalloc.explain.words import limit_text, ratio, yuan
from absalloc.plan.make import PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.rulebook.active import ActiveRule, Limit

HALVINGS = 6
"""How often the stretch between two values is halved to find where the binding rules change."""


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
    """Carry against the limit of one rule; ``turns`` in the order of the values."""

    rule: ActiveRule
    sense: str
    unit: str
    points: tuple[Point, ...]
    turns: tuple[Turn, ...]
    reason: Note | None = None
    """Why there is no point at all."""

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "schema": "absalloc.frontier/1",
            "rule": self.rule.id,
            "title": self.rule.title.zh if lang == "zh" else self.rule.title.en,
            "sense": self.sense,
            "unit": self.unit,
            "reason": None if self.reason is None else self.reason.text(lang),
            "points": [
                {
                    "limit": ratio(p.limit),
                    "limit_text": limit_text(p.limit, self.unit),
                    "status": p.status,
                    "carry_yuan": yuan(p.value),
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
    values: Sequence[Fraction],
    *,
    sense: str | None = None,
    turns: bool = True,
    progress: Progress | None = None,
) -> Frontier:
    """Return the best plan at each of ``values`` of the limit of rule ``what`` (``target/duration``, ``cash-floor``).

    ``sense`` picks the limit of a rule that has a least and a greatest one. Values are in the rule's unit, ratios as
    decimals. Each point is a plan of its own, re-checked; the turns between them come from the LP relaxation. Raises
    BadInput for a rule that is not in force or has no such limit, and for a negative value.
    """
    model = Model(state, settings)
    rule = model.rule(what)
    limit = _limit(rule, sense)
    for value in values:
        if value < 0:
            raise BadInput("explain.not_positive", value=str(value))
    points = []
    for number, value in enumerate(values):
        if progress is not None:
            progress(number, len(values), limit_text(value, limit.unit))
        points.append(_point(model, rule, limit, value))
    if model.refused is not None:
        return Frontier(rule, limit.sense, limit.unit, tuple(points), (), model.refused)
    if turns:
        model.quick = Session.of(model).relaxed
    found = [turn for pair in pairwise(values) for turn in _turn(model, rule, limit, pair)] if turns else []
    return Frontier(rule, limit.sense, limit.unit, tuple(points), tuple(found))


def _limit(rule: ActiveRule, sense: str | None) -> Limit:
    found = [item for item in rule.limits if item.value is not None and sense in (None, item.sense)]
    if len(found) != 1:
        raise BadInput("explain.no_limit", value=rule.id, choices=[item.sense for item in rule.limits])
    return found[0]


def _point(model: Model, rule: ActiveRule, limit: Limit, value: Fraction) -> Point:
    answer = model.answer(Change.limit(rule.id, limit.sense, value))
    worth = model.value(answer)
    gap = None if answer.outcome is None or answer.outcome.gap is None else float(f"{answer.outcome.gap:.3g}")
    return Point(value, answer.status, worth, model.bp(worth), gap, model.binding(answer))


def _turn(model: Model, rule: ActiveRule, limit: Limit, ends: tuple[Fraction, Fraction]) -> list[Turn]:
    """Return the first change of the binding rules between two limits, halved down; none where they are the same."""
    low, high = ends
    first, last = (_binding(model, rule, limit, end) for end in ends)
    if first == last:
        return []
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = _binding(model, rule, limit, middle)
        if found == first:
            low = middle
        else:
            high, last = middle, found
    return [Turn(low, high, tuple(n for n in last if n not in first), tuple(n for n in first if n not in last))]


def _binding(model: Model, rule: ActiveRule, limit: Limit, value: Fraction) -> tuple[str, ...]:
    outcome, binding = model.relaxation(Change.limit(rule.id, limit.sense, value))
    return tuple(sorted(binding)) if outcome.status == "optimal" else (outcome.status,)
