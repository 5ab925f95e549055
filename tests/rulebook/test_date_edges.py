"""Each day on which a shipped rule begins, changes or ends: on both sides every rule has one value or a reason."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from absalloc.compliance.case_books import mandate_of
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.rulebook import find_rulebook, shipped_rulebooks
from absalloc.rulebook.active import Rules, resolve
from absalloc.rulebook.models import FromList, Rule

AMOUNTS = {"nav": "1000000000", "tier1_capital": "1000000000", "rwa_budget": "1000000"}
FILES = dict.fromkeys(
    (
        "exposure", "own_deals", "approved", "approved_lines", "prohibited", "restricted", "related_parties",
        "own_bank", "eligible_originators", "approved_market", "gsib_banks", "special_products",
    ),
    "list.csv",
)  # fmt: skip
FACTS = {
    "contract_rating_floor": "silent", "bond_fund": "true", "pools": "unidentified", "product_type": "fixed_income",
    "internal_rating_floor": "AA", "implied_rating_floor": "AA", "below_aaa_cap": "used",
    "top10_holders": "over_50", "plan": "collective", "opens": "several_a_quarter", "pension": "annuity",
    "abs_rating_floor": "AA",
}  # fmt: skip
INSTITUTION = {
    "public-fund-open": "public_fund_open",
    "public-fund-interval": "public_fund_interval",
    "bank-own-book": "bank_own_book",
    "wealth-closed": "wealth_product",
    "house": "public_fund_open",
    "desk": "public_fund_open",
    "public-fund-closed": "public_fund_closed",
    "money-market-fund": "money_market_fund",
    "wealth-open": "wealth_product",
    "cash-management": "cash_management",
    "private-plan": "private_plan",
    "insurer": "insurer",
    "insurance-product": "insurance_product",
    "annuity": "annuity",
    "trust": "trust",
}
PRODUCT = {
    "issuer": "bank", "offering": "public", "operation": "closed", "operation_period": "open", "end_date": "2030-01-01",
    "next_open_day": "2030-01-01", "graded": "false",
}  # fmt: skip
"""The product of every mandate here; what a book needs otherwise stands in OTHERWISE."""
OTHERWISE: dict[str, dict[str, str]] = {
    "wealth-open": {"operation": "daily_open"},
    "private-plan": {"operation": "periodic_open", "offering": "private"},
}


def mandate(book: str, **changes: Any) -> LoadedMandate:
    data: dict[str, Any] = {
        "name": "edge", "institution": INSTITUTION[book], "rulebooks": [book], "amounts": AMOUNTS, "facts": FACTS,
        "product": {**PRODUCT, **OTHERWISE.get(book, {})}, "drafts": "true",
        "portfolio": {"invest": {"amount": "1000000"}}, "reference": FILES,
    }  # fmt: skip
    return mandate_of({**data, **changes})


def edges(rule: Rule) -> set[date]:
    """Return the days on which something of a rule begins, and the days after it ends."""
    items: list[Any] = [rule]
    for side in (rule.max, rule.min):
        items += [] if side is None or isinstance(side, FromList) else side
    days = {item.from_ for item in items if item.from_} | {item.to + timedelta(days=1) for item in items if item.to}
    return {day for day in days if day is not None}


def named(rules: Rules) -> dict[str, str]:
    """Return rule -> ``active`` or the reason why it does not bind."""
    return {r.id: "active" for r in rules.active} | {r.id: str(r.status) for r in rules.inactive}


BOOKS = sorted(INSTITUTION)
WALK = [
    (book, day + timedelta(days=shift))
    for book in BOOKS
    for day in sorted(
        {find_rulebook(book).book.modelled.from_, find_rulebook(book).book.modelled.verified_until}
        | {edge for rule in find_rulebook(book).rules.values() for edge in edges(rule)}
    )
    for shift in (-1, 0, 1)
    if day + timedelta(days=shift) >= find_rulebook(book).book.modelled.from_
]


def test_every_shipped_rulebook_is_walked() -> None:
    assert set(shipped_rulebooks()) <= set(BOOKS)
    assert len(WALK) > 30


@pytest.mark.parametrize(("book", "day"), WALK, ids=[f"{book}-{day}" for book, day in WALK])
def test_every_rule_has_one_value_or_a_reason(book: str, day: date) -> None:
    states = named(resolve(mandate(book), day))
    loaded = find_rulebook(book)
    assert set(states) == {f"{book}/{name}" for name in loaded.rules}
    for name, rule in loaded.rules.items():
        start = min(edges(rule), default=loaded.book.modelled.from_)
        state = states[f"{book}/{name}"]
        if day < start:
            assert state == "not_in_force", (name, state)
        else:
            assert state in ("active", "not_applicable"), (name, state)


@pytest.mark.parametrize("book", BOOKS)
def test_every_rule_binds_some_mandate_today(book: str) -> None:
    """With the tables given and without, of a bank and of a wealth company, closed and open: no rule is dead."""
    day = date(2025, 12, 31)
    daily = {**PRODUCT, "operation": "daily_open"}
    variants = [
        mandate(book),
        mandate(book, reference={}),
        mandate(book, reference={}, facts={**FACTS, "pools": "granular"}),
        mandate(book, product={**daily, "issuer": "wealth_company"}, facts={**FACTS, "pension": "basic"}),
    ]
    active = {rule.id for variant in variants for rule in resolve(variant, day).active}
    assert active == {f"{book}/{name}" for name in find_rulebook(book).rules}


@pytest.mark.parametrize("book", BOOKS)
def test_values_of_one_rule_never_overlap(book: str) -> None:
    for name, rule in find_rulebook(book).rules.items():
        for side in (rule.max, rule.min):
            plain = [v for v in side or () if not isinstance(side, FromList) and v.when is None]
            assert len({v.from_ for v in plain}) == len(plain), name


@pytest.mark.parametrize("book", BOOKS)
def test_a_day_before_it_is_modelled_is_refused(book: str) -> None:
    start = find_rulebook(book).book.modelled.from_
    with pytest.raises(BadInput, match=f"{book}.*modelled from {start}"):
        resolve(mandate(book), start - timedelta(days=1))


@pytest.mark.parametrize("book", BOOKS)
def test_a_day_after_it_was_verified_is_a_warning(book: str) -> None:
    end = find_rulebook(book).book.modelled.verified_until
    assert resolve(mandate(book), end).warnings == ()
    [warning] = resolve(mandate(book), end + timedelta(days=1)).warnings
    assert (warning["book"], warning["until"]) == (book, str(end))


def test_the_liquidity_rule_begins_on_its_day() -> None:
    rule = "public-fund-open/liquidity-restricted-share"
    assert named(resolve(mandate("public-fund-open"), date(2017, 9, 30)))[rule] == "not_in_force"
    assert named(resolve(mandate("public-fund-open"), date(2017, 10, 1)))[rule] == "active"


def test_a_reading_that_no_rule_has_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'exclude' is not a reading of 'abn'.*nearest valid one is 'excluded'"):
        resolve(mandate("public-fund-open", readings={"abn": "exclude"}), date(2025, 6, 30))
