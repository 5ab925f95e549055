"""Memo, workbook and lists: the same numbers as the JSON field by field, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from python_calamine import CalamineWorkbook

import absalloc as aa
from absalloc.cli import main
from absalloc.compliance.result import Findings
from absalloc.report import write_check_folder, write_plan_folder
from absalloc.report.view import BookView, payments, view_of
from absalloc.report.workbook import workbook

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
ARITHMETIC = ("numerator", "denominator", "value", "limit", "headroom")


@pytest.fixture(scope="module")
def checked() -> tuple[Findings, Any, Any]:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    return aa.check(universe, mandate, str(MARKET / "bond-fund-open-holdings.csv")), mandate, universe


@pytest.fixture(scope="module", params=["en", "zh"])
def folder(
    request: pytest.FixtureRequest, checked: tuple[Findings, Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    findings, mandate, universe = checked
    path = tmp_path_factory.mktemp(request.param)
    write_check_folder(
        findings, findings.to_json(request.param), path, request.param, asked=(mandate, universe, "h.csv")
    )
    return path


def _number(text: str) -> float | None:
    return float(text) if text else None


def test_the_memo_has_every_finding_with_the_numbers_of_the_json(folder: Path) -> None:
    document = json.loads((folder / "check.json").read_text(encoding="utf-8"))
    page = BeautifulSoup((folder / "memo.html").read_text(encoding="utf-8"), "html.parser")
    keys = ("book", "rule", "group", "sense", "scenario")
    found = {}
    for block in page.select("[data-finding]"):
        key = tuple(block[f"data-{name}"] or None for name in keys)
        assert key not in found
        cells = {cell["data-key"]: _number(cell["data-value"]) for cell in block.select("[data-key]")}
        lines = [(c["data-line"], _number(c["data-value"])) for c in block.select("[data-line]")]
        found[key] = (cells, lines)
    assert len(found) == len(document["findings"]) > 100
    for item in document["findings"]:
        cells, lines = found[tuple(item[name] for name in keys)]
        assert cells == {name: item[name] for name in ARITHMETIC}
        assert lines == [(line["tranche_id"], line["contribution"]) for line in item["lines"]]
    opened = page.select_one(".finding")
    assert opened is not None
    failing = next(i for i in document["findings"] if i["verdict"] != "pass")
    text = opened.get_text(" ", strip=True)
    assert failing["title"] in text
    assert failing["source"]["title"] in text
    assert "单只开放式基金主动投资于流动性受限资产的市值合计不得超过该基金资产净值的15%" in text


def test_the_memo_loads_and_runs_nothing(folder: Path) -> None:
    text = (folder / "memo.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert "http" not in text
    assert not page.find_all(["script", "link", "img", "iframe", "object", "embed", "form"])


def _sheets(content: bytes) -> list[list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]


def test_the_workbook_has_the_numbers_of_the_json(folder: Path) -> None:
    document = json.loads((folder / "check.json").read_text(encoding="utf-8"))
    _, held, findings, lines, _, _, listed = _sheets((folder / "report.xlsx").read_bytes())
    assert len(findings) - 1 == len(document["findings"])
    for row, item in zip(findings[1:], document["findings"], strict=True):
        shown = dict(zip((8, 9, 10, 12, 14), (item[key] for key in ARITHMETIC_BY_COLUMN), strict=True))
        for place, value in shown.items():
            assert row[place] == ("" if value is None else pytest.approx(value, rel=1e-15)), (item["rule"], place)
        assert (row[2], row[4]) == (item["rule"], item["group"] or "")
    assert len(lines) - 1 == sum(len(item["lines"]) for item in document["findings"])
    with (folder / "abs-held.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["tranche_id"] for row in rows] == [row[2] for row in listed[1:]]
    assert len(held) - 1 == len(pd.read_csv(MARKET / "bond-fund-open-holdings.csv"))


ARITHMETIC_BY_COLUMN = ("numerator", "denominator", "value", "limit", "headroom")


def test_the_ten_largest_are_the_ten_largest(folder: Path, checked: tuple[Findings, Any, Any]) -> None:
    state = checked[0].states[0]
    worth = {
        name: float(face * state.unit("market_value", state.index[name])[0])
        for name, face in state.held.items()
        if state.product[state.index[name]] in ("credit_abs", "enterprise_abs", "abn")
    }
    expected = sorted(worth, key=lambda name: -worth[name])
    with (folder / "abs-held.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["tranche_id"] for row in rows] == expected
    assert [row["top_ten"] for row in rows] == ["true"] * 10 + ["false"] * (len(rows) - 10)
    nav = 5_000_000_000
    assert [float(row["weight"]) for row in rows] == pytest.approx([worth[n] / nav for n in expected], abs=1e-12)


def test_a_line_without_a_value_leaves_the_tenth_place_open() -> None:
    lines = [{"tranche_id": f"T{i:02}", "product": "abn", "market_value": 100.0 - i} for i in range(12)]
    lines.append({"tranche_id": "X", "product": "abn", "market_value": None})
    view = BookView("b", "public_fund_open", tuple(lines), (), {})
    assert [item["top_ten"] for item in view.disclosed] == [True] * 9 + [None, False, False, None]
    assert BookView("b", "bank_own_book", tuple(lines), (), {}).disclosed == ()


def test_payments_of_two_bullets_by_hand(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text(
        "tranche_id,product,coupon(%),repayment,issue_date,expected_maturity,factor(decimal),clean_price,yield(%)\n"
        "A,credit_bond,4,bullet,2024-06-30,2026-06-30,1,100,4\n"
        "B,credit_bond,3,bullet,2020-12-31,2040-12-31,1,100,3\n",
        encoding="utf-8",
    )
    (tmp_path / "m.yaml").write_text(
        "name: m\ninstitution: public_fund_open\nrulebooks: [public-fund-open]\n"
        "as_of: 2025-07-15\namounts: {nav: 1000000}\n",
        encoding="utf-8",
    )
    (tmp_path / "h.csv").write_text("tranche_id,face\nA,1000\nB,500\n", encoding="utf-8")
    found = aa.check(
        aa.load_universe(tmp_path / "u.csv"), aa.load_mandate(tmp_path / "m.yaml"), str(tmp_path / "h.csv")
    )
    state = found.states[0]
    assert state.as_of == date(2025, 7, 15)
    paid = {item.period: (item.interest, item.principal) for item in payments(state)}
    # A pays 4 % of 1,000 and the face on 2026-06-30; B 3 % of 500 each 31 December to 2040.
    assert paid["2026 Q2"] == pytest.approx((40.0, 1000.0), abs=0.06)
    assert paid["2025 Q4"] == pytest.approx((15.0, 0.0), abs=0.06)
    assert paid["2034"] == pytest.approx((15.0, 0.0), abs=0.06)
    assert paid["2035+"] == pytest.approx((90.0, 500.0), abs=0.3)
    assert sum(principal for _, principal in paid.values()) == pytest.approx(1500.0, abs=0.01)
    assert view_of(state).unscheduled == ()


def test_lines_whose_payments_nobody_knows_are_named_not_zero(checked: tuple[Findings, Any, Any]) -> None:
    _, mandate, universe = checked
    table = universe.table.copy()
    held = ["SYN100250.SZ", "SYN100145.SZ", "SYN250005.IB"]
    # A bullet's factor is 1 whatever the file says; of a pass-through line it is a fact that can lack.
    table.loc[table["tranche_id"] == held[0], "repayment"] = "pass_through"
    table.loc[table["tranche_id"] == held[0], ["factor", "outstanding"]] = float("nan")
    book = pd.DataFrame({"tranche_id": [*held, "NOBODY"], "face": [1e6, 1e6, 1e6, 1e6]})
    view = view_of(aa.check(universe.replace(table=table), mandate, book).states[0])
    assert set(view.unscheduled) == {held[0], "NOBODY"}
    due = sum(item.principal for item in view.payments)
    factor = float(table.loc[table["tranche_id"] == held[1], "factor"].iloc[0])
    # Each period is rounded to the fen.
    assert due == pytest.approx(1e6 * factor + 1e6, abs=0.005 * (len(view.payments) + 1))


def test_the_same_input_gives_the_same_bytes_and_texts_stay_texts(checked: tuple[Findings, Any, Any]) -> None:
    findings = checked[0]
    document = findings.to_json("en")
    document["findings"][0]["group"] = "=cmd|'/c calc'!A0"
    view = view_of(findings.states[0])
    one, two = (workbook(document, view, "en", "=HYPERLINK(1)") for _ in range(2))
    assert one == two
    sheets = _sheets(one)
    assert sheets[2][1][4] == "=cmd|'/c calc'!A0"
    import zipfile

    for name in zipfile.ZipFile(io.BytesIO(one)).namelist():
        if name.startswith("xl/worksheets/sheet"):
            assert b"<f>" not in zipfile.ZipFile(io.BytesIO(one)).read(name)


def test_without_a_plan_there_is_nothing_to_sign(tmp_path: Path) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    (tmp_path / "plan.json").write_text('{"schema": "absalloc.plan/1"}', encoding="utf-8")
    (tmp_path / "memo.html").write_text("of yesterday", encoding="utf-8")
    plan = aa.optimise(universe, mandate, overrides={"public-fund-open/cash-floor.limit": "300%"})
    assert plan.status == "infeasible"
    write_plan_folder(plan, plan.to_json("en"), tmp_path, "en")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "findings.csv",
        "plan.json",
        "report.html",
        "report.xlsx",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_signed_names_the_files_of_both_books_with_their_hashes(lang: str, tmp_path: Path) -> None:
    before, mandate = MARKET / "bond-fund-open-holdings-before.csv", MARKET / "bond-fund-open-before.yaml"
    holdings = tmp_path / "持仓.csv"
    holdings.write_bytes((MARKET / "bond-fund-open-holdings.csv").read_bytes())
    words = ["check", str(MARKET / "bond-fund-open.yaml"), str(holdings), "-u", str(MARKET / "market.csv"), "--quiet"]
    more = ["--before", str(before), "--before-mandate", str(mandate), "--lang", lang, "-o", str(tmp_path / "out")]
    assert main([*words, *more]) == 0
    for name in ("report.html", "memo.html"):
        page = BeautifulSoup((tmp_path / "out" / name).read_text(encoding="utf-8"), "html.parser")
        made = {dt.get_text(): dt.find_next("dd").get_text() for dt in page.select("dt")}  # type: ignore[union-attr]
        for path in (holdings, before):
            told = next(text for label, text in made.items() if label.endswith(path.name) and "SHA-256" in text)
            assert hashlib.sha256(path.read_bytes()).hexdigest() in told
            assert str(len(path.read_text(encoding="utf-8-sig").splitlines()) - 1) in told
        assert str(tmp_path) not in page.get_text()


def test_the_sheet_of_trades_names_what_is_sold_too(tmp_path: Path) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    plan = aa.rebalance(
        universe, aa.load_mandate(MARKET / "bond-fund-open.yaml"), str(MARKET / "bond-fund-open-holdings.csv")
    )
    write_plan_folder(plan, plan.to_json("en"), tmp_path, "en")
    book = CalamineWorkbook.from_filelike(io.BytesIO((tmp_path / "report.xlsx").read_bytes()))
    head, *rows = book.get_sheet_by_name("Trades").to_python()
    names = pd.read_csv(MARKET / "market.csv", dtype=str, encoding="utf-8-sig").set_index("tranche_id")["name"]
    gone = {trade.tranche_id for trade in plan.trades} - {line.tranche_id for line in plan.holdings}
    assert gone, "a line that is sold whole is in no list of holdings"
    found = {row[head.index("Code")]: row[head.index("Name")] for row in rows}
    assert found == {trade.tranche_id: names[trade.tranche_id] for trade in plan.trades}
