"""The pages of the rulebooks say every rule in both languages, how sure its text is, and its cases."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from absalloc.rulebook import find_rulebook, shipped_rulebooks
from absalloc.rulebook.coverage import coverage
from absalloc.rulebook.sentence import sentence

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    sys.path.insert(0, str(DOCS))
    try:
        from generate_rules import write_pages
    finally:
        sys.path.remove(str(DOCS))
    folder = tmp_path_factory.mktemp("rules")
    write_pages(folder)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_there_is_a_page_a_rulebook_and_an_index_of_them(pages: dict[str, str]) -> None:
    assert sorted(pages) == sorted([*shipped_rulebooks(), "coverage", "index"])
    assert all(f"\n{name}\n" in pages["index"] for name in shipped_rulebooks())


def test_the_register_stands_on_a_page_of_its_own(pages: dict[str, str]) -> None:
    rows = [line for line in pages["coverage"].splitlines() if line.startswith("| ")][1:]
    entries = coverage().entries
    every = [rule.source for book in shipped_rulebooks() for rule in find_rulebook(book).rules.values()]
    named = {source.ref for source in every if source.document not in ("house", "desk")}
    assert len(rows) == len(entries) + len(named)
    for entry in entries:
        [row] = [line for line in rows if line.startswith(f"| {entry.ref} |")]
        assert entry.why.zh in row
        assert ("left out · 未编码" in row) is (entry.left_out is not None)


@pytest.mark.parametrize("name", shipped_rulebooks())
def test_every_rule_can_be_read(pages: dict[str, str], name: str) -> None:
    book = find_rulebook(name)
    parts = pages[name].split("\n## ")[2:]  # before the rules: the title and the documents
    assert [part.partition("\n")[0] for part in parts] == list(book.rules)
    for part, rule in zip(parts, book.rules.values(), strict=True):
        assert sentence(rule, "en", book.book) in part
        assert sentence(rule, "zh", book.book) in part
        marks = {"text_seen": None, "secondary": "SECOND-HAND", "unverified": "UNVERIFIED"}
        mine = marks[rule.source.confidence]
        assert [mark for mark in ("SECOND-HAND", "UNVERIFIED") if mark in part] == ([mine] if mine else [])
        assert (rule.source.quote or "") in part
        assert "worked cases" in part
        assert all(f"`{r.switch}={r.id}`" in part for r in rule.readings)
        assert all(f"`{item.id}`" in part for item in rule.exceptions)
