"""Numbers and units: what a file says comes back exactly, and no unit is guessed."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc.errors import BadInput
from absalloc.units import INPUT_UNITS, exact, fifteen, quantity, ratio, tidy

FIFTEEN_DIGITS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.integers(0, 10**15 - 1),
    st.integers(-30, 30),
)


@given(FIFTEEN_DIGITS)
def test_a_decimal_of_fifteen_digits_comes_back(value: Decimal) -> None:
    assert exact(fifteen(value)) == Fraction(value)


@given(st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False))
def test_longer_decimals_are_rounded_once(value: Decimal) -> None:
    kept = exact(fifteen(value))
    assert exact(fifteen(Decimal(repr(fifteen(value))))) == kept
    if value:
        assert abs(kept - Fraction(value)) <= abs(Fraction(value)) * Fraction(1, 10**14)


@given(st.floats(-1e9, 1e9, allow_nan=False), st.integers(0, 12))
def test_tidy_is_a_decimal_of_the_stated_digits(value: float, digits: int) -> None:
    found = tidy(value, digits)
    assert (exact(found) * 10**digits).denominator == 1
    assert len(str(abs(exact(found) * 10**digits))) <= 22
    assert abs(found - value) <= 0.5 * 10.0**-digits + abs(value) * 1e-14
    assert tidy(found, digits) == found


def test_tidy_keeps_the_unknown_unknown() -> None:
    assert math.isnan(tidy(math.nan))
    assert tidy(0.1 + 0.2) == 0.3
    assert exact(0.1) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("10%", Fraction(1, 10), "ratio"),
        (" 12.345 % ", Fraction(12345, 100000), "ratio"),
        ("-25bp", Fraction(-25, 10_000), "ratio"),
        ("400000000 yuan", Fraction(400_000_000), "yuan"),
        ("400_000_000 yuan", Fraction(400_000_000), "yuan"),
        ("4 yi", Fraction(400_000_000), "yuan"),
        ("0.1 wan", Fraction(1000), "yuan"),
        ("15 mn", Fraction(15_000_000), "yuan"),
        ("120 days", Fraction(120), "days"),
        ("10 trading days", Fraction(10), "trading_days"),
        ("1 month", Fraction(1), "months"),
        ("0.75 years", Fraction(3, 4), "years"),
        ("60 names", Fraction(60), "count"),
        ("AA+", Fraction(2), "grade"),
        ("D", Fraction(20), "grade"),
    ],
)
def test_quantities(text: str, value: Fraction, unit: str) -> None:
    found = quantity(text)
    assert (found.value, found.unit, found.text) == (value, unit, text.strip())
    assert float(found) == float(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10", r"'10' needs a unit: write 10%, 10 yuan"),
        ("10 yaun", r"'yaun' in '10 yaun' is not a unit; expected .*nearest valid one is 'yuan'"),
        ("10 percent", "'percent' in '10 percent' is not a unit"),
        ("", "is not a number with a unit"),
        ("ten %", "is not a number with a unit"),
        ("10,000 yuan", "is not a number with a unit"),
        ("1e3 yuan", "is not a number with a unit"),
        ("10%%", "is not a number with a unit"),
        ("1__0%", "is not a number with a unit"),
        ("nan%", "is not a number with a unit"),
        ("AAB", "is not a number with a unit"),
        ("1" * 60 + "!", "is not a number with a unit"),  # took hours while the pattern could be read in many ways
    ],
)
def test_no_unit_is_guessed(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        quantity(text)


def test_a_ratio_needs_its_sign() -> None:
    assert ratio("12%").value == Fraction(12, 100)
    assert ratio("5 bp").value == Fraction(5, 10_000)
    with pytest.raises(BadInput, match="'12' is a ratio without %; write 12%"):
        ratio("12")
    with pytest.raises(BadInput, match=r"'0\.12' is a ratio without %"):
        ratio("0.12")
    with pytest.raises(BadInput, match="'12 days' is a ratio without %; write 10%"):
        ratio("12 days")
    with pytest.raises(BadInput, match="没有百分号") as caught:
        raise _chinese(lambda: ratio("12"))
    assert caught.value.code == "base.percent_needed"


def _chinese(call: object) -> BadInput:
    class InChinese(BadInput):
        def __str__(self) -> str:
            return self.text("zh")

    with pytest.raises(BadInput, match="without") as caught:
        call()  # type: ignore[operator]
    found = caught.value
    return InChinese(found.code, value=found.value, expected=found.expected)


def test_units_of_files_agree_with_the_words_of_rules() -> None:
    for unit in ("yuan", "wan", "mn", "yi"):
        assert Fraction(INPUT_UNITS[unit][1]) == quantity(f"1 {unit}").value
    for unit in ("%", "bp"):
        assert Fraction(INPUT_UNITS[unit][1]) == quantity(f"1{unit}").value
    assert INPUT_UNITS["亿元"] == INPUT_UNITS["yi"]
    assert INPUT_UNITS["万元"] == INPUT_UNITS["wan"]
