"""What the shipped rulebooks cite: known sources, words that were seen, confidence as the reference has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from absalloc.rulebook import find_rulebook, shipped_rulebooks
from absalloc.rulebook.models import Rule

OWN = ("house", "desk")
"""Sources that are the institution's own decision: nothing to look up."""
CODES = {"T": "text_seen", "S": "secondary", "K": "unverified"}
RULES = [(book, rule) for book in shipped_rulebooks() for rule in find_rulebook(book).rules.values()]
CITED = [(book, rule) for book, rule in RULES if rule.source.document not in OWN]
IDS = [f"{book}/{rule.id}" for book, rule in CITED]


@pytest.fixture(scope="module")
def regulations(shared: Path) -> str:
    return (shared / "reference" / "regulations.md").read_text(encoding="utf-8")


def row_of(text: str, ref: str) -> list[str]:
    """Return the cells of the one table row whose first cell is ``ref``."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in row] for row in rows if row[0].strip() == ref]
    return found[0] if found else []


def codes_of(cell: str) -> set[str]:
    """Return the codes at the head of a confidence cell: ``S/K`` is two, ``T for the words …`` one."""
    found = re.match(r"[TSK](?:/[TSK])*", cell)
    return set() if found is None else {CODES[code] for code in found.group().split("/")}


def test_there_is_something_to_look_up() -> None:
    assert len(CITED) > 40
    assert {rule.source.confidence for _, rule in CITED} == set(CODES.values())


@pytest.mark.real
@pytest.mark.parametrize(("book", "rule"), CITED, ids=IDS)
def test_the_reference_has_the_rule(regulations: str, book: str, rule: Rule) -> None:
    assert row_of(regulations, rule.source.ref), rule.source.ref


@pytest.mark.real
@pytest.mark.parametrize(("book", "rule"), CITED, ids=IDS)
def test_quoted_words_stand_in_the_reference(regulations: str, book: str, rule: Rule) -> None:
    if rule.source.quote is not None:
        assert rule.source.quote in regulations


@pytest.mark.real
@pytest.mark.parametrize(("book", "rule"), CITED, ids=IDS)
def test_confidence_is_that_of_the_reference(regulations: str, book: str, rule: Rule) -> None:
    row = row_of(regulations, rule.source.ref)
    allowed = codes_of(row[-1])
    assert rule.source.confidence in allowed, row[-1]


@pytest.mark.real
@pytest.mark.parametrize(("book", "rule"), CITED, ids=IDS)
def test_an_article_that_is_own_knowledge_is_not_confirmed(regulations: str, book: str, rule: Rule) -> None:
    row = row_of(regulations, rule.source.ref)
    where_it_stands = row[0] + row[1] if len(row) > 4 else "†"  # the table of practice names no article
    if "†" in where_it_stands + row[-1] or rule.source.article == "–":
        assert not rule.source.article_confirmed


def test_the_institutions_own_rules_cite_nothing() -> None:
    for book, rule in RULES:
        if rule.source.document in OWN:
            assert (rule.source.article, rule.source.quote) == ("–", None), f"{book}/{rule.id}"


def test_quotes_are_double_quoted_in_the_file() -> None:
    folder = Path(__file__).resolve().parents[2] / "constraints"
    for book in shipped_rulebooks():
        for line in (folder / f"{book}.yaml").read_text(encoding="utf-8").splitlines():
            found = re.search(r"\bquote: *(.)", line)
            assert found is None or found.group(1) == '"', f"{book}: {line}"


@pytest.mark.parametrize(("book", "rule"), RULES, ids=lambda item: getattr(item, "id", item))
def test_titles_are_in_both_languages(book: str, rule: Rule) -> None:
    assert re.search(r"[一-鿿]", rule.title.zh)
    assert not re.search(r"[一-鿿]", rule.title.en)
    if rule.note is not None:
        assert re.search(r"[一-鿿]", rule.note.zh)
        assert not re.search(r"[一-鿿]", rule.note.en)


def test_a_wrong_citation_is_seen() -> None:
    text = "| id | doc | conf |\n|---|---|---|\n| A-1 | D93 item 7 | T |\n| A-2 | D9 † | S/K |\n"
    assert row_of(text, "A-1") == ["A-1", "D93 item 7", "T"]
    assert row_of(text, "A-3") == []
    assert codes_of("S/K") == {"secondary", "unverified"}
    assert codes_of("T for the contract sentence") == {"text_seen"}
    assert codes_of("no code") == set()
