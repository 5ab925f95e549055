"""Plans that must stand scenarios, on the shipped market: the stress of the plan says the same as the plan."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import absalloc as aa
from absalloc.cashflow import load_curves
from absalloc.errors import BadInput
from absalloc.plan.certificate import verify_certificate
from absalloc.stress import find_scenario
from absalloc.study.stress import stress_book

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"


@cache
def universe() -> aa.Universe:
    return aa.load_universe(MARKET / "market.csv")


@cache
def plan(name: str, scenario: str, worst_loss: str | None = None) -> Any:
    mandate = aa.load_mandate(MARKET / f"{name}.yaml")
    return aa.optimise(universe(), mandate, scenarios=scenario, worst_loss=worst_loss)


@pytest.mark.parametrize(("name", "scenario"), [("bond-fund-open", "bear-2020"), ("wealth-closed-18m", "yongmei-2020")])
def test_the_stress_of_a_plan_says_what_the_plan_says(name: str, scenario: str) -> None:
    found = plan(name, scenario)
    assert found.status == "optimal"
    state, day = found.answer.state, found.answer.state.as_of
    curves = load_curves(MARKET / "curves.csv", as_of=day)
    again = stress_book(state, find_scenario(scenario), curves=curves, forward_months=0)
    [outlook] = found.answer.outlooks
    assert outlook.gain == again.gain
    assert outlook.state.mandate.amount("nav") == again.nav[1]
    assert float(outlook.total_return) == pytest.approx(float(again.total_return), abs=0.01)
    key = {(f.rule, f.group, f.sense): (f.verdict, f.value) for f in again.findings}
    assert outlook.findings
    for item in outlook.findings:
        assert key[item.rule, item.group, item.sense] == (item.verdict, item.value)
    assert again.compliant
    assert found.certificate["meta"]["scenarios"] == {scenario: outlook.sha256}
    result = verify_certificate(found.certificate)
    assert result.ok
    assert result.claimed[-2:] == ("inputs", "scenarios")


def test_a_cap_on_losses_binds_and_costs_carry() -> None:
    found, free = plan("bond-fund-open", "bear-2020", "1%"), plan("bond-fund-open", "bear-2020")
    lost = found.answer.outlooks[0].total_return
    assert lost >= -Fraction(1, 100) * 5_000_000_000
    assert lost == pytest.approx(-50_000_000, rel=1e-4)
    assert free.answer.outlooks[0].total_return < lost
    assert "worst-loss [bear-2020]" in found.binding
    document = found.to_json()
    given = document["scenarios"]["given_up"]
    assert given["carry_yuan"] == pytest.approx(float(free.carry.yuan - found.carry.yuan), rel=0.05)
    assert given["on_nav"] == pytest.approx(given["carry_yuan"] / 5e9, abs=1e-9)
    assert {item["scenario"] for item in document["findings"]} == {None, "bear-2020"}


def test_what_cannot_be_stood_says_which_scenario_and_rules() -> None:
    """Without a trade the fund cannot keep its cash after a redemption: the conflict names the rule in the scenario."""
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    holdings = MARKET / "bond-fund-open-holdings.csv"
    found = aa.rebalance(universe(), mandate, holdings, max_turnover="0%", scenarios="redemption-30")
    assert found.status == "infeasible"
    assert found.answer.conflict
    assert all(rule.endswith(" [redemption-30]") for rule in found.answer.conflict)
    failed = {
        f.rule for f in stress_book(found.answer.state, find_scenario("redemption-30")).findings if f.verdict == "fail"
    }
    assert {rule.removesuffix(" [redemption-30]") for rule in found.answer.conflict} <= failed
    document = found.to_json()
    assert document["scenarios"] is None
    assert document["conflict"][0]["rules"] == list(found.answer.conflict)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"scenarios": "bear2020"}, "stress.unknown_scenario"),
        ({"scenarios": ["bear-2020", "bear-2020"]}, "desk.scenario_twice"),
        ({"scenarios": "bear-2020", "worst_loss": "300%"}, "desk.worst_loss"),
        ({"scenarios": "bear-2020", "worst_loss": "3"}, "base.percent_needed"),
        ({"worst_loss": "3%"}, "desk.worst_loss_alone"),
    ],
)
def test_bad_input(how: dict[str, Any], code: str) -> None:
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    with pytest.raises(BadInput) as error:
        aa.optimise(universe(), mandate, **how)
    assert error.value.code == code


def test_a_check_under_a_scenario_marks_its_findings_and_counts_them() -> None:
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    holdings = MARKET / "bond-fund-open-holdings.csv"
    found = aa.check(universe(), mandate, holdings, scenarios=["redemption-30"])
    today = aa.check(universe(), mandate, holdings)
    assert found.findings[: len(today.findings)] == today.findings
    later = found.findings[len(today.findings) :]
    assert {item.scenario for item in later} == {"redemption-30"}
    floor = [item for item in later if item.rule.endswith("/cash-floor")]
    assert [item.verdict for item in floor] == ["fail"]
    assert floor[0].cause == "passive"
    assert floor[0].cure_by is None
    assert not found.compliant


def test_a_shock_that_strikes_nothing_and_a_redemption_of_nothing_are_said(tmp_path: Path) -> None:
    """A plan or check that stands them has stood nothing: the answer must not leave that to be guessed."""
    path = tmp_path / "nothing.yaml"
    path.write_text(
        "scenario: nothing\ntitle: {en: a, zh: b}\nsource: {document: d, confidence: assumption}\n"
        "redemption: 20%\nspreads: [{add: 50 bp, where: {asset_type: rmbz}}]\n",
        encoding="utf-8",
    )
    mandate = aa.load_mandate(MARKET / "city-bank.yaml")
    found = aa.check(universe(), mandate, MARKET / "city-bank-holdings.csv", scenarios=[path])
    said = [note.text() for note in found.notes]
    assert any("nothing that strike no line at all: spreads[1]" in text for text in said)
    assert any("redemption of nothing was NOT applied" in text for text in said)
    fund = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    document = aa.optimise(universe(), fund, scenarios=[find_scenario("yongmei-2020"), path]).to_json()
    assert any("strike no line" in text for text in document["assumptions"])
    assert not any("NOT applied" in text for text in document["assumptions"])
