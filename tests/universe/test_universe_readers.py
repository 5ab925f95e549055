"""Files in every form become the same table; damaged ones are refused with a place."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from absalloc.errors import BadInput
from absalloc.universe import load_universe
from absalloc.universe.readers import MOST_CELLS, _Span, read_raw

HEAD = [
    "证券代码",
    "证券简称",
    "产品类型",
    "发行规模(亿元)",
    "当前余额（亿元）",
    "票面利率(%)",
    "起息日",
    "预期到期日",
    "债项评级",
    "还本方式",
]
ROWS = [
    [
        "081900030.IB",
        "19广州地铁ABN001优先02",
        "资产支持票据",
        "6.5",
        "1.8",
        "3.79",
        "2019-01-24",
        "2021-01-20",
        "AAAsf",
        "过手摊还",
    ],
    ["2089419.IB", "20飞驰建普2A", "信贷ABS", "114.98", "114.98", "3.88", "2020/12/1", "20230126", "AAA", "固定摊还"],
    [
        "135572.SZ",
        "荟臻021A，一期",
        "企业ABS",
        "11.67",
        "0.7",
        "",
        "2022年9月30日",
        "2026-09-30 00:00:00",
        "",
        "到期一次还本",
    ],
]


def csv_text(separator: str = ",", newline: str = "\n") -> str:
    return newline.join(separator.join(row) for row in [HEAD, *ROWS]) + newline


def check(path: Path) -> None:
    u = load_universe(path)
    assert u.failures == ()
    t = u.table
    assert list(t["tranche_id"]) == ["081900030.IB", "2089419.IB", "135572.SZ"]
    assert list(t["product"]) == ["abn", "credit_abs", "enterprise_abs"]
    assert list(t["issue_size"]) == [650_000_000.0, 11_498_000_000.0, 1_167_000_000.0]
    assert list(t["outstanding"]) == [180_000_000.0, 11_498_000_000.0, 70_000_000.0]
    assert t["coupon"][0] == 0.0379
    assert t["coupon"][1] == 0.0388
    assert np.isnan(t["coupon"][2])
    assert [str(d) for d in u.column("issue_date")] == ["2019-01-24", "2020-12-01", "2022-09-30"]
    assert [str(d) for d in u.column("expected_maturity")] == ["2021-01-20", "2023-01-26", "2026-09-30"]
    assert list(t["rating.any"]) == ["AAA", "AAA", None]
    assert list(t["repayment"]) == ["pass_through", "scheduled", "bullet"]
    assert t["name"].dtype == object
    assert u.labels["coupon"] == "file"
    assert u.labels["region"] == "missing"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "u.csv"
    path.write_bytes(csv_text(separator, "\r\n").encode(encoding))
    check(path)


def test_xlsx_with_typed_cells(tmp_path: Path) -> None:
    path = tmp_path / "u.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("说明").write(0, 0, "导出说明")
    sheet = book.add_worksheet("数据")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, HEAD)
    for r, row in enumerate(ROWS, start=1):
        for c, cell in enumerate(row):
            if c in (3, 4, 5) and cell:
                sheet.write_number(r, c, float(cell))
            else:
                sheet.write_string(r, c, cell)
    sheet.write_datetime(1, 6, datetime(2019, 1, 24), day)  # a real date
    sheet.write_number(2, 6, (date(2020, 12, 1) - date(1899, 12, 30)).days)  # a serial without a date format
    sheet.write_string(len(ROWS) + 1, 0, "数据来源：Wind")
    book.close()
    check(path)


def test_parquet_with_typed_columns(tmp_path: Path) -> None:
    path = tmp_path / "u.parquet"
    columns: dict[str, list[object]] = {head: [row[i] or None for row in ROWS] for i, head in enumerate(HEAD)}
    for head in HEAD[3:6]:
        columns[head] = [float(str(value)) if value else None for value in columns[head]]
    columns["起息日"] = [date(2019, 1, 24), date(2020, 12, 1), date(2022, 9, 30)]
    pq.write_table(pa.table(columns), path)
    check(path)


def test_a_named_sheet_and_an_unknown_one(tmp_path: Path) -> None:
    path = tmp_path / "u.xlsx"
    book = xlsxwriter.Workbook(path)
    for name, product in (("one", "abn"), ("two", "credit_abs")):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["tranche_id", "product"])
        sheet.write_row(1, 0, ["A", product])
    book.close()
    mapping = tmp_path / "m.yaml"
    mapping.write_text("sheet: two\n")
    assert list(load_universe(path, mapping).table["product"]) == ["credit_abs"]
    mapping.write_text("sheet: twoo\n")
    with pytest.raises(BadInput, match=r"no sheet 'twoo'; it has: one, two.*nearest valid one is 'two'"):
        load_universe(path, mapping)


def test_a_code_kept_as_a_number_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "u.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["证券代码", "产品类型"])
    sheet.write_row(1, 0, [81900030, "ABN"])
    sheet.write_row(2, 0, ["081900031", "ABN"])
    book.close()
    u = load_universe(path)
    assert list(u.table["tranche_id"]) == ["081900031"]
    assert [(f.code, f.where.line, f.value, f.kept) for f in u.failures] == [
        ("universe.code_number", 2, "81900030", False)
    ]
    assert "leading zeros" in u.failures[0].text()


def test_lines_are_those_of_the_file_past_quoted_newlines(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text('tranche_id,name,product\nA,"two\nlines",abn\n\nB,x,abn\nC,x,abn,extra\n')
    u = load_universe(path)
    assert list(u.lines) == [2, 5]
    assert [(f.code, f.where.line, f.kept) for f in u.failures] == [("universe.row_width", 6, False)]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "file is empty"),
        (b"\xff\xfe\x00\x01" * 500, "neither UTF-8 nor GB18030"),
        (b"tranche_id,product\n", "a header and no rows"),
        (b"\n \n", "no header row"),
        (b'tranche_id,product\n"A,abn\nB,abn\n', "not a valid CSV file"),
        (b"tranche_id,product,product\nA,abn,abn\n", "'product' stands twice"),
        (b"x" * 400_000, "not a valid CSV file"),
        (b"PK\x03\x04 not a workbook", "Excel file cannot be read"),
        (b"PAR1 not parquet", "Parquet file cannot be read"),
        (b"tranche_id,name\nA,a\n", "no column for product"),
        (b"code_of_it,product\nA,abn\n", "no column for tranche_id"),
        (b"tranche_id,product\n,abn\nB,\n", "No row of the input can be used"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "u.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=problem) as caught:
        load_universe(path)
    assert caught.value.exit_code == 2
    assert caught.value.where.file == str(path)


def test_a_missing_column_names_the_nearest_header(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("证券代码x,产品类型\nA,abn\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"accepted headers: tranche_id, 证券代码.*nearest valid one is '证券代码x'"):
        load_universe(path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    with path.open("wb") as stream:
        os.truncate(stream.fileno(), 200_000_000)
    with pytest.raises(BadInput, match="200000000 bytes"):
        load_universe(path)


def test_a_missing_file() -> None:
    with pytest.raises(BadInput, match=r"There is no file 'nowhere\.csv'"):
        load_universe("nowhere.csv")
    with pytest.raises(BadInput, match="at least one universe file"):
        load_universe([])


@pytest.mark.parametrize("claimed", [None, 1000])
def test_a_workbook_that_unpacks_to_far_more_is_refused(tmp_path: Path, claimed: int | None) -> None:
    given, target = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(given) as book:
        book.add_worksheet().write_row(0, 0, ["tranche_id", "face"])
    with zipfile.ZipFile(given) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        with new.open("xl/media/image1.png", "w") as part:
            for _ in range(201):
                part.write(bytes(1_000_000))
        if claimed is not None:  # the list at the end of the file lies about the size
            new.getinfo("xl/media/image1.png").file_size = claimed
    path = tmp_path / "持仓.xlsx"
    path.write_bytes(target.getvalue())
    assert path.stat().st_size < 1_000_000
    with pytest.raises(BadInput, match="unpacks to more than 200 MB"):
        read_raw(path)


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (1_048_575, 60), (5_000, 16_383)])
def test_a_cell_far_from_the_table_is_refused_before_the_sheet_is_laid_out(
    tmp_path: Path, row: int, column: int
) -> None:
    path = tmp_path / "远.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["tranche_id", "face"])
        sheet.write_row(1, 0, ["A", 1])
        sheet.write(row, column, "far")
    with pytest.raises(BadInput) as told:
        read_raw(path)
    assert told.value.code == "universe.xlsx_bomb"


def test_a_long_or_a_wide_table_is_read(tmp_path: Path) -> None:
    for name, row, column in (("long", 120_000, 20), ("wide", 2_000, 3_000)):
        path = tmp_path / f"{name}.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, [f"c{i}" for i in range(column)])
            sheet.write(row, column - 1, "there")
        assert read_raw(path).columns[f"c{column - 1}"][-1] == "there"


@pytest.mark.parametrize("size", [1, 7, 19, 20, 21, 1000])
def test_how_far_a_sheet_reaches_does_not_hang_on_how_it_is_cut(size: int) -> None:
    sheet = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="7"><c r="XFD1048576" s="1"><v>2</v></c></row><x/>' * 3
    span, found = _Span(), 0
    for start in range(0, len(sheet), size):
        found = span.cells(sheet[start : start + size])
    assert found == 16_384 * 1_048_576 > MOST_CELLS
