"""Good rows plus failures; units never guessed; contradictions never silent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from absalloc.errors import BadInput
from absalloc.messages import LANGUAGES
from absalloc.terms import COLUMNS
from absalloc.universe import Universe, describe, load_universe


def load(tmp_path: Path, text: str, **settings: object) -> Universe:
    path = tmp_path / "u.csv"
    path.write_text(text, encoding="utf-8")
    return load_universe(path, **settings)  # type: ignore[arg-type]


def codes(u: Universe) -> list[tuple[str, int | None, bool]]:
    return [(f.code.removeprefix("universe."), f.where.line, f.kept) for f in u.failures]


@pytest.mark.parametrize("value", ["0.038", "3.8", "0.5", "12"])
@pytest.mark.parametrize("header", ["票面利率", "coupon", "yield", "risk_weight", "factor"])
def test_a_rate_without_unit_is_refused_at_any_magnitude(tmp_path: Path, header: str, value: str) -> None:
    with pytest.raises(
        BadInput, match=f"'{header}'.* has no unit and is not read without one.*mapping file: units"
    ) as caught:
        load(tmp_path, f"tranche_id,product,{header}\nA,abn,{value}\n")
    assert caught.value.exit_code == 2


def test_money_without_unit_is_refused_under_a_vendors_header_and_yuan_under_ours(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'发行规模'.*issue_size.* has no unit.*亿元"):
        load(tmp_path, "tranche_id,product,发行规模\nA,abn,650000000\n")
    assert load(tmp_path, "tranche_id,product,issue_size\nA,abn,650000000\n").table["issue_size"][0] == 6.5e8


def test_rates_that_carry_their_percent_sign(tmp_path: Path) -> None:
    u = load(tmp_path, "tranche_id,product,票面利率\nA,abn,3.85%\nB,abn,\n")
    assert u.table["coupon"][0] == 0.0385
    with pytest.raises(BadInput, match="has no unit"):
        load(tmp_path, "tranche_id,product,票面利率\nA,abn,3.85%\nB,abn,3.9\n")


def test_a_unit_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unit '亿元'.*does not fit coupon; units: %"):
        load(tmp_path, "tranche_id,product,票面利率(亿元)\nA,abn,3.85\n")


def test_failures_of_every_kind(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "证券代码,产品类型,发行规模(亿元),当前余额(亿元),票面利率(%),起息日,预期到期日,债项评级,档次\n"
        "A,ABN,5,-1,3,2024-01-01,2026-01-01,AAA,优先级\n"
        "B,ABN,5,4,3,2026-01-01,2025-12-01,AAZ,优先级\n"
        "C,ABN,5,4,3,2020-01-01,2024-01-01,AAA,优先级\n"
        "D,ABN,5,6,3,2024-01-01,2026-01-01,AAA,奇怪\n"
        "E,ABN,5,4,3,2024-01-01,2026-01-01,AAA,次级\n"
        "E,ABN,5,4,3,2024-01-01,2026-01-01,AAA,次级\n"
        "F,ABN,5,4,3,2024-01-01,2026-01-01,AAA,次级\n"
        "F,ABN,5,3,3,2024-01-01,2026-01-01,AAA,次级\n"
        "G,火星债,5,4,3,2024-01-01,2026-01-01,AAA,次级\n"
        ",ABN,5,4,3,2024-01-01,2026-01-01,AAA,次级\n"
        "H,ABN,5,0,3,2024-01-01,2026-01-01,AAA,次级\n",
        as_of=date(2025, 6, 30),
    )
    assert codes(u) == [
        ("negative", 2, True),
        ("bad_rating", 3, True),
        ("dates_contradict", 3, True),
        ("matured", 4, False),
        ("outstanding_above_issue", 5, True),
        ("bad_value", 5, True),
        ("code_twice", 7, False),
        ("code_contradicts", 8, False),
        ("code_contradicts", 9, False),
        ("bad_value", 10, False),
        ("no_code", 11, False),
        ("repaid", 12, False),
    ]
    assert list(u.table["tranche_id"]) == ["A", "B", "D", "E"]
    assert np.isnan(u.table["outstanding"][0])
    assert np.isnan(u.table["outstanding"][2])
    assert u.table["rating.any"][1] is None
    assert np.isnat(u.column("expected_maturity")[1])
    assert u.table["seniority"][2] is None
    assert list(u.lines) == [2, 3, 5, 6]
    assert u.index() == {"A": 0, "B": 1, "D": 2, "E": 3}
    for failure in u.failures:
        for lang in LANGUAGES:
            assert failure.text(lang).startswith(str(failure.where))
        assert failure.as_json()["message"] == failure.text()
    assert u.failures[0].as_json()["tranche_id"] == "A"
    assert u.failures[0].where.column == "当前余额(亿元)"


def test_strict_makes_the_first_failure_fatal(tmp_path: Path) -> None:
    text = "tranche_id,product,outstanding\nA,abn,5\nB,abn,-5\n"
    assert codes(load(tmp_path, text)) == [("negative", 3, True)]
    with pytest.raises(BadInput, match=r"u.csv:3:outstanding: '-5' under 'outstanding' is negative"):
        load(tmp_path, text, strict=True)


def test_what_matured_is_open_without_a_date(tmp_path: Path) -> None:
    text = "tranche_id,product,到期日\nA,abn,2020-01-01\nB,abn,2030-01-01\n"
    assert codes(load(tmp_path, text)) == []
    assert codes(load(tmp_path, text, as_of=date(2020, 1, 1))) == []
    assert codes(load(tmp_path, text, as_of=date(2020, 1, 2))) == [("matured", 2, False)]


def test_past_its_expected_maturity_with_principal_left_is_kept(tmp_path: Path) -> None:
    text = "tranche_id,product,预期到期日,法定到期日,outstanding\nA,abn,2020-01-01,2024-01-01,5\n"
    u = load(tmp_path, text, as_of=date(2021, 1, 1))
    assert codes(u) == [("overdue", 2, True)]
    assert "used as they are" in u.failures[0].text()
    assert len(u.table) == 1
    assert codes(load(tmp_path, text + "B,abn,2020-01-01,2024-01-01,\n", as_of=date(2021, 1, 1)))[1] == (
        "matured",
        3,
        False,
    )


def test_factors_that_contradict(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "tranche_id,product,issue_size,outstanding,factor (decimal)\nA,abn,600,200,0.3333\nB,abn,600,200,0.35\n",
    )
    assert codes(u) == [("factor_contradicts", 3, True)]
    assert u.table["factor"][0] == 0.3333
    assert np.isnan(u.table["factor"][1])


def test_a_column_that_is_probably_in_another_unit_is_reported(tmp_path: Path) -> None:
    rows = "".join(f"T{i},abn,0.0{i + 20}\n" for i in range(9))
    u = load(tmp_path, "tranche_id,product,票面利率(%)\n" + rows)
    assert codes(u) == [("scale_doubtful", 2, True)]
    assert "used as they are" in u.failures[0].text()


def test_a_code_in_two_files(tmp_path: Path) -> None:
    one, two, three = (tmp_path / f"{name}.csv" for name in ("one", "two", "three"))
    one.write_text("tranche_id,product\nA,abn\n")
    two.write_text("证券代码,产品类型,票面利率(%)\nB,国债,2\n", encoding="utf-8")
    three.write_text("tranche_id,product\nB,abn\nA,abn\n")
    u = load_universe([one, two])
    assert list(u.table["tranche_id"]) == ["A", "B"]
    assert len(u.provenance) == 2
    with pytest.raises(
        BadInput, match=r"three.csv:3:tranche_id: The code 'A' stands in two universe files \(also in .*one.csv:2"
    ):
        load_universe([one, three])


def test_two_headers_of_one_column(tmp_path: Path) -> None:
    u = load(tmp_path, "tranche_id,product,票面利率(%),当期票面利率(%)\nA,abn,3,4\n")
    assert u.table["coupon"][0] == 0.04
    assert u.provenance[0].ignored == ("票面利率(%)",)
    with pytest.raises(BadInput, match=r"'coupon_pct' and 'coupon \(%\)' both mean coupon"):
        load(tmp_path, "tranche_id,product,coupon_pct,coupon (%)\nA,abn,3,4\n")


def test_the_supporter_and_its_form(tmp_path: Path) -> None:
    u = load(tmp_path, "tranche_id,product,差额支付承诺人,担保人\nA,abn,甲,乙\nB,abn,甲,\nC,abn,,\n")
    assert list(u.table["support_party"]) == ["乙", "甲", None]
    assert list(u.table["support_type"]) == ["guarantee", "shortfall_commitment", None]


def test_the_table_has_every_fact_and_no_derived_column(tmp_path: Path) -> None:
    u = load(tmp_path, "tranche_id,product\nA,abn\n")
    assert set(u.table.columns) == {name for name, spec in COLUMNS.items() if not spec.derived}
    for name, spec in COLUMNS.items():
        values = u.column(name)
        assert values.dtype == (
            object
            if spec.kind in ("text", "enum", "bool", "rating", "implied")
            else "M8[D]"
            if spec.kind == "date"
            else "f8"
        )
    assert u.column("rating.ccxi")[0] is None
    with pytest.raises(BadInput, match=r"'cuopon' is not a column.*nearest valid one is 'coupon'"):
        u.column("cuopon")


def test_the_hash_is_of_the_bytes_read(tmp_path: Path) -> None:
    first = load(tmp_path, "tranche_id,product\nA,abn\n")
    again = load(tmp_path, "tranche_id,product\nA,abn\n")
    other = load(tmp_path, "tranche_id,product\nB,abn\n")
    assert first.sha256 == again.sha256 != other.sha256


def test_products_and_markets_in_chinese(tmp_path: Path) -> None:
    words = ["信贷ABS", "企业ABS", "ABN", "资产支持票据", "保险资产支持计划", "现金", "国债", "政金债", "信用债"]
    products = ["credit_abs", "enterprise_abs", "abn", "abn", "insurance_plan", "cash", "government"]
    products += ["policy_bank", "credit_bond", "reverse_repo", "repo", "credit_abs", "enterprise_abs"]
    words += ["逆回购", "正回购", "credit_ABS", "enterprise_ABS"]
    rows = "".join(f"T{i},{word},上交所\n" for i, word in enumerate(words))
    u = load(tmp_path, "代码,产品类型,交易市场\n" + rows)
    assert list(u.table["product"]) == products
    assert set(u.table["market"]) == {"exchange"}


def test_a_summary_counts(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "tranche_id,product,rating.ccxi,rating.lianhe,outstanding\nA,abn,AAA,AA+,5\nB,abn,NR,,6\nC,credit_abs,,,-1\n",
    )
    summary = describe(u)
    assert summary.products == {"abn": 2, "credit_abs": 1}
    assert summary.ratings == {"AA+/AAA": 1, "NR": 1, "unknown": 1}
    assert summary.outstanding == 11.0
    assert summary.coverage["outstanding"] == 2
    assert "coupon" in summary.absent
    assert "outstanding" not in summary.absent
    document = summary.to_json("zh")
    assert document["n_failures"] == 1
    assert "负数" in document["failures"][0]["message"]
