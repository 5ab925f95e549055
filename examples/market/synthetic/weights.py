"""Sample weights by raking: the weights nearest to the design weights that meet the published totals.

Calibration estimation with the exponential distance (Deville and Särndal 1992): minimise
Σ w log(w / w0) − w + w0 under A w = b, whose solution is w = w0 exp(A'λ). Solved by damped Newton steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from synthetic.deals import Deal, Row
from synthetic.levels import AS_OF
from synthetic.names import LGFV_CORE

YI = 100_000_000.0
LONG_DAYS = 3652
Number = Callable[[Deal, Row], float]
Test = Callable[[Deal, Row], bool]
_PRODUCTS = ("credit_abs", "enterprise_abs", "abn")
_HALF_YEAR = (
    ("credit_abs", "npl"), ("credit_abs", "auto"), ("enterprise_abs", "leasing"), ("enterprise_abs", "small_loans"),
    ("abn", "consumer"), ("abn", "small_loans"),
)  # fmt: skip


def _stock(deal: Deal, row: Row) -> float:
    return float(row["issue_size"] * row["factor"] / YI)


def _issued(deal: Deal, row: Row) -> float:
    return float(row["issue_size"] / YI)


def _one(deal: Deal, row: Row) -> float:
    return 1.0


def _sum(deals: list[Deal], number: Number) -> np.ndarray:
    return np.array([sum(number(deal, row) for row in deal.rows) for deal in deals])


def _of(product: str) -> Test:
    return lambda d, r: d.product == product


def _june(product: str) -> Test:
    return lambda d, r: d.product == product and d.issued >= date(2025, 6, 1) and r["coupon"] is not None


def _h1(product: str) -> Test:
    return lambda d, r: d.product == product and d.issued.year == 2025


def _urban(deal: Deal, row: Row) -> bool:
    return deal.lgfv


def _rated(deal: Deal, row: Row) -> bool:
    return bool(row["ratings"])


def _class(key: str) -> Number:
    return lambda d, r: float(d.cls.key == key)


def _grade(grade: str) -> Number:
    return lambda d, r: float(r["grade"] == grade)


def _coupon(deal: Deal, row: Row) -> float:
    return float(row["coupon"])


def _term(deal: Deal, row: Row) -> float:
    """Term at issue, to the first put where there is one, as these products are quoted."""
    years = (row["expected_maturity"] - deal.issued).days / 365
    return float(min(years, 3.0) if row["next_put"] else years)


@dataclass
class _Aims:
    """The totals to be met, one row each."""

    deals: list[Deal]
    rows: list[np.ndarray] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def total(self, of: Test, aim: float) -> None:
        """Ask for a stock of ``aim`` 亿元."""
        self.rows.append(_sum(self.deals, lambda d, r: _stock(d, r) if of(d, r) else 0.0))
        self.values.append(aim)

    def mean(self, of: Test, feature: Number, aim: float, base: Number = _stock) -> None:
        """Ask for a mean of ``feature`` weighted by ``base``: the total of base × (feature − aim) is 0."""
        self.rows.append(_sum(self.deals, lambda d, r: base(d, r) * (feature(d, r) - aim) if of(d, r) else 0.0))
        self.values.append(0.0)


def constraints(deals: list[Deal], figure: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (A, b, ridge) of the totals, shares and means to be met: stocks exactly, the others within a ridge."""
    aims = _Aims(deals)
    _stocks(aims, figure)
    exact = len(aims.rows)
    _urban_aims(aims, figure)
    for key in ("rmbs", "auto", "micro", "consumer"):  # the fifth follows
        aims.mean(_of("credit_abs"), _class(key), figure[f"credit_stock_share_{key}"])
    aims.mean(lambda d, r: True, lambda d, r: float(_rated(d, r)), figure["rated_share"], _one)
    for grade, key in (("AAA", "aaa"), ("AA+", "aa_plus")):
        aims.mean(_rated, _grade(grade), figure[f"{key}_share_by_count"], _one)
        aims.mean(_rated, _grade(grade), figure[f"{key}_share_by_amount"])
    aims.rows.append(np.array([len(deal.rows) - figure["tranches_per_deal"] for deal in deals]))
    aims.values.append(0.0)
    shares = len(aims.rows)
    for product in _PRODUCTS:
        aims.mean(_june(product), _coupon, figure[f"coupon_{product}"], _issued)
        aims.mean(_june(product), _term, figure[f"term_{product}"], _issued)
    for product, key in _HALF_YEAR:
        aims.mean(_h1(product), _class(key), figure[f"h1_share_{product}_{key}"], _issued)
    ridge = np.repeat([0.0, 0.00005, 0.0004], [exact, shares - exact, len(aims.rows) - shares])
    return np.vstack(aims.rows), np.array(aims.values), ridge


def _stocks(aims: _Aims, figure: Mapping[str, Any]) -> None:
    for product in _PRODUCTS:
        aims.total(_of(product), figure[f"stock_{product}"])
    for product in ("enterprise_abs", "abn"):
        aims.total(_urban_of(product), _cell_stock((product, True, ""), figure))


def _urban_of(product: str) -> Test:
    return lambda d, r: d.lgfv and d.product == product


def _urban_aims(aims: _Aims, figure: Mapping[str, Any]) -> None:
    for grade, key in (("AAA", "lgfv_aaa_share"), ("AA+", "lgfv_aa_plus_share")):
        aims.mean(_urban, _grade(grade), figure[key])
    aims.mean(
        _urban, lambda d, r: float((r["expected_maturity"] - AS_OF).days > LONG_DAYS), figure["lgfv_over_10y_share"]
    )
    aims.mean(_urban, _class("fee_rights"), figure["lgfv_fee_rights_share"])
    aims.mean(_urban, _class("receivables"), figure["lgfv_debt_share"])
    aims.mean(_urban, lambda d, r: float(d.owner.region in LGFV_CORE), figure["lgfv_core_region_share"])
    aims.mean(lambda d, r: d.lgfv and r["coupon"] is not None, _coupon, figure["lgfv_coupon"])


def design(deals: list[Deal], figure: Mapping[str, Any]) -> np.ndarray:
    """Return the design weights: the published stock of a deal's cell over what the sample has of it."""
    held: dict[tuple[str, bool, str], float] = {}
    cells = [(d.product, d.lgfv, d.cls.key if d.product == "credit_abs" else "") for d in deals]
    for key, amount in zip(cells, _sum(deals, _stock), strict=True):
        held[key] = held.get(key, 0.0) + float(amount)
    return np.array([_cell_stock(key, figure) / held[key] for key in cells])


def _cell_stock(key: tuple[str, bool, str], figure: Mapping[str, Any]) -> float:
    product, urban, kind = key
    share = figure["lgfv_share_enterprise"]
    if urban:
        return float(figure["lgfv_stock_enterprise"] * (1.0 if product == "enterprise_abs" else (1 - share) / share))
    return float(figure[f"stock_{product}"] * (figure[f"credit_stock_share_{kind}"] if kind else 1.0))


def rake(start: np.ndarray, A: np.ndarray, b: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """Return the raked weights, rounded to six decimals; ``soft`` is the ridge per row, 0 for exact totals.

    A ridge lets a row miss by ridge × its multiplier, which keeps the weights of small cells moderate.
    Raises RuntimeError where the Newton steps do not settle.
    """
    scale = np.abs(A) @ start + 1e-12
    A, b = A / scale[:, None], b / scale
    lam = np.zeros(len(b))
    for _ in range(500):
        w = start * np.exp(A.T @ lam)
        gap = b - A @ w - soft * lam
        if np.abs(gap).max() < 1e-10:
            return np.round(w, 6)
        step = np.linalg.solve((A * w) @ A.T + np.diag(soft + 1e-12), gap)
        size = min(1.0, 1.0 / max(np.abs(A.T @ step).max(), 1e-12))
        lam = lam + size * step
    raise RuntimeError(f"the published totals cannot be met: {np.abs(gap).max():.3g}")
