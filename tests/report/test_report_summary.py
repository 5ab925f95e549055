"""What a manager and a compliance officer read first: verdict, units, totals, readings in words, in their language."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

import absalloc as aa
from absalloc.compliance.result import Findings
from absalloc.desk import Book
from absalloc.plan.result import Plan
from absalloc.report import check_html, plan_html
from absalloc.report.html import memo_html
from absalloc.report.memo import memo_of
from absalloc.report.model import sector_bars
from absalloc.report.view import view_of

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"


@pytest.fixture(scope="module")
def redeemed() -> tuple[Findings, Any, Any]:
    """The fund in passive breach: its restricted assets pass beyond their limit."""
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    morning = aa.load_mandate(MARKET / "bond-fund-open-before.yaml")
    before = Book(universe, morning, MARKET / "bond-fund-open-holdings-before.csv")
    return aa.check(universe, mandate, MARKET / "bond-fund-open-holdings.csv", before=before), mandate, universe


@pytest.fixture(scope="module")
def plan() -> Plan:
    return aa.optimise(aa.load_universe(MARKET / "market.csv"), aa.load_mandate(MARKET / "city-bank.yaml"))


def checked_page(redeemed: tuple[Findings, Any, Any], lang: str) -> tuple[BeautifulSoup, dict[str, Any]]:
    found, mandate, universe = redeemed
    document = found.to_json(lang)
    view = view_of(found.states[0])
    page = check_html(document, lang, mandate=mandate, universe=universe, holdings="h.csv", view=view)
    return BeautifulSoup(page, "html.parser"), document


def test_the_verdict_is_the_first_figure(plan: Plan) -> None:
    document = plan.to_json("en")
    page = BeautifulSoup(plan_html(plan, document, "en"), "html.parser")
    worst: dict[tuple[str, str], set[str]] = defaultdict(set)
    for item in document["findings"]:
        worst[item["level"], item["rule"]].add(item["verdict"])
    passed = sum(verdicts == {"pass"} for (level, _), verdicts in worst.items() if level == "hard")
    others = sum("fail" in verdicts for (level, _), verdicts in worst.items() if level != "hard")
    first, second, *_ = page.select("#summary .tile")
    assert first.b is not None
    assert first.b.text == "✓ complies"
    assert f"{passed} passed, 0 failed, 0 unknown" in first.text
    assert second.b is not None
    assert (second.b.text, others) == ("✗ 1", 1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_pass_beyond_its_limit_is_said_and_is_no_near_miss(redeemed: tuple[Findings, Any, Any], lang: str) -> None:
    page, document = checked_page(redeemed, lang)
    over = [f for f in document["findings"] if f["verdict"] == "pass" and (f["headroom"] or 0) < 0]
    assert [item["rule"] for item in over] == ["public-fund-open/liquidity-restricted-share"]
    assert [tile.b.text for tile in page.select("#summary .tile.unknown")] == ["! 1"]  # type: ignore[union-attr]
    assert not page.select('#near tr[data-rule="public-fund-open/liquidity-restricted-share"]')


def test_a_check_shows_what_is_held_with_its_total(redeemed: tuple[Findings, Any, Any]) -> None:
    page, _ = checked_page(redeemed, "en")
    rows = page.select("#holdings tbody tr")
    worth = [float(row.select_one('[data-key="market_value"]')["data-value"]) for row in rows]  # type: ignore[index,arg-type]
    assert len(rows) == len(redeemed[0].states[0].held)
    assert f"{sum(worth):,.2f}" in page.select_one("#holdings tfoot").text  # type: ignore[union-attr]


def test_trades_have_names_and_totals(plan: Plan) -> None:
    document = plan.to_json("en")
    page = BeautifulSoup(plan_html(plan, document, "en"), "html.parser")
    names = {line["tranche_id"]: line["name"] for line in document["holdings"]}
    for row in page.select("#trades tbody tr"):
        code, name, *_ = (cell.text for cell in row.select("td"))
        assert name == names[code]
    cost = sum(trade["cost"] for trade in document["trades"])
    assert f"{cost:,.2f}" in page.select_one("#trades tfoot").text  # type: ignore[union-attr]


def test_no_english_sentence_stands_in_a_chinese_report(plan: Plan, redeemed: tuple[Findings, Any, Any]) -> None:
    pages = [plan_html(plan, plan.to_json("zh"), "zh"), str(checked_page(redeemed, "zh")[0])]
    for page in pages:
        soup = BeautifulSoup(page, "html.parser")
        for tag in soup.select("style, .code, .id"):
            tag.decompose()
        assert re.findall(r"\b[a-z]{3,}:? [a-z]{2,}\b", soup.get_text(" ").replace("unknown: exclude", "")) == []
    text = BeautifulSoup(pages[0], "html.parser").get_text(" ")
    assert "ABS部分加权平均剩余期限 不高于 3.50年" in text
    assert "单笔面额不低于 10,000,000 元" in text


@pytest.mark.parametrize(("lang", "words"), [("en", "ABN counts as ABS"), ("zh", "资产支持票据视同资产支持证券")])
def test_readings_stand_in_words_once(redeemed: tuple[Findings, Any, Any], lang: str, words: str) -> None:
    page, _ = checked_page(redeemed, lang)
    assert page.select_one("#provenance").text.count(words) == 1  # type: ignore[union-attr]
    assert page.select_one("#rules").text.count(words) > 1  # type: ignore[union-attr]


def test_the_mandate_is_named_with_the_hash_of_its_file(redeemed: tuple[Findings, Any, Any]) -> None:
    page, _ = checked_page(redeemed, "en")
    digest = hashlib.sha256((MARKET / "bond-fund-open.yaml").read_bytes()).hexdigest()
    assert digest in page.select_one("#provenance").text  # type: ignore[union-attr]


def test_the_memo_says_the_sum_of_an_average_and_no_false_inequality(redeemed: tuple[Findings, Any, Any]) -> None:
    found, mandate, universe = redeemed
    document = found.to_json("en")
    view = view_of(found.states[0])
    page = BeautifulSoup(
        memo_html(memo_of(document, "en", mandate=mandate, universe=universe, view=view), "en"), "html.parser"
    )
    item = next(f for f in document["findings"] if f["rule"] == "target/duration")
    block = page.select_one('[data-rule="target/duration"]')
    assert block is not None
    text = re.sub(r"\s+", " ", block.text)
    assert f"{item['numerator']:,.2f} yuan-years / {item['denominator']:,.0f} = {item['value']:.2f} years" in text
    most = item["lines"][0]
    assert f"{most['tranche_id']} {most['contribution']:,.2f} yuan-years" in text
    assert "17.10% ≤ 15.00%" not in re.sub(r"\s+", " ", page.text)


def test_a_line_of_unknown_value_is_counted_not_drawn_as_nothing() -> None:
    line = {"sector": "credit", "product": "credit_abs", "wal": 1.0}
    lines = [{**line, "market_value": 50.0, "weight": 0.5}, {**line, "market_value": None, "weight": None}]
    (bar,) = sector_bars(lines, "en")
    assert bar.value == 0.5
    assert "1 of unknown value left out" in bar.text
