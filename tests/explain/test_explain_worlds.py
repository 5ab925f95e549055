"""Prices, conflicts, headroom and replacement costs against every portfolio of small worlds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import pytest
from plan_worlds import LOT, after, carry, complies, plan_book, portfolios

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain import conflicts, headroom, prices, why
from absalloc.explain.model import Change, Model
from absalloc.explain.relaxation import relax
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState

EXACT = PlanSettings(mip_gap=1e-9)
SEEDS = range(8)
WORLDS = [(seed, held) for seed in SEEDS for held in (False, True)]


def names(state: BookState) -> tuple[str, ...]:
    return tuple(rule.id for rule in state.rules.active)


@dataclass(frozen=True)
class World:
    """A state with every portfolio, what it earns and the hard rules it does not pass."""

    state: BookState
    every: tuple[tuple[dict[str, Fraction], float, frozenset[str]], ...]

    def best(self, without: frozenset[str] = frozenset()) -> float | None:
        """Return the most that is earned by a portfolio which passes all rules but those."""
        return max((worth for _, worth, failed in self.every if failed <= without), default=None)

    def best_moved(self, rule: str, sense: str, value: Fraction) -> float | None:
        """Return the same with one limit moved."""
        there = moved(self.state, rule, sense, value)
        found = [w for f, w, failed in self.every if failed <= {rule} and complies(there, f, (rule,))]
        return max(found, default=None)


@cache
def world(seed: int, held: bool) -> World:
    state = plan_book(seed, held=held)
    hard = {rule.id for rule in state.rules.active if rule.level == "hard"}
    every = [(f, carry(state, f), frozenset(failing(after(state, f)) & hard)) for f in portfolios(state)]
    return World(state, tuple(every))


def moved(state: BookState, rule: str, sense: str, value: Fraction) -> BookState:
    model = Model(state, EXACT)
    return replace(state, rules=model.changed(Change.limit(rule, sense, value))[0].rules)


def failing(state: BookState) -> set[str]:
    return {item.rule for item in evaluate_exact([state]) if item.verdict != "pass"}


@pytest.mark.parametrize(("seed", "held"), WORLDS)
def test_the_relaxation_with_integers_is_the_plan_without_each_rule(seed: int, held: bool) -> None:
    here = world(seed, held)
    state = here.state
    relaxation = relax(Model(state, EXACT))
    for rule in ("", *names(state)):
        gone = frozenset({rule} - {""})
        found, wanted = relaxation.solve(gone, whole=True), here.best(gone)
        if wanted is None:
            assert found.status == "infeasible"
        else:
            assert found.objective is not None
            assert -found.objective * 1e6 == pytest.approx(wanted, rel=1e-6, abs=1.0)


@pytest.mark.parametrize(("seed", "held"), WORLDS)
def test_a_price_is_the_difference_of_the_best_portfolios(seed: int, held: bool) -> None:
    here = world(seed, held)
    state, base = here.state, here.best()
    table = prices(state, EXACT)
    if base is None:
        assert table.prices == ()
        assert table.status == "infeasible"
        return
    assert float(table.value or 0) == pytest.approx(base, rel=1e-6, abs=1.0)
    assert {item.rule.id for item in table.prices} == set(names(state))
    for item in table.prices:
        without = here.best(frozenset({item.rule.id}))
        assert without is not None
        assert float(item.removed.gain or 0) == pytest.approx(without - base, rel=1e-6, abs=2.0)
        for move in (item.looser, item.tighter):
            if move is None or move.limit is None:
                continue
            wanted = here.best_moved(item.rule.id, item.sense, move.limit)
            if wanted is None:
                assert move.status == "infeasible"
            else:
                assert float(move.gain or 0) == pytest.approx(wanted - base, rel=1e-6, abs=2.0)


@pytest.mark.parametrize(("seed", "held"), [*WORLDS, *[(seed, True) for seed in range(8, 20)]])
def test_conflicts_are_minimal_all_found_and_repaired_at_the_limit_named(seed: int, held: bool) -> None:
    here = world(seed, held)
    state = here.state
    if here.best() is not None:
        assert conflicts(state, EXACT).sets == ()
        return
    found = conflicts(state, EXACT)
    assert found.complete
    assert found.sets
    assert {frozenset(item.rules) for item in found.sets} == minimal_sets(here)
    for item in found.sets:
        assert item.verified
        for repair in item.repairs:
            if repair.limit is None or repair.was is None:
                continue
            there = moved(state, repair.rule, repair.sense, repair.limit)
            others = frozenset(names(state)) - frozenset(item.rules) | {repair.rule}
            assert any(failed <= others and complies(there, f, (repair.rule,)) for f, _, failed in here.every)
            if repair.status == "optimal":
                wanted = here.best_moved(repair.rule, repair.sense, repair.limit)
                assert float(repair.value or 0) == pytest.approx(wanted, rel=1e-6, abs=2.0)


def minimal_sets(here: World) -> set[frozenset[str]]:
    """Every minimal set of rules that no portfolio meets, by trying all sets."""
    rules = names(here.state)
    bad = []
    for mask in range(1, 1 << len(rules)):
        some = frozenset(rule for i, rule in enumerate(rules) if mask >> i & 1)
        if all(failed & some for _, _, failed in here.every):
            bad.append(some)
    return {each for each in bad if not any(other < each for other in bad)}


@pytest.mark.parametrize(("seed", "held"), WORLDS)
def test_headroom_passes_at_its_amount_and_its_rule_fails_one_lot_above(seed: int, held: bool) -> None:
    here = world(seed, held)
    state = here.state
    table = headroom(state, EXACT)
    if table.status != "optimal":
        assert here.best() is None
        return
    start = dict(state.held) if held and state.held else dict(Model(state, EXACT).base.faces or {})
    opening = replace(state, held=start, before=dict(start))
    wrong = failing(after(opening, start))

    def bought(line: str, face: Fraction) -> set[str]:
        return failing(after(opening, {**start, line: start.get(line, Fraction(0)) + face}))

    for line in table.lines:
        assert not line.face or bought(line.tranche_id, line.face) <= wrong, line
        if line.rule in names(state) and line.rule not in wrong and not line.reasons:
            assert line.rule in bought(line.tranche_id, line.face + LOT), line
        if line.reasons:
            assert bought(line.tranche_id, Fraction(LOT)), line


@pytest.mark.parametrize("seed", SEEDS)
def test_the_replacement_cost_is_the_best_portfolio_without_the_line(seed: int) -> None:
    here = world(seed, False)
    state, base = here.state, here.best()
    if base is None:
        return
    for name in state.index:
        told = why(state, EXACT, name)
        rest = [worth for f, worth, failed in here.every if (name in f) != told.held and not failed]
        swap = told.without if told.held else told.forced
        if swap is None:
            # It cannot be bought at all: no compliant portfolio holds it.
            assert told.reasons
            assert not rest
        elif rest:
            assert float(swap.cost or 0) == pytest.approx(base - max(rest), rel=1e-6, abs=2.0)
        else:
            assert swap.status == "infeasible"


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_of_the_relaxation_are_differences_of_relaxations(seed: int) -> None:
    state = plan_book(seed, held=False)
    table = prices(state, EXACT, lp=True)
    if table.status != "optimal":
        assert table.prices == ()
        return
    model = Model(state, EXACT)
    base = relax(model).solve().objective
    for item in table.prices:
        for move in (item.looser, item.tighter, item.removed):
            if move is None or move.gain is None:
                continue
            change = Change.drop(item.rule.id) if move.limit is None else None
            if change is None:
                other = Model(moved(state, item.rule.id, item.sense, move.limit), EXACT)
                there = relax(other).solve().objective
            else:
                there = relax(model).solve(frozenset({item.rule.id})).objective
            assert float(move.gain) == pytest.approx(1e6 * (base - there), abs=2)
