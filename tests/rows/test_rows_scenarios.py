"""Scenario rows against the exact checker on the book after the shock: amounts and redemptions follow the holdings."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_worlds import after, carry, complies, plan_book, portfolios
from rows_worlds import DAY, rulebook, some_books, untimed
from shock_worlds import some_shock
from test_rows_agree import WORDS, far
from test_rows_plans import EXACT

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.exact import BOOKS, evaluate_exact
from absalloc.compliance.shocked import check_shocked
from absalloc.plan.certificate import verify_certificate
from absalloc.plan.make import make_plan
from absalloc.plan.proof import certificate_of
from absalloc.rows import BookState, RowSystem, Scenario, compile_rows
from absalloc.rows.shock import shocked_book
from absalloc.rows.verdict import TIE, verdicts
from absalloc.universe.model import as_series


def differences(states: list[BookState], shock: Scenario, system: RowSystem) -> tuple[list[str], int, int]:
    """Return where scenario rows at today's faces and the exact checker after the shock differ, compared, ties."""
    pairs = zip(states, shock.universes, strict=True)
    shocked = [shocked_book(state, universe, shock.redemption)[0] for state, universe in pairs]
    # What paid a redemption to the last yuan is gone, but a rule on trades is no business of a scenario.
    known = {item.key: item for item in evaluate_exact(shocked)}
    x = system.faces(tuple(s.held for s in states), tuple(s.kept for s in states))
    found, compared, ties = [], 0, 0
    for block, codes in zip(system.blocks, verdicts(system, x), strict=True):
        if block.scenario is None or block.rule.of_trade:
            continue
        book = BOOKS.join(states[i].name for i in block.books)
        labels = [None] if block.form in ("count", "threshold") else block.groups
        for label, code in zip(labels, codes, strict=True):
            key = (book, block.rule.id, label or "", block.sense)
            item = known.pop(key, None)
            compared, ties = compared + 1, ties + (code == TIE)
            if code == TIE:
                if item is not None and block.form == "linear" and not block.loose and far(item):
                    found.append(f"{key}: a tie {float(item.value or 0)} far from its limit")
            elif WORDS[int(code)] != ("pass" if item is None else item.verdict):
                found.append(f"{key}: exact {item and item.verdict}, rows {WORDS[int(code)]}")
    return found, compared, ties


def world(seed: int, *, gaps: float, lines: int = 10) -> tuple[list[BookState], Scenario]:
    states = [untimed(state) for state in some_books(seed, rules=40, gaps=gaps, lines=lines)]
    return states, some_shock(seed, states)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_scenario_rows_agree_with_the_book_after_the_shock(seed: int, gaps: float) -> None:
    states, shock = world(seed, gaps=gaps)
    found, compared, ties = differences(states, shock, compile_rows(states, [shock]))
    assert not found, "\n".join(found)
    assert ties < compared * (0.25 if not gaps else 0.6)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), gaps=st.sampled_from([0.0, 0.05, 0.3]), lines=st.integers(0, 14))
def test_any_world(seed: int, gaps: float, lines: int) -> None:
    states, shock = world(seed, gaps=gaps, lines=lines)
    found, _, _ = differences(states, shock, compile_rows(states, [shock]))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("seed", range(4))
def test_rules_over_several_books_agree_after_the_shock(seed: int) -> None:
    states = [untimed(state) for state in some_books(500 + seed, rules=20, gaps=0.1, books=3)]
    shock = some_shock(seed, states)
    found, compared, _ = differences(states, shock, compile_rows(states, [shock]))
    assert not found, "\n".join(found)
    assert compared


def test_an_amount_that_books_share_moves_by_what_all_of_them_lose() -> None:
    """Two books of one insurer hold 60 and 40 of 1000 in all; a fifth of it is lost: 80 of 980."""
    rule = {
        "id": "r", "kind": "share", "of": "total_assets", "max": "8%", "scope": "insurer",
        "title": {"en": "x", "zh": "x"},
        "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
    }  # fmt: skip
    rules, states = rulebook([rule], "w"), []
    for name, face in (("one", "60"), ("two", "40")):
        mandate = {"name": name, "institution": "insurer", "rulebooks": ["w"], "amounts": {"total_assets": "1000"}}
        line = {"tranche_id": "A", "product": "abn", "dirty_price": "100", "factor": "1", "face": face}
        mandate |= {"manager": "M", "elsewhere": {"insurer": "none"}}
        states.append(book_of([line], mandate_of(mandate), DAY, books=(rules,)))
    universe = states[0].universe
    fallen = universe.replace(table=universe.table.assign(dirty_price=as_series(np.array([80.0]))))
    [item] = check_shocked(states, Scenario("shock", (fallen, fallen), Fraction(0)))
    assert (item.book, item.verdict, item.numerator, item.denominator) == ("one + two", "fail", 80, 980)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_plan_is_the_best_of_all_portfolios_that_comply_in_the_scenario(seed: int, held: bool) -> None:
    """Every portfolio of the small world is tried, today and after the shock, by the exact checker alone."""
    state = shocked_world(seed, held=held)
    shock = some_shock(seed, [state])
    answer = make_plan(state, EXACT, [shock])
    good = [faces for faces in portfolios(state) if complies(state, faces) and stands(state, faces, shock)]
    best = max((carry(state, faces) for faces in good), default=None)
    if best is None:
        assert answer.status == "infeasible"
        return
    assert answer.status == "optimal", answer.reason
    assert answer.faces is not None
    assert stands(state, answer.faces, shock)
    assert carry(state, answer.faces) == pytest.approx(best, rel=1e-6)
    made = certificate_of(answer, EXACT)
    assert made is not None
    assert verify_certificate(made).ok


def shocked_world(seed: int, *, held: bool) -> BookState:
    """Return a small world in which one of the lines is a bond that can pay a redemption."""
    state = plan_book(seed, held=held)
    product = state.universe.table["product"].to_numpy(object).copy()
    product[0] = "government"
    universe = state.universe.replace(table=state.universe.table.assign(product=as_series(product)))
    return replace(state, universe=universe)


def stands(state: BookState, faces: dict[str, Fraction], shock: Scenario) -> bool:
    """Return whether every hard rule that is not one of purchases passes after the shock."""
    found = shocked_book(after(state, faces), shock.universes[0], shock.redemption)[0]
    rules = tuple(rule.id for rule in state.rules.active if rule.tested != "purchase")
    return all(item.verdict == "pass" for item in evaluate_exact([found], rules=rules) if item.level == "hard")
