"""Conflicts of small worlds where not all there is may be bought, and repairs whose best plan is not waited for."""

from __future__ import annotations

import importlib
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_worlds import after, carry, complies, plan_book, portfolios

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain import conflicts
from absalloc.explain.model import Change, Model
from absalloc.explain.repairs import least_steps
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState

EXACT = PlanSettings(mip_gap=1e-9)
Folio = tuple[dict[str, Fraction], float, frozenset[str]]


def every(state: BookState, supply: dict[str, float]) -> list[Folio]:
    """Return every portfolio that buys no more than ``supply``, what it earns and the hard rules it does not pass."""
    hard = {rule.id for rule in state.rules.active if rule.level == "hard"}
    found = []
    for faces in portfolios(state):
        bought = {name: face - state.held.get(name, Fraction(0)) for name, face in faces.items()}
        if all(bought.get(name, 0) <= most for name, most in supply.items()):
            failed = {f.rule for f in evaluate_exact([after(state, faces)]) if f.verdict != "pass"} & hard
            found.append((faces, carry(state, faces), frozenset(failed)))
    return found


def minimal_sets(state: BookState, folios: list[Folio]) -> set[frozenset[str]]:
    """Return every minimal set of rules that none of the portfolios meets, by trying all sets."""
    rules = [rule.id for rule in state.rules.active]
    masks = range(1 << len(rules))
    some = [frozenset(rule for i, rule in enumerate(rules) if mask >> i & 1) for mask in masks]
    bad = [each for each in some if all(failed & each for _, _, failed in folios)]
    return {each for each in bad if not any(other < each for other in bad)}


def test_conflicts_with_lines_barred_are_those_of_the_portfolios_that_are_left() -> None:
    seen = 0
    for seed in range(16):
        state, rng = plan_book(seed, held=seed % 2 == 1), Random(seed)
        supply = {name: float(rng.choice([0, 0, 10_000_000])) for name in state.index if rng.random() < 0.7}
        folios = every(state, supply)
        found = conflicts(state, EXACT, supply=supply)
        if any(not failed for _, _, failed in folios):
            assert found.sets == ()
            continue
        seen += 1
        assert found.complete
        assert all(item.verified for item in found.sets)
        assert {frozenset(item.rules) for item in found.sets} == minimal_sets(state, folios)
        free = every(state, {})
        for item in found.sets:
            for_want = any(not failed & frozenset(item.rules) for _, _, failed in free)
            assert (item.sentences[0].code == "conflict_supply") == (for_want and bool(supply))
    assert seen > 4


def test_a_repair_whose_plan_is_not_waited_for_lies_between_a_plan_and_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("asker", "feasible"):
        monkeypatch.setattr(importlib.import_module(f"absalloc.explain.{name}"), "BRIEF_LOTS", -1)
    seen = 0
    for seed in range(28):
        state = plan_book(seed, held=True)
        found = conflicts(state, EXACT)
        folios = every(state, {}) if found.sets else []
        for item in found.sets:
            assert item.verified
            for repair in item.repairs:
                if repair.limit is None or repair.status != "stopped":
                    continue
                limits = Change.limit(repair.rule, repair.sense, repair.limit)
                there = replace(state, rules=Model(state, EXACT).changed(limits)[0].rules)
                worth = [w for f, w, no in folios if no <= {repair.rule} and complies(there, f, (repair.rule,))]
                assert worth
                assert repair.most is not None
                assert float(repair.most) >= max(worth) - 2
                seen += repair.value is not None
                assert repair.value is None or any(abs(float(repair.value) - w) < 2 for w in worth)
    assert seen > 2


@given(st.integers(1, 3000), st.integers(0, 200), st.integers(1, 3000), st.integers(1, 50))
def test_steps_are_the_least_and_at_most_about_twice_that_where_some_stay_open(
    least: int, left: int, start: int, near: int
) -> None:
    assert least_steps(lambda steps: steps >= least, 20, start=start) == least
    asked: list[int] = []
    assert least_steps(lambda steps: not asked.append(steps) and steps >= least, 20, start, near) == least
    assert min(asked) > 0
    assert len(asked) <= 4 + 2 * (abs(least - start) + near).bit_length()
    edge = least + left
    found = least_steps(lambda steps: True if steps >= edge else None if steps >= least else False, 20, start=start)
    assert found is not None
    assert edge <= found <= 2 * edge
    assert least_steps(lambda steps: False, 12, start=start) is None
