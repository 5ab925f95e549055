"""A ratio's move between two dated books, split by driver: each driver alone by hand, all together exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from exact_books import book, codes, line, percent, rulebook
from hypothesis import given, settings
from hypothesis import strategies as st

from absalloc.compliance.between import Between, between
from absalloc.compliance.check import check_books
from absalloc.compliance.finding import Finding, Moves
from absalloc.rulebook.load import Rulebook

THEN, NOW = date(2025, 5, 30), date(2025, 6, 30)
CURE = "passive_breach: {cure: 10 trading days, clock: breach, meanwhile: no_worse}"
NAV10 = f"id: r, kind: share, where: {{product: enterprise_abs}}, by: originator, of: nav, max: 10%, {CURE}"
CASH = {"product": "cash", "clean_price": None, "dirty_price": None}


def trades_of(*rows: tuple[str, str, float, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["tranche_id", "side", "face", "price"]).astype({"price": float})


def way_of(
    rules: Rulebook | str,
    then: Sequence[Mapping[str, str]],
    now: Sequence[Mapping[str, str]],
    trades: pd.DataFrame | None = None,
    *,
    nav: tuple[str, str] = ("1000", "1000"),
    old: Rulebook | str | None = None,
    **more: Any,
) -> Between:
    before = book(rules if old is None else old, then, day=THEN, amounts={"nav": nav[0]}, **more)
    after = book(rules, now, day=NOW, amounts={"nav": nav[1]}, **more)
    after = replace(after, before=before.held)
    way = between(before, after, trades)
    return replace(way, after=replace(after, untraded=way.untraded))


def moved(way: Between, rule: str = "small/r", group: str | None = "A", sense: str = "max") -> Finding:
    found = check_books([way.after], way=way, every=True)
    [one] = [f for f in found if (f.rule, f.group, f.sense) == (rule, group, sense)]
    return one


def parts(item: Finding) -> dict[str, Fraction | None]:
    assert item.moves is not None
    assert_adds_up(item, item.moves)
    return {part.driver: part.value for part in item.moves.parts}


def assert_adds_up(item: Finding, moves: Moves) -> None:
    if all(part.value is not None for part in moves.parts) and None not in (moves.value, item.value):
        assert sum((p.value or 0 for p in moves.parts), Fraction(0)) == (item.value or 0) - (moves.value or 0)
    excess = None
    if None not in (item.numerator, item.denominator, item.limit):
        excess = ((item.numerator or 0) - (item.limit or 0) * (item.denominator or 0)) * (
            1 if item.sense == "max" else -1
        )
    if all(part.excess is not None for part in moves.parts) and None not in (moves.excess, excess):
        assert sum((p.excess or 0 for p in moves.parts), Fraction(0)) == (excess or 0) - (moves.excess or 0)


def a(face: int, **facts: Any) -> dict[str, str]:
    return line("A1", face, **{"originator": "A", **facts})


def cash(face: int) -> dict[str, str]:
    return line("C", face, **CASH)


# -- each driver alone ---------------------------------------------------------------------------------------------


def test_trades_alone_are_active() -> None:
    """50 more bought at par out of cash: 9 % becomes 14 %, all of it by trades."""
    found = moved(way_of(NAV10, [a(90), cash(500)], [a(140), cash(450)]))
    assert parts(found) == {"trades": percent(5)}
    assert (found.verdict, found.cause, found.cure_by, codes(found)) == ("fail", "active", None, ["moves_active"])
    assert found.moves is not None
    assert (found.moves.since, found.moves.value, found.moves.verdict) == (THEN, percent(9), "pass")
    assert found.moves.part("trades").excess == 50


def test_prices_alone_are_passive_and_start_a_cure() -> None:
    """9 % at par; the price of 120 makes it 10.8 %. Ten exchange days after 2025-06-30 are 2025-07-14."""
    found = moved(way_of(NAV10, [a(90)], [a(90, dirty_price="120")]))
    assert parts(found) == {"prices": percent("1.8")}
    assert (found.verdict, found.cause, found.cure_by) == ("fail", "passive", date(2025, 7, 14))
    assert codes(found) == ["moves_passive", "clock_from_today"]


def test_a_redemption_alone_is_passive() -> None:
    """NAV falls from 1,000 to 800 paid in cash: 9 % becomes 11.25 %."""
    found = moved(way_of(NAV10, [a(90), cash(500)], [a(90), cash(300)], nav=("1000", "800")))
    assert parts(found) == {"flows": percent("2.25")}
    assert found.cause == "passive"


def test_amortisation_of_this_line_and_of_others() -> None:
    """Half of another line's principal comes back as cash that is spent on nothing: the shares of assets move."""
    rule = (
        "id: r, kind: share, where: {product: enterprise_abs}, by: originator, "
        "of: {measure: market_value, where: {product: enterprise_abs}}, max: 50%"
    )
    b = line("B1", 100, originator="B")
    then = [a(100), b, cash(0)]
    others = moved(way_of(rule, then, [a(100), {**b, "factor": "0.5"}, cash(50)]))
    assert parts(others) == {"amortisation_others": Fraction(100, 150) - Fraction(1, 2)}
    own = moved(way_of(rule, then, [a(100, factor="0.5"), b, cash(50)]))
    assert parts(own) == {"amortisation": Fraction(50, 150) - Fraction(1, 2)}
    both = moved(way_of(rule, then, [a(100, factor="0.5"), {**b, "factor": "0.25"}, cash(125)]))
    assert parts(both) == {
        "amortisation": Fraction(1, 3) - Fraction(1, 2), "amortisation_others": Fraction(50, 75) - Fraction(1, 3),
    }  # fmt: skip
    assert both.cause == "passive"


def test_ratings_alone_are_passive() -> None:
    rule = f"id: r, kind: share, where: {{not: {{rating.any: {{min: AA}}}}}}, of: nav, max: 10%, {CURE}"
    found = moved(way_of(rule, [a(150, rating_any="AA")], [a(150, rating_any="A")]), group=None)
    assert parts(found) == {"ratings": percent(15)}
    assert (found.cause, found.verdict) == ("passive", "fail")


def test_a_fact_of_a_line_alone() -> None:
    """A line becomes market restricted."""
    rule = "id: r, kind: share, where: {market_restricted: true}, of: nav, max: 10%"
    way = way_of(rule, [a(150, market_restricted="false")], [a(150, market_restricted="true")])
    assert parts(moved(way, group=None)) == {"facts": percent(15)}


def test_a_rule_that_changes_alone() -> None:
    """The limit falls from 20 % to 10 %: the ratio stands still, its excess moves by 100 yuan."""
    dated = NAV10.replace("max: 10%", "max: [{value: 20%, to: 2025-06-15}, {value: 10%, from: 2025-06-16}]")
    found = moved(way_of(dated, [a(150)], [a(150)]))
    assert found.moves is not None
    assert [(p.driver, p.value, p.excess) for p in found.moves.parts] == [("rules", 0, 100)]
    assert (found.cause, found.moves.verdict, found.moves.limit) == ("passive", "pass", percent(20))


def test_a_rule_that_is_new_has_no_earlier_ratio_of_its_own() -> None:
    new = rulebook(NAV10 + ", from: 2025-06-15")
    found = moved(way_of(new, [a(90)], [a(150)]))
    assert found.moves is not None
    assert (found.moves.new_rule, found.moves.value, parts(found)) == (True, percent(9), {"trades": percent(6)})


def test_a_line_that_ended_is_repaid_not_traded() -> None:
    rule = f"id: r, kind: share, where: {{product: cash}}, of: nav, max: 10%, {CURE}"
    due = a(200, expected_maturity="2025-06-10")
    found = moved(way_of(rule, [due, cash(10)], [cash(210)]), group=None)
    assert parts(found) == {"amortisation_others": percent(20)}
    assert (found.verdict, found.cause) == ("fail", "passive")


# -- cash ------------------------------------------------------------------------------------------------------

FLOOR = f"id: r, kind: share, where: {{product: cash}}, of: nav, min: 5%, {CURE}"


def test_a_cash_floor_broken_by_a_purchase_is_active_and_by_a_redemption_passive() -> None:
    bought = moved(way_of(FLOOR, [a(900), cash(100)], [a(960), cash(40)]), group=None, sense="min")
    assert (parts(bought), bought.cause) == ({"trades": percent(-6)}, "active")
    redeemed = way_of(FLOOR, [a(900), cash(100)], [a(900), cash(20)], nav=("1000", "920"))
    found = moved(redeemed, group=None, sense="min")
    assert (list(parts(found)), found.cause) == (["flows"], "passive")
    # Sold to pay a redemption that cash could not: the sales helped.
    helped = way_of(FLOOR, [a(900), cash(100)], [a(700), cash(20)], nav=("1000", "720"))
    found = moved(helped, group=None, sense="min")
    assert (found.verdict, found.cause) == ("fail", "passive")
    assert found.moves is not None
    trades = found.moves.part("trades")
    assert (trades.value, trades.excess) == (Fraction(200, 720), -200)


def test_trades_settle_at_their_price_with_the_accrued_interest() -> None:
    """100 sold at 98 clean with 2 accrued bring 100; 3 more left the fund."""
    then, now = (
        [a(200, clean_price="99", dirty_price="101"), cash(0)],
        [a(100, clean_price="99", dirty_price="101"), cash(97)],
    )
    way = way_of(NAV10, then, now, trades_of(("A1", "sell", 100, 98)))
    assert (way.settled, way.flows, way.unexplained) == (100, -3, {})
    assert way_of(NAV10, then, now, trades_of(("A1", "sell", 100, None))).settled == 101


def test_a_trade_at_a_price_nobody_knows_settles_at_nothing_and_is_named() -> None:
    unknown = {"clean_price": None, "dirty_price": None}
    held = [a(200, **unknown), cash(0)], [a(100, **unknown), cash(98)]
    way = way_of(NAV10, *held, trades_of(("A1", "sell", 100, None)))
    assert (way.unpriced, way.settled, way.flows) == (("A1",), 0, 98)
    assert way_of(NAV10, *held).unpriced == ("A1",)
    priced = way_of(NAV10, *held, trades_of(("A1", "sell", 100, 98)))
    assert (priced.unpriced, priced.settled, priced.flows) == ((), 98, 0)


def test_borrowing_brings_cash() -> None:
    repo = {"product": "repo", "clean_price": None, "dirty_price": None}
    way = way_of(NAV10, [cash(10)], [line("R", 50, **repo), cash(60)])
    assert (way.settled, way.flows) == (50, 0)


# -- trades that do not reconcile --------------------------------------------------------------------------------


def test_what_no_trade_explains_stands_apart_and_decides_no_cause() -> None:
    """90 held, 20 bought by the file, 140 held now: 30 nobody explains, without which the limit is passed already."""
    found = moved(way_of(NAV10, [a(90)], [a(140)], trades_of(("A1", "buy", 20, 100))))
    assert parts(found) == {"trades": percent(2), "unexplained": percent(3)}
    assert found.cause == "active"
    nothing = moved(way_of(NAV10, [a(90)], [a(140)], trades_of(("B1", "sell", 1, 100))))
    assert (nothing.cause, codes(nothing)) == (None, ["moves_unexplained"])
    assert parts(nothing)["unexplained"] == percent(5)


def test_a_sale_below_the_limit_and_a_price_above_it_is_passive() -> None:
    """Trades took 2 % off; the price did the rest. Label and order: trades come last, at today's prices."""
    found = moved(way_of(NAV10, [a(110), cash(0)], [a(90, dirty_price="120"), cash(24)]))
    assert parts(found) == {"prices": percent("2.2"), "trades": percent("-2.4")}
    assert (found.value, found.cause) == (percent("10.8"), "passive")
    assert found.moves is not None
    # The breach was there already: its clock does not start anew today.
    assert (found.moves.verdict, codes(found)) == ("fail", ["moves_passive", "clock_from_before"])
    assert found.cure_by == date(2025, 6, 16)  # ten exchange days after 2025-05-30; 06-02 was a holiday


def test_a_group_that_was_not_held_starts_at_nothing() -> None:
    found = moved(way_of(NAV10, [cash(500)], [a(150), cash(350)]))
    assert found.moves is not None
    assert (found.moves.value, found.moves.excess, parts(found)) == (0, -100, {"trades": percent(15)})


def test_a_price_that_is_missing_on_one_day_leaves_its_part_unknown() -> None:
    found = moved(way_of(NAV10, [a(90, dirty_price=None)], [a(150)]))
    assert found.moves is not None
    assert (found.moves.value, found.moves.part("prices").value) == (None, None)
    # Nothing was traded away: the trades of 60 yuan are known all the same.
    assert (found.moves.part("trades").value, found.cause) == (percent(6), "active")


# -- exactly, whatever happens ------------------------------------------------------------------------------------

RULES = rulebook(
    "id: nav, kind: share, where: {rating.any: {min: AA}}, by: originator, of: nav, max: 10%",
    "id: assets, kind: share, by: originator, of: {measure: market_value}, "
    "max: [{value: 20%, to: 2025-06-15}, {value: 15%, from: 2025-06-16}]",
    "id: size, kind: share, by: tranche_id, measure: principal, of: outstanding, max: 5%",
    "id: life, kind: average, measure: [market_value, wal], max: 2 years",
    "id: cash, kind: share, where: {product: cash}, of: nav, min: 5%",
    "id: names, kind: count, by: originator, measure: market_value, of: nav, over: 5%, max: 1 names",
    "id: big, kind: threshold_sum, by: originator, measure: market_value, of: nav, over: 5%, max: 20%",
    "id: ok, kind: eligibility, require: {rating.any: {min: AA}}",
    "id: issuer, kind: share, by: originator, measure: face, of: {reference: totals}, max: 10%",
)
day = st.fixed_dictionaries(
    {
        "face": st.integers(0, 300), "factor": st.sampled_from(["1", "0.5", "0.31"]),
        "dirty_price": st.sampled_from(["100", "97.3", "104.21"]), "rating_any": st.sampled_from(["AAA", "A", None]),
        "originator": st.sampled_from(["A", "B"]), "wal": st.sampled_from(["1", "3.5"]),
        "outstanding": st.sampled_from(["1000", "700"]), "here": st.booleans(),
    }
)  # fmt: skip
days = st.lists(st.tuples(day, day), min_size=1, max_size=3)
file = st.none() | st.lists(
    st.tuples(
        st.sampled_from(["L0", "L1", "L2"]), st.sampled_from(["buy", "sell"]), st.integers(1, 99),
        st.sampled_from([99.5, None]),
    ),
    max_size=3,
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(days, file, st.sampled_from(["1000", "800"]), st.tuples(st.integers(0, 200), st.integers(0, 200)))
def test_the_parts_add_up_exactly(worlds: Any, trades: Any, nav: str, money: tuple[int, int]) -> None:
    def lines(which: int) -> list[dict[str, str]]:
        found = [cash(money[which])]
        for n, pair in enumerate(worlds):
            facts = dict(pair[which])
            # A line may be in one file only: issued, or gone.
            if facts.pop("here") or facts["face"]:
                found.append(line(f"L{n}", facts.pop("face"), **facts))
        return found

    table = None if trades is None else trades_of(*trades)
    lists = {"totals": [{"key": "A", "total": "5000"}, {"key": "B", "total": "3000"}]}
    way = way_of(RULES, lines(0), lines(1), table, nav=("1000", nav), lists=lists)
    found = check_books([way.after], way=way, every=True)
    assert all(item.moves is not None for item in found)
    for item in found:
        assert item.moves is not None
        assert_adds_up(item, item.moves)
        if table is None:
            assert item.moves.part("unexplained").excess in (0, None)
        trades_part, rest = (item.moves.part(name).excess for name in ("trades", "unexplained"))
        if item.verdict == "fail" and trades_part is not None and rest is not None:
            expected = "active" if trades_part > 0 else None if rest > 0 else "passive"
            assert item.cause == expected
    # With everything known, nothing is left out of the sums.
    sure = [item for item in found if item.rule in ("small/nav", "small/cash", "small/names")]
    assert all(
        p.excess is not None for item in sure if item.moves for p in item.moves.parts if item.rule != "small/nav"
    )


@pytest.mark.parametrize("trades", [None, ("L0", "buy", 10, 100)])
def test_the_book_as_it_is_is_reached_without_a_remainder(trades: Any) -> None:
    then, now = [line("L0", 90, originator="A"), cash(10)], [line("L0", 100, originator="A"), cash(0)]
    way = way_of(NAV10, then, now, None if trades is None else trades_of(trades))
    assert (way.unexplained, way.flows) == ({}, 0)
    assert way.untraded == {"L0": 90, "C": 10}
