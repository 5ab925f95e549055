"""Yield curves of one date, by name: government, notes by grade, 城投 by grade.

A curve file is a CSV with columns ``date, curve, tenor_years`` and a yield whose unit its header says:
``yield_pct``, ``yield(%)``, ``yield_bp``, ``yield_decimal``, 收益率(%). Names in the file are turned into
roles (``government``, ``notes.AAA``, ``lgfv.AAA`` …) by a mapping.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from absalloc.errors import BadInput
from absalloc.files import decode, read_bytes
from absalloc.where import Where

ROLES = {
    "CGB": "government", "国债": "government", "CDB": "policy_bank", "国开债": "policy_bank",
    "LGB_AAA": "local_government", "FR007_IRS": "swap",
}  # fmt: skip
PREFIXES = {"MTN_": "notes.", "CHENGTOU_": "lgfv.", "CORP_": "corporate.", "BANK_": "bank."}
UNITS = {"pct": 0.01, "%": 0.01, "bp": 0.0001, "decimal": 1.0}
_YIELDS = ("yield", "收益率", "到期收益率")
_RANGE = (-0.05, 0.50)


@dataclass(frozen=True)
class Curve:
    """Annual yields by tenor on one date: ``tenors`` years increasing, ``yields`` decimals.

    ``kind`` is ``par`` (yields to maturity of par bonds, as ChinaBond prints) or ``zero``. Between tenors
    ``interpolate="linear"``, or ``hermite``: cubic through the points and monotone between them (Fritsch and
    Butland's slopes; ChinaBond draws its curves with Hermite polynomials). Outside flat (``outside`` says where) or,
    with ``extrapolate="refuse"``, an error.
    """

    name: str
    day: date
    tenors: np.ndarray
    yields: np.ndarray
    kind: str = "par"
    extrapolate: str = "flat"
    interpolate: str = "linear"

    def __post_init__(self) -> None:
        tenors, yields = np.asarray(self.tenors, float), np.asarray(self.yields, float)
        where = Where(self.name)
        if tenors.size == 0 or tenors.size != yields.size:
            raise BadInput("cashflow.lengths", where=where, value=yields.size, expected=tenors.size, name="yields")
        if not (np.isfinite(tenors).all() and np.isfinite(yields).all()):
            raise BadInput("cashflow.not_finite", where=where, value="nan", name="curve")
        if (np.diff(tenors) <= 0).any() or tenors[0] < 0:
            raise BadInput("cashflow.tenors", where=where, value=self.name)
        for name, value, choices in (
            ("kind", self.kind, ("par", "zero")),
            ("extrapolate", self.extrapolate, ("flat", "refuse")),
            ("interpolate", self.interpolate, ("linear", "hermite")),
        ):
            if value not in choices:
                raise BadInput(
                    "cashflow.setting", value=value, expected=", ".join(choices), choices=choices, setting=name
                )
        object.__setattr__(self, "tenors", tenors)
        object.__setattr__(self, "yields", yields)

    def outside(self, years: npt.ArrayLike) -> np.ndarray:
        """Return where ``years`` lie outside the tenors, that is where ``at`` extrapolates."""
        t = np.asarray(years, float)
        return np.asarray((t < self.tenors[0]) | (t > self.tenors[-1]))

    def at(self, years: npt.ArrayLike) -> np.ndarray:
        """Return yields at ``years`` (NaN stays NaN). Raises BadInput outside the tenors if told to refuse."""
        t = np.asarray(years, float)
        beyond = self.outside(t)
        if self.extrapolate == "refuse" and beyond.any():
            raise BadInput(
                "cashflow.tenor_outside",
                where=Where(self.name),
                value=float(t[beyond].flat[0]),
                expected=f"{self.tenors[0]:g} - {self.tenors[-1]:g}",
            )
        return self._between(t)

    def _between(self, t: np.ndarray) -> np.ndarray:
        """Return yields at ``t``, held flat outside the tenors."""
        if self.interpolate == "linear" or self.tenors.size < 3:
            return np.asarray(np.interp(t, self.tenors, self.yields))
        from scipy.interpolate import PchipInterpolator  # heavy, and most curves are linear

        return np.asarray(PchipInterpolator(self.tenors, self.yields)(np.clip(t, self.tenors[0], self.tenors[-1])))

    def __call__(self, years: float) -> float:
        """Return the yield at ``years``: the form ``z_spread`` takes."""
        return float(self.at(years))

    def zero(self, freq: int = 1) -> Curve:
        """Return annually compounded zero rates stripped from par yields of bonds that pay ``freq`` times a year.

        Stripping walks a grid of ``1 / freq`` years to the longest tenor, par yields interpolated as the curve is
        (flat below the first tenor). Raises BadInput for a curve that is zero already.
        """
        if self.kind != "par":
            raise BadInput("cashflow.setting", value=self.kind, expected="par", setting="kind")
        grid = np.arange(1, int(np.floor(self.tenors[-1] * freq + 1e-9)) + 1) / freq
        if grid.size == 0:
            return Curve(self.name, self.day, self.tenors, self.yields, "zero", self.extrapolate, self.interpolate)
        paid, rates = 0.0, np.empty(grid.size)
        for step, coupon in enumerate(self._between(grid) / freq):
            worth = (1.0 - coupon * paid) / (1.0 + coupon)
            if not worth > 0:
                raise BadInput("cashflow.no_yield", where=Where(self.name), value=float(coupon * freq))
            paid += worth
            rates[step] = worth ** (-1.0 / grid[step]) - 1.0
        return Curve(self.name, self.day, grid, rates, "zero", self.extrapolate, self.interpolate)


@dataclass(frozen=True)
class CurveSet:
    """Curves by role, each with its own date (at most ``stale_days`` before ``as_of``)."""

    as_of: date
    curves: Mapping[str, Curve]

    def __getitem__(self, role: str) -> Curve:
        if role not in self.curves:
            raise BadInput(
                "cashflow.no_curve", value=role, expected=", ".join(sorted(self.curves)), choices=self.curves
            )
        return self.curves[role]

    def __contains__(self, role: object) -> bool:
        return role in self.curves


@dataclass(frozen=True)
class Point:
    """One printed yield of a curve file: role, date, tenor in years, yield as a decimal."""

    role: str
    day: date
    tenor: float
    value: float


def _unit(header: list[str], name: str) -> tuple[int, float]:
    """Return the place of the yield column and its factor. Raises BadInput where no unit is written."""
    for place, title in enumerate(header):
        plain = title.strip().casefold().replace("（", "(").replace("）", ")")
        for stem in _YIELDS:
            if plain == stem:
                raise BadInput("cashflow.curve_unit", where=Where(name, 1, title), value=title, expected=f"{title}_pct")
            if plain.startswith(stem):
                unit = plain[len(stem) :].strip("_() ")
                if unit in UNITS:
                    return place, UNITS[unit]
    raise BadInput("cashflow.curve_column", where=Where(name, 1), value="yield_pct", expected=", ".join(header))


def _role(curve: str, mapping: Mapping[str, str]) -> str:
    if curve in mapping:
        return mapping[curve]
    for prefix, role in PREFIXES.items():
        if curve.startswith(prefix):
            return role + curve.removeprefix(prefix)
    return ROLES.get(curve, curve)


def read_points(
    path: str | Path, mapping: Mapping[str, str] | None = None, *, curve: str | None = None
) -> Iterator[Point]:
    """Yield every point of a curve file. ``mapping`` names roles; ``curve`` names a file without that column.

    Raises BadInput for a missing column, a yield without a unit, or a value that is not a date or number or
    lies outside -5 % … 50 % (a unit slip).
    """
    name = str(path)
    text, _ = decode(read_bytes(path, expected="date, curve, tenor_years, yield_pct"), name)
    rows = csv.reader(io.StringIO(text))
    header = [title.strip() for title in next(rows)]
    place, factor = _unit(header, name)
    for column in ("date", "tenor_years", *(() if curve else ("curve",))):
        if column not in header:
            raise BadInput(
                "cashflow.curve_column", where=Where(name, 1), value=column, expected=", ".join(header), choices=header
            )
    day, tenor = header.index("date"), header.index("tenor_years")
    title = header.index("curve") if curve is None else None
    for row in rows:
        if row:
            if len(row) != len(header):  # a decimal comma would otherwise lose its fraction silently
                raise BadInput("cashflow.curve_value", where=Where(name, rows.line_num), value=",".join(row))
            label = str(curve) if title is None else row[title]
            yield _point(row, (day, tenor, place, factor), _role(label, mapping or {}), Where(name, rows.line_num))


def _point(row: list[str], at: tuple[int, int, int, float], role: str, where: Where) -> Point:
    day, tenor, place, factor = at
    try:
        point = Point(
            role, date.fromisoformat(row[day].strip()), float(row[tenor]), round(float(row[place]) * factor, 12)
        )
    except (ValueError, IndexError):
        raise BadInput("cashflow.curve_value", where=where, value=",".join(row)) from None
    if not _RANGE[0] <= point.value <= _RANGE[1] or not 0 <= point.tenor <= 100:
        raise BadInput(
            "cashflow.curve_range", where=where, value=row[place], expected=f"{_RANGE[0]:.0%} - {_RANGE[1]:.0%}"
        )
    return point


def load_curves(
    path: str | Path, mapping: Mapping[str, str] | None = None, *, as_of: date, curve: str | None = None,
    stale_days: int = 7, extrapolate: str = "flat",
) -> CurveSet:  # fmt: skip
    """Read the curves of the last day at or before ``as_of``, at most ``stale_days`` days old, by role.

    ``mapping`` turns names of the file into roles (``{"CGB": "government"}``; the usual ones are known).
    ``curve`` names the curve of a file without that column. Raises BadInput for an unreadable file (see
    ``read_points``), a tenor printed twice, or a date without a curve.
    """
    by_role: dict[str, dict[date, dict[float, float]]] = {}
    for point in read_points(path, mapping, curve=curve):
        tenors = by_role.setdefault(point.role, {}).setdefault(point.day, {})
        if tenors.setdefault(point.tenor, point.value) != point.value:
            raise BadInput(
                "cashflow.curve_twice", where=Where(str(path)), value=f"{point.role} {point.day} {point.tenor:g}"
            )
    chosen: dict[str, Curve] = {}
    for role, days in by_role.items():
        past = [day for day in days if 0 <= (as_of - day).days <= stale_days]
        if past:
            tenors = dict(sorted(days[max(past)].items()))
            chosen[role] = Curve(
                role, max(past), np.array(list(tenors)), np.array(list(tenors.values())), "par", extrapolate
            )
    if not chosen:
        raise BadInput("cashflow.curve_date", where=Where(str(path)), value=as_of.isoformat(), days=stale_days)
    return CurveSet(as_of, chosen)
