"""The what-if desk over the shipped market: plans as optimise makes them, prices and NAV, bad input, its JSON."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import jsonschema
import pytest

import absalloc as aa
from absalloc.desk.whatif import with_nav
from absalloc.explain import conflicts
from absalloc.report.documents_more import json_schema

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"


@cache
def inputs(name: str = "wealth-closed-18m") -> tuple[aa.Universe, object]:
    return aa.load_universe(MARKET / "market.csv"), aa.load_mandate(str(MARKET / f"{name}.yaml"))


@cache
def desk(name: str = "wealth-closed-18m") -> aa.WhatIf:
    return aa.WhatIf(*inputs(name))


def faces(plan: object) -> dict[str, float]:
    return {line.tranche_id: float(line.face) for line in plan.holdings}


def test_a_plan_is_the_one_that_optimise_makes() -> None:
    universe, mandate = inputs()
    made = desk().plan(aa.Changes(limits={"security-share": "5%"}))
    wanted = aa.optimise(universe, mandate, overrides={"security-share.limit": "5%"})
    assert made.proven
    assert faces(made) == faces(wanted)
    assert made.carry == wanted.carry
    assert made.certificate_sha256 == wanted.certificate_sha256


def test_the_answer_bounds_the_plan_and_is_near_it() -> None:
    live, plan = desk().ask(), desk().plan()
    cost = sum(trade.cost for trade in plan.trades)
    value = float(plan.carry.yuan - cost)
    assert value <= live.value + 1
    assert value == pytest.approx(live.value, rel=2e-3)


def test_nav_and_prices_are_those_of_a_book_made_anew() -> None:
    universe, mandate = inputs()
    held = desk().ask().holdings
    name = max((n for n in held if n.endswith(".IB")), key=held.__getitem__)
    assert desk().ask(aa.Changes(nav=2.5e9)).value == pytest.approx(
        aa.WhatIf(universe, with_nav(mandate, 2_500_000_000)).ask().value, rel=1e-9
    )
    cheap, dear = desk().ask(aa.Changes(prices={name: 90})), desk().ask(aa.Changes(prices={name: 110}))
    # A lower price is a higher yield.
    assert cheap.value > desk().ask().value > dear.value
    assert name not in dear.holdings
    line = next(h for h in desk().plan(aa.Changes(prices={name: 90})).holdings if h.tranche_id == name)
    assert 85 < float(line.market_value / line.principal) * 100 < 95


def test_pins_hold_across_prices() -> None:
    here = aa.WhatIf(*inputs())
    first = here.pin(aa.Changes(limits={"security-share": "5%"}))
    later = here.ask(aa.Changes(nav=2.5e9))
    assert later.gain == pytest.approx(later.value - first.value)


@pytest.mark.parametrize(
    "changes",
    [
        aa.Changes(limits={"no-such-rule": "5%"}),
        aa.Changes(limits={"security-share": "5"}),
        aa.Changes(limits={"security-share": "5 years"}),
        aa.Changes(limits={"security-share": -0.01}),
        aa.Changes(limits={"security-share": math.nan}),
        aa.Changes(limits={"minimum-term": "30 days"}),
        aa.Changes(off=["no-such-rule"]),
        aa.Changes(supply={"no-such-line": 0}),
        aa.Changes(supply={"SYN100024.IB": -1}),
        aa.Changes(yields={"SYN100024.IB": math.inf}),
        aa.Changes(prices={"SYN100024.IB": math.nan}),
        aa.Changes(prices={"SYN100024.IB": 0}),
        aa.Changes(prices={"SYN-CASH": 100}),
        aa.Changes(nav=0),
        aa.Changes(nav=math.nan),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(changes: aa.Changes) -> None:
    before = desk().ask().value
    with pytest.raises(aa.BadInput) as caught:
        desk().ask(changes)
    assert caught.value.text("en")
    assert caught.value.text("zh")
    assert desk().ask().value == before


def test_the_document_is_plain_json() -> None:
    live = desk().ask(aa.Changes(limits={"security-share": "5%"}), every=True)
    document = json.loads(json.dumps(live.to_json(), allow_nan=False))
    jsonschema.validate(document, json_schema("what-if"))
    assert document["lp_relaxation"] is True
    assert {"wealth-closed/security-share"} <= {rule["rule"] for rule in document["rules"]}


def test_an_infeasible_plan_names_what_conflicts_and_the_ways_out() -> None:
    universe, mandate = inputs()
    plan = aa.optimise(universe, mandate, overrides={"fixed-income-share.limit": "120%"})
    document = plan.to_json()
    jsonschema.validate(document, json_schema("plan"))
    [found] = document["conflict"]
    assert found["rules"] == ["wealth-closed/fixed-income-share"]
    assert found["verified"] is True
    sets = conflicts(plan.given, plan.settings, repairs=False).sets
    assert [(list(item.rules), item.verified, item.repairs) for item in sets] == [(found["rules"], True, ())]
    repair = found["repairs"][0]
    again = aa.optimise(universe, mandate, overrides={"fixed-income-share.limit": repair["limit"]})
    assert again.proven
    assert float(again.carry.yuan - sum(t.cost for t in again.trades)) == pytest.approx(repair["carry_yuan"], abs=1)
    live = desk().ask(aa.Changes(limits={"fixed-income-share": "120%"}))
    assert (live.status, live.value, live.holdings) == ("infeasible", None, {})
    same = desk().plan(aa.Changes(limits={"fixed-income-share": "120%"})).to_json()
    assert same["conflict"] == document["conflict"]


def test_a_plan_that_fails_for_want_of_supply_says_so() -> None:
    universe, _ = inputs()
    here = desk()
    none = aa.Changes(supply=dict.fromkeys(universe.table["tranche_id"], 0))
    plan = here.plan(none)
    assert plan.status == "infeasible"
    found = plan.to_json()["conflict"]
    assert found
    for item in found:
        assert item["verified"] is True
        assert item["text"].startswith("Only for want of supply")
        assert len(item["text"]) < 2000
    assert plan.to_json("zh")["conflict"][0]["text"].startswith("仅因可得量不足")
    # The same rules with all there is: a plan.
    assert here.plan().proven


def test_of_two_limits_of_a_rule_only_the_one_that_is_reached_binds() -> None:
    desk = aa.WhatIf(aa.load_universe(MARKET / "market.csv"), aa.load_mandate(MARKET / "bond-fund-open.yaml"))
    found = {item.sense: item for item in desk.ask(every=True).rules if item.rule == "target/duration"}
    assert (found["max"].binding, found["min"].binding) == (True, False)
    assert found["max"].room == pytest.approx(0, abs=1)
    assert (found["min"].room or 0) > 1e6
