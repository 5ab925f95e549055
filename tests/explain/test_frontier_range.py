"""A frontier whose limits are found: its ends, its points and its turns against programs built and solved afresh."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

import absalloc as aa
from absalloc.errors import BadInput
from absalloc.explain import Range, frontier
from absalloc.explain.frontier import Frontier
from absalloc.explain.model import Change, Model, loosening
from absalloc.explain.repairs import step_of
from absalloc.explain.words import limit_text
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState
from absalloc.terms import RATING_GRADES

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
SETTINGS = PlanSettings()
CURVES = [
    ("bond-fund-open", "target/duration", "max"),
    ("bond-fund-open", "target/duration", "min"),
    ("bond-fund-open", "public-fund-open/cash-floor", "min"),
    ("bond-fund-open", "public-fund-open/abs-rating-floor", "min"),
    ("city-bank", "bank-own-book/rwa-budget", "max"),
    ("city-bank", "target/max-names", "max"),
    ("city-bank", "target/wal", "max"),
    ("wealth-closed-18m", "desk/minimum-term", "min"),
]
"""A target with two ends, a floor in NAV, a grade, capital, names, lives, days."""


@pytest.fixture(scope="module")
def desks() -> dict[str, aa.WhatIf]:
    universe = aa.load_universe(MARKET / "market.csv")
    names = dict.fromkeys(name for name, _, _ in CURVES)
    return {name: aa.WhatIf(universe, aa.load_mandate(MARKET / f"{name}.yaml")) for name in names}


@pytest.fixture(scope="module")
def books(desks: dict[str, aa.WhatIf]) -> dict[str, BookState]:
    return {name: desk.case.state for name, desk in desks.items()}


def fresh(model: Model, made: Frontier, value: Fraction) -> float | None:
    """The optimum of a program that is built for this limit alone, yuan a year."""
    _, outcome = model.relaxed(Change.limit(made.rule.id, made.sense, value))
    return None if outcome.objective is None else -float(outcome.objective) * 1e6


@pytest.mark.parametrize(("book", "rule", "sense"), CURVES)
def test_a_curve_of_its_own_range(books: dict[str, BookState], book: str, rule: str, sense: str) -> None:
    made = frontier(books[book], SETTINGS, rule, Range(points=6), sense=sense, lp=True)
    model = Model(books[book], SETTINGS)
    limit = next(item for item in made.rule.limits if item.sense == sense)
    side = loosening(made.rule, limit)
    assert limit.value in {point.limit for point in made.points}
    for point in (made.points[0], made.points[len(made.points) // 2], made.points[-1]):
        best = fresh(model, made, point.limit)
        assert (point.value is None) == (best is None)
        assert float(point.value or 0) == pytest.approx(best or 0, rel=1e-7, abs=1.0)
    values = [point.value for point in made.points][::side]
    known = [value for value in values if value is not None]
    assert values == [None] * (len(values) - len(known)) + known, "no portfolio only beyond the tightest limit"
    assert all(b >= a - 1 for a, b in pairwise(known)), "a looser limit never earns less"
    ends = {end for turn in made.turns for end in (turn.low, turn.high)}
    assert ends <= {point.limit for point in made.points}


@pytest.mark.parametrize(("book", "rule", "sense"), [CURVES[0], CURVES[1], CURVES[4], CURVES[7]])
def test_the_range_ends_where_nothing_is_left_and_where_it_costs_nothing(
    books: dict[str, BookState], book: str, rule: str, sense: str
) -> None:
    made = frontier(books[book], SETTINGS, rule, Range(points=2), sense=sense, lp=True, turns=False)
    model = Model(books[book], SETTINGS)
    limit = next(item for item in made.rule.limits if item.sense == sense)
    inner, outer = (made.points[0], made.points[-1])[:: loosening(made.rule, limit)]
    assert limit.value is not None
    free = fresh(model, made, limit.value * 1000 if loosening(made.rule, limit) > 0 else Fraction(0))
    assert outer.value is not None
    assert float(outer.value) == pytest.approx(free, abs=1.0)
    if loosening(made.rule, limit) > 0 and inner.limit > 0:
        assert fresh(model, made, inner.limit - step_of(limit)) is None


def test_turns_bracket_every_change_one_after_the_other(books: dict[str, BookState]) -> None:
    made = frontier(books["bond-fund-open"], SETTINGS, "abs-share", [Fraction(2, 100), Fraction(30, 100)], lp=True)
    assert len(made.turns) >= 3, "several changes lie between two values"
    seen = set(made.points[0].binding)
    at = {point.limit: set(point.binding) for point in made.points}
    for turn in made.turns:
        assert at[turn.low] == seen
        assert at[turn.high] == (seen | set(turn.starts)) - set(turn.stops)
        assert 0 < turn.high - turn.low <= Fraction(28, 100) / 64
        seen = at[turn.high]
    assert at[Fraction(30, 100)] == seen


def test_lines_that_may_not_be_bought_are_in_no_point(desks: dict[str, aa.WhatIf]) -> None:
    desk = desks["wealth-closed-18m"]
    state, held = desk.case.state, desk.ask().holdings
    dear = max((name for name in held if name != "SYN-CASH"), key=lambda name: held[name])
    values = [Fraction(10, 100)]
    whole = frontier(state, SETTINGS, "security-share", values, lp=True)
    less = frontier(state, SETTINGS, "security-share", values, lp=True, supply={dear: 0.0})
    assert less.points[0].value is not None
    assert whole.points[0].value is not None
    assert less.points[0].value < whole.points[0].value
    asked = desk.ask(aa.Changes(supply={dear: 0}))
    assert asked.value is not None
    assert float(less.points[0].value) == pytest.approx(asked.value, rel=1e-9)


def test_a_range_that_is_none_is_refused(books: dict[str, BookState]) -> None:
    state = books["bond-fund-open"]
    with pytest.raises(BadInput, match=r"from 3 years to 2 years is no range"):
        frontier(state, SETTINGS, "duration", Range(Fraction(3), Fraction(2)), sense="max")
    with pytest.raises(BadInput, match="1 points"):
        frontier(state, SETTINGS, "duration", Range(points=1), sense="max")
    with pytest.raises(BadInput, match="must be above 0"):
        frontier(state, SETTINGS, "duration", Range(Fraction(-1)), sense="max")
    with pytest.raises(BadInput, match=r"least and a greatest limit: say which is moved, max \| min"):
        frontier(state, SETTINGS, "duration", Range())


def test_grades_are_written_as_grades_and_a_greater_one_is_looser(books: dict[str, BookState]) -> None:
    assert [limit_text(Fraction(step), "grade") for step in (1, 5)] == ["AAA", list(RATING_GRADES)[4]]
    rule = Model(books["bond-fund-open"], SETTINGS).rule("abs-rating-floor")
    [limit] = rule.limits
    # The best grade is 1: a floor lets more in at a greater number; so does a cap on the mean of numbers.
    mean = replace(rule, kind="average")
    assert [loosening(rule, replace(limit, sense=sense)) for sense in ("min", "max")] == [1, -1]
    assert [loosening(mean, replace(limit, sense=sense)) for sense in ("min", "max")] == [-1, 1]
