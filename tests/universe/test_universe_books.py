"""Holdings, trades and lists are strict: the first bad line is the answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xlsxwriter

from absalloc.errors import BadInput
from absalloc.universe import load_holdings, load_list, load_trades


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "h.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_holdings(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "tranche_id,face,market_value,book_value,breach_since,memo\nA,10000000,,9.9e6,2025-06-01,x\nB,,5000000.25,,,\n",
    )
    h = load_holdings(path)
    assert list(h.table.columns) == ["tranche_id", "face", "market_value", "book_value", "breach_since", "line"]
    assert h.table["face"][0] == 1e7
    assert np.isnan(h.table["face"][1])
    assert h.table["market_value"][1] == 5000000.25
    assert str(h.table["breach_since"][0])[:10] == "2025-06-01"
    assert list(h.table["line"]) == [2, 3]
    assert h.source.ignored == ("memo",)


def test_chinese_holdings_and_a_plan_written_by_us(tmp_path: Path) -> None:
    h = load_holdings(write(tmp_path, "证券代码,持仓面额(万元),市值（元）,占净值比例\nA,1000,9876543.21,1.2%\n"))
    assert h.table["face"][0] == 1e7
    assert h.table["market_value"][0] == 9876543.21
    assert h.source.ignored == ("占净值比例",)
    ours = "tranche_id,face,principal,market_value,weight,sector\nA,10,10,10,0.1,credit\n"
    assert load_holdings(write(tmp_path, ours)).table["face"][0] == 10.0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tranche_id,face\nA,5\nA,6\n", r"h.csv:3: The code 'A' stands here and on line 2. Add the two lines up"),
        ("tranche_id,face\nA,-5\n", r"h.csv:2:face: '-5' under 'face' is negative"),
        ("tranche_id,face\nA,NaN\n", r"h.csv:2:face: 'NaN' under 'face' is not a number"),
        ("tranche_id,face\nA,inf\n", "'inf' under 'face' is not a number"),
        ("tranche_id,face,market_value\nA,,\n", r"h.csv:2: The line of 'A' has neither face nor market_value"),
        ("tranche_id,face\n,5\n", r"h.csv:2: The line has no tranche_id"),
        ("tranche_id,weight\nA,0.5\n", r"h.csv:1:weight: The column 'weight' holds weights"),
        ("证券代码,占净值比例\nA,0.5\n", "'占净值比例' holds weights"),
        ("tranche_id,name\nA,x\n", "no column for face; accepted headers: face"),
        ("tranche,face\nA,5\n", "no column for tranche_id.*first line reads: tranche . face"),
        (
            "2025年6月持仓\n证券代码,面额（元）\nA,5\n",
            ":1: .*no column for tranche_id.*first line reads: 2025年6月持仓",
        ),
        ("证券代码,面额（元）\nA,5\n合计,5\n", ":3: '合计' is a row of totals"),
        ("tranche_id,face\nA,5\nTotal,5\n", ":3: 'Total' is a row of totals"),
        ("证券代码,持仓面额\nA,5\n", "'持仓面额'.*has no unit"),
        ("tranche_id,face\nA,5,6\n", r"h.csv:2: The row has 3 cells where the header has 2"),
        ("tranche_id,face,breach_since\nA,5,soon\n", "'soon' under 'breach_since' is not a date"),
        ("", "file is empty"),
    ],
)
def test_holdings_that_cannot_be_used(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as caught:
        load_holdings(write(tmp_path, text))
    assert caught.value.exit_code == 2
    assert caught.value.text("zh")


def test_a_numeric_code_in_holdings(tmp_path: Path) -> None:
    path = tmp_path / "h.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["tranche_id", "face"])
    sheet.write_row(1, 0, [135572, 5])
    book.close()
    with pytest.raises(BadInput, match=r"h.xlsx:2:tranche_id: The code 135572 is kept as a number"):
        load_holdings(path)


def test_trades(tmp_path: Path) -> None:
    t = load_trades(
        write(
            tmp_path, "日期,证券代码,方向,面额(元),净价\n2025-06-27,A,买入,10000000,100.1\n2025-06-30,A,sell,5000000,\n"
        )
    ).table
    assert list(t["side"]) == ["buy", "sell"]
    assert list(t["face"]) == [1e7, 5e6]
    assert np.isnan(t["price"][1])
    assert list(t["line"]) == [2, 3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("date,tranche_id,side,face\n2025-06-27,A,hold,5\n", "'hold' under 'side' is not known; values: buy, sell"),
        ("date,tranche_id,side,face\n2025-06-27,A,buy,0\n", r"h.csv:2:face: The trade has no face, or it is zero"),
        ("date,tranche_id,side,face\n,A,buy,5\n", r"h.csv:2:date: The trade has no date"),
        ("date,tranche_id,face\n2025-06-27,A,5\n", "no column for side"),
        ("date,tranche_id,side,face,price\n2025-06-27,A,buy,5,2000\n", "'2000' under 'price' is outside 0 … 1000"),
    ],
)
def test_trades_that_cannot_be_used(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        load_trades(write(tmp_path, text))


def test_a_list_is_text(tmp_path: Path) -> None:
    table = load_list(write(tmp_path, "name,limit,expiry\n某公司,10%,2025-12-31\n\n另一家,,\n"))
    assert table.to_dict("records") == [
        {"name": "某公司", "limit": "10%", "expiry": "2025-12-31"},
        {"name": "另一家", "limit": None, "expiry": None},
    ]
    assert list(table.index) == [2, 4]
    assert table.attrs["file"].endswith("h.csv")
