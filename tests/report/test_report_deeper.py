"""A full report: prices, scenarios and sectors on the page and in the workbook, the numbers of their own documents."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from python_calamine import CalamineWorkbook

import absalloc as aa
from absalloc.cli import main
from absalloc.desk import Book, planning
from absalloc.desk.deeper import GRID, deepen, deepen_run
from absalloc.explain import prices
from absalloc.plan.result import Plan
from absalloc.report import plan_html, write_plan_folder

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"


@pytest.fixture(scope="module")
def made() -> tuple[Plan, dict[str, Any]]:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "city-bank.yaml")
    plan = aa.optimise(universe, mandate)
    told: list[str] = []
    found = deepen(plan, universe, mandate, lang="zh", step=told.append)
    assert told == ["prices", "scenarios", "sectors"]
    case = planning(Book(universe, mandate))
    assert found["prices"] == prices(case.state, case.settings, lp=True, pairs=False).to_json("zh")
    return plan, found


def numbers(page: BeautifulSoup, table: str, key: str) -> list[float]:
    return [float(cell["data-value"]) for cell in page.select(f'#{table} [data-key="{key}"]') if cell["data-value"]]


def test_the_page_shows_the_numbers_of_the_documents(made: tuple[Plan, dict[str, Any]]) -> None:
    plan, found = made
    page = BeautifulSoup(plan_html(plan, plan.to_json("zh"), "zh", found), "html.parser")
    assert [row["scenario"]["name"] for row in found["scenarios"]] == list(GRID)
    assert numbers(page, "scenarios", "gain") == [item["gain"] for item in found["scenarios"]]
    assert numbers(page, "sectors", "carry_yuan") == [item["carry_yuan"] for item in found["sectors"]["sectors"]]
    told = {item["removed"]["gain_bp"] for item in found["prices"]["prices"] if item["removed"]}
    assert set(numbers(page, "prices", "removed_bp")) == told
    assert not page.find_all(["script", "link"])
    assert "None" not in page.select_one("#scenarios").get_text()  # type: ignore[union-attr]


def test_the_workbook_has_the_further_sheets(made: tuple[Plan, dict[str, Any]], tmp_path: Path) -> None:
    plan, found = made
    write_plan_folder(plan, plan.to_json("en"), tmp_path, "en", found)
    book = CalamineWorkbook.from_filelike(io.BytesIO((tmp_path / "report.xlsx").read_bytes()))
    rows = book.get_sheet_by_name("Scenarios").to_python()
    assert [row[3] for row in rows[1:]] == pytest.approx([item["gain"] for item in found["scenarios"]])
    assert {"Prices", "Sectors"} <= set(book.sheet_names)


def test_without_a_plan_there_is_nothing_further() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    none = aa.optimise(universe, mandate, overrides={"public-fund-open/cash-floor.limit": "300%"})
    assert deepen(none, universe, mandate) == {}


def test_a_full_report_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["optimise", str(MARKET / "city-bank.yaml"), "-u", str(MARKET / "market.csv"), "--full"]
    assert main(words) == 2
    assert "--out" in capsys.readouterr().err
    assert main([*words, "--out", "never-made", "--only-verified"]) == 2
    assert "--only-verified" in capsys.readouterr().err
    assert not Path("never-made").exists()


def test_a_run_of_the_what_if_is_deepened_under_its_own_limits(made: tuple[Plan, dict[str, Any]]) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    desk = aa.WhatIf(universe, aa.load_mandate(MARKET / "city-bank.yaml"))
    assert deepen_run(desk, aa.Changes(), desk.plan(), lang="zh") == made[1], "nothing changed: as the command line"
    changes = aa.Changes(limits={"target/wal": "2 years"}, supply={"SYN100252.SH": 0})
    found = deepen_run(desk, changes, desk.plan(changes))
    price = next(row for row in found["prices"]["prices"] if row["rule"] == "target/wal")
    assert (price["limit"], price["binding"]) == (2.0, True)
    tested = {f["limit"] for item in found["scenarios"] for f in item["findings"] if f["rule"] == "target/wal"}
    assert tested <= {2.0}
    assert found["sectors"] is None
    assert "SYN100252.SH" in found["sectors_reason"]
