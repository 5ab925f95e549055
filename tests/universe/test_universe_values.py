"""Numbers are exact, dates are dates, closed values are closed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc.terms import COLUMNS
from absalloc.units import INPUT_UNITS, exact
from absalloc.universe.headers import resolve, split_unit
from absalloc.universe.values import Unreadable, boolean, number, read_column, read_date

UNITS = [None, *INPUT_UNITS]


@st.composite
def decimals(draw: st.DrawFn) -> str:
    """Decimal texts of at most 15 significant digits, written as files write them."""
    digits = str(draw(st.integers(1, 10**15 - 1)))
    point = draw(st.integers(0, len(digits)))
    text = digits[:point] + ("." + digits[point:] if point < len(digits) else "")
    return draw(st.sampled_from(["", "-", "+"])) + ("0" + text if text.startswith(".") else text)


@given(decimals(), st.sampled_from(UNITS))
def test_up_to_15_digits_come_back_exactly(text: str, unit: str | None) -> None:
    factor = INPUT_UNITS[unit][1] if unit else Decimal(1)
    assert exact(number(text, unit)) == Fraction(text) * Fraction(factor)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12), st.sampled_from(UNITS)
)
def test_longer_numbers_are_rounded_to_15_digits(value: Decimal, unit: str | None) -> None:
    text = f"{value:f}"
    factor = INPUT_UNITS[unit][1] if unit else Decimal(1)
    wanted = Fraction(text) * Fraction(factor)
    assert abs(exact(number(text, unit)) - wanted) <= abs(wanted) * Fraction(1, 10**14)


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_a_float_printed_by_a_spreadsheet_is_rounded_once(value: float) -> None:
    assert number(repr(value)) == float(f"{Decimal(repr(value)):.14e}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1,234,567.5", 1234567.5), ("１２．５", 12.5), ("1e3", 1000.0), (" 7 ", 7.0), (".5", 0.5), ("5.", 5.0)],
)
def test_forms_of_numbers(text: str, wanted: float) -> None:
    assert number(text) == wanted


@pytest.mark.parametrize(
    "text", ["inf", "1_000", "12,34", "0x10", "--1", "1.2.3", "abc", "1%", "五", "1e9999", "1e999"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Unreadable, match="bad_number"):
        number(text)


def test_a_percent_sign_in_the_cell_is_a_unit() -> None:
    assert number("3.85%", None, "rate") == 0.0385
    assert number("3.85 ％", "decimal", "rate") == 0.0385


@given(st.dates(date(1980, 1, 1), date(2199, 12, 31)))
def test_every_form_of_a_date(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    year, month, dom = day.year, day.month, day.day
    forms = [day.isoformat(), day.strftime("%Y%m%d"), f"{year}/{month}/{dom}", f"{year}.{month}.{dom}"]
    forms += [f"{year}年{month}月{dom}日", f"{day.isoformat()} 00:00:00", f"{day.isoformat()}T00:00:00", str(serial)]
    if serial > 99_999:
        forms.pop()
    assert {read_date(text) for text in forms} == {np.datetime64(day, "s")}


@pytest.mark.parametrize(
    "text", ["2025-02-30", "30-06-2025", "2025", "202506", "2025-6", "soon", "18991231", "99999999"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Unreadable, match="bad_date"):
        read_date(text)


def test_yes_and_no() -> None:
    assert [boolean(text) for text in ("是", "TRUE", "1", "否", "n", "0")] == [True] * 3 + [False] * 3
    with pytest.raises(Unreadable, match="bad_flag"):
        boolean("maybe")


def test_ranges_of_the_vocabulary_hold() -> None:
    values, problems = read_column(["1", "-1", "101", "x", "", "--"], COLUMNS["coupon"], name="coupon", unit="%")
    assert values[0] == 0.01
    assert np.isnan(values[1:]).all()
    assert [(p.row, p.key) for p in problems] == [(1, "negative"), (2, "out_of_range"), (3, "bad_number")]


def test_ratings() -> None:
    texts = ["AAAsf", "aa+", "NR", "", "AAZ", "A-1sf", "AAA(sf)"]
    values, problems = read_column(texts, COLUMNS["rating_date"].__class__(kind="rating"), name="rating.any", unit=None)
    assert list(values) == ["AAA", "AA+", "", None, None, "A-1", "AAA"]
    assert [p.value for p in problems] == ["AAZ"]
    implied, problems = read_column(
        ["AA(2)", "AAA＋", "AA（2）", "AA2"], COLUMNS["implied_rating"], name="implied_rating", unit=None
    )
    assert list(implied) == ["AA(2)", "AAA+", "AA(2)", None]
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("header", "column", "unit"),
    [
        ("证券代码", "tranche_id", None),
        ("债券代码", "tranche_id", None),
        ("发行总额\n[单位] 亿元", "issue_size", "亿元"),
        ("票面利率(发行时)\n[单位] %", "coupon", "%"),
        ("发行规模（万元）", "issue_size", "万元"),
        ("债券余额(亿)", "outstanding", "亿"),
        ("当期票面利率(%)", "coupon", "%"),
        ("coupon_pct", "coupon", "%"),
        ("coupon (decimal)", "coupon", "decimal"),
        ("issue_size_yi", "issue_size", "yi"),
        ("Outstanding (yi)", "outstanding", "yi"),
        ("原始权益人/发起机构", "originator", None),
        ("发起机构", "originator", None),
        ("加权剩余期限(年)", "wal", "年"),
        ("中债隐含评级", "implied_rating", None),
        ("估价净价", "clean_price", None),
        ("估价收益率(%)", "yield", "%"),
        ("估价修正久期", "modified_duration", None),
        ("计划管理人", "manager", None),
        ("差额支付承诺人", "support_party@shortfall_commitment", None),
        ("最新债项评级", "rating.any", None),
        ("债项评级(联合资信)", "rating.lianhe", None),
        ("中诚信国际债项评级", "rating.ccxi", None),
        ("rating.golden", "rating.golden", None),
        ("主体评级(大公国际)", "issuer_rating.dagong", None),
        ("主体评级", "issuer_rating.any", None),
    ],
)
def test_headers(header: str, column: str, unit: str | None) -> None:
    found = resolve(header)
    assert found is not None
    assert (found.column, found.unit) == (column, unit)


def test_every_fact_of_the_vocabulary_is_a_header() -> None:
    for name, spec in COLUMNS.items():
        found = resolve(name)
        assert (found is None) if spec.derived else (found is not None and found.column == name and found.canonical)


def test_an_unknown_header_and_an_unknown_unit() -> None:
    assert resolve("备注") is None
    assert split_unit("coupon (furlong)") == ("coupon (furlong)", None)
