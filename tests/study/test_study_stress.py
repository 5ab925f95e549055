"""Books under scenarios: sums, redemptions, compliance after the shock, run-off, break-even."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from absalloc.cashflow import CurveSet, load_curves
from absalloc.compliance.exact import evaluate_exact
from absalloc.desk import Book, prepare
from absalloc.errors import BadInput
from absalloc.mandate import load_mandate
from absalloc.rows import BookState, compile_rows
from absalloc.rulebook.active import Limit
from absalloc.stress import find_scenario, load_scenario, stress_universe
from absalloc.stress.result import PRICE_PARTS
from absalloc.stress.runoff import run_off
from absalloc.study.break_even import break_even_spread
from absalloc.study.forward import forward_books, forward_compliance
from absalloc.study.shocked import after_shock, worth
from absalloc.study.stress import row_scenario, stress_book, stress_books
from absalloc.universe import Universe, load_universe

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
BOOKS = ("bond-fund-open", "city-bank", "wealth-closed-18m", "bond-fund-interval")


@cache
def universe() -> Universe:
    return load_universe(MARKET / "market.csv")


@cache
def book(name: str) -> BookState:
    mandate = load_mandate(MARKET / f"{name}.yaml")
    return prepare(Book(universe(), mandate, MARKET / f"{name}-holdings.csv")).state


@cache
def curves() -> CurveSet:
    return load_curves(MARKET / "curves.csv", as_of=date(2025, 6, 30))


def own(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    head = f"scenario: {name}\ntitle: {{en: a, zh: b}}\nsource: {{document: d, confidence: assumption}}\n"
    path.write_text(head + text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("scenario", ["parallel-up-100", "selloff-and-redemption", "consumer-arrears-2023"])
def test_parts_add_up_to_the_change_in_value(name: str, scenario: str) -> None:
    found = stress_book(book(name), find_scenario(scenario), curves=curves(), forward_months=0)
    assert sum((found.parts[part] for part in PRICE_PARTS), Fraction(0)) == found.gain
    assert found.value[1] - found.value[0] == found.gain
    assert found.unknown == ()
    totals = found.lines[[*PRICE_PARTS, "carry"]].sum()
    for part in (*PRICE_PARTS, "carry"):
        assert totals[part] == pytest.approx(float(found.parts[part]), abs=0.01 * len(found.lines))
    if found.nav[0] is not None and found.nav[1] is not None:
        assert found.nav[1] == found.nav[0] + found.gain - found.redeemed.asked
    json.dumps(found.to_json("zh"), allow_nan=False)
    assert found.to_json("en") == stress_book(
        book(name), find_scenario(scenario), curves=curves(), forward_months=0
    ).to_json("en")


def test_a_redemption_takes_cash_first_and_then_bonds() -> None:
    state = book("bond-fund-open")
    found = stress_book(state, find_scenario("redemption-30"))
    assert found.redeemed.asked == Fraction(3, 10) * 5_000_000_000
    assert sum(found.redeemed.sold.values()) + found.redeemed.unpaid == found.redeemed.asked
    kinds = [state.product[state.index[line]] for line in found.redeemed.sold]
    assert kinds[0] == "cash"
    assert not {"credit_abs", "enterprise_abs", "abn"} & set(kinds)
    sleeve = [
        line for line in state.held if state.product[state.index[line]] in ("credit_abs", "enterprise_abs", "abn")
    ]
    assert all(found.after.held[line] == state.held[line] for line in sleeve)


def test_a_redemption_raises_the_share_of_what_is_not_sold(tmp_path: Path) -> None:
    """The sleeve of 12 % becomes 17.1 % of what is left after a redemption of 30 %."""
    (tmp_path / "u.csv").write_text(
        "tranche_id,product,market,placement,seniority,repayment,coupon (%),factor (%),issue_date,expected_maturity,"
        "clean_price,originator,issue_size (yuan),rating.any\n"
        "A,enterprise_abs,exchange,private,senior,bullet,3,100,2025-06-30,2027-06-30,100,甲,9000000000,AAA\n"
        "CASH,cash,,,,,,,,,,,,\n",
        encoding="utf-8",
    )
    (tmp_path / "m.yaml").write_text(
        "name: X\ninstitution: public_fund_open\nrulebooks: [public-fund-open]\nas_of: 2025-06-30\n"
        "amounts: {nav: 1000000000}\nfacts: {bond_fund: true, contract_rating_floor: silent}\n"
        "product: {offering: public, operation: daily_open}\nelsewhere: {manager_funds: none}\n",
        encoding="utf-8",
    )
    (tmp_path / "h.csv").write_text("tranche_id,market_value\nA,120000000\nCASH,880000000\n", encoding="utf-8")
    state = prepare(
        Book(load_universe(tmp_path / "u.csv"), load_mandate(tmp_path / "m.yaml"), tmp_path / "h.csv")
    ).state
    found = stress_book(state, find_scenario("redemption-30"))
    [rule] = [f for f in found.findings if f.rule.endswith("/liquidity-restricted")] or [
        f for f in found.findings if f.value == Fraction(12, 70)
    ][:1]
    assert rule.value == Fraction(12, 70)
    assert rule.scenario == "redemption-30"
    assert found.redeemed.sold == {"CASH": 300_000_000}


def test_ratings_that_fall_move_risk_weights_and_verdicts(tmp_path: Path) -> None:
    state = book("city-bank")
    scenario = load_scenario(own(tmp_path, "ratings: [{to: BB}]\n"))
    after, gain, _ = after_shock(state, stress_universe(state.universe, scenario, state.as_of))
    assert gain == 0
    rows = [state.index[line] for line in state.held]
    rated = [
        r for r in rows if np.isfinite(state.universe.column("risk_weight")[r]) and state.product[r] == "credit_abs"
    ]
    old, new = (u.column("risk_weight")[rated] for u in (state.universe, after.universe))
    assert (new > old).any()
    assert (new >= old).all()
    found = stress_book(state, scenario)
    assert any(finding.verdict == "fail" and before == "pass" for finding, before in found.changed)
    assert {f.cause for f in found.findings if f.verdict == "fail"} == {"passive"}


def test_a_shock_of_nothing_changes_nothing(tmp_path: Path) -> None:
    found = stress_book(book("bond-fund-open"), load_scenario(own(tmp_path, "yields: [{parallel: 0 bp}]\n")))
    assert found.gain == 0
    assert found.changed == ()
    assert found.means["wal"][0] == found.means["wal"][1]


def test_everything_defaulting_has_a_defined_result(tmp_path: Path) -> None:
    text = "losses: [{share: 100%, where: {not: {product: [cash, deposit, repo, reverse_repo]}}}]\n"
    for name in BOOKS:
        found = stress_book(book(name), load_scenario(own(tmp_path, text)), curves=curves())
        assert json.dumps(found.to_json(), allow_nan=False)
        assert found.gain < 0


def test_the_scenario_rows_are_those_of_the_stressed_book() -> None:
    state = book("bond-fund-open")
    shock = row_scenario([state], find_scenario("yongmei-2020"), curves=curves())
    system = compile_rows([state], [shock])
    names = {block.scenario for block in system.blocks}
    assert names == {None, "yongmei-2020"}
    assert shock.redemption == 0
    assert shock.universes[0].column("dirty_price").tolist() != state.universe.column("dirty_price").tolist()
    total = stress_book(state, find_scenario("yongmei-2020"), curves=curves(), forward_months=0).total_return
    held = sum(float(shock.returns[0][state.index[name]]) * float(face) for name, face in state.held.items())
    assert held == pytest.approx(float(total), abs=0.01)


def test_rules_over_two_books_see_both_after_the_shock() -> None:
    first = book("bond-fund-open")
    renamed = replace(first.mandate, model=first.mandate.model.model_copy(update={"name": "twin"}))
    states = [first, replace(first, mandate=renamed)]
    found = stress_books(states, find_scenario("parallel-up-50"), curves=curves(), forward_months=1)
    joint = [f for f in found[0].findings if " + " in f.book]
    assert joint
    assert all(f in found[1].findings for f in joint)
    ahead = [{b.finding.key[1:] for b in item.forward.breaches} for item in found if item.forward is not None]
    assert len(ahead) == 2
    assert ahead[0] == ahead[1]  # twins run off alike


def test_a_rule_over_two_books_breaks_as_both_run_off() -> None:
    """Alone each book stays within a cap on cash of one manager that the two pass together once their ABS repay."""
    state = book("bond-fund-open")
    stressed = stress_universe(state.universe, find_scenario("parallel-up-50"), state.as_of, curves=curves())
    floor = next(rule for rule in state.rules.active if rule.short == "cash-floor")

    def capped(at: BookState, most: Fraction) -> BookState:
        cap = replace(floor, limits=(Limit("max", most, "yuan"),), scope="manager_funds", exceptions=())
        elsewhere = at.mandate.model.elsewhere.model_copy(update={"manager_funds": "none"})
        mandate = replace(at.mandate, model=at.mandate.model.model_copy(update={"elsewhere": elsewhere}))
        return replace(at, mandate=mandate, rules=replace(at.rules, active=(cap,), inactive=()))

    after = after_shock(state, stressed)[0]
    now = evaluate_exact([capped(after, Fraction(0))])[0].numerator
    broken = forward_compliance(capped(after, now or Fraction(0)), stressed, 6).first
    assert now is not None
    assert broken is not None
    one = capped(after, 2 * now)
    twin = replace(one, mandate=replace(one.mandate, model=one.mandate.model.model_copy(update={"name": "twin"})))
    together = forward_books([one, twin], [stressed, stressed], broken.month)
    assert [[(b.month, b.finding.book) for b in item.breaches] for item in together] == [
        [(broken.month, f"{state.name} + twin")]
    ] * 2
    assert forward_compliance(one, stressed, broken.month).breaches == ()


def test_run_off_conserves_cash_and_principal() -> None:
    state = book("bond-fund-open")
    stressed = stress_universe(state.universe, find_scenario("parallel-up-50"), state.as_of, curves=curves())
    last = None
    for months in (1, 6, 24, 480):
        ran = run_off(stressed, months)
        assert ((ran.left >= 0) & (ran.left <= 100)).all()
        if last is not None:
            assert (ran.left <= last.left + 1e-7).all()
            assert (ran.paid >= last.paid - 1e-7).all()
        last = ran
    assert last is not None
    everything = stressed.flows.total(stressed.flows.cash)
    assert np.allclose(last.paid, everything, atol=1e-6)
    # A line grows at its own rate: what is left plus what was paid, the payments compounded, is the price compounded.
    ran = run_off(stressed, 6)
    years = (np.datetime64("2025-12-30") - np.datetime64("2025-06-30")).astype(int) / 365
    flows, rate = stressed.flows, stressed.rate
    paid = flows.dates <= np.datetime64("2025-12-30")
    grown = flows.total(np.where(paid, flows.cash * np.exp(rate[flows.line] * (years - flows.times)), 0.0))
    value = ran.universe.column("dirty_price") * ran.left / 100
    simple = np.isfinite(rate) & (flows.payments() > 0)
    calendar = ~np.isin(
        state.universe.column("product").astype(str),
        ("government", "local_government", "policy_bank", "central_bank_bill", "credit_bond"),
    )
    both = simple & calendar
    assert np.allclose((value + grown)[both], (stressed.dirty * np.exp(rate * years))[both], atol=1e-5)


def test_forward_compliance_finds_the_first_month() -> None:
    state = book("bond-fund-open")
    scenario = find_scenario("parallel-up-50")
    stressed = stress_universe(state.universe, scenario, state.as_of, curves=curves())
    after = after_shock(state, stressed)[0]
    found = forward_compliance(after, stressed, 8)
    assert [b.month for b in found.breaches] == sorted(b.month for b in found.breaches)
    if found.first is not None:
        sooner = forward_compliance(after, stressed, found.first.month - 1) if found.first.month > 1 else None
        assert sooner is None or sooner.first is None
        assert found.first.finding.verdict == "fail"


def test_break_even_is_where_the_returns_meet() -> None:
    state = book("bond-fund-open")
    for benchmark in (0.012, 0.015):
        spread = break_even_spread(state, months=12, benchmark=benchmark, reinvest=0.01)
        assert spread is not None
        assert spread > 0
    low, high = (break_even_spread(state, benchmark=rate, reinvest=0.01) for rate in (0.012, 0.015))
    assert low > high  # type: ignore[operator]
    with pytest.raises(BadInput, match="break-even needs a benchmark"):
        break_even_spread(state)
    empty = replace(state, held={})
    assert break_even_spread(empty, benchmark=0.01) is None


def test_worth_counts_borrowing_as_owed() -> None:
    state = book("bond-fund-interval")
    owed = [line for line in state.held if state.product[state.index[line]] == "repo"]
    assert owed
    assert all(value < 0 for line, value in worth(state, state.universe, state.held).items() if line in owed)  # type: ignore[operator]
    found = stress_book(state, find_scenario("parallel-up-50"), forward_months=0)
    costs = found.lines.set_index("tranche_id").loc[owed, "carry"]
    assert (costs < 0).all()
