"""Shares and their unknowns, by numbers worked out by hand. A fund has 1,000 yuan unless said otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from exact_books import book, by_group, codes, findings, line, one, percent, rulebook

from absalloc.compliance.exact import evaluate_exact
from absalloc.errors import BadInput
from absalloc.messages import LANGUAGES, render

SHARE = "id: r, kind: share, by: originator, of: nav, max: 10%"


def test_share_at_the_limit_passes_and_a_yuan_more_fails() -> None:
    at = one(SHARE, [line("A1", 60, originator="A"), line("A2", 40, originator="A")])
    assert (at.verdict, at.value, at.limit, at.headroom) == ("pass", percent(10), percent(10), 0)
    assert [(x.tranche_id, x.contribution) for x in at.lines] == [("A1", 60), ("A2", 40)]
    above = one(SHARE, [line("A1", 60, originator="A"), line("A2", 41, originator="A")])
    assert (above.verdict, above.value, above.headroom, above.cause) == ("fail", percent("10.1"), -1, None)
    assert codes(above) == ["cause_unknown"]


def test_strict_limit_is_not_reached() -> None:
    rule = "id: r, kind: share, of: nav, max: [{value: 10%, strict: true}]"
    assert one(rule, [line("A1", 100)]).verdict == "fail"
    assert one(rule, [line("A1", "99.99")]).verdict == "pass"


def test_at_the_limit_in_face_but_not_in_market_value() -> None:
    position = [line("A1", 100, originator="A", dirty_price="100.01")]
    assert one(SHARE, position).verdict == "fail"
    assert one(SHARE, position).value == percent("10.001")
    assert one(SHARE.replace("of: nav", "of: nav, measure: face"), position).verdict == "pass"


@pytest.mark.parametrize(
    ("measure", "amount"),
    [("face", "200"), ("principal", "100"), ("clean_value", "99"), ("market_value", "101"), ("book_value", "98")],
)
def test_measures(measure: str, amount: str) -> None:
    rule = f"id: r, kind: share, measure: {measure}, max: 1000 yuan"
    held = line("A1", 200, factor="0.5", clean_price="99", dirty_price="101", book_value="98")
    assert one(rule, [held]).numerator == Fraction(amount)


def test_cash_is_worth_its_face_in_every_measure() -> None:
    for measure in ("face", "principal", "clean_value", "market_value", "book_value"):
        rule = f"id: r, kind: share, where: {{product: cash}}, measure: {measure}, max: 1000 yuan"
        held = line("C", 7, product="cash", factor=None, clean_price=None, dirty_price=None)
        assert one(rule, [held]).numerator == 7


def test_book_value_of_what_is_bought_is_its_market_value_and_unknown_of_what_was_held() -> None:
    rule = "id: r, kind: share, measure: book_value, max: 1000 yuan"
    assert one(rule, [line("A1", 50, before=0, dirty_price="102")]).numerator == 51
    assert one(rule, [line("A1", 50)]).numerator is None
    assert one(rule, [line("A1", 50)]).verdict == "pass"  # at most ten times its face
    assert one(rule.replace("1000 yuan", "499 yuan"), [line("A1", 50)]).verdict == "unknown"


def test_empty_ratios() -> None:
    of_assets = "id: r, kind: share, where: {product: abn}, of: {measure: market_value}"
    assert one(f"{of_assets}, max: 5%", []).verdict == "pass"
    assert one(f"{of_assets}, max: 5%", []).value is None
    assert one(f"{of_assets}, min: 5%", []).verdict == "pass"
    assert (
        one("id: r, kind: share, of: {measure: face, where: {product: cash}}, max: 5%", [line("A", 1)]).verdict
        == "fail"
    )
    assert codes(one(f"{of_assets}, max: 5%", [])) == ["selects_nothing"]
    assert codes(one(f"{of_assets}, max: 5%", [line("A", product="abn")])) == ["nothing_held"]


def test_repo_borrowing_counts_only_where_it_is_named() -> None:
    lines = [line("A1", 70), line("R", 30, product="repo"), line("V", 20, product="reverse_repo")]
    assert one("id: r, kind: share, max: 1000 yuan", lines).numerator == 90
    assert one("id: r, kind: share, where: {not: {product: abn}}, max: 1000 yuan", lines).numerator == 90
    assert one("id: r, kind: share, where: {product: repo}, max: 1000 yuan", lines).numerator == 30
    head = "sets: {lent: {product: [repo, cash]}}"
    in_set = rulebook("id: r, kind: share, where: {in_set: lent}, max: 1000 yuan", head=head)
    assert one(in_set, lines).numerator == 30


def test_signed_denominators() -> None:
    net = "[{measure: market_value}, {sign: -1, measure: face, where: {product: repo}}]"
    rule = f"id: r, kind: share, of: {net}, max: 140%"
    found = one(rule, [line("A1", 140), line("R", 40, product="repo")])
    assert (found.verdict, found.numerator, found.denominator, found.value) == ("pass", 140, 100, percent(140))


# -- unknowns ---------------------------------------------------------------------------------------------------


def test_line_of_unknown_group_is_possible_in_every_group_and_in_one_more() -> None:
    found = by_group(findings(SHARE, [line("A1", 80, originator="A"), line("B1", 40, originator="B"), line("X", 30)]))
    assert list(found) == ["A", "B", "?"]
    assert {group: item.verdict for group, item in found.items()} == {"A": "unknown", "B": "pass", "?": "pass"}
    assert (found["A"].value, found["B"].value, found["?"].value) == (percent(8), percent(4), 0)
    reason = found["A"].reasons[0]
    assert (reason.code, dict(reason.fields)) == ("unknown_lines", {"n": "1", "what": "originator", "lines": "X"})


def test_missing_price_has_the_range_of_the_vocabulary() -> None:
    def verdict(face: int, factor: str = "1") -> str:
        found = one(SHARE, [line("A1", face, originator="A", dirty_price=None, factor=factor)])
        assert found.value is None
        return found.verdict

    assert verdict(10) == "pass"  # at a price of 1000 it is worth 100
    assert verdict(11) == "unknown"
    assert verdict(20, "0.5") == "pass"


def test_same_missing_price_in_numerator_and_denominator_is_one_price() -> None:
    rule = "id: r, kind: share, where: {originator: A}, of: {measure: market_value}, max: 100%"
    lines = [line("A1", 10, originator="A", dirty_price=None), line("B1", 1, originator="B")]
    assert one(rule, lines).verdict == "pass"
    assert one(rule.replace("100%", "99%"), lines).verdict == "unknown"


def test_holding_outside_the_universe_is_possible_everywhere() -> None:
    rule = "id: r, kind: share, where: {product: abn}, of: nav, max: 10%"
    known, unknown = one(rule, [line("X", 10, in_universe="false")]), one(rule, [line("X", 11, in_universe="false")])
    assert (known.verdict, unknown.verdict) == ("pass", "unknown")
    assert codes(known) == ["not_in_universe"]
    floor = "id: r, kind: share, where: {product: abn}, of: nav, min: 10%"
    assert one(floor, [line("X", 500, in_universe="false"), line("B", 50, product="abn")]).verdict == "unknown"


def test_missing_amount_may_be_anything() -> None:
    rule = "id: r, kind: share, of: net_capital, max: 10%"
    found = one(rule, [line("A", 1)])
    assert (found.verdict, found.value, found.denominator) == ("unknown", None, None)
    assert codes(found) == ["amount_missing"]
    assert one(rule, []).verdict == "pass"
    assert one(rule.replace("max: 10%", "max: 0%"), [line("A", 1)]).verdict == "fail"


def test_amount_of_another_day_is_missing() -> None:
    rule = "id: r, kind: share, of: {amount: audited_total_assets, as_of: previous_year_end}, max: 10%"
    for day, verdict in (("2024-12-31", "fail"), ("2025-03-31", "unknown")):
        amounts = {"nav": "1000", "audited_total_assets": {"value": "100", "as_of": day}}
        assert one(rule, [line("A", 11)], amounts=amounts).verdict == verdict
    assert one(rule, [line("A", 11)], amounts={"nav": "1000", "audited_total_assets": "100"}).verdict == "fail"
    quarter = rule.replace("year_end", "quarter_end")
    amounts = {"nav": "1000", "audited_total_assets": {"value": "100", "as_of": "2025-03-31"}}
    assert one(quarter, [line("A", 11)], amounts=amounts).verdict == "fail"


# -- predicates -------------------------------------------------------------------------------------------------

RATED = "id: r, kind: share, where: {worst: {min: AA+}}, of: nav, max: 10%"
WORST = "columns: {worst: {from: [rating.ccxi, rating.lianhe], take: lowest}, top: {from: rating.*, take: highest}}"


@pytest.mark.parametrize(
    ("ccxi", "lianhe", "verdict", "value"),
    [
        ("AAA", "AA+", "fail", 20),
        ("AAA", "AA", "pass", 0),
        ("AAA", None, "fail", 20),  # what one agency says counts where the other says nothing
        (None, None, "unknown", 0),
        ("NR", None, "pass", 0),  # known to be unrated
        ("NR", "AAA", "fail", 20),
        ("A-1", "AA+", "fail", 20),
        ("A-1", None, "unknown", 0),  # a short-term grade is on another scale
    ],
)
def test_ratings_of_two_agencies(ccxi: str | None, lianhe: str | None, verdict: str, value: int) -> None:
    found = one(rulebook(RATED, head=WORST), [line("A", 200, rating_ccxi=ccxi, rating_lianhe=lianhe)])
    assert (found.verdict, found.value) == (verdict, percent(value))


def test_highest_of_all_agencies() -> None:
    own = rulebook(RATED.replace("worst", "top"), head=WORST)
    assert one(own, [line("A", 200, rating_sp="AA", rating_cbr="AAA")]).value == percent(20)


@pytest.mark.parametrize(
    ("test", "counts"),
    [
        ("{rating.any: {min: AA}}", True), ("{rating.any: {above: AA}}", False), ("{rating.any: {max: AA}}", True),
        ("{rating.any: {below: AA}}", False), ("{rating.any: {below: AA+}}", True), ("{rating.any: [AAA, AA]}", True),
        ("{wal: {max: 2.5}}", True), ("{wal: {below: 2.5}}", False), ("{wal: {max: 30 months}}", True),
        ("{coupon: {min: 3%, max: 3%}}", True), ("{issue_size: {above: 100 yuan}}", False),
        ("{factor: '1'}", True),
        ("{days_to_maturity: {max: 3 months}}", True), ("{days_to_maturity: {max: 91 days}}", False),
        ("{expected_maturity: {max: 2025-09-30}}", True),
        ("{expected_maturity: {max: {mandate: product.end_date}}}", True),
        ("{stc: true}", True), ("{npl: false}", None), ("{missing: npl}", True), ("{missing: stc}", False),
        ("{any: [{npl: true}, {stc: true}]}", True), ("{all: [{npl: true}, {stc: false}]}", False),
        ("{not: {npl: true}}", None), ("{implied_rating: {min: AA(2)}}", False), ("{implied_rating: {min: AA-}}", True),
    ],
)  # fmt: skip
def test_tests_on_a_line(test: str, counts: bool | None) -> None:
    held = line(
        "A", 200, rating_any="AA", wal="2.5", coupon="3%", issue_size="100", expected_maturity="2025-09-30",
        stc="true", implied_rating="AA-",
    )  # fmt: skip
    found = one(f"id: r, kind: share, where: {test}, of: nav, max: 10%", [held], product={"end_date": "2025-09-30"})
    assert {True: "fail", False: "pass", None: "unknown"}[counts] == found.verdict


def test_bound_of_a_mandate_that_does_not_say_is_unknown_and_names_the_key() -> None:
    rule = "id: r, kind: eligibility, require: {expected_maturity: {max: {mandate: product.end_date}}}"
    found = one(rule, [line("A", 1, expected_maturity="2025-09-30")])
    assert found.verdict == "unknown"
    assert dict(found.reasons[-1].fields) == {"key": "product.end_date"}


@pytest.mark.parametrize(("expiry", "verdict"), [("2025-06-29", "pass"), ("2025-06-30", "fail"), (None, "fail")])
def test_list_entry_that_expired_yesterday_is_not_on_the_list(expiry: str | None, verdict: str) -> None:
    rule = "id: r, kind: share, where: {originator: {in_list: barred}}, max: 0 yuan"
    lists: Any = {"barred": [{"key": "A", "expiry": expiry}]}
    assert one(rule, [line("A1", 1, originator="A")], lists=lists).verdict == verdict


def test_list_that_is_not_named_makes_its_tests_unknown() -> None:
    rule = "id: r, kind: share, where: {originator: {in_list: barred}}, max: 0 yuan"
    found = one(rule, [line("A1", 1, originator="A")])
    assert found.verdict == "unknown"
    assert "list_missing" in codes(found)


# -- limits from lists ------------------------------------------------------------------------------------------

APPROVED = "id: r, kind: share, by: originator, max: {list: approved, column: limit, expires: expiry, absent: 0 yuan}"


def test_limits_from_a_list() -> None:
    names = [
        {"key": "A", "limit": "100", "expiry": "2025-06-30"}, {"key": "B", "limit": "100", "expiry": "2025-06-29"},
        {"key": "D", "limit": ""},
    ]  # fmt: skip
    lines = [line(f"{name}1", 100, originator=name) for name in "ABCD"]
    found = by_group(findings(APPROVED, lines, lists={"approved": names}))
    shown = {group: (item.verdict, item.limit, item.headroom) for group, item in found.items()}
    assert shown == {
        "A": ("pass", 100, 0), "B": ("fail", 0, -100), "C": ("fail", 0, -100), "D": ("unknown", None, None),
    }  # fmt: skip


def test_limits_of_an_unknown_name_lie_between_the_least_and_the_most_of_the_list() -> None:
    lists = {"approved": [{"key": "A", "limit(万元)": "0.01"}]}
    assert one(APPROVED, [line("X", 100)], lists=lists).verdict == "unknown"
    assert one(APPROVED, [line("A1", 100, originator="A")], lists=lists).verdict == "pass"
    assert one(APPROVED, [line("X", 100)]).verdict == "unknown"


def test_list_that_contradicts_itself_is_refused() -> None:
    lists = {"approved": [{"key": "A", "limit": "1"}, {"key": "A", "limit": "2"}]}
    with pytest.raises(BadInput, match=r"gives 'A' twice with different values"):
        one(APPROVED, [line("A1", 1, originator="A")], lists=lists)


# -- denominators of the universe -------------------------------------------------------------------------------


def test_own_size_is_exact_and_a_group_s_is_a_lower_bound() -> None:
    lines = [line("A1", 10, originator="A", issue_size="100"), line("A2", originator="A", issue_size="50")]
    own = one("id: r, kind: share, by: tranche_id, measure: face, of: issue_size, max: 10%", lines)
    assert (own.verdict, own.denominator) == ("pass", 100)
    for limit, verdict in (("7%", "pass"), ("6%", "unknown")):
        found = one(f"id: r, kind: share, by: originator, measure: face, of: issue_size, max: {limit}", lines)
        assert (found.verdict, found.denominator, found.value) == (verdict, 150, Fraction(10, 150))
        assert "denominator_lower_bound" in codes(found)
    missing = one("id: r, kind: share, by: tranche_id, measure: face, of: issue_size, max: 10%", [line("A1", 1)])
    assert (missing.verdict, missing.value) == ("unknown", None)


def test_deal_size_is_what_the_lines_agree_on() -> None:
    rule = "id: r, kind: share, by: deal_id, measure: face, of: deal_size, max: 10%"
    lines = [line("A1", 11, deal_id="D", deal_size="100"), line("A2", deal_id="D")]
    assert one(rule, lines).verdict == "fail"
    assert one(rule, [*lines, line("A3", deal_id="D", deal_size="200")]).verdict == "unknown"
    universe = rule.replace("of: deal_size", "of: {universe: deal_size}").replace("by: deal_id", "by: originator")
    twice = [line(f"A{n}", 11, originator="A", deal_id="D", deal_size="100") for n in (1, 2)]
    assert one(universe, twice).denominator == 100  # a deal counts once


def test_reference_total_or_what_the_rule_selects_of_the_file() -> None:
    rule = "id: r, kind: share, by: originator, where: {product: abn}, measure: face, of: {reference: sums}, max: 10%"
    lines = [
        line("A1", 11, product="abn", originator="A", issue_size="60"),
        line("A2", originator="A", issue_size="90"),
    ]
    without = one(rule, lines)
    assert (without.verdict, without.denominator) == ("unknown", 60)
    totals = {"sums": [{"name": "A", "total": "100"}]}
    assert (one(rule, lines, lists=totals).verdict, one(rule, lines, lists=totals).denominator) == ("fail", 100)


# -- groups -----------------------------------------------------------------------------------------------------


def test_groups_by_two_columns_and_by_a_combined_one() -> None:
    lines = [line("A1", 60, originator="A", region="上海"), line("A2", 60, originator="A", region="北京")]
    two = by_group(findings("id: r, kind: share, by: [originator, region], of: nav, max: 10%", lines))
    assert sorted(two) == ["A | 上海", "A | 北京"]
    head = "columns: {entity: {first_of: [core_debtor, originator]}}"
    own = rulebook("id: r, kind: share, by: entity, of: nav, max: 10%", head=head)
    assert sorted(by_group(findings(own, [*lines, line("C", 1, core_debtor="Z", originator="A")]))) == ["A", "Z"]


def test_link_gives_a_line_several_groups() -> None:
    rule = "id: r, kind: share, by: {link: look, group: client, weight: share}, of: nav, max: 10%"
    table = [
        {"tranche_id": "T", "client": "A", "share": "25%"}, {"tranche_id": "T", "client": "B", "share": "0.5"},
        {"tranche_id": "U", "client": "B", "share": ""},
    ]  # fmt: skip
    lines = [line("T", 100), line("U", 50), line("V", 8)]
    found = by_group(findings(rule, lines, lists={"look": table}))
    assert {group: item.numerator for group, item in found.items()} == {"A": 25, "B": 100, "?": 0}
    assert {group: item.verdict for group, item in found.items()} == {"A": "pass", "B": "unknown", "?": "pass"}


def test_books_of_one_universe_share_what_is_read_of_it_and_nothing_else() -> None:
    columns = "columns: {{entity: {{first_of: {}}}, worst: {{from: [rating.ccxi, rating.lianhe], take: {}}}}}"
    rules = (
        "id: group, kind: share, by: entity, measure: face, of: outstanding, max: 10%",
        "id: link, kind: share, by: {link: look, group: client, weight: share}, of: issue_size, max: 10%",
        "id: barred, kind: share, where: {originator: {in_list: barred}}, max: 0 yuan",
        "id: grade, kind: share, where: {worst: {min: AA+}}, of: nav, max: 10%",
        "id: late, kind: eligibility, require: {legal_maturity: {max: {mandate: product.end_date}}}",
    )
    facts: Any = {"legal_maturity": "2027-01-01", "outstanding": 900, "issue_size": 1000, "rating_ccxi": "AA"}
    lines = [
        line("T", 100, originator="A", core_debtor="Z", **facts, rating_lianhe="AAA"),
        line("U", 50, originator="B", **facts, rating_lianhe="AA+"),
    ]

    def state(first: str, take: str, name: str, end: str) -> Any:
        head = columns.format(first, take)
        lists: Any = {
            "barred": [{"key": name}], "look": [{"tranche_id": "T", "client": name, "share": "1"}],
        }  # fmt: skip
        return book(rulebook(*rules, head=head), lines, lists=lists, product={"end_date": end}, amounts={"nav": "999"})

    one_way = state("[core_debtor, originator]", "lowest", "A", "2026-12-31")
    other = state("[originator, core_debtor]", "highest", "B", "2028-12-31")
    apart = [evaluate_exact([each]) for each in (one_way, other)]
    shared = [evaluate_exact([replace(each, universe=one_way.universe)]) for each in (other, one_way, other)]
    assert apart[0] != apart[1]
    assert shared == [apart[1], apart[0], apart[1]]
    assert [f.verdict for f in apart[0] if f.rule == "small/late"] == ["fail"]
    assert [f.verdict for f in apart[1] if f.rule == "small/late"] == ["pass"]


def test_floor_by_group_speaks_of_every_group_of_the_universe() -> None:
    rule = "id: r, kind: share, where: {product: abn}, by: originator, of: nav, min: 5%"
    lines = [
        line("A1", 50, product="abn", originator="A"),
        line("B1", product="abn", originator="B"),
        line("C1", 9, originator="C"),
    ]
    assert {f.group: f.verdict for f in findings(rule, lines)} == {"A": "pass", "B": "fail"}


def test_exceptions_leave_the_numerator_only() -> None:
    public = "exceptions: [{id: public, where: {placement: public}}]"
    own = f"id: r, kind: share, of: {{measure: market_value}}, max: 50%, {public}"
    found = one(own, [line("A", 50, placement="public"), line("B", 40, placement="private"), line("C", 10)])
    assert (found.numerator, found.denominator, found.verdict) == (40, 100, "pass")
    assert [dict(r.fields) for r in found.reasons if r.code == "exception"] == [{"id": "public", "n": "1"}]
    when = own.replace("placement: public}}]", "placement: public}, when: {facts: {professional: 'true'}}}]")
    lines = [line("A", 60, placement="public"), line("B", 40, placement="private")]
    for facts, verdict in (({"professional": "true"}, "pass"), ({"professional": "false"}, "fail"), ({}, "unknown")):
        assert one(when, lines, facts=facts).verdict == verdict


def test_findings_stand_in_the_order_of_rules_and_groups_and_every_reason_has_words() -> None:
    rules = rulebook(
        "id: z, kind: share, by: originator, of: nav, max: 1%", "id: a, kind: share, of: net_capital, max: 1%"
    )
    lines = [line("B1", 20, originator="B"), line("A1", 20, originator="A"), line("X", 1, in_universe="false")]
    found = evaluate_exact([book(rules, lines)])
    assert [(f.rule, f.group) for f in found] == [
        ("small/z", "A"),
        ("small/z", "B"),
        ("small/z", "?"),
        ("small/a", None),
    ]
    assert found == evaluate_exact([book(rules, lines)])
    assert [f.rule for f in evaluate_exact([book(rules, lines)], rules=["a"])] == ["small/a"]
    for item in found:
        for reason in item.reasons:
            assert all(render(f"compliance.{reason.code}", lang, **dict(reason.fields)) for lang in LANGUAGES)


def test_day_of_the_rule_decides() -> None:
    rule = "id: r, kind: share, of: nav, max: [{value: 10%, to: 2025-06-29}, {value: 20%, from: 2025-06-30}]"
    assert one(rule, [line("A", 150)]).limit == percent(20)
    assert one(rule, [line("A", 150)], day=date(2025, 6, 29)).verdict == "fail"


def test_what_the_shares_of_a_link_leave_out_may_be_anyones() -> None:
    # 100 yuan, of which 40 % are named: the other 60 may be A's as well, and nobody may call them nothing.
    rule = "id: r, kind: share, by: {link: look, group: client, weight: share}, max: 99 yuan"
    found = by_group(
        findings(rule, [line("T", 100)], lists={"look": [{"tranche_id": "T", "client": "A", "share": "40%"}]})
    )
    assert {group: (item.numerator, item.verdict) for group, item in found.items()} == {
        "A": (40, "unknown"),
        "?": (0, "pass"),
    }


@pytest.mark.parametrize("share", ["60", "-60%", "101%", "-0.1"])
def test_a_share_that_is_no_part_of_the_whole_is_refused(share: str) -> None:
    rule = "id: r, kind: share, by: {link: look, group: client, weight: share}, of: nav, max: 10%"
    table = [{"tranche_id": "U", "client": "A", "share": "1"}, {"tranche_id": "T", "client": "A", "share": share}]
    with pytest.raises(BadInput) as caught:
        findings(rule, [line("T", 100)], lists={"look": table})
    assert (caught.value.code, caught.value.value, caught.value.where.line) == ("compliance.link_share", share, 3)
