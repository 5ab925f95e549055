"""Mapping files: every foreign word declared, every join labelled, nothing matched is an error."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from absalloc.errors import BadInput
from absalloc.universe import Universe, load_universe

FILE = (
    "id,short,kind,lei,size,cpn,series,term\n"
    "A1,20建元1A,X,senior,10,3.5,建元,1.0\n"
    "A2,20工元2A,X,senior,20,3.6,工元,2.5\n"
    "B1,19广州地铁ABN001优先02,Y,senior,30,,,\n"
    "B2,20柯桥国资ABN002次,Y,sub,5,4,,0.5\n"
)
BASE = (
    "columns: {tranche_id: id, name: short, product: kind, seniority: lei, issue_size: size, coupon: cpn}\n"
    'units: {issue_size: 亿元, cpn: "%"}\n'
    "values: {product: {X: credit_abs, Y: abn}, seniority: {sub: subordinated}}\n"
)


def load(tmp_path: Path, extra: str = "", base: str = BASE, file: str = FILE, **others: str) -> Universe:
    (tmp_path / "u.csv").write_text(file, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(base + extra, encoding="utf-8")
    for name, text in others.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return load_universe(tmp_path / "u.csv", tmp_path / "m.yaml", strict=True)


def test_columns_units_values_and_constants(tmp_path: Path) -> None:
    u = load(
        tmp_path, "constants: {market: interbank, risk_weight: 20%}\nquote_basis: original\ndata_date: 2020-12-07\n"
    )
    assert list(u.table["product"]) == ["credit_abs", "credit_abs", "abn", "abn"]
    assert list(u.table["issue_size"]) == [1e9, 2e9, 3e9, 5e8]
    assert list(u.table["coupon"][:2]) == [0.035, 0.036]
    assert list(u.table["seniority"]) == ["senior"] * 3 + ["subordinated"]
    assert u.labels["market"] == "declared"
    assert u.table["risk_weight"][0] == 0.2
    assert u.data_date == date(2020, 12, 7)
    assert u.table["quote_basis"][0] is None  # no quote, so nothing to say about its basis
    assert [source.encoding for source in u.provenance] == ["utf-8-sig", "yaml"]
    assert u.provenance[0].ignored == ("series", "term")


def test_the_first_header_given_wins_and_the_next_fills(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        base="columns: {product: k, coupon: [a_pct, b_pct]}\n",
        file="code,k,a_pct,b_pct\nA,abn,,2\nB,abn,3,9\n",
    )
    assert list(u.table["coupon"]) == [0.02, 0.03]


def test_a_series_join_and_a_derived_originator(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "joins:\n"
        "  - {file: map.csv, key: series, columns: {originator: bank, asset_type: asset}}\n"
        "  - {column: originator, key: {ours: name, pattern: '^\\d{2}(.+?)ABN'}, where: {product: abn}}\n",
        map="series,bank,asset\n建元,建设银行,rmbs\n邮元,邮储银行,rmbs\n",
    )
    assert list(u.table["originator"]) == ["建设银行", None, "广州地铁", "柯桥国资"]
    assert list(u.label("originator")) == ["join:map.csv", "missing", "derived", "derived"]
    assert list(u.table["asset_type"]) == ["rmbs", None, None, None]
    assert u.provenance[-1].file.endswith("map.csv")


def test_membership_of_a_list(tmp_path: Path) -> None:
    join = "joins: [{file: list.csv, key: {ours: tranche_id, theirs: code}, set: {lgfv: true}, where: {product: abn}"
    lgfv = "code,source\nB1,cited\n"
    u = load(tmp_path, join + ", otherwise: {lgfv: false}}]\n", list=lgfv)
    assert list(u.table["lgfv"]) == [None, None, True, False]
    assert list(u.label("lgfv")) == ["missing", "missing", "join:list.csv", "assumed"]
    u = load(tmp_path, join + "}]\n", list=lgfv)
    assert list(u.table["lgfv"]) == [None, None, True, None]


TRADES = "day,code,px\n2020-12-01,A1,99\n2020-12-07,A1,100\n2020-12-07,A1,100.5\n2020-12-09,A1,101\n2020-12-10,A2,98\n"


@pytest.mark.parametrize(
    ("pick", "prices"),
    [
        ("{by: day}", [100.5, None]),
        ("{by: day, until: 2020-12-31}", [101.0, 98.0]),
        ("{by: day, take: first}", [100.0, 98.0]),
        ("{by: day, take: first, since: 2020-01-01, until: 2020-12-05}", [99.0, None]),
    ],
)
def test_quotes_from_trades(tmp_path: Path, pick: str, prices: list[float | None]) -> None:
    u = load(
        tmp_path,
        "data_date: 2020-12-07\nquote_basis: original\n"
        "joins: [{file: trades.csv, key: {ours: tranche_id, theirs: code}, columns: {quote_price: px, extra.day: day},"
        f" pick: {pick}, set: {{yield_source: trade}}}}]\n",
        trades=TRADES,
    )
    assert [None if np.isnan(p) else p for p in u.table["quote_price"][:2]] == prices
    assert list(u.table["yield_source"][:2]) == [price and "trade" for price in prices]
    assert u.table["quote_basis"][0] == "original"
    assert u.table["quote_basis"][2] is None
    assert u.label("quote_price")[0] == "join:trades.csv"
    assert str(u.column("extra.day")[0]).startswith("2020-12")


def test_two_lines_of_one_key_need_a_choice(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"trades.csv:3: The key 'A1' stands here and on line 2 with different values.*pick"
    ):
        load(
            tmp_path,
            "joins: [{file: trades.csv, key: {ours: tranche_id, theirs: code}, columns: {quote_price: px}}]\n",
            trades=TRADES,
        )


def test_dates_counted_from_terms(tmp_path: Path) -> None:
    u = load(tmp_path, "data_date: 2020-12-07\ndates: {expected_maturity: {from: data_date, years: term}}\n")
    assert [str(day) for day in u.column("expected_maturity")] == ["2021-12-07", "2023-06-07", "NaT", "2021-06-07"]
    assert list(u.label("expected_maturity")) == ["derived", "derived", "missing", "derived"]


def test_what_the_file_gives_stays(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "joins: [{file: map.csv, key: {ours: tranche_id, theirs: id}, columns: {coupon: c_pct}}]\n",
        map="id,c_pct\nA1,9\nB1,2\n",
    )
    assert list(u.table["coupon"]) == [0.035, 0.036, 0.02, 0.04]
    assert list(u.label("coupon")) == ["file", "file", "join:map.csv", "file"]


def test_paths_with_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    join = "joins: [{file: '${ABSALLOC_TEST_DIR%s}/map.csv', key: series, columns: {originator: bank}}]\n"
    monkeypatch.delenv("ABSALLOC_TEST_DIR", raising=False)
    text = "series,bank\n建元,建设银行\n"
    assert load(tmp_path, join % ":-.", map=text).table["originator"][0] == "建设银行"
    with pytest.raises(BadInput, match=r"m.yaml:4:.*uses \$\{ABSALLOC_TEST_DIR\}, which is not set"):
        load(tmp_path, join % "", map=text)
    monkeypatch.setenv("ABSALLOC_TEST_DIR", str(tmp_path))
    assert load(tmp_path, join % "", map=text).table["originator"][0] == "建设银行"


JOIN_ID = "joins: [{file: map.csv, key: {ours: tranche_id, "
JOIN_SERIES = "joins: [{file: map.csv, key: series, "


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (JOIN_ID + "theirs: series}, columns: {originator: bank}}]", r"m.yaml:4:.*map.csv matches no row.*id: 'A1'"),
        (JOIN_ID + "theirs: seires}, set: {npl: true}}]", r"map.csv:1: .*no column 'seires'.*nearest .* 'series'"),
        (JOIN_SERIES + "columns: {originator: bnak}}]", "no column 'bnak'.*'bank'"),
        (JOIN_SERIES + "columns: {risk_weight: w}}]", "'w'.*risk_weight.*has no unit"),
        (JOIN_SERIES + "}]", r"m.yaml:4:.*names nothing to add"),
        ("joins: [{file: none.csv, key: series, columns: {originator: bank}}]", "There is no file"),
        ("joins: [{key: {ours: name, pattern: '^XX'}, set: {npl: true}}]", "matches no row"),
        ("joins: [{key: {ours: name}, set: {npl: true}}]", "neither a file nor a pattern"),
        ("joins: [{file: map.csv, key: {ours: name}, set: {npl: true}}]", "a file and no key in it"),
        ("joins: [{key: {ours: name, pattern: '('}, set: {npl: true}}]", "not a regular expression"),
        ("joins: [{key: {ours: nmae, pattern: 'x'}, set: {npl: true}}]", "no column 'nmae'.*nearest .* 'name'"),
        ("joins: [{key: {ours: name, pattern: 'x'}, set: {sector: credit}}]", "'sector' is derived from other"),
        ("joins: [{key: {ours: name, pattern: '2(.)'}, columns: {originator: who}}]", "no group 'who' for originator"),
        ("joins: [{key: {ours: name, pattern: 'x'}, where: {product: abm}, set: {npl: true}}]", "'abm'.*'abn'"),
        ("constants: {market: interbnak}", r"m.yaml:4:.*'interbnak'.*nearest valid one is 'interbank'"),
        ("constants: {risk_weight: 0.2}", r"m.yaml:4:.*ratio without %"),
        ("dates: {expected_maturity: {from: data_date, years: term}}", "needs data_date"),
        ("dates: {expected_maturity: {from: name, years: term}}", "'name' is not a date column"),
        ("data_date: 2020-13-01", r"m.yaml:4:.*not a date"),
        ("colums: {name: short}", r"m.yaml:4:1: .*'colums'.*nearest valid one is 'columns'"),
        ("ignore: [nothing]", "no column 'nothing'"),
        ("quote_basis: orignal", "m.yaml:4:.*quote_basis"),
    ],
)
def test_mappings_that_do_not_fit(tmp_path: Path, extra: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as caught:
        load(tmp_path, extra + "\n", map="series,bank,w\n建元,建设银行,0.2\n")
    assert caught.value.exit_code == 2
    assert caught.value.text("zh")


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("columns: {tranche_id: idd, product: kind}\n", r"m.yaml:1:.*no column 'idd'.*nearest valid one is 'id'"),
        ("columns: {cuopon: cpn}\n", r"m.yaml:1:.*'cuopon' is not a column.*nearest valid one is 'coupon'"),
        ("columns: {coupon: cpn}\nunits: {coupon: furlong}\n", r"m.yaml:2:.*'furlong' is not a unit"),
        (
            "columns: {tranche_id: id, product: kind}\nvalues: {product: {X: credit_asb}}\n",
            r"m.yaml:2:.*'credit_asb'.*nearest valid one is 'credit_abs'",
        ),
    ],
)  # fmt: skip
def test_mappings_that_are_wrong_at_their_start(tmp_path: Path, base: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        load(tmp_path, base=base)


def test_the_mapping_may_not_contradict_the_header(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'size \(亿元\)' says 亿元, the mapping says 万元"):
        load(
            tmp_path,
            base="columns: {tranche_id: id, product: k, issue_size: size (亿元)}\nunits: {issue_size: 万元}\n",
            file="id,k,size (亿元)\nA,abn,5\n",
        )


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
    u = load(
        tmp_path,
        base=page.split("```yaml\n")[1].split("```")[0],
        file=(
            "code,name,abs_type,issued,current_coupon_pct,coupon_pct,factor,remaining_years,series\n"
            "A,20建元1A,credit_ABS,10,,3.5,0.5,1.0,建元\nB,19广州地铁ABN001优先,ABN,5,4,9,0.5,2.0,\n"
        ),
        series="series,bank,class\n建元,建设银行,rmbs\n",
        lgfv="code\nB\n",
        trades="date,code,clean_price\n2020-12-01,A,50.1\n2020-12-08,A,49\n",
    )
    assert list(u.table["originator"]) == ["建设银行", "广州地铁"]
    assert list(u.table["coupon"]) == [0.035, 0.04]
    assert list(u.table["lgfv"]) == [None, True]
    assert u.table["quote_price"][0] == 50.1
    assert u.table["quote_basis"][0] == "original"
    assert np.isnan(u.table["factor"]).all()
