"""Every case that ships is run, and no rule ships without its cases."""

from __future__ import annotations

from functools import cache

import pytest

from absalloc.compliance.case_files import Cases, load_cases
from absalloc.compliance.cases import run_case, run_cases
from absalloc.rulebook.load import shipped_rulebooks


@cache
def cases_of(book: str) -> Cases:
    return load_cases(book)


def all_cases() -> list[tuple[str, int, str]]:
    return [(book, n, case.id) for book in shipped_rulebooks() for n, case in enumerate(cases_of(book).file.cases)]


def test_rulebooks_ship() -> None:
    assert shipped_rulebooks()


@pytest.mark.parametrize(("book", "index"), [pytest.param(b, n, id=f"{b}:{name}") for b, n, name in all_cases()])
def test_case(book: str, index: int) -> None:
    result = run_case(cases_of(book), index)
    assert result.ok, result.text()


@pytest.mark.parametrize("book", shipped_rulebooks())
def test_every_rule_has_its_cases(book: str) -> None:
    left = [gap.text() for gap in run_cases(cases_of(book), evaluators=()).missing]
    assert left == []
