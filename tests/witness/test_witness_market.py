"""A third reading of every rule, slow and plain, against the two of the package: on the market that ships."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
import yaml
from disturbed import BOOKS, disturbed
from witness_books import ROOT, differences, fast, lines_of, slow

import absalloc as aa
from absalloc.desk import Book
from absalloc.desk.book import prepare
from absalloc.rows import BookState

MARKET = ROOT / "examples" / "market"
EXAMPLES = {
    "bond-fund-open": "bond-fund-open-holdings-before.csv",
    "bond-fund-interval": None,
    "wealth-closed-18m": None,
    "city-bank": None,
}


@cache
def market() -> aa.Universe:
    return aa.load_universe(MARKET / "market.csv")


def example(name: str) -> BookState:
    mandate = aa.load_mandate(MARKET / f"{name}.yaml")
    earlier = EXAMPLES[name]
    before = None if earlier is None else Book(market(), mandate, MARKET / earlier)
    return prepare(Book(market(), mandate, MARKET / f"{name}-holdings.csv"), before=before).state


@cache
def base() -> BookState:
    return example("bond-fund-open")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_books_that_ship(name: str) -> None:
    state = example(name)
    mandate = yaml.load((MARKET / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    found = slow(state, mandate, lines_of(state), state.as_of)
    said = {key: value for key, value in fast(state).items() if not key[0].startswith("target/")}
    assert len(found) > 50
    assert differences(found, said) == []


@pytest.mark.parametrize("institution", BOOKS)
def test_disturbed_books_of_every_institution(institution: str) -> None:
    state, mandate = disturbed(base().universe, base().as_of, base().held, institution, seed=1)
    found = slow(state, mandate, lines_of(state), state.as_of)
    assert differences(found, fast(state)) == []
    own = Counter(said.verdict for key, said in found.items() if not key[0].startswith(("house/", "desk/")))
    assert own.total() >= 2
    assert len({said.verdict for said in found.values()}) == 3


def test_it_would_be_seen() -> None:
    """One yuan less of one line changes what the slow checker says."""
    state, mandate = disturbed(base().universe, base().as_of, base().held, "public_fund_closed", seed=2)
    lines = lines_of(state)
    said = slow(state, mandate, lines, state.as_of)
    tranche = "public-fund-closed/tranche-share-of-issue"
    code = next(str(group) for (rule, group, _), each in said.items() if rule == tranche and each.value)
    less = BookState(
        state.mandate, state.rules, state.universe, state.as_of, {**state.held, code: state.held[code] - 1},
        before=state.before, book_value=state.book_value, lists=state.lists,
    )  # fmt: skip
    assert differences(slow(less, mandate, lines, state.as_of), said) != []
