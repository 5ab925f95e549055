"""A rulebook of one's own with one thing wrong: one error at its line, the nearest valid thing, nothing written."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
BOOK = """\
rulebook: mine
modelled: {from: 2020-01-01, verified_until: 2030-12-31}
sources: {house: {title: Guideline}}
columns: {obligor: {first_of: [core_debtor, originator]}}
sets: {abs: {product: [credit_abs, enterprise_abs, abn]}, counted: {in_set: abs}}
rules:
  - id: one-name
    kind: share
    title: {en: One name, zh: 单一名称}
    source: {document: house, article: "1", ref: house, confidence: text_seen}
    where: {in_set: counted}
    by: obligor
    of: nav
    max: [{from: 2020-01-01, to: 2023-12-31, value: 10%}, {from: 2024-01-01, value: 8%}]
"""
CASES = """\
rulebook: mine
defaults:
  as_of: 2025-06-30
  mandate: {name: case, institution: public_fund_open, amounts: {nav: 1000}}
  line: {product: abn, originator: A, factor: 1, dirty_price: 100}
cases:
  - id: below
    rule: one-name
    shows: pass
    lines: [{tranche_id: T1, face: 80}]
    expect: {verdict: pass, value: 8%, limit: 8%, group: A}
"""
HELD = "tranche_id,face\nSYN100015.SH,1000000\n"
WRONG = [
    ("to: 2023-12-31", "to: 2024-01-01", "rulebook.dates_overlap", 14, None),
    ("to: 2023-12-31", "to: 2023-12-30", "rulebook.dates_gap", 14, None),
    ("to: 2023-12-31", "to: 2019-12-31", "rulebook.days_backwards", 14, None),
    ("document: house", "document: hause", "rulebook.unknown_source", 10, "house"),
    ("value: 8%", "value: 8 percents", "base.unit_unknown", 14, None),
    ("value: 8%", "value: 8", "base.quantity_unit", 14, None),
    ("value: 8%", "value: 0.08", "base.quantity_unit", 14, None),
    ("value: 8%", "value: 8 days", "rulebook.limit_unit", 14, None),
    ("by: obligor", "by: obligr", "rulebook.unknown_column", 12, "obligor"),
    ("[core_debtor, originator]", "[core_debtor, originatr]", "rulebook.column_part", 4, "originator"),
    ("[core_debtor, originator]", "[core_debtor, npl]", "rulebook.column_kinds", 4, None),
    ("where: {in_set: counted}", "where: {in_set: countd}", "rulebook.unknown_set", 11, "counted"),
    ("abs: {product: [credit_abs, enterprise_abs, abn]}", "abs: {in_set: counted}", "rulebook.set_cycle", 5, None),
    ("of: nav", "of: naw", "rulebook.unknown_amount", 13, "nav"),
    ("kind: share", "kind: shaer", "base.not_a_choice", 8, "share"),
    ("    of: nav\n", "    of: &a [*a, *a]\n", "base.yaml_alias", 13, None),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(BOOK, encoding="utf-8")
    (tmp_path / "mine.cases.yaml").write_text(CASES, encoding="utf-8")
    (tmp_path / "held.csv").write_text(HELD, encoding="utf-8")
    (tmp_path / "fund.yaml").write_text(
        "name: fund\ninstitution: public_fund_open\nmanager: M\nrulebooks: [mine.yaml]\nas_of: 2025-06-30\n"
        "amounts: {nav: 1000000000}\nproduct: {operation: daily_open}\n",
        encoding="utf-8",
    )
    return tmp_path


def commands(folder: Path, market: Path) -> list[list[object]]:
    """Every command that reads the rulebook, one of them on a book."""
    check = ["check", folder / "fund.yaml", folder / "held.csv", "-u", market / "market.csv"]
    return [["rules", "test", folder / "mine.yaml"], ["rules", "lint", folder / "mine.yaml"], check]


def refused(run: Run, words: list[object], langs: tuple[str, ...] = ("en", "zh")) -> dict[str, Any]:
    for lang in langs:
        plain = run(*words, "--lang", lang)
        assert (plain.code, plain.out) == (2, ""), plain
        assert (re.search("[一-鿿]", plain.err) is not None) == (lang == "zh"), plain.err
    found = run(*words, "--json")
    assert (found.code, found.err) == (2, "")
    document: dict[str, Any] = found.document
    assert document["schema"] == "absalloc.error/1"
    return document


def test_as_it_stands_nothing_is_wrong(run: Run, folder: Path, market: Path) -> None:
    for words in commands(folder, market):
        assert run(*words).code == 0, words


@pytest.mark.parametrize(("old", "new", "code", "line", "near"), WRONG)
def test_one_thing_wrong(
    run: Run, folder: Path, market: Path, old: str, new: str, code: str, line: int, near: str | None
) -> None:
    assert BOOK.count(old) == 1
    (folder / "mine.yaml").write_text(BOOK.replace(old, new), encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for number, words in enumerate(commands(folder, market)):
        said = refused(run, words, () if number else ("en", "zh"))
        assert (said["code"], Path(said["file"]).name, said["line"]) == (code, "mine.yaml", line), said
        assert said["nearest"] == near
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("rules", [1, 400])
def test_a_million_lines_are_refused_before_they_are_read(run: Run, folder: Path, market: Path, rules: int) -> None:
    """Comments and rules alike: the size of the file is looked at, not what stands in it."""
    head, rule = BOOK.split("rules:\n")
    text = head + "rules:\n" + "".join(rule.replace("one-name", f"r{n}") for n in range(rules))
    (folder / "mine.yaml").write_text(text + "# another line\n" * 1_000_000, encoding="utf-8")
    for words in commands(folder, market)[:2]:
        said = refused(run, words)
        assert (said["code"], Path(said["file"]).name) == ("base.file_too_large", "mine.yaml")


def test_a_case_that_contradicts_its_rule_is_told_with_its_line(run: Run, folder: Path) -> None:
    wrong = CASES.replace("verdict: pass, value: 8%", "verdict: fail, value: 8%").replace(
        "shows: pass", "shows: boundary"
    )
    (folder / "mine.cases.yaml").write_text(wrong, encoding="utf-8")
    found = run("rules", "test", folder / "mine.yaml", "--json")
    assert found.code == 1
    [case] = [item for book in found.document["rulebooks"] for item in book["cases"] if not item["ok"]]
    assert case["place"].endswith("mine.cases.yaml:7:5")
    assert "verdict: expected fail, found pass" in case["text"]


def test_a_case_that_contradicts_itself_is_refused(run: Run, folder: Path) -> None:
    wrong = CASES.replace("verdict: pass, value: 8%", "verdict: fail, value: 8%")
    (folder / "mine.cases.yaml").write_text(wrong, encoding="utf-8")
    said = refused(run, ["rules", "test", folder / "mine.yaml"])
    assert (said["code"], Path(said["file"]).name) == ("compliance.case_contradicts", "mine.cases.yaml")
    assert 7 <= said["line"] <= 11


@pytest.mark.parametrize("key", ["nav", "tier1_capital"])
def test_a_mandate_without_its_amount(run: Run, folder: Path, market: Path, key: str) -> None:
    path = folder / "fund.yaml"
    text = path.read_text(encoding="utf-8").replace("{nav: 1000000000}", "{total_assets: 1000000000}")
    if key == "tier1_capital":
        text = text.replace("public_fund_open", "bank_own_book").replace("[mine.yaml]", "[bank-own-book]")
    path.write_text(text, encoding="utf-8")
    said = refused(run, commands(folder, market)[2])
    assert (Path(said["file"]).name, said["line"]) == ("fund.yaml", 6)
    assert key in said["message"]


def test_a_group_some_lines_lack_is_unknown_and_names_the_lines(run: Run, folder: Path, market: Path) -> None:
    """``by`` a column with gaps: the line may be anyone's, and is named with the column it lacks."""
    (folder / "mine.yaml").write_text(BOOK.replace("[core_debtor, originator]", "[support_party]"), encoding="utf-8")
    with (market / "market.csv").open(encoding="utf-8") as rows:
        lacking = next(
            r["tranche_id"] for r in csv.DictReader(rows) if r["product"] == "abn" and not r["support_party"]
        )
    (folder / "held.csv").write_text(f"tranche_id,face\n{lacking},900000000\n", encoding="utf-8")
    found = run(*commands(folder, market)[2], "--json")
    [said] = [item for item in found.document["findings"] if item["verdict"] != "pass"]
    assert (said["verdict"], said["group"], found.code) == ("unknown", "?", 1)
    assert lacking in said["reason"]
    assert "obligor" in said["reason"]


def test_a_rule_that_selects_nothing_is_a_finding(run: Run, folder: Path, market: Path) -> None:
    (folder / "mine.yaml").write_text(BOOK.replace("[credit_abs, enterprise_abs, abn]", "fund"), encoding="utf-8")
    found = run(*commands(folder, market)[2], "--json")
    [said] = found.document["findings"]
    assert (said["verdict"], said["group"], found.code) == ("pass", None, 0)
    assert "no line" in said["reason"].lower()
