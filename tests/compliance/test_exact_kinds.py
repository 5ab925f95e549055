"""Averages, eligibility, counts, floors on what is held, sums above a threshold; by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from exact_books import by_group, codes, findings, line, one, percent, rulebook

MEDIUM = "id: r, kind: threshold_sum, by: issuer, of: nav, over: 5%, up_to: 10%, max: 40%"


def issuers(*faces: int) -> list[dict[str, str]]:
    return [line(f"L{n}", face, issuer=f"I{n}") for n, face in enumerate(faces)]


def test_nine_positions_at_exactly_five_percent_pass_and_a_yuan_more_each_fails() -> None:
    at = one(MEDIUM, issuers(*[50] * 9))
    assert (at.verdict, at.value, at.numerator, at.lines) == ("pass", 0, 0, ())
    above = one(MEDIUM, issuers(*[51] * 9))
    assert (above.verdict, above.value, above.numerator, above.denominator) == ("fail", percent("45.9"), 459, 1000)
    assert len(above.lines) == 9
    assert above.headroom == percent("-5.9")


def test_band_ends_at_up_to_and_its_sum_may_stand_on_the_limit() -> None:
    assert one(MEDIUM, issuers(100, 100, 100, 100)).verdict == "pass"  # 40 % together
    assert one(MEDIUM, issuers(100, 100, 100, 100, 50, 101)).value == percent(40)  # 10.1 % breaks another rule
    assert one(MEDIUM, issuers(100, 100, 100, 100, 51)).verdict == "fail"
    assert one(MEDIUM.replace("up_to: 10%, ", ""), issuers(401)).verdict == "fail"


def test_lines_of_one_issuer_are_added_before_the_threshold() -> None:
    lines = [line(f"L{n}", 30, issuer=f"I{n // 2}") for n in range(14)]
    assert one(MEDIUM, lines).value == percent(42)


def test_threshold_with_a_possible_line() -> None:
    rule = MEDIUM.replace("by: issuer", "where: {npl: true}, by: issuer")
    sure = [line(f"L{n}", 90, issuer=f"I{n}", npl="true") for n in range(4)]
    open_ = line("X", 45, issuer="X")
    assert one(rule, [*sure, open_]).verdict == "pass"  # 36 %: X alone is below the threshold
    assert one(rule, [*sure, {**open_, "face": "51"}]).verdict == "unknown"  # 36 % or 41.1 %
    # An issuer with 6 % for sure and 30 % more perhaps is in the band or beyond it, never between.
    both = [line("X1", 60, issuer="X", npl="true"), line("X2", 300, issuer="X")]
    assert one(rule, [*sure[:3], *both]).verdict == "pass"  # 27 % + 6 %, or 27 %


def test_nothing_over_nothing_is_below_any_threshold_and_something_over_nothing_above_all() -> None:
    rule = "id: r, kind: threshold_sum, by: issuer, of: {measure: face, where: {product: cash}}, over: 5%, max: 40%"
    assert one(rule, []).verdict == "pass"
    assert one(rule, issuers(1)).verdict == "fail"


# -- averages ---------------------------------------------------------------------------------------------------

MEAN = "id: r, kind: average, where: {product: enterprise_abs}, measure: [market_value, wal], max: 3 years"


def test_average_is_weighted_by_market_value() -> None:
    found = one(MEAN, [line("A", 100, wal="4", dirty_price="50"), line("B", 100, wal="2.5")])
    assert (found.verdict, found.value, found.headroom) == ("pass", 3, 0)
    assert (found.numerator, found.denominator) == (450, 150)
    assert one(MEAN, [line("A", 101, wal="4", dirty_price="50"), line("B", 100, wal="2.5")]).verdict == "fail"
    assert one(MEAN, []).verdict == "pass"


def test_average_with_a_missing_attribute_lies_between_its_admissible_ends() -> None:
    lines = [line("A", 1, wal=None), line("B", 99, wal="2")]  # 1.98 to 2.98 years
    assert one(MEAN, lines).verdict == "pass"
    assert one(MEAN, lines).value is None
    assert one(MEAN.replace("3 years", "2.9 years"), lines).verdict == "unknown"
    assert one(MEAN.replace("3 years", "1.9 years"), lines).verdict == "fail"


def test_average_of_a_possible_line_takes_it_in_or_leaves_it_whole() -> None:
    rule = MEAN.replace("product: enterprise_abs", "npl: false")
    lines = [line("A", 100, wal="1", npl="false"), line("B", 100, wal="4")]  # 1 or 2.5 years
    assert one(rule, lines).verdict == "pass"
    assert one(rule.replace("3 years", "2 years"), lines).verdict == "unknown"


def test_average_rating_counts_grades() -> None:
    rule = "id: r, kind: average, measure: [market_value, rating.any], min: AA+"
    found = one(rule, [line("A", 50, rating_any="AAA"), line("B", 50, rating_any="AA")])
    assert (found.verdict, found.value, found.limit, found.unit, found.sense) == ("pass", 2, 2, "grade", "max")
    assert one(rule, [line("A", 49, rating_any="AAA"), line("B", 51, rating_any="AA")]).verdict == "fail"
    assert one(rule, [line("A", 99, rating_any="AAA"), line("B", 1)]).verdict == "pass"  # at worst 1.19
    assert one(rule, [line("A", 50, rating_any="AAA"), line("B", 50)]).verdict == "unknown"
    implied = rule.replace("rating.any", "implied_rating")
    assert one(implied, [line("A", 1, implied_rating="AA+")]).limit == 4  # the implied scale has AAA+ and AAA- above


def test_capital_is_the_sum_of_products() -> None:
    rule = "id: r, kind: capital, measure: [book_value, risk_weight], of: rwa_budget, max: 100%"
    amounts = {"nav": "1000", "rwa_budget": "30"}
    lines = [line("A", 100, book_value="100", risk_weight="20%"), line("B", 50, book_value="50", risk_weight="20%")]
    at = one(rule, lines, amounts=amounts)
    assert (at.verdict, at.numerator, at.value) == ("pass", 30, 1)
    missing = [lines[0], line("B", 50, book_value="50")]
    assert one(rule, missing, amounts=amounts).verdict == "unknown"  # up to 1250 %


# -- eligibility ------------------------------------------------------------------------------------------------


def test_eligibility_adds_up_what_is_not_eligible() -> None:
    own = "where: {product: enterprise_abs}, require: {days_to_maturity: {max: limit}}"
    rule = f"id: r, kind: eligibility, {own}, max: 397 days"
    lines = [line("A", 10, days_to_maturity="397"), line("B", 20, product="cash")]
    assert one(rule, lines).verdict == "pass"
    found = one(rule, [*lines, line("C", 30, days_to_maturity="398"), line("D", 5, days_to_maturity="400")])
    assert (found.verdict, found.value, found.limit, found.unit, found.headroom) == ("fail", 35, 0, "yuan", None)
    assert [x.tranche_id for x in found.lines] == ["C", "D"]
    unknown = one(rule, [*lines, line("E", 1)])
    assert (unknown.verdict, unknown.value) == ("unknown", 0)
    assert dict(unknown.reasons[0].fields)["what"] == "days_to_maturity"


def test_eligibility_by_rating_and_a_rating_that_is_the_limit() -> None:
    rule = "id: r, kind: eligibility, require: {rating.any: {min: limit}}, min: AA+"
    assert one(rule, [line("A", 1, rating_any="AA+")]).verdict == "pass"
    assert one(rule, [line("A", 1, rating_any="AA")]).verdict == "fail"
    assert one(rule, [line("A", 1, rating_any="NR")]).verdict == "fail"
    assert one(rule, [line("A", 1)]).verdict == "unknown"


# -- counts and floors ------------------------------------------------------------------------------------------


def test_count_of_names() -> None:
    rule = "id: r, kind: count, by: issuer, max: 2 names"
    two = [line("A", 1, issuer="A"), line("A2", 1, issuer="A"), line("B", 1, issuer="B"), line("C", 0, issuer="C")]
    found = one(rule, two)
    assert (found.verdict, found.value, found.headroom, found.group) == ("pass", 2, 0, None)
    assert sum(x.contribution for x in found.lines) == 2
    assert one(rule, [*two, line("D", 1, issuer="D")]).verdict == "fail"
    assert one(rule, [*two, line("X", 1)]).verdict == "unknown"
    assert one(rule.replace("max: 2", "min: 2"), two).verdict == "pass"
    assert one(rule.replace("max: 2", "min: 3"), [*two, line("X", 1)]).verdict == "unknown"


def test_count_of_lines_and_of_groups_above_a_share() -> None:
    assert one("id: r, kind: count, max: 2 names", issuers(1, 1, 1)).verdict == "fail"
    rule = "id: r, kind: count, by: issuer, of: nav, over: 5%, max: 2 names"
    assert one(rule, issuers(51, 51, 50, 50)).value == 2
    assert one(rule, issuers(51, 51, 51)).verdict == "fail"


def test_floor_on_what_is_held() -> None:
    rule = "id: r, kind: count, measure: face, if_held: 100 yuan"
    found = by_group(findings(rule, [line("A", 100), line("B", 99), line("C", 0)]))
    assert {group: (f.verdict, f.value, f.headroom) for group, f in found.items()} == {
        "A": ("pass", 100, 0), "B": ("fail", 99, -1),
    }  # fmt: skip
    assert one(rule, []).verdict == "pass"


def test_floor_on_what_may_be_held() -> None:
    rule = "id: r, kind: count, where: {npl: true}, by: issuer, measure: face, if_held: 100 yuan"
    maybe = [line("A", 100, issuer="A")]
    assert one(rule, maybe).verdict == "pass"
    assert one(rule, [line("A", 60, issuer="A"), line("B", 60, issuer="A")]).verdict == "unknown"
    assert one(rule, [line("A", 99, issuer="A")]).verdict == "unknown"
    assert one(rule, [line("A", 60, issuer="A", npl="true"), line("B", 30, issuer="A")]).verdict == "fail"


def test_ticket_of_trades() -> None:
    rule = "id: r, kind: count, measure: face, if_held: 100 yuan, of_trade: true"
    lines = [line("A", 250, before=150), line("B", 10, before=10), line("C", 0, before=99), line("D", 50, before=0)]
    found = by_group(findings(rule, lines))
    assert {group: f.verdict for group, f in found.items()} == {"A": "pass", "C": "fail", "D": "fail"}
    unknown = one(rule, [line("A", 250)])
    assert (unknown.verdict, codes(unknown)[0]) == ("unknown", "before_missing")


@pytest.mark.parametrize(("shown", "value"), [("5%", Fraction(1, 20)), ("100000001 yuan", Fraction(100000001))])
def test_numbers_are_exact(shown: str, value: Fraction) -> None:
    of: dict[str, Any] = {"5%": ", of: nav"}
    rule = f"id: r, kind: share{of.get(shown, '')}, measure: face, max: {shown}"
    assert one(rulebook(rule), []).limit == value
