"""Break-evens by driver: of spreads as an independent bisection finds it; a rule breaks where it is said to."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from test_study_stress import book, curves

from absalloc.compliance.exact import evaluate_exact
from absalloc.rows import BookState
from absalloc.rulebook.active import Limit
from absalloc.stress import stress_universe
from absalloc.study.break_even import break_even_spread
from absalloc.study.drivers import GRID, STEP, break_evens, driver_scenario
from absalloc.study.shocked import after_shock


def tight(rule: str, share: Fraction) -> BookState:
    """Return the open bond fund with another limit for one rule."""
    state = book("bond-fund-open")
    changed = tuple(
        replace(r, limits=tuple(replace(x, value=share) for x in r.limits)) if r.id.endswith(rule) else r
        for r in state.rules.active
    )
    assert any(isinstance(r.limits[0], Limit) for r in changed if r.id.endswith(rule))
    return replace(state, rules=replace(state.rules, active=changed))


@pytest.mark.parametrize("name", ["bond-fund-open", "wealth-closed-18m"])
def test_the_widening_is_that_of_the_closed_search(name: str) -> None:
    found = {item.driver: item for item in break_evens(book(name), curves=curves())}
    exact = break_even_spread(book(name), curves=curves())
    assert found["spread"].earns is not None
    assert found["spread"].earns == pytest.approx(exact, abs=2 * STEP["spread"])
    assert found["cdr"].earns is not None
    for item in found.values():
        assert item.earns is None or GRID[item.driver][0] <= item.earns <= GRID[item.driver][-1]


def test_a_rule_breaks_at_the_value_found_and_holds_a_step_before() -> None:
    state = book("bond-fund-open")
    [floor] = [f for f in evaluate_exact([state]) if f.rule.endswith("/bond-share")]
    assert floor.value is not None
    # A floor just under what is held: losses of bonds take the share below it.
    state = tight("/bond-share", floor.value - Fraction(1, 1000))
    found = {item.driver: item for item in break_evens(state, curves=curves(), drivers=["spread"])}["spread"]
    assert found.breaks is not None
    assert found.finding is not None
    assert found.finding.rule.endswith("/bond-share")

    def share(value: float) -> Fraction:
        scenario = driver_scenario("spread", value, 12, 0.015)
        after = after_shock(state, stress_universe(state.universe, scenario, state.as_of, curves=curves()))[0]
        [item] = [f for f in evaluate_exact([after]) if f.rule.endswith("/bond-share")]
        assert item.value is not None
        return item.value

    limit = floor.value - Fraction(1, 1000)
    assert share(found.breaks) < limit <= share(found.breaks - 2e-4)
