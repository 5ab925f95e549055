"""Purchases, open days, alternatives, causes, several books, what is held elsewhere; by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from exact_books import book, by_group, codes, findings, line, one, percent, rulebook

from absalloc.compliance.exact import evaluate_exact
from absalloc.errors import BadInput

BUY = "id: r, kind: share, where: {product: enterprise_abs}, of: nav, max: 15%, tested: purchase"
ALWAYS = "id: r, kind: share, by: originator, of: nav, max: 10%"


@pytest.mark.parametrize(
    ("faces", "verdict", "reason"),
    [
        ([(100, 160), (50, 0)], "pass", None),  # sold below 15 %, then bought to exactly 15 %
        ([(100, 160), (51, 0)], "fail", None),  # and a yuan more
        ([(160, 160)], "pass", "not_bought"),
        ([(155, 160)], "pass", "not_bought"),
        ([(150, 160), (5, 0)], "fail", None),  # a swap while above
        ([(160, None)], "unknown", "cause_unknown"),
        ([(150, None)], "pass", None),
    ],
)
def test_purchase(faces: list[tuple[int, int | None]], verdict: str, reason: str | None) -> None:
    lines = [line(f"A{n}", now, before=then) for n, (now, then) in enumerate(faces)]
    lines.append(line("C", 10, product="cash", before=None if faces[0][1] is None else 0))
    found = one(BUY, lines)
    assert (found.verdict, found.value) == (verdict, percent(sum(now for now, _ in faces)) / 10)
    assert codes(found)[:1] == ([] if reason is None else [reason])
    assert found.cause == ("active" if verdict == "fail" else None)


def test_purchase_of_a_line_that_may_not_count_decides_nothing() -> None:
    rule = BUY.replace("product: enterprise_abs", "npl: true")
    kept = line("A", 160, before=160, npl="true")
    assert one(rule, [kept, line("X", 1, before=0)]).verdict == "unknown"
    assert one(rule, [kept, line("X", 1, before=1)]).verdict == "pass"
    assert one(rule, [kept, line("X", 1, before=0, npl="false")]).verdict == "pass"


def test_purchase_looks_at_the_group_alone() -> None:
    rule = ALWAYS + ", tested: purchase"
    lines = [line("A", 110, before=110, originator="A"), line("B", 90, before=50, originator="B")]
    assert {group: f.verdict for group, f in by_group(findings(rule, lines)).items()} == {"A": "pass", "B": "pass"}


@pytest.mark.parametrize(
    ("product", "verdict", "reason"),
    [
        ({"operation": "daily_open"}, "fail", "nothing"), ({"operation_period": "open"}, "fail", "nothing"),
        ({"operation_period": "closed"}, "pass", "not_open_day"), ({"operation": "closed"}, "pass", "not_open_day"),
        ({"operation": "periodic_open"}, "unknown", "needs_key"), ({}, "unknown", "needs_key"),
    ],
)  # fmt: skip
def test_open_days(product: dict[str, str], verdict: str, reason: str) -> None:
    rule = "id: r, kind: share, where: {product: cash}, of: nav, min: 5%, tested: open_days"
    found = one(rule, [line("C", 49, product="cash")], product=product)
    assert found.verdict == verdict
    assert (reason in codes(found)) == (reason != "nothing")
    assert one(rule, [line("C", 50, product="cash")], product=product).verdict == "pass"


def test_unless_the_alternative_holds_for_all_its_groups() -> None:
    rule = (
        "id: r, kind: share, of: nav, max: 120%, "
        "unless: {where: {product: enterprise_abs}, by: issuer, of: nav, max: 50%}"
    )
    bonds = line("G", 300, product="government")
    passes = one(rule, [line("A", 500, issuer="A"), line("B", 500, issuer="B"), bonds])
    assert (passes.verdict, passes.value, codes(passes)) == ("pass", percent(130), ["unless"])
    assert one(rule, [line("A", 501, issuer="A"), line("B", 499, issuer="B"), bonds]).verdict == "fail"
    unknown = one(rule, [line("A", 500, issuer="A"), line("B", 499, issuer="B"), bonds, line("X", 1)])
    assert (unknown.verdict, codes(unknown)[0]) == ("unknown", "unless_unknown")
    assert codes(one(rule, [line("A", 600, issuer="A")])) == []


# -- cause ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "cause"),
    [(120, 120, "passive"), (115, 120, "passive"), (121, 120, "active"), (110, 100, "active")],
)
def test_cause_compares_with_the_book_before(now: int, before: int, cause: str) -> None:
    found = one(ALWAYS, [line("A", now, before=before, originator="A")])
    assert (found.verdict, found.cause) == ("fail", cause)


def test_cause_looks_at_the_group_and_at_lines_sold_since() -> None:
    swapped = [line("A1", 0, before=120, originator="A"), line("A2", 120, before=0, originator="A")]
    assert one(ALWAYS, swapped).cause == "passive"
    moved = [line("A1", 0, before=120, originator="B"), line("A2", 120, before=0, originator="A")]
    assert one(ALWAYS, moved).cause == "active"


def test_cause_of_a_floor_and_of_what_is_not_eligible() -> None:
    floor = "id: r, kind: share, where: {product: cash}, of: {measure: market_value}, min: 5%"
    cash = line("C", 4, product="cash", before=4)
    assert one(floor, [cash, line("A", 96, before=96)]).cause == "passive"
    assert one(floor, [cash, line("A", 97, before=96)]).cause == "active"
    own = "id: r, kind: eligibility, require: {rating.any: {min: AA}}"
    assert one(own, [line("A", 5, before=5, rating_any="A")]).cause == "passive"
    assert one(own, [line("A", 6, before=5, rating_any="A")]).cause == "active"


# -- keys -------------------------------------------------------------------------------------------------------


def test_rule_whose_key_the_mandate_lacks_is_unknown_and_one_that_does_not_apply_says_nothing() -> None:
    rule = "id: r, kind: share, of: nav, max: 10%, applies: {product: {graded: true}}"
    found = one(rule, [line("A", 1)])
    assert (found.verdict, found.unit, [dict(r.fields) for r in found.reasons]) == (
        "unknown", "ratio", [{"key": "product.graded"}],
    )  # fmt: skip
    assert findings(rule, [line("A", 1)], product={"graded": "false"}) == ()
    assert one(rule, [line("A", 1)], product={"graded": "true"}).verdict == "pass"


# -- several books ----------------------------------------------------------------------------------------------

WIDE = "id: r, kind: share, by: tranche_id, measure: face, of: issue_size, max: 10%, scope: manager_funds"


def test_rule_over_several_books_adds_them_up_once() -> None:
    own = rulebook(WIDE, "id: s, kind: share, of: nav, max: 100%")
    more: dict[str, Any] = {"manager": "M", "elsewhere": {"manager_funds": "none"}}
    first = book(own, [line("A", 60, issue_size="1000")], **more)
    second = book(own, [line("A", 41, issue_size="1000")], **{**more, "name": "b"})
    other = book(own, [line("A", 500, issue_size="1000")], **{**more, "name": "c", "manager": "N"})
    found = evaluate_exact([first, second, other])
    assert [(f.book, f.rule, f.verdict, f.numerator) for f in found] == [
        ("a + b", "small/r", "fail", 101), ("a", "small/s", "pass", 60), ("b", "small/s", "pass", 41),
        ("c", "small/r", "fail", 500), ("c", "small/s", "pass", 500),
    ]  # fmt: skip


def test_books_of_one_rule_must_agree() -> None:
    own = rulebook("id: r, kind: share, measure: face, of: total_assets, max: 10%, scope: bank")
    lines = [line("A", 60)]
    first = book(own, lines, amounts={"nav": "1", "total_assets": "100"})
    second = book(own, lines, name="b", amounts={"nav": "1", "total_assets": "200"})
    with pytest.raises(BadInput, match=r"'small/r' is tested over the books a, b, which disagree on total_assets"):
        evaluate_exact([first, second])
    quiet = book(own, lines, name="b")
    assert evaluate_exact([first, quiet])[0].denominator == 100


def test_what_is_held_elsewhere_is_unknown_until_the_mandate_says(tmp_path: Path) -> None:
    lines = [line("A", 60, issue_size="1000"), line("B", 101, issue_size="1000"), line("C", issue_size="1000")]
    unsaid = by_group(findings(WIDE, lines))
    assert {group: f.verdict for group, f in unsaid.items()} == {"A": "unknown", "B": "fail"}
    assert "elsewhere_unknown" in codes(unsaid["A"])
    none = by_group(findings(WIDE, lines, elsewhere={"manager_funds": "none"}))
    assert {group: f.verdict for group, f in none.items()} == {"A": "pass", "B": "fail"}
    for face, verdict in ((40, "pass"), (41, "fail")):
        file = tmp_path / f"{face}.csv"
        file.write_text(f"tranche_id,face\nA,{face}\nC,500\n", encoding="utf-8")
        found = by_group(findings(WIDE, lines, elsewhere={"manager_funds": str(file)}))
        assert (found["A"].verdict, found["A"].numerator, list(found)) == (verdict, 60 + face, ["A", "B"])


def test_elsewhere_by_market_value_only(tmp_path: Path) -> None:
    """The face behind a market value is known where the price is; where it is not, it may be anything."""
    file = tmp_path / "funds.csv"
    file.write_text("tranche_id,market_value\nA,40\n", encoding="utf-8")
    said = {"elsewhere": {"manager_funds": str(file)}}
    lines = [line("A", 60, issue_size="1000", dirty_price="80")]
    found = one(WIDE, lines, **said)
    assert (found.verdict, found.numerator) == ("fail", 110)
    vague = one(WIDE, [line("A", 60, issue_size="1000", dirty_price=None)], **said)
    assert (vague.verdict, vague.numerator, vague.value) == ("unknown", None, None)
    value = one(WIDE.replace("measure: face, ", ""), [line("A", 60, issue_size="1000", dirty_price="80")], **said)
    assert (value.verdict, value.numerator) == ("pass", 88)


def test_plus_adds_amounts_and_references() -> None:
    rule = (
        "id: r, kind: share, of: total_wealth_nav, plus: {amount: nonstandard_elsewhere}, max: 35%, scope: products_all"
    )
    amounts = {"nav": "1000", "total_wealth_nav": "1000", "nonstandard_elsewhere": "300"}
    assert one(rule, [line("A", 50)], amounts=amounts).verdict == "pass"
    assert one(rule, [line("A", 51)], amounts=amounts).verdict == "fail"
    del amounts["nonstandard_elsewhere"]
    assert one(rule, [line("A", 50)], amounts=amounts).verdict == "unknown"
    assert one(rule, [line("A", 351)], amounts=amounts).verdict == "fail"
    own = "id: r, kind: share, by: originator, of: nav, plus: {reference: client}, max: 10%"
    lines = [line("A", 60, originator="A"), line("B", 60, originator="B")]
    found = by_group(findings(own, lines, lists={"client": [{"key": "A", "total": "41"}]}))
    assert {group: (f.verdict, f.numerator) for group, f in found.items()} == {"A": ("fail", 101), "B": ("unknown", 60)}
