"""Rules over several books: the shipped provisions by hand and against sums in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from exact_books import by_group, codes, findings, line
from hypothesis import given, settings
from hypothesis import strategies as st

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.check import check_books
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.errors import BadInput
from absalloc.rows import BookState
from absalloc.rulebook.joint import counterpart, meaning
from absalloc.rulebook.load import find_rulebook

DAY = date(2025, 6, 30)
FUNDS = ("public-fund-open", "public-fund-interval", "public-fund-closed", "money-market-fund")
INSTITUTION = {
    "public-fund-open": "public_fund_open", "public-fund-interval": "public_fund_interval",
    "public-fund-closed": "public_fund_closed", "money-market-fund": "money_market_fund",
    "wealth-open": "wealth_product", "wealth-closed": "wealth_product", "cash-management": "cash_management",
    "private-plan": "private_plan", "bank-own-book": "bank_own_book", "insurer": "insurer",
}  # fmt: skip


def shipped(
    rulebook: str,
    name: str,
    lines: Sequence[Mapping[str, str]],
    *,
    lists: Any = None,
    amounts: Mapping[str, str] | None = None,
    **mandate: Any,
) -> BookState:
    data = {
        "name": name, "institution": INSTITUTION[rulebook], "rulebooks": [rulebook], "manager": "M",
        "amounts": {"nav": "1000000", **(amounts or {})}, **mandate,
    }  # fmt: skip
    return book_of(lines, mandate_of(data), DAY, books=(find_rulebook(rulebook, None),), lists=lists)


def only(found: Sequence[Finding], rule: str) -> Finding:
    [one] = [item for item in found if item.rule.endswith(f"/{rule}")]
    return one


def checked(*books: BookState) -> tuple[Finding, ...]:
    """Both readings of every rule: the exact one, and the rows that must confirm it."""
    return check_books(books)


FUND = {"elsewhere": {"manager_funds": "none"}}
TOTAL = {"originator_totals": [{"key": "甲", "total": "1000"}]}
WIDE = "originator-share-manager"


def fund(rulebook: str, name: str, face: int, *, before: int | None = 0, **more: Any) -> BookState:
    lines = [line("A" + name, face, before=before, originator="甲", issue_size="500")]
    return shipped(rulebook, name, lines, **{**FUND, "lists": TOTAL, **more})


# -- PF-ABS-ORIG-MGR-10 -----------------------------------------------------------------------------------------


def test_funds_of_all_kinds_count_together_for_one_originator() -> None:
    """60 in an open fund and 40 in an interval fund are 10 % of 1,000; a yuan more is above."""
    one, two = fund("public-fund-open", "a", 60), fund("public-fund-interval", "b", 40)
    found = only(checked(one, two), WIDE)
    assert (found.book, found.rule, found.verdict) == ("a + b", "public-fund-open/originator-share-manager", "pass")
    assert (found.numerator, found.denominator, found.value) == (100, 1000, Fraction(1, 10))
    over = only(checked(one, fund("public-fund-interval", "b", 41)), WIDE)
    assert (over.verdict, over.value, over.cause) == ("fail", Fraction(101, 1000), "active")
    assert [item.tranche_id for item in over.lines] == ["Aa", "Ab"]
    for alone in (one, fund("public-fund-interval", "b", 41)):
        assert only(checked(alone), WIDE).verdict == "pass"


def test_four_kinds_of_funds_in_any_order_give_one_finding() -> None:
    books = [fund(kind, kind, 26) for kind in FUNDS]
    for order in permutations(books):
        found = only(evaluate_exact(order), WIDE)
        assert (found.verdict, found.numerator) == ("fail", 104)
        assert found.book == " + ".join(book.name for book in order)
        assert found.rule == f"{order[0].name}/{WIDE}"


def test_another_manager_and_a_fund_that_switched_the_rule_off_do_not_count() -> None:
    one = fund("public-fund-open", "a", 60)
    assert only(checked(one, fund("public-fund-closed", "b", 41, off={WIDE: "merged"})), WIDE).book == "a"
    both = [f for f in checked(one, fund("public-fund-closed", "b", 41, manager="N")) if f.rule.endswith(WIDE)]
    assert [(f.book, f.verdict) for f in both] == [("a", "pass"), ("b", "pass")]


def test_an_originator_without_a_total_is_proven_by_a_lower_bound_or_unknown() -> None:
    """Without the reference the lines of the file are a lower bound of all the originator's ABS: 500."""
    for face, verdict, value in ((50, "pass", Fraction(1, 10)), (51, "unknown", Fraction(51, 500))):
        found = only(checked(fund("public-fund-open", "a", face, lists={})), WIDE)
        assert (found.verdict, found.value, codes(found)) == (verdict, value, ["denominator_lower_bound"])
    # A lower bound is no bound from above: however far over it, a breach is never proven.
    far = only(checked(fund("public-fund-open", "a", 500, lists={})), WIDE)
    assert (far.verdict, far.value) == ("unknown", Fraction(1))
    # The lower bound is the most that any book's file proves; one book's total serves all.
    told = only(checked(fund("public-fund-open", "a", 60, lists={}), fund("public-fund-closed", "b", 40)), WIDE)
    assert (told.verdict, told.denominator, codes(told)) == ("pass", 1000, [])


def test_a_lower_bound_of_nothing_proves_nothing() -> None:
    line_ = line("A", 1, before=0, originator="甲", issue_size=None)
    found = only(checked(shipped("public-fund-open", "a", [line_], **FUND)), WIDE)
    assert (found.verdict, found.value) == ("unknown", None)


def test_funds_whose_totals_disagree_are_refused() -> None:
    other = {"originator_totals": [{"key": "甲", "total": "999"}]}
    with pytest.raises(BadInput, match=r"a, b.*originator_totals: 甲"):
        checked(fund("public-fund-open", "a", 1), fund("public-fund-interval", "b", 1, lists=other))


def test_the_limit_binds_buying_over_all_funds() -> None:
    """Above the limit, the fund that sells passes only while no other fund buys."""
    sells, buys = fund("public-fund-open", "a", 70, before=90), fund("public-fund-closed", "b", 40, before=30)
    assert only(checked(sells, fund("public-fund-closed", "b", 40, before=40)), WIDE).verdict == "pass"
    found = only(checked(sells, buys), WIDE)
    assert (found.verdict, found.cause) == ("fail", "active")
    unknown = only(checked(sells, fund("public-fund-closed", "b", 40, before=None)), WIDE)
    assert (unknown.verdict, codes(unknown)) == ("unknown", ["cause_unknown"])


# -- WM-SEC-ALL-30, WM-NSD-35 ------------------------------------------------------------------------------------

HOUSE = {"elsewhere": {"products_public": "none", "products_all": "none"}}
PUBLIC = {"offering": "public", "issuer": "wealth_company", "operation": "daily_open"}


def product(rulebook: str, name: str, lines: Sequence[Mapping[str, str]], **more: Any) -> BookState:
    return shipped(rulebook, name, lines, **{**HOUSE, "product": PUBLIC, **more})


def test_all_public_products_hold_at_most_thirty_per_cent_of_a_security() -> None:
    rule = "security-share-all-products"

    def held(face: int) -> list[dict[str, str]]:
        return [line("A", face, outstanding="1000", factor="0.5")]

    books = [product("wealth-open", "a", held(200)), product("wealth-closed", "b", held(200)),
             product("cash-management", "c", held(200))]  # fmt: skip
    found = only(checked(*books), rule)
    assert (found.book, found.verdict, found.value) == ("a + b + c", "pass", Fraction(3, 10))
    books[2] = product("cash-management", "c", held(201))
    assert only(checked(*books), rule).verdict == "fail"
    # A private product is none of the public ones.
    books[1] = product("wealth-closed", "b", held(200), product={**PUBLIC, "offering": "private"})
    assert only(checked(*books), rule).book == "a + c"


@pytest.mark.parametrize(("own", "verdict"), [("149", "pass"), ("150", "pass"), ("151", "fail")])
def test_non_standard_debt_of_all_products(own: str, verdict: str) -> None:
    amounts = {"nav": "500", "wealth_products_nav": "1000", "nonstandard_elsewhere": "100"}
    plan = [line("P", 100, product="insurance_plan")]
    first = product("wealth-open", "a", plan, amounts=amounts)
    second = product("wealth-closed", "b", [line("Q", own, product="insurance_plan")], amounts=amounts)
    found = only(checked(first, second), "nonstandard-share")
    assert (found.book, found.verdict, found.numerator) == ("a + b", verdict, 200 + int(own))
    quiet = product("wealth-open", "a", plan, amounts={"nav": "500", "wealth_products_nav": "1000"})
    assert only(checked(quiet), "nonstandard-share").verdict == "unknown"


# -- PAM-25-MGR, PAM-NSD-300 --------------------------------------------------------------------------------------

PLANS = {"elsewhere": {"manager_plans": "none"}, "facts": {"plan": "collective", "index_plan": "false"}}


def plan_book(name: str, face: int, **more: Any) -> BookState:
    lines = [line("A", face, issue_size="1000"), line("P", 10, product="insurance_plan", issue_size="1000")]
    return shipped("private-plan", name, lines, **{**PLANS, "product": {"operation": "periodic_open"}, **more})


def test_collective_plans_hold_a_quarter_of_an_asset_together() -> None:
    rule = "asset-share-manager"
    found = by_group([f for f in checked(plan_book("a", 125), plan_book("b", 125)) if f.rule.endswith(rule)])
    assert (found["A"].verdict, found["A"].value) == ("pass", Fraction(1, 4))
    found = by_group([f for f in checked(plan_book("a", 125), plan_book("b", 126)) if f.rule.endswith(rule)])
    assert found["A"].verdict == "fail"


def test_a_plan_that_is_exempt_takes_out_its_own_lines_alone_in_any_order() -> None:
    exempt = plan_book(
        "b", 400, product={"operation": "closed"}, facts={**PLANS["facts"], "investors": "professional_10mn"}
    )
    for books in ((plan_book("a", 250), exempt), (exempt, plan_book("a", 250))):
        found = by_group([f for f in checked(*books) if f.rule.endswith("asset-share-manager")])
        assert (found["A"].verdict, found["A"].numerator) == ("pass", 250)
    over = by_group([f for f in checked(exempt, plan_book("a", 251)) if f.rule.endswith("asset-share-manager")])
    assert over["A"].verdict == "fail"


def test_what_is_held_elsewhere_is_not_exempt_because_this_plan_is(tmp_path: Any) -> None:
    file = tmp_path / "计划.csv"
    file.write_text("tranche_id,face\nA,251\n", encoding="utf-8")
    facts = {**PLANS["facts"], "investors": "professional_10mn"}
    more = {"product": {"operation": "closed"}, "facts": facts, "elsewhere": {"manager_plans": str(file)}}
    exempt = plan_book("b", 400, **more)
    for own, verdict in ((0, None), (1, "fail")):
        other = plan_book("a", own, elsewhere={"manager_plans": str(file)})
        found = by_group([f for f in checked(exempt, other) if f.rule.endswith("asset-share-manager")])
        # Where none of these books' lines count, what others hold is no business of theirs.
        assert ("A" in found) == (verdict is not None)
        assert not own or (found["A"].verdict, found["A"].numerator) == (verdict, 252)


def test_thirty_billion_of_one_non_standard_asset() -> None:
    cap = 30_000_000_000

    def big(name: str, face: int) -> BookState:
        return shipped("private-plan", name, [line("P", face, product="insurance_plan")], **PLANS)

    halves = [f for f in checked(big("a", cap // 2), big("b", cap // 2)) if f.rule.endswith("nonstandard-asset-cap")]
    assert [(f.book, f.verdict, f.headroom) for f in halves] == [("a + b", "pass", 0)]
    more = [f for f in checked(big("a", cap // 2), big("b", cap // 2 + 1)) if f.rule.endswith("nonstandard-asset-cap")]
    assert [(f.verdict, f.value) for f in more] == [("fail", cap + 1)]


# -- bank and insurer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("face", "verdict"), [(70, "pass"), (71, "fail")])
def test_bank_wide_and_insurer_wide_caps_add_up_the_accounts(face: int, verdict: str) -> None:
    bank = {"amounts": {"tier1_capital": "1000"}, "elsewhere": {"bank": "none"}, "facts": {"pools": "granular"}}
    lines = [line("A", 80, core_debtor="甲", seniority="senior"), line("B", face, core_debtor="甲", seniority="senior")]
    books = [shipped("bank-own-book", name, [each], **bank) for name, each in zip("ab", lines, strict=True)]
    clients = by_group([f for f in checked(*books) if f.rule.endswith("/single-client")])
    assert (clients["甲"].verdict, clients["甲"].numerator) == (verdict, 80 + face)
    totals = {"amounts": {"nav": "1", "prior_quarter_total_assets": "600"}, "elsewhere": {"insurer": "none"}}
    books = [shipped("insurer", name, [each], **totals) for name, each in zip("ab", lines, strict=True)]
    found = only([f for f in evaluate_exact(books) if f.group is None], "other-financial-assets")
    assert found.book == "a + b"


# -- against plain sums ------------------------------------------------------------------------------------------

holding = st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(1, 120), st.integers(0, 120))
book = st.tuples(st.sampled_from(FUNDS), st.sampled_from(["M", "N"]), st.lists(holding, max_size=4))
ORIGINATOR = {"A": "甲", "B": "甲", "C": "乙"}
TOTALS = {"甲": 1000, "乙": 700}


@settings(max_examples=60, deadline=None)
@given(st.lists(book, min_size=1, max_size=3))
def test_manager_wide_verdicts_are_those_of_plain_sums(books: list[Any]) -> None:
    lists = {"originator_totals": [{"key": key, "total": str(total)} for key, total in TOTALS.items()]}
    states = []
    for n, (kind, manager, held) in enumerate(books):
        unique = {code: (face, before) for code, face, before in held}
        lines = [line(c, f, before=b, originator=ORIGINATOR[c], issue_size="1") for c, (f, b) in unique.items()]
        # The book before is known to be empty where nothing is held.
        lines = lines or [line("A", 0, before=1, originator="甲", issue_size="1")]
        states.append(shipped(kind, f"f{n}", lines, manager=manager, lists=lists, **FUND))
    found = {(f.book, f.group): f for f in checked(*states) if f.rule.endswith(WIDE)}
    for manager in {state.mandate.manager for state in states}:
        mine = [state for state in states if state.mandate.manager == manager]
        for name, total in TOTALS.items():
            faces = [(s.held.get(c, Fraction(0)), (s.before or {}).get(c, Fraction(0)))
                     for s in mine for c, who in ORIGINATOR.items() if who == name]  # fmt: skip
            value = sum(now for now, _ in faces) / Fraction(total)
            within = value <= Fraction(1, 10) or not any(now > then for now, then in faces)
            key = (" + ".join(s.name for s in mine), name)
            if value:
                assert (found[key].value, found[key].verdict) == (value, "pass" if within else "fail")
            else:
                assert key not in found


# -- the shipped texts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [(WIDE, FUNDS), ("issuer-share-manager", FUNDS),
     ("security-share-all-products", ("wealth-open", "wealth-closed", "cash-management")),
     ("nonstandard-share", ("wealth-open", "wealth-closed"))],
)  # fmt: skip
def test_a_provision_means_the_same_in_every_rulebook_that_has_it(rule: str, kinds: Sequence[str]) -> None:
    """Else books of two kinds could not be tested together."""
    books = [shipped(kind, kind, [], product=PUBLIC) for kind in kinds]
    rules = [next(r for r in book.rules.active if r.short == rule) for book in books]
    for other, state in zip(rules[1:], books[1:], strict=True):
        assert counterpart(rules[0], state.rules.active) is other
        assert meaning(other) == meaning(rules[0])


def test_versions_that_differ_are_refused_with_both_names() -> None:
    one = fund("public-fund-open", "a", 60)
    two = fund("public-fund-closed", "b", 40, readings={"abn": "excluded"})
    with pytest.raises(BadInput, match=r"a, b.*different versions"):
        evaluate_exact([one, two])


# -- what a lower bound proves ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 300), st.integers(0, 2000), st.sampled_from(["max", "min"]), st.booleans(),
    st.sampled_from(["{universe: issue_size}", "{reference: totals}", "issue_size"]),
)  # fmt: skip
def test_a_lower_bound_decides_only_what_every_total_above_it_does(
    face: int, size: int, sense: str, strict: bool, of: str
) -> None:
    """The true total may be anything from what the file shows: the verdict is what all of these agree on."""
    rule = (
        f"id: r, kind: share, by: originator, measure: face, of: {of}, "
        f"{sense}: [{{value: 10%, strict: {str(strict).lower()}}}]"
    )
    found = by_group(findings(rule, [line("A", face, originator="甲", issue_size=size)]))
    if "甲" not in found:
        assert not face
        return

    def holds(total: int) -> bool:
        if face == total == 0:
            return True
        excess = (10 * face - total) * (1 if sense == "max" else -1)
        return excess < 0 or (excess == 0 and not strict)

    totals = (size, size + 1, 10 * face - 1, 10 * face, 10 * face + 1, 10**12)
    agreed = {holds(total) for total in totals if total >= size}
    expected = "unknown" if len(agreed) == 2 else "pass" if agreed == {True} else "fail"
    item = found["甲"]
    assert item.verdict == expected
    assert "denominator_lower_bound" in codes(item)
    assert item.value == (Fraction(face, size) if size else None)
