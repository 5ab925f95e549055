"""Many portfolios at once: the same verdicts as the exact checker one by one, on the limit too."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from exact_books import book, line, rulebook
from hypothesis import given, settings
from hypothesis import strategies as st

import absalloc as aa
from absalloc.compliance.finding import Finding
from absalloc.compliance.many import CODES, ManyChecker, ManyFindings
from absalloc.errors import BadInput
from absalloc.rows.verdict import FAIL, PASS, UNKNOWN

BAD = {"fail": 2, "unknown": 1, "pass": 0}
RULES = rulebook(
    "id: nav, kind: share, where: {rating.any: {min: AA}}, by: originator, of: nav, max: 10%",
    "id: size, kind: share, by: tranche_id, measure: face, of: issue_size, max: 10%, tested: purchase",
    "id: listed, kind: share, by: originator, measure: face, max: {list: approved, column: limit, absent: 0 yuan}",
    "id: total, kind: share, by: originator, measure: principal, of: {reference: totals}, max: 10%",
    "id: assets, kind: share, where: {product: enterprise_abs}, of: {measure: market_value}, max: 60%",
    "id: cash, kind: share, where: {product: cash}, of: nav, min: 5%",
    "id: life, kind: average, measure: [market_value, wal], max: 2 years",
    "id: ok, kind: eligibility, require: {rating.any: {min: AA}}",
    "id: names, kind: count, by: originator, max: 2 names",
    "id: open, kind: share, where: {product: cash}, of: nav, min: 5%, tested: open_days",
    "id: either, kind: share, of: nav, max: 50%, unless: {by: originator, of: nav, max: 20%}",
    "id: strict, kind: share, of: nav, max: [{value: 90%, strict: true}]",
    "id: key, kind: share, of: nav, max: 1%, applies: {product: {graded: true}}",
)
LISTS = {"approved": [{"key": "A", "limit": "120"}, {"key": "B", "limit": "200"}],
         "totals": [{"key": "A", "total": "1000"}]}  # fmt: skip


def market(seed: int, *, gaps: bool) -> Any:
    """Ten lines of three originators on round numbers; with gaps, some facts are missing."""
    rng = Random(seed)

    def may(value: str) -> str | None:
        return None if gaps and rng.random() < 0.15 else value

    lines = [
        line(
            f"L{n}", originator=may(rng.choice("ABC")), rating_any=may(rng.choice(["AAA", "A"])), issue_size="1000",
            factor=may(rng.choice(["1", "0.5"])), dirty_price=may(rng.choice(["100", "80", "125"])),
            wal=may(rng.choice(["1", "2", "4"])),
        )
        for n in range(10)
    ]  # fmt: skip
    lines.append(line("C", product="cash", clean_price=None, dirty_price=None, originator="bank"))
    return book(RULES, lines, lists=LISTS)


def worst(found: list[Finding]) -> Finding:
    return max(found, key=lambda f: BAD[f.verdict])


def assert_same(checker: ManyChecker, faces: np.ndarray, many: ManyFindings) -> None:
    for p in range(len(faces)):
        held = {checker.ids[i]: Fraction(int(face)) for i, face in enumerate(faces[p]) if face}
        exact = checker.exact(held)
        for k, (rule, sense, _) in enumerate(many.rules):
            mine = [f for f in exact if f.rule == rule and f.sense == sense]
            assert many.verdicts[p, k] == CODES[worst(mine).verdict], (p, rule, held)
            if not np.isnan(many.values[p, k]):
                group = many.group(p, k)
                value = next(f.value for f in mine if f.group == group or len(mine) == 1)
                assert value is not None
                assert many.values[p, k] == pytest.approx(float(value), rel=1e-12)
        hard = {worst([f for f in exact if f.rule == r]).verdict for r in {f.rule for f in exact}}
        assert many.compliant[p] == (0 if "fail" in hard else -1 if "unknown" in hard else 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_every_verdict_is_that_of_the_exact_checker(seed: int, gaps: bool) -> None:
    checker = ManyChecker(market(seed, gaps=gaps))
    rng = np.random.default_rng(seed)
    size = (6, len(checker.ids))
    # Round faces: ratios meet their limits exactly much of the time.
    faces = rng.choice([0, 0, 0, 20, 50, 80, 100, 125], size)
    assert_same(checker, faces, checker.check(faces))


def test_without_gaps_floats_decide_nearly_everything_and_values_are_given() -> None:
    state = market(3, gaps=False)
    checker = ManyChecker(state)
    faces = np.random.default_rng(1).integers(1, 90, (40, len(checker.ids)))
    many = checker.check(faces)
    # Count, strict, unless and its like are decided exactly by design; the others by floats.
    exact = sum(rule.partition("/")[2] in ("names", "strict", "either") for rule, _, _ in many.rules)
    assert many.n_exact <= 40 * (exact + 1)
    column = [rule for rule, _, _ in many.rules].index("small/nav")
    assert not np.any(np.isnan(many.values[:, column]))
    assert_same(checker, faces[:5], checker.check(faces[:5]))


@pytest.mark.parametrize(("more", "verdict"), [(-1, PASS), (0, PASS), (1, FAIL)])
def test_near_the_limit_floats_do_not_decide(more: int, verdict: int) -> None:
    """A factor of 0.1 at a price of 99.9 counts 0.0999: 10 billion of face are 10 % of 9.99 billion, to the yuan."""
    rule = rulebook("id: r, kind: share, by: originator, of: nav, max: 10%")
    lines = [line("A", originator="A", factor="0.1", dirty_price="99.9"), line("B", originator="B")]
    checker = ManyChecker(book(rule, lines, amounts={"nav": "9990000000"}))
    found = checker.check(np.array([[10_000_000_000 + more, 5]]))
    assert (found.verdicts[0, 0], found.n_exact, found.group(0, 0)) == (verdict, 1, "A")
    far = checker.check(np.array([[10_000_000_000 + 1000 * more, 5]]))
    assert (far.verdicts[0, 0], far.n_exact) == (verdict, 0 if more else 1)


def test_a_table_of_portfolios_and_its_errors() -> None:
    checker = ManyChecker(market(3, gaps=False))
    table = pd.DataFrame(
        {"portfolio": ["甲", "乙", "甲"], "tranche_id": ["L0", "L1", "C"], "face": [10.0, 500.0, 60.0]}
    )
    many = checker.check(table)
    assert many.portfolios == ("甲", "乙")
    assert set(many.table["portfolio"]) <= {"甲", "乙"}
    assert {"portfolio", "rule", "verdict", "group"} <= set(many.table.columns)
    with pytest.raises(BadInput) as lost:
        checker.check(table.replace("L1", "L11"))
    assert lost.value.code == "compliance.many_line"
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadInput) as face:
            checker.check(table.assign(face=[10.0, bad, 60.0]))
        assert face.value.code == "compliance.many_face"
    with pytest.raises(BadInput):
        checker.check(table.drop(columns="face"))
    with pytest.raises(BadInput):
        checker.check(scipy.sparse.csr_matrix((2, 3)))


def test_a_rule_whose_key_is_missing_is_unknown_for_every_portfolio() -> None:
    many = ManyChecker(market(3, gaps=False)).check(np.zeros((2, 11)))
    column = [rule for rule, _, _ in many.rules].index("small/key")
    assert many.verdicts[:, column].tolist() == [UNKNOWN, UNKNOWN]


def test_the_public_call_on_the_shipped_market() -> None:
    market_ = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
    universe, mandate = aa.load_universe(market_ / "market.csv"), aa.load_mandate(market_ / "bond-fund-open.yaml")
    held = aa.load_holdings(market_ / "bond-fund-open-holdings.csv").table
    # Money lines are given by market value; their price is one.
    faces = held["face"].fillna(held["market_value"])
    one = pd.DataFrame({"portfolio": "fund", "tranche_id": held["tranche_id"], "face": faces})
    half = one.assign(portfolio="half", face=faces / 2)
    many = aa.check_many(universe, mandate, pd.concat([one, half]))
    single = aa.check(universe, mandate, market_ / "bond-fund-open-holdings.csv")
    for k, (rule, sense, _) in enumerate(many.rules):
        mine = [f for f in single.findings if f.rule == rule and f.sense == sense]
        assert many.verdicts[0, k] == CODES[worst(mine).verdict], rule
