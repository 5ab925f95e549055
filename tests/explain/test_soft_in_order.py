"""Soft rules that give way without a price: no explanation starts from another plan than the one optimise makes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from plan_worlds import plan_book

from absalloc.explain import attribution, conflicts, frontier, headroom, menu, prices, why
from absalloc.explain.model import Model
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Session
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.rows import BookState
from absalloc.rulebook.softened import Softened

EXACT = PlanSettings(mip_gap=1e-9)


def unmet(price: Fraction | None) -> BookState:
    """Return a world with a soft rule that no portfolio meets: a share of at least 99 % turned round."""
    for seed in range(40):
        state = plan_book(seed, held=False)
        rules, done = [], False
        for rule in state.rules.active:
            plain = rule.kind == "share" and rule.unless is None and rule.tested == "always" and rule.by is None
            if plain and not done and [x.sense for x in rule.limits] == ["max"] and not rule.limits[0].strict:
                limits = (replace(rule.limits[0], sense="min", value=Fraction(3, 2)),)
                rule, done = replace(rule, level="soft", soft=Softened(0, price), limits=limits), True
            rules.append(rule)
        made = replace(state, rules=replace(state.rules, active=tuple(rules)))
        if done and make_plan(made, EXACT).gave_way:
            return made
    raise AssertionError("no such world")


def test_nothing_is_compared_with_a_plan_that_gives_way_in_order() -> None:
    state = unmet(None)
    plan = make_plan(state, EXACT)
    assert plan.status == "optimal"
    [soft] = plan.gave_way
    name = next(iter(plan.faces or {}), next(iter(state.index)))
    limit = next(r for r in state.rules.active if r.id == soft)
    for found in (
        prices(state, EXACT), prices(state, EXACT, lp=True), headroom(state, EXACT), menu(state, EXACT, Fraction(2), 2),
        why(state, EXACT, name),
    ):  # fmt: skip
        document = found.to_json()
        assert document["status"] == "stopped"
        assert soft in document["reason"]
        assert soft in found.to_json("zh")["reason"]
    curve = frontier(state, EXACT, limit.id, [Fraction(1), Fraction(3, 2)])
    assert curve.points == ()
    assert soft in curve.to_json()["reason"]
    assert attribution(state, EXACT, {}).status == "stopped"
    none = conflicts(state, EXACT)
    assert (none.status, none.sets) == ("optimal", ())


def test_the_answer_at_once_names_the_rule_and_is_what_no_plan_beats() -> None:
    state = unmet(None)
    session = Session(state, EXACT)
    live, plan = session.ask(Moved()), session.plan(Moved())
    assert live.gave_way == plan.gave_way
    value = session.given.value(plan)
    assert value is not None
    assert live.value is not None
    assert float(value) <= live.value + 1.0


def test_with_a_price_the_same_book_starts_from_the_plan_that_optimise_makes() -> None:
    state = unmet(Fraction(1, 50))
    model, plan = Model(state, EXACT), make_plan(state, EXACT)
    assert model.refused is None
    assert model.base.faces is not None
    assert float(model.value(model.base) or 0) == pytest.approx(float(model.value(plan) or 0), abs=2)
    assert prices(state, EXACT).status == "optimal"
