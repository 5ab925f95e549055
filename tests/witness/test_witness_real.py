"""The real universes of 2020 and 2025 held by every institution: the slow checker says the same, to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from disturbed import BOOKS, disturbed
from witness_books import ROOT, differences, fast, lines_of, slow

import absalloc as aa
from absalloc.desk import Book
from absalloc.desk.book import prepare
from absalloc.rows import BookState

pytestmark = pytest.mark.real
REAL = ROOT / "examples" / "real"
YEARS = {
    "2020": ("interbank_abs_universe_2020-12-07.csv", "interbank-2020-12-07.yaml", "bank-2020-assumed.yaml"),
    "2025": ("cnabs_tranches_2025-12-08.csv", "cnabs-2025-12-08.yaml", "fund-2025.yaml"),
}
"""Universe, mapping, and the mandate whose optimum is held."""
FIRST_DAYS = {"cash_management": date(2021, 6, 11), "private_plan": date(2023, 3, 1)}
"""What is asked of these before their rulebooks begin is refused: the book of 2020 is theirs on the first day."""
_READY: dict[str, tuple[BookState, Mapping[str, Fraction]]] = {}


@pytest.fixture(params=YEARS)
def year(request: pytest.FixtureRequest, shared: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ABSALLOC_SHARED", str(shared))
    if request.param not in _READY:
        _READY[request.param] = ready(request.param, shared)
    return str(request.param)


def ready(name: str, shared: Path) -> tuple[BookState, Mapping[str, Fraction]]:
    """The universe valued and weighed, and what the optimum holds: the table of 2025 has no prices to buy at."""
    file, mapping, mandate = YEARS[name]
    universe = aa.load_universe(shared / "data" / "tranches" / file, mapping=REAL / mapping)
    given = aa.load_mandate(REAL / mandate)
    plan = aa.optimise(universe, given)
    held = {line.tranche_id: Fraction(str(line.face)) for line in plan.holdings}
    assert (len(held) > 20) == (name == "2020")
    return prepare(Book(universe, given)).state, held


@pytest.mark.parametrize("institution", BOOKS)
def test_disturbed_books_of_every_institution(year: str, institution: str) -> None:
    state, base = _READY[year]
    day = max(state.as_of, FIRST_DAYS.get(institution, state.as_of))
    book, mandate = disturbed(state.universe, day, base, institution, seed=int(year))
    found = slow(book, mandate, lines_of(book), book.as_of)
    assert len(found) > 10
    assert differences(found, fast(book)) == []
