"""An exception that fired is part of the verdict: which one, in words, and the lines it took out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from absalloc.cli.tables import rule_table
from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.check import check_books
from absalloc.compliance.result import finding_json
from absalloc.rows import BookState
from absalloc.rulebook import find_rulebook, shipped_rulebooks

DAY = date(2025, 6, 30)
PLAIN = {"market": "interbank", "factor": "1", "clean_price": "100", "dirty_price": "100"}
BILL = {**PLAIN, "product": "government", "tranche_id": "G1", "issuer": "A", "face": "300000000"}
BOND = {**PLAIN, "product": "credit_bond", "tranche_id": "B1", "issuer": "A", "face": "50000000"}


def fund(*lines: dict[str, Any]) -> BookState:
    mandate = mandate_of(
        {
            "name": "mmf", "institution": "money_market_fund", "rulebooks": ["money-market-fund"], "manager": "M",
            "amounts": {"nav": "1000000000"}, "facts": {"top10_holders": "at_most_20"},
            "elsewhere": {"manager_funds": "none"},
        }
    )  # fmt: skip
    return book_of(lines, mandate, DAY)


def found(rule: str, *lines: dict[str, Any], lang: str = "en") -> list[dict[str, Any]]:
    items = [item for item in check_books([fund(*lines)]) if item.rule == f"money-market-fund/{rule}"]
    return [finding_json(item, lang) for item in items]


def test_the_verdict_names_the_exception_and_the_lines_it_took_out() -> None:
    [item] = found("institution-share", BILL, BOND)
    assert (item["verdict"], item["value"], item["group"]) == ("pass", 0.05, "A")
    title = "government, central bank and policy bank paper"
    assert item["exceptions"] == [{"id": "exempt-paper", "title": title, "lines": ["G1"]}]
    assert "exempt-paper" in item["reason"]
    [chinese] = found("institution-share", BILL, BOND, lang="zh")
    assert chinese["exceptions"][0]["title"] == "国债、中央银行票据、政策性金融债券"


def test_nothing_is_said_where_no_exception_fires() -> None:
    assert [item["exceptions"] for item in found("institution-share", BOND)] == [[]]
    assert [item["exceptions"] for item in found("abs-share", BILL, BOND)] == [[]]


def test_a_line_whose_group_counts_nothing_is_named_all_the_same() -> None:
    """The state's own bills: nothing of their issuer counts, so no finding has its name."""
    others = [{**BOND, "tranche_id": f"B{n}", "issuer": name} for n, name in enumerate("AB")]
    items = found("institution-share", {**BILL, "issuer": "财政部"}, *others)
    assert [item["group"] for item in items] == ["A", "B"]
    assert [line for item in items for taken in item["exceptions"] for line in taken["lines"]] == ["G1"]
    [alone] = found("institution-share", {**BILL, "issuer": "财政部"})
    assert alone["verdict"] == "pass"
    assert [taken["id"] for taken in alone["exceptions"]] == ["exempt-paper"]


def test_an_exception_of_a_group_is_said_of_that_group_only() -> None:
    items = found("institution-share", {**BILL, "issuer": "B"}, BOND, {**BOND, "tranche_id": "B2", "issuer": "B"})
    assert {item["group"]: [taken["lines"] for taken in item["exceptions"]] for item in items} == {
        "A": [],
        "B": [["G1"]],
    }


@pytest.mark.parametrize(("lang", "said"), [("en", "excepted: government"), ("zh", "除外：国债")])
def test_the_table_says_it_of_rules_that_pass(lang: str, said: str) -> None:
    from rich.console import Console

    console = Console(width=200, record=True)
    console.print(rule_table(found("institution-share", BILL, BOND, lang=lang), lang, width=200))
    assert said in console.export_text()


def test_every_exception_that_ships_has_words_for_it() -> None:
    written = [
        (f"{book}/{rule.id}", item)
        for book in shipped_rulebooks()
        for rule in find_rulebook(book).rules.values()
        for item in rule.exceptions
    ]
    assert len(written) >= 12
    assert [name for name, item in written if item.title is None] == []


EXCEPT = ("除外", "不受", "豁免")


def test_every_text_that_excepts_something_has_an_exception() -> None:
    """A quote that excepts something is a rule with exceptions as data."""
    for book in shipped_rulebooks():
        for rule in find_rulebook(book).rules.values():
            if rule.source.quote and any(word in rule.source.quote for word in EXCEPT):
                assert rule.exceptions, f"{book}/{rule.id}"
