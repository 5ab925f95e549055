"""The page: one file, no network, every finding on it, every number that of the JSON, nothing of a file run as code."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

import absalloc as aa
from absalloc.errors import BadInput
from absalloc.plan.result import Plan
from absalloc.report import check_html, plan_html, write_plan_folder, write_plan_report
from absalloc.report.charts import Bar, bars

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def plan() -> Plan:
    universe = aa.load_universe(MARKET / "market.csv")
    found = aa.optimise(universe, aa.load_mandate(MARKET / "city-bank.yaml"))
    assert found.status == "optimal"
    return found


@pytest.fixture(scope="module", params=["en", "zh"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def page(plan: Plan, lang: str) -> BeautifulSoup:
    return BeautifulSoup(plan_html(plan, plan.to_json(lang), lang), "html.parser")


def rows(page: BeautifulSoup, table: str) -> Iterator[Any]:
    yield from page.select(f"#{table} tbody tr")


def value(cell: Any) -> float | None:
    return float(cell["data-value"]) if cell["data-value"] else None


def test_nothing_is_fetched_and_nothing_runs(plan: Plan, page: BeautifulSoup, lang: str) -> None:
    text = plan_html(plan, plan.to_json(lang), lang)
    assert not re.findall(r"https?://|url\(\s*['\"]?//|@import", text)
    assert not page.find_all(["script", "link", "img", "iframe", "object", "embed"])
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")]
        assert str(tag.get("href", "#")).startswith("#")
    assert len(text) < 1_000_000


def test_every_finding_with_the_numbers_of_the_json(plan: Plan, page: BeautifulSoup, lang: str) -> None:
    findings = plan.to_json(lang)["findings"]
    found = list(rows(page, "findings"))
    assert len(found) == len(findings) > 20
    for row, item in zip(found, findings, strict=True):
        assert (row["data-rule"], row["data-group"] or None, row["data-verdict"]) == (
            item["rule"],
            item["group"],
            item["verdict"],
        )
        cells = {cell["data-key"]: value(cell) for cell in row.select("[data-key]")}
        assert cells == {key: item[key] for key in ("numerator", "denominator", "value", "limit", "headroom")}


def test_holdings_trades_and_carry_are_those_of_the_json(plan: Plan, page: BeautifulSoup, lang: str) -> None:
    document = plan.to_json(lang)
    for table in ("holdings", "trades"):
        found = list(rows(page, table))
        assert len(found) == len(document[table]) > 5
        for row, line in zip(found, document[table], strict=True):
            assert row.td.text == line["tranche_id"]
            for cell in row.select("[data-key]"):
                assert value(cell) == line[cell["data-key"]], (table, line["tranche_id"], cell["data-key"])
    tiles = {cell["data-key"]: value(cell) for cell in page.select("#objective [data-key]")}
    objective = document["objective"]
    assert tiles == {
        **{key: objective[key] for key in ("carry_yuan", "carry_rate", "on_nav")},
        **{f"parts.{key}": amount for key, amount in objective["parts"].items()},
    }


def test_each_rule_stands_once_with_article_and_bar(plan: Plan, page: BeautifulSoup, lang: str) -> None:
    findings = plan.to_json(lang)["findings"]
    assert sorted(row["data-rule"] for row in rows(page, "rules")) == sorted({f["rule"] for f in findings})
    assert page.select("#rules .track i")
    for text in [*plan.assumptions(lang), *(r["reason"] for r in plan.to_json(lang)["not_applied"])]:
        assert text in page.get_text(" ")


def test_provenance_names_every_hash(plan: Plan, page: BeautifulSoup, lang: str) -> None:
    document = plan.to_json(lang)
    text = page.select_one("#provenance").get_text(" ")  # type: ignore[union-attr]
    for found in (*document["inputs"].values(), document["certificate"]):
        assert found in text


def test_each_language_is_whole(page: BeautifulSoup, lang: str) -> None:
    heads = [tag.text for tag in page.find_all(["h2", "th"])]
    assert len(heads) > 20
    assert all(bool(CHINESE.search(text)) == (lang == "zh") for text in heads), heads
    assert page.html is not None
    assert page.html["lang"] == ("zh-CN" if lang == "zh" else "en")
    assert "font-family: inherit" in str(page.svg)


def test_ids_are_unique(page: BeautifulSoup) -> None:
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_a_name_from_a_file_is_never_markup(plan: Plan) -> None:
    document = plan.to_json("en")
    evil = "<script>alert(1)</script>\"'><img src=x onerror=1>"
    document["holdings"][0]["name"] = evil
    document["findings"][0]["group"] = evil
    document["assumptions"].append(evil)
    page = BeautifulSoup(plan_html(plan, document, "en"), "html.parser")
    assert not page.find_all(["script", "img"])
    assert evil in page.get_text()
    drawn = bars("x", evil, [Bar("<b>&", 1.0, "<i>")])
    assert "<b>" not in drawn
    assert "<script" not in drawn


def test_the_page_of_no_plan_says_so(plan: Plan) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "city-bank.yaml")
    limit = {"rwa-budget.limit": "0%"}
    held = MARKET / "city-bank-holdings.csv"
    none = aa.rebalance(universe, mandate, held, max_turnover="0%", overrides=limit)
    assert none.status == "infeasible"
    page = BeautifulSoup(plan_html(none, none.to_json("en"), "en"), "html.parser")
    assert page.select_one("#answer.bad") is not None
    assert page.select_one("#holdings") is None
    assert "no portfolio meets all rules" in page.get_text()


def test_a_plan_gone_leaves_no_holdings_of_an_earlier_run(plan: Plan, tmp_path: Path) -> None:
    write_plan_folder(plan, plan.to_json("en"), tmp_path, "en")
    assert (tmp_path / "holdings.csv").exists()
    stopped = replace(plan, answer=replace(plan.answer, status="stopped", faces=None))
    write_plan_folder(stopped, stopped.to_json("en"), tmp_path, "en")
    left = ["findings.csv", "plan.json", "report.html", "report.xlsx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_report_by_itself(plan: Plan, tmp_path: Path) -> None:
    plan.report(str(tmp_path / "plan.html"), "zh")
    assert (tmp_path / "plan.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be written"):
        write_plan_report(plan, tmp_path / "file" / "plan.html")


def test_the_check_page_shows_what_is_open() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    found = aa.check(universe, mandate, MARKET / "bond-fund-open-holdings.csv")
    document = found.to_json("zh")
    page = BeautifulSoup(
        check_html(document, "zh", mandate=mandate, universe=universe, holdings="h.csv"), "html.parser"
    )
    assert len(list(rows(page, "findings"))) == len(document["findings"])
    open_ = [item for item in document["findings"] if item["verdict"] != "pass"]
    assert len(page.select("#open > li")) == len(open_) > 0
    assert all(line["tranche_id"] in str(page.select_one("#open")) for item in open_ for line in item["lines"])


def test_tables_open_in_excel_and_read_back(plan: Plan, tmp_path: Path) -> None:
    document = plan.to_json("en")
    document["holdings"][0]["name"] = "=cmd|' /C calc'!A0"
    document["holdings"][1]["name"] = "@SUM(1)"
    write_plan_folder(plan, document, tmp_path, "en")
    raw = (tmp_path / "holdings.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with (tmp_path / "holdings.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["name"] for line in lines[:2]] == ["'=cmd|' /C calc'!A0", "'@SUM(1)"]
    for line, item in zip(lines, document["holdings"], strict=True):
        for key in ("face", "market_value", "weight", "carry_rate", "wal", "modified_duration"):
            assert (float(line[key]) if line[key] else None) == item[key]
    held = aa.load_holdings(tmp_path / "holdings.csv").table
    assert dict(zip(held["tranche_id"], held["face"], strict=True)) == {
        item["tranche_id"]: item["face"] for item in document["holdings"]
    }
    with (tmp_path / "findings.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [(f["rule"], f["verdict"]) for f in found] == [(f["rule"], f["verdict"]) for f in document["findings"]]
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) == document


def test_the_plan_read_back_as_holdings_passes_the_check(plan: Plan, tmp_path: Path) -> None:
    write_plan_folder(plan, plan.to_json("en"), tmp_path, "en")
    universe = aa.load_universe(MARKET / "market.csv")
    found = aa.check(universe, aa.load_mandate(MARKET / "city-bank.yaml"), tmp_path / "holdings.csv")
    assert found.compliant is True


def test_near_misses_are_the_passes_within_five_percent_of_their_limit(
    plan: Plan, page: BeautifulSoup, lang: str
) -> None:
    def near(item: dict[str, Any]) -> bool:
        value, limit = item["value"], item["limit"]
        if item["verdict"] != "pass" or item["unit"] == "grade" or None in (value, limit):
            return False
        return value >= 0.95 * limit > 0 if item["sense"] == "max" else value > 0 and value <= limit / 0.95

    wanted = [(f["rule"], f["group"] or "") for f in plan.to_json(lang)["findings"] if near(f)]
    assert sorted((row["data-rule"], row["data-group"]) for row in rows(page, "near")) == sorted(wanted)
    assert 0 < len(wanted) < len(plan.findings)


def test_no_more_near_misses_are_listed_than_a_person_reads(plan: Plan, lang: str) -> None:
    document = plan.to_json(lang)
    close = next(f for f in document["findings"] if f["verdict"] == "pass" and f["sense"] == "max" and f["value"])
    many = [{**close, "group": f"G{n:02d}", "value": close["limit"] * (1 - n / 1000)} for n in range(45)]
    soup = BeautifulSoup(plan_html(plan, {**document, "findings": many}, lang), "html.parser")
    assert [row["data-group"] for row in rows(soup, "near")] == [f"G{n:02d}" for n in range(30)]
    text = " ".join(tag.get_text() for tag in soup.select("#near ~ p")[:1])
    assert "15" in text


def test_a_conflict_stands_on_the_page_with_its_repairs(lang: str) -> None:
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    desk = aa.WhatIf(aa.load_universe(MARKET / "market.csv"), mandate)
    found = desk.plan(aa.Changes(limits={"target/duration.min": "30 years"}))
    document = found.to_json(lang)
    assert found.status == "infeasible"
    repairs = [repair["text"] for item in document["conflict"] for repair in item["repairs"]]
    said = BeautifulSoup(plan_html(found, document, lang), "html.parser").select_one("#conflict")
    assert repairs
    assert said is not None
    assert all(text in said.get_text() for text in repairs)
