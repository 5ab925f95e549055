"""The program of a plan against the exact checker: every portfolio of small worlds, and directed boundaries."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from plan_worlds import LOT, carry, complies, plan_book, portfolios
from rows_worlds import DAY, rulebook

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.errors import BadInput
from absalloc.plan.lines import plan_lines
from absalloc.plan.make import Answer, PlanSettings, budget_of, make_plan
from absalloc.plan.objective import objective
from absalloc.plan.program import Program, build_program
from absalloc.plan.rule_rows import Terms
from absalloc.rows import BookState, compile_rows
from absalloc.rows.lines import Positions
from absalloc.solve import solve_problem

EXACT = PlanSettings(mip_gap=1e-9)


def program_of(state: BookState, terms: Terms | None = None) -> Program:
    """Return the program a plan would solve from what the book holds."""
    opening = replace(state, before=dict(state.held))
    lines = plan_lines(Positions(opening), budget_of(opening))
    terms = terms or Terms()
    return build_program(compile_rows([opening]), lines, objective(lines), terms, max_turnover=None, least_change=False)


def admits(program: Program, state: BookState, faces: dict[str, Fraction]) -> bool:
    """Return whether the program has a point with these faces: the legs are fixed, the switches are free."""
    problem = program.problem
    low, high = problem.col_lower.copy(), problem.col_upper.copy()
    legs = program.legs
    for p, name in enumerate(program.lines.positions.ids):
        change = float(faces.get(name, 0) - state.held.get(name, Fraction(0)))
        sold, bought = max(-change, 0.0), max(change, 0.0)
        values = {int(legs.buy[p]): bought}
        if legs.odd[p] >= 0:
            rest = program.builder.columns[int(legs.odd[p])].size
            values[int(legs.odd[p])] = rest if sold % LOT else 0.0
            sold -= values[int(legs.odd[p])]
        values[int(legs.sell[p])] = sold
        for column, yuan in values.items():
            if column < 0 and yuan:
                return False
            if column >= 0:
                units = yuan / program.builder.columns[column].size
                if not low[column] - 1e-9 <= units <= high[column] + 1e-9:
                    return False
                low[column] = high[column] = units
    return solve_problem(replace(problem, col_lower=low, col_upper=high)).status == "optimal"


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_plan_is_the_best_of_all_portfolios(seed: int, held: bool) -> None:
    state = plan_book(seed, held=held)
    answer = make_plan(state, EXACT)
    everything = list(portfolios(state))
    best = max((carry(state, faces) for faces in everything if complies(state, faces)), default=None)
    if best is None:
        assert answer.status == "infeasible"
        assert_minimal(state, answer, everything)
    else:
        assert answer.status == "optimal", answer.reason
        assert answer.faces is not None
        assert complies(state, answer.faces)
        assert carry(state, answer.faces) == pytest.approx(best, rel=1e-6)


def assert_minimal(state: BookState, answer: Answer, everything: list[dict[str, Fraction]]) -> None:
    """The conflict has no portfolio, and one without any of its rules."""
    names = tuple(name.partition("/")[2] for name in answer.conflict)
    assert names
    assert not any(complies(state, faces, names) for faces in everything)
    for name in names:
        rest = tuple(other for other in names if other != name)
        assert not rest or any(complies(state, faces, rest) for faces in everything), name


@pytest.mark.parametrize("seed", range(40, 43))
@pytest.mark.parametrize("held", [False, True])
def test_rows_admit_what_the_checker_passes(seed: int, held: bool) -> None:
    state = plan_book(seed, held=held)
    program = program_of(state)
    everything = list(portfolios(state))
    step = max(len(everything) // 40, 1)
    for faces in everything[::step]:
        assert admits(program, state, faces) == complies(state, faces), faces


RULE = {
    "title": {"en": "x", "zh": "x"},
    "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
}


def directed(rules: list[dict[str, Any]], lines: list[dict[str, Any]], **more: Any) -> BookState:
    """Return a book of bullets at par with NAV 100 million, whole yuan, nothing held but what the lines say."""
    mandate = {
        "name": "w",
        "institution": "public_fund_open",
        "rulebooks": ["w"],
        "amounts": {"nav": "100000000"},
        "portfolio": {"invest": {"amount": "100000000", "how": "at_most"}},
        "mode": "strategic",
        "unknown": "worst",
        **more,
    }
    base = {
        "product": "credit_abs",
        "issue_size": "100000000",
        "factor": "1",
        "dirty_price": "100",
        "risk_weight": "1",
        "yield": "0.03",
        "wal": "1",
    }
    drawn = [{**base, "originator": f"O{i}", "tranche_id": f"T{i}", **line} for i, line in enumerate(lines)]
    named = [{"id": f"r{i}", **RULE, **rule} for i, rule in enumerate(rules)]
    return book_of(drawn, mandate_of(mandate), DAY, books=(rulebook(named),))


def test_nine_positions_at_five_percent_pass_and_a_yuan_more_each_fails() -> None:
    rules = [{"kind": "threshold_sum", "by": "originator", "of": "nav", "over": "5%", "up_to": "10%", "max": "40%"}]
    state = directed(rules, [{} for _ in range(9)])
    program = program_of(state)
    for step in (0, 1):
        faces = {f"T{i}": Fraction(5_000_000 + step) for i in range(9)}
        assert complies(state, faces) == (step == 0)
        if step == 0:
            assert admits(program, state, faces)
    assert not admits(program, state, {f"T{i}": Fraction(5_000_100) for i in range(9)})
    # Eight at exactly five, and one above: only what is above counts.
    faces = {f"T{i}": Fraction(5_000_000) for i in range(8)} | {"T8": Fraction(10_000_000)}
    assert complies(state, faces)
    assert admits(program, state, faces)


def test_purchase_sells_below_and_buys_to_exactly_the_limit() -> None:
    rules = [{"kind": "share", "by": "originator", "of": "nav", "max": "15%", "tested": "purchase"}]
    lines = [{"originator": "O", "face": "20000000", "yield": "0.02"}, {"originator": "O", "yield": "0.05"}]
    state = directed(rules, lines)
    program = program_of(state)
    for bought, ok in ((0, True), (15_000_000, True), (15_000_100, False)):
        faces = {"T1": Fraction(bought), "T0": Fraction(0 if bought else 20_000_000)}
        assert admits(program, state, faces) == ok == complies(state, {k: v for k, v in faces.items() if v})
    swap = {"T0": Fraction(15_000_000), "T1": Fraction(1_000_000)}
    assert not admits(program, state, swap)
    assert not complies(state, swap)
    kept = {"T0": Fraction(16_000_000)}
    assert admits(program, state, kept)
    assert complies(state, kept)


def test_eligibility_tested_at_purchase_forces_no_sale() -> None:
    rules = [{"kind": "eligibility", "require": {"wal": {"max": "3"}}, "tested": "purchase"}]
    state = directed(rules, [{"wal": "5", "face": "30000000", "yield": "0.05"}, {}])
    answer = make_plan(state, EXACT)
    assert answer.faces == {"T0": 30_000_000, "T1": 70_000_000}
    assert not admits(program_of(state), state, {"T0": Fraction(30_000_001)})


@pytest.mark.parametrize(("limit", "most"), [("2 names", 2), ("3 names", 3)])
def test_names_are_counted_exactly(limit: str, most: int) -> None:
    state = directed([{"kind": "count", "max": limit}], [{} for _ in range(4)])
    program = program_of(state)
    for count in range(1, 5):
        faces = {f"T{i}": Fraction(1_000_000) for i in range(count)}
        assert admits(program, state, faces) == (count <= most) == complies(state, faces)


def test_a_strict_limit_is_not_reached() -> None:
    rules = [{"kind": "share", "by": "originator", "of": "nav", "max": [{"value": "10%", "strict": "true"}]}]
    state = directed(rules, [{"yield": "0.05"}])
    answer = make_plan(state, EXACT)
    assert answer.faces == {"T0": 9_999_999}
    assert not complies(state, {"T0": Fraction(10_000_000)})


def test_alternative_lets_the_rule_off() -> None:
    rules = [
        {
            "kind": "share",
            "of": "nav",
            "max": "20%",
            "unless": {"by": "originator", "of": "nav", "max": "30%"},
        }
    ]
    state = directed(rules, [{"yield": "0.05"}, {"yield": "0.04"}, {"yield": "0.03"}, {"yield": "0.02"}])
    answer = make_plan(state, EXACT)
    assert answer.faces == {"T0": 30_000_000, "T1": 30_000_000, "T2": 30_000_000, "T3": 10_000_000}


def test_book_values_are_kept_by_what_is_kept() -> None:
    """Held at 150 a hundred, the line fills the limit with fewer yuan of face than a purchase would."""
    rules = [{"kind": "share", "measure": "book_value", "of": "nav", "max": "30%"}]
    state = directed(rules, [{"face": "10000000", "book_value": "15000000", "yield": "0.02"}, {"yield": "0.05"}])
    answer = make_plan(state, EXACT)
    assert answer.faces == {"T1": 30_000_000}
    program = program_of(state)
    for bought, ok in ((15_000_000, True), (15_000_100, False)):
        faces = {"T0": Fraction(10_000_000), "T1": Fraction(bought)}
        assert admits(program, state, faces) == ok == complies(state, faces)


def test_a_band_over_holdings_has_no_rows() -> None:
    rules = [
        {"kind": "threshold_sum", "by": "originator", "of": {"measure": "market_value"}, "over": "5%", "max": "40%"}
    ]
    with pytest.raises(BadInput, match="denominator moves with the trades"):
        program_of(directed(rules, [{}]))
    counted = [{"kind": "count", "by": "originator", "of": {"measure": "market_value"}, "over": "5%", "max": "2 names"}]
    with pytest.raises(BadInput, match="denominator moves with the trades"):
        program_of(directed(counted, [{}]))


def test_unknown_lines_are_barred_or_taken_at_their_worst() -> None:
    rules = [{"kind": "share", "where": {"originator": "甲"}, "of": "nav", "max": "10%"}]
    lines = [{"originator": "", "yield": "0.05"}, {"yield": "0.03"}]
    worst = make_plan(directed(rules, lines), EXACT)
    assert worst.faces == {"T0": 10_000_000, "T1": 90_000_000}
    barred = make_plan(directed(rules, lines, unknown="exclude"), EXACT)
    assert barred.faces == {"T1": 100_000_000}


def test_a_floor_with_no_known_denominator_stops_the_plan() -> None:
    rules = [{"kind": "share", "of": "total_assets", "min": "5%"}]
    answer = make_plan(directed(rules, [{}]), EXACT)
    assert answer.status == "stopped"
    assert answer.reason is not None
    program = program_of(directed(rules, [{}]))
    assert np.all(np.isfinite(program.problem.A.data))
    assert not np.any(np.isnan(program.problem.row_upper))
