"""Derived facts: sectors, standard or not, terms, factors, trading days."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc.errors import BadInput
from absalloc.terms import COLUMNS
from absalloc.units import exact
from absalloc.universe import Universe, derive, load_universe
from absalloc.universe.calendar import (
    TradingCalendar,
    add_trading_days,
    exchange_calendar,
    is_trading_day,
    load_calendar,
    trading_days_between,
    with_trading_days,
)

AS_OF = date(2025, 6, 30)


def load(tmp_path: Path, text: str) -> Universe:
    path = tmp_path / "u.csv"
    path.write_text(text, encoding="utf-8")
    return derive(load_universe(path, strict=True), AS_OF)


def test_sectors(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "tranche_id,product,lgfv\nA,credit_abs,\nB,credit_abs,true\nC,abn,true\nD,abn,false\nE,abn,\n"
        "F,enterprise_abs,true\nG,insurance_plan,true\nH,credit_bond,true\n",
    )
    assert list(u.table["sector"]) == [
        "credit",
        "credit",
        "urban_investment",
        "enterprise",
        None,
        "urban_investment",
        "",
        "",
    ]
    assert u.labels["sector"] == "derived"


@pytest.mark.parametrize(
    ("product", "market", "wanted"),
    [
        ("insurance_plan", "other", True),
        ("insurance_plan", "", True),
        ("credit_abs", "interbank", False),
        ("credit_abs", "", False),
        ("abn", "interbank", False),
        ("enterprise_abs", "exchange", False),
        ("enterprise_abs", "", None),
        ("enterprise_abs", "interbank", None),
        ("enterprise_abs", "other", True),
        ("credit_bond", "other", True),
        ("credit_bond", "interbank", False),
        ("fund", "other", False),
        ("government", "other", False),
        ("cash", "", False),
    ],
)
def test_nonstandard(tmp_path: Path, product: str, market: str, wanted: bool | None) -> None:
    assert load(tmp_path, f"tranche_id,product,market\nA,{product},{market}\n").table["nonstandard"][0] is wanted


def test_terms(tmp_path: Path) -> None:
    u = load(
        tmp_path, "tranche_id,product,expected_maturity\nA,abn,2026-06-30\nB,abn,\nC,abn,2025-06-29\nD,abn,2025-09-30\n"
    )
    assert list(u.table["days_to_maturity"][[0, 2, 3]]) == [365, -1, 92]
    assert np.isnan(u.table["days_to_maturity"][1])
    assert u.table["remaining_term"][0] == 1.0
    assert u.table["remaining_term"][3] == 0.252054794521  # 92 / 365 to 12 decimals
    assert np.isnan(u.table["trading_days_to_maturity"]).all()
    assert set(u.table.columns) >= set(COLUMNS)


def test_cash_is_due_at_once(tmp_path: Path) -> None:
    u = load(tmp_path, "tranche_id,product,expected_maturity\nA,cash,\nB,deposit,\nC,cash,2025-07-10\n")
    assert list(u.table["days_to_maturity"][[0, 2]]) == [0, 10]
    assert np.isnan(u.table["days_to_maturity"][1])
    assert np.isnan(u.table["remaining_term"][0])


def test_factors_and_amounts(tmp_path: Path) -> None:
    u = load(
        tmp_path,
        "tranche_id,product,issue_size,outstanding,factor (decimal),repayment\n"
        "A,abn,650000000,180000000,,pass_through\nB,abn,600,,0.3333,\nC,abn,600,,,bullet\nD,abn,600,,,pass_through\n"
        "E,abn,,600,0.5,\nF,abn,,600,,bullet\nG,cash,,,,\nH,abn,,600,1,\n",
    )
    assert u.table["factor"][0] == 0.276923076923
    assert u.table["outstanding"][1] == 199.98
    assert np.isnan(u.table["outstanding"][[2, 3]]).all()  # face that was put back may be gone
    assert u.table["factor"][2] == 1.0
    assert np.isnan(u.table["factor"][3])
    assert np.isnan(u.table["issue_size"][4])  # 600 / 0.5 would take a rounded factor at its word
    assert np.isnan(u.table["issue_size"][5])
    assert u.table["issue_size"][7] == 600
    assert u.table["factor"][6] == 1.0
    assert list(u.label("factor")) == ["derived", "file", "derived", "file", "file", "derived", "derived", "file"]


def test_deriving_leaves_its_input_alone(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("tranche_id,product,issue_size,outstanding\nA,abn,6,3\n")
    u = load_universe(path)
    assert derive(u, AS_OF).table["factor"][0] == 0.5
    assert np.isnan(u.table["factor"][0])
    assert "sector" not in u.table.columns
    assert u.labels["factor"] == "missing"


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_derived_factor_prints_as_the_decimal_it_is(left: int, issued: int) -> None:
    from absalloc.units import tidy

    value = exact(tidy(min(left, issued) / max(left, issued)))
    assert (value * 10**15).denominator == 1


def test_the_exchange_calendar_against_the_published_holidays() -> None:
    # 2025: spring festival 28 January to 4 February, national day 1 to 8 October (exchange notices).
    assert is_trading_day(date(2025, 1, 27)) is True
    assert [is_trading_day(date(2025, 1, 28) + timedelta(d)) for d in range(8)] == [False] * 8
    assert is_trading_day(date(2025, 2, 5)) is True
    assert is_trading_day(date(2025, 9, 28)) is False  # a Sunday: interbank makes up, the exchange does not
    assert add_trading_days(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert add_trading_days(date(2025, 9, 30), 10) == date(2025, 10, 22)
    assert add_trading_days(date(2025, 10, 9), -1) == date(2025, 9, 30)
    assert add_trading_days(date(2025, 10, 1), 0) == date(2025, 10, 1)
    assert trading_days_between(date(2025, 9, 30), date(2025, 10, 9)) == 1
    assert trading_days_between(date(2025, 10, 9), date(2025, 9, 30)) == -1
    # 2024 had 242 trading days.
    assert trading_days_between(date(2023, 12, 31), date(2024, 12, 31)) == 242


def test_outside_its_coverage_the_calendar_says_nothing() -> None:
    last = exchange_calendar().last
    assert is_trading_day(date(2099, 1, 1)) is None
    assert add_trading_days(last, 1) is None
    assert add_trading_days(date(1989, 1, 1), 5) is None
    assert trading_days_between(AS_OF, date(2099, 1, 1)) is None


@given(st.dates(date(2010, 1, 1), date(2025, 12, 31)), st.integers(1, 200))
def test_adding_days_is_the_inverse_of_counting(day: date, n: int) -> None:
    there = add_trading_days(day, n)
    assert there is not None
    assert is_trading_day(there)
    assert trading_days_between(day, there) == n
    assert sum(bool(is_trading_day(day + timedelta(i))) for i in range(1, (there - day).days + 1)) == n


def test_a_holiday_file(tmp_path: Path) -> None:
    path = tmp_path / "closed.csv"
    path.write_text("closed\n2027-01-01\n2027/2/8\n2028-01-03\n")
    calendar = load_calendar(path)
    assert (calendar.first, calendar.last) == (date(2027, 1, 1), date(2028, 12, 31))
    assert calendar.is_trading_day(date(2027, 2, 8)) is False
    assert calendar.is_trading_day(date(2027, 2, 9)) is True
    assert calendar.is_trading_day(date(2027, 2, 13)) is False
    assert add_trading_days(date(2027, 2, 5), 1, calendar) == date(2027, 2, 9)
    assert calendar.is_trading_day(date(2026, 12, 31)) is None
    path.write_text("closed\n2027-01-01\n2029-01-01\n")
    with pytest.raises(BadInput, match="no closed day in 2028"):
        load_calendar(path)
    path.write_text("closed\nsoon\n")
    with pytest.raises(BadInput, match=r"closed.csv:2:closed: 'soon' under 'closed' is not a date"):
        load_calendar(path)
    path.write_text("close\n2027-01-01\n")
    with pytest.raises(BadInput, match=r"no column 'closed'.*nearest valid one is 'close'"):
        load_calendar(path)


def test_trading_days_to_maturity(tmp_path: Path) -> None:
    u = load(
        tmp_path, "tranche_id,product,expected_maturity\nA,abn,2025-07-04\nB,abn,2060-01-01\nC,abn,\nD,abn,2025-06-30\n"
    )
    days = with_trading_days(u, AS_OF).table["trading_days_to_maturity"]
    assert list(days[[0, 3]]) == [4, 0]
    assert np.isnan(days[[1, 2]]).all()
    tiny = TradingCalendar(np.array(["2024-01-02"], dtype="M8[D]"), date(2024, 1, 1), date(2024, 1, 3), "test")
    assert np.isnan(with_trading_days(u, AS_OF, tiny).table["trading_days_to_maturity"]).all()


def test_loading_and_deriving_import_nothing_slow() -> None:
    code = (
        "import sys, absalloc.universe, absalloc.universe.calendar\n"
        "print([m for m in ('exchange_calendars', 'pydantic', 'python_calamine', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_days_to_the_next_reset_are_those_of_the_file(tmp_path: Path) -> None:
    resets = {"A": "2025-07-30", "B": "", "C": "2025-06-29", "D": "2025-06-30"}
    rows = [f"{code},credit_bond,2026-03-31,{day}" for code, day in resets.items()]
    u = load(tmp_path, "\n".join(["tranche_id,product,expected_maturity,下一利率调整日", *rows]))
    days = u.column("days_to_reset")
    assert (days[0], days[3]) == (30, 0)
    assert np.isnan(days[[1, 2]]).all()  # none given; one that is past says nothing of the next
