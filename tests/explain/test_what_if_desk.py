"""The what-if desk over the shipped market: plans as optimise makes them, prices and NAV, bad input, its JSON."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import jsonschema
import pytest

import absalloc as aa
from absalloc.desk.changes import with_nav
from absalloc.explain import conflicts
from absalloc.mandate import with_keys
from absalloc.report.documents_more import json_schema

ABS = ("credit_abs", "enterprise_abs", "abn")
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


def test_a_trade_from_what_is_held_is_the_one_that_rebalance_makes() -> None:
    universe, mandate = inputs("bond-fund-open")
    held = MARKET / "bond-fund-open-holdings.csv"
    morning = aa.load_mandate(MARKET / "bond-fund-open-before.yaml")
    before = aa.Book(universe, morning, MARKET / "bond-fund-open-holdings-before.csv")
    values = []
    for earlier in (None, before):
        here = aa.WhatIf(universe, mandate, held, before=earlier)
        changes = aa.Changes(limits={"abs-share": "5%"})
        live, plan = here.ask(changes), here.plan(changes)
        wanted = aa.rebalance(universe, mandate, held, before=earlier, overrides={"abs-share.limit": "5%"})
        assert plan.certificate_sha256 == wanted.certificate_sha256
        value = float(plan.carry.yuan - sum(trade.cost for trade in plan.trades))
        assert value <= live.value + 1
        assert value == pytest.approx(live.value, rel=0.02)
        [share] = [item for item in live.rules if item.sense == "max"]
        assert (share.value <= 0.05 + 1e-9) is (earlier is None)
        values.append(live.value)
    # With the morning at hand the breach is passive: nothing need be sold for it.
    assert values[1] > values[0] + 1e5


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


def test_a_limit_on_each_line_moves_as_if_it_were_set_for_the_run() -> None:
    universe, mandate = inputs()
    made = desk().ask(aa.Changes(limits={"minimum-term": "200 days"}))
    anew = aa.WhatIf(universe, mandate, overrides={"minimum-term.limit": "200 days"}).ask()
    assert made.value == pytest.approx(anew.value, rel=1e-9)
    assert made.value < desk().ask().value
    maturity = universe.table.set_index("tranche_id")["legal_maturity"]
    bought = [name for name in made.holdings if name in maturity and name.startswith("SYN1")]
    assert bought
    assert min((maturity[name].date() - mandate.as_of).days for name in bought) >= 200


@pytest.mark.parametrize(
    ("keys", "was", "becomes"),
    [
        ({"funding": {"rate": "1.2%"}}, "funding: {rate: 1.60%}", "funding: {rate: 1.2%}"),
        ({"funding.rate": None}, "funding: {rate: 1.60%}", "funding: {}"),
        ({"repo.max": "10%", "repo.rate": "1.9%"}, "repo: {rate: 1.60%, max: 40%}", "repo: {rate: 1.9%, max: 10%}"),
        ({"rulebooks": ["trust", "house"]}, "rulebooks: [wealth-closed]", "rulebooks: [trust, house]"),
        ({"targets.wal.max": "0.5"}, "mode: offered", "mode: offered\ntargets: {wal: {max: 0.5}}"),
    ],
)
def test_a_key_of_the_mandate_means_what_it_means_in_its_file(
    keys: dict[str, object], was: str, becomes: str, tmp_path: Path
) -> None:
    universe, mandate = inputs()
    text = Path(mandate.file).read_text(encoding="utf-8")
    assert was in text
    for name in ("originator_totals.csv", "wealth-own-bank.csv", "curves.csv"):
        (tmp_path / name).write_bytes((MARKET / name).read_bytes())
    (tmp_path / "edited.yaml").write_text(text.replace(was, becomes), encoding="utf-8")
    edited = aa.WhatIf(universe, aa.load_mandate(str(tmp_path / "edited.yaml")))
    live, anew = desk().ask(aa.Changes(mandate=keys)), edited.ask()
    assert (live.status, live.binding) == (anew.status, anew.binding)
    assert live.value == pytest.approx(anew.value, rel=1e-9)
    assert live.value != pytest.approx(desk().ask().value, rel=1e-6)
    assert faces(desk().plan(aa.Changes(mandate=keys))) == faces(edited.plan())


def test_what_funding_costs_is_on_the_assets_less_what_repo_pays_for() -> None:
    here = desk()
    cheap, dear = (here.plan(aa.Changes(mandate={"funding": {"rate": rate}})) for rate in ("1.60%", "1.61%"))
    assert faces(cheap) == faces(dear)
    own = sum((-1 if line.tranche_id.startswith("SYN-REPO") else 1) * line.market_value for line in cheap.holdings)
    assert float(cheap.carry.yuan - dear.carry.yuan) == pytest.approx(float(own) * 0.0001, rel=1e-9)


def test_a_scenario_holds_the_answer_to_the_limits_as_they_were_moved() -> None:
    moved = aa.Changes(limits={"security-share": "2%"}, off=["wealth-closed/leverage"])
    found = desk().stress("parallel-up-50", moved).to_json()["scenarios"][0]["findings"]
    assert {f["limit"] for f in found if f["rule"] == "wealth-closed/security-share"} == {0.02}
    assert not [f for f in found if f["rule"] == "wealth-closed/leverage"]
    given = desk().stress("parallel-up-50").to_json()["scenarios"][0]["findings"]
    assert {f["limit"] for f in given if f["rule"] == "wealth-closed/security-share"} == {0.1}
    assert [f for f in given if f["rule"] == "wealth-closed/leverage"]
    none = aa.Changes(limits={"fixed-income-share": "120%"})
    assert desk().stress("parallel-up-50", none) is None


def test_a_limit_set_for_one_run_holds_where_the_mandate_has_its_own() -> None:
    """The mandate's own least term and its floor on ratings, whose rules are made from the mandate's words."""
    universe, mandate = inputs("bond-fund-open")
    plain = aa.WhatIf(universe, mandate, overrides={"minimum-term.limit": "90 days"}).ask()
    assert plain.value == aa.WhatIf(universe, mandate).ask().value
    later = aa.WhatIf(universe, mandate, overrides={"desk/minimum-term.limit": "400 days"}).ask()
    assert later.value < plain.value
    rated = with_keys(mandate, {"targets": {"rating": {"min": "AA"}}})
    words = universe.table.set_index("tranche_id")
    for wanted, allowed in (("AAA", {"AAA"}), ("AA", {"AAA", "AA+", "AA"})):
        plan = aa.optimise(universe, rated, overrides={"target/rating.limit": wanted})
        held = [line.tranche_id for line in plan.holdings if str(words["product"][line.tranche_id]) in ABS]
        said = {str(words[name][line]) for line in held for name in words.columns if name.startswith("rating.")}
        assert held
        assert said - {"", "None", "nan"} <= allowed, wanted
        again = aa.optimise(universe, with_keys(mandate, {"targets": {"rating": {"min": wanted}}}))
        assert faces(plan) == faces(again)


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
        aa.Changes(limits={"not-matured": "30 days"}),
        aa.Changes(off=["no-such-rule"]),
        aa.Changes(supply={"no-such-line": 0}),
        aa.Changes(supply={"SYN100024.IB": -1}),
        aa.Changes(yields={"SYN100024.IB": math.inf}),
        aa.Changes(prices={"SYN100024.IB": math.nan}),
        aa.Changes(prices={"SYN100024.IB": 0}),
        aa.Changes(prices={"SYN-CASH": 100}),
        aa.Changes(nav=0),
        aa.Changes(nav=math.nan),
        aa.Changes(mandate={"fundign": {"rate": "1.7%"}}),
        aa.Changes(mandate={"funding.rate": "1.7"}),
        aa.Changes(mandate={"rulebooks": ["no-such-book"]}),
        aa.Changes(mandate={"amounts.nav.value": "0"}),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(changes: aa.Changes) -> None:
    before = desk().ask().value
    with pytest.raises(aa.BadInput) as caught:
        desk().ask(changes)
    assert caught.value.text("en")
    assert caught.value.text("zh")
    assert desk().ask().value == before


def test_a_limit_between_two_grades_is_refused(tmp_path: Path) -> None:
    universe, _ = inputs()
    text = (MARKET / "wealth-closed-18m.yaml").read_text(encoding="utf-8")
    for name in ("wealth-own-bank.csv", "originator_totals.csv", "curves.csv"):
        (tmp_path / name).write_bytes((MARKET / name).read_bytes())
    path = tmp_path / "graded.yaml"
    path.write_text(f"{text}\ntargets:\n  average_rating: {{min: AA+}}\n", encoding="utf-8")
    mandate = aa.load_mandate(path)
    here = aa.WhatIf(universe, mandate)
    [plain] = here.ask(aa.Changes(limits={"target/average-rating": "AAA"})).rules
    [same] = here.ask(aa.Changes(limits={"target/average-rating": 1})).rules
    assert plain == same
    with pytest.raises(aa.BadInput, match=r"1\.4"):
        here.ask(aa.Changes(limits={"target/average-rating": 1.4}))
    with pytest.raises(aa.BadInput):
        aa.optimise(universe, mandate, overrides={"target/average-rating.limit": 1.4})


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
    # Rows of a mean count yuan times years, which are no amount.
    assert (found["max"].room, found["min"].room) == (None, None)
    assert found["max"].value == pytest.approx(float(found["max"].limit))
