"""Curves: reading with units, dates and roles; interpolation; stripping; refusals."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import absalloc.cashflow as cf
from absalloc.errors import BadInput

DAY = date(2025, 6, 30)
TEXT = """date,curve,tenor_years,yield_pct
2025-06-27,CGB,1,1.34
2025-06-30,CGB,1,1.35
2025-06-30,CGB,3,1.40
2025-06-30,MTN_AA+,1,1.90
2025-07-01,CGB,1,9
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "curves.csv"
    path.write_text(text, encoding="utf-8")
    return path


def curve(**more: str) -> cf.Curve:
    return cf.Curve("government", DAY, np.array([1.0, 3.0]), np.array([0.01, 0.02]), **more)


def test_reads_roles_units_and_the_day(tmp_path: Path) -> None:
    curves = cf.load_curves(write(tmp_path, TEXT), as_of=DAY)
    assert curves["government"].yields.tolist() == [0.0135, 0.014]
    assert curves["notes.AA+"].at(1.0) == pytest.approx(0.019)
    assert "lgfv.AAA" not in curves
    earlier = cf.load_curves(write(tmp_path, TEXT), {"CGB": "bonds"}, as_of=date(2025, 6, 29))
    assert earlier["bonds"].day == date(2025, 6, 27)
    assert "notes.AA+" not in earlier
    with pytest.raises(BadInput, match=r"There is no curve 'goverment'.*The nearest valid one is 'government'"):
        curves["goverment"]


@pytest.mark.parametrize(
    ("header", "value", "rate"),
    [
        ("yield_bp", "135", 0.0135),
        ("收益率(%)", "1.35", 0.0135),
        ("到期收益率（%）", "1.35", 0.0135),
        ("yield_decimal", "0.0135", 0.0135),
    ],
)
def test_units_in_the_header(tmp_path: Path, header: str, value: str, rate: float) -> None:
    path = write(tmp_path, f"date,tenor_years,{header}\n2025-06-30,1,{value}\n")
    assert cf.load_curves(path, as_of=DAY, curve="government")["government"].yields.tolist() == [rate]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "date,curve,tenor_years,yield\n2025-06-30,CGB,1,1.35\n",
            r"curves.csv:1:yield: The column 'yield' has no unit",
        ),
        ("date,curve,tenor_years\n2025-06-30,CGB,1\n", "The column 'yield_pct' is missing"),
        ("date,name,tenor_years,yield_pct\n2025-06-30,CGB,1,1\n", "The column 'curve' is missing"),
        (TEXT.replace("1.40", "1,4x"), r"curves.csv:4: '2025-06-30,CGB,3,1,4x' is not a date"),
        (TEXT.replace("1.40", "n/a"), r"curves.csv:4: '2025-06-30,CGB,3,n/a' is not a date"),
        (TEXT.replace("1.40", "140"), r"curves.csv:4: A yield of 140 or its tenor is outside -5% - 50%"),
        (TEXT.replace("1.40", "nan"), r"curves.csv:4: A yield of nan"),
        (TEXT.replace("CGB,3", "CGB,1"), "is printed twice with different yields"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        cf.load_curves(write(tmp_path, text), as_of=DAY)


def test_a_stale_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="within 7 days up to 2026-01-01"):
        cf.load_curves(write(tmp_path, TEXT), as_of=date(2026, 1, 1))


def test_interpolation_and_what_lies_outside() -> None:
    flat = curve()
    assert flat.at([0.5, 1.0, 2.0, 3.0, 9.0]) == pytest.approx([0.01, 0.01, 0.015, 0.02, 0.02])
    assert flat.outside([0.5, 1.0, 3.0, 9.0]).tolist() == [True, False, False, True]
    assert np.isnan(flat.at(np.nan))
    with pytest.raises(BadInput, match=r"9.0 years lie outside the tenors of the curve \(1 - 3 years\)"):
        curve(extrapolate="refuse").at([2.0, 9.0])


def test_stripped_zeros_price_the_par_bonds_at_par() -> None:
    par = cf.Curve("government", DAY, np.array([1.0, 2.0, 5.0, 10.0]), np.array([0.012, 0.02, 0.024, 0.03]))
    for freq in (1, 2):
        zero = par.zero(freq)
        assert zero.kind == "zero"
        for years in (1, 3, 7, 10):
            times = np.arange(1, years * freq + 1) / freq
            cash = np.full(times.size, float(par.at(years)) / freq)
            cash[-1] += 1.0
            worth = float(np.sum(cash * (1 + zero.at(times)) ** -times))
            assert worth == pytest.approx(1.0, abs=1e-12)
            assert cf.z_spread(times, cash, worth, zero) == pytest.approx(0.0, abs=1e-10)
    with pytest.raises(BadInput, match="kind: 'zero'"):
        par.zero().zero()


def test_bad_curves_are_refused() -> None:
    with pytest.raises(BadInput, match="must increase"):
        cf.Curve("x", DAY, np.array([3.0, 1.0]), np.array([0.01, 0.02]))
    with pytest.raises(BadInput, match="has 1 entries where 2"):
        cf.Curve("x", DAY, np.array([1.0, 3.0]), np.array([0.01]))
    with pytest.raises(BadInput, match="every number must be finite"):
        cf.Curve("x", DAY, np.array([1.0]), np.array([np.nan]))
    with pytest.raises(BadInput, match="extrapolate: 'linear'"):
        curve(extrapolate="linear")
