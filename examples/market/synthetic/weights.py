"""Sample weights by raking: the weights nearest to the design weights that meet the published totals.

Calibration estimation with the exponential distance (Deville and Särndal 1992): minimise
Σ w log(w / w0) − w + w0 under A w = b, whose solution is w = w0 exp(A'λ). Solved by damped Newton steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from synthetic.deals import Deal, Row
from synthetic.levels import AS_OF as _AS_OF

YI = 100_000_000.0
LONG_DAYS = 3652
Number = Callable[[Deal, Row], float]


def _stock(deal: Deal, row: Row) -> float:
    return float(row["issue_size"] * row["factor"] / YI)


def _sum(deals: list[Deal], number: Number) -> np.ndarray:
    return np.array([sum(number(deal, row) for row in deal.rows) for deal in deals])


def _when(test: Callable[[Deal, Row], bool], number: Number = _stock) -> Number:
    return lambda deal, row: number(deal, row) if test(deal, row) else 0.0


def _june(product: str) -> Callable[[Deal, Row], bool]:
    return lambda d, r: (
        d.product == product and (d.issued.year, d.issued.month) == (2025, 6) and r["coupon"] is not None
    )


def _h1(product: str) -> Callable[[Deal, Row], bool]:
    return lambda d, r: d.product == product and d.issued.year == 2025


def _term(deal: Deal, row: Row) -> float:
    """Term at issue, to the first put where there is one, as these products are quoted."""
    years = (row["expected_maturity"] - deal.issued).days / 365
    return min(years, 3.0) if row["next_put"] else years


def constraints(deals: list[Deal], figure: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (A, b, ridge) of the totals and shares to be met; a share is a total of (feature − share × base) = 0."""
    rows: list[np.ndarray] = []
    aims: list[float] = []

    def total(number: Number, aim: float) -> None:
        rows.append(_sum(deals, number))
        aims.append(aim)

    def mean(of: Callable[[Deal, Row], bool], feature: Number, aim: float, base: Number = _stock) -> None:
        total(_when(of, lambda d, r: base(d, r) * (feature(d, r) - aim)), 0.0)

    one: Number = lambda d, r: 1.0  # noqa: E731
    face: Number = lambda d, r: r["issue_size"] / YI  # noqa: E731
    _stocks(total, figure)
    exact = len(rows)
    _urban(mean, figure)
    for key in ("rmbs", "auto", "micro", "consumer"):  # the fifth follows
        mean(
            lambda d, r: d.product == "credit_abs",
            lambda d, r, key=key: float(d.cls.key == key),
            figure[f"credit_stock_share_{key}"],
        )  # type: ignore[misc]
    rated = lambda d, r: bool(r["ratings"])  # noqa: E731
    mean(lambda d, r: True, lambda d, r: float(rated(d, r)), figure["rated_share"], one)
    for grade, key in (("AAA", "aaa"), ("AA+", "aa_plus")):
        mean(rated, lambda d, r, grade=grade: float(r["grade"] == grade), figure[f"{key}_share_by_count"], one)  # type: ignore[misc]
        mean(rated, lambda d, r, grade=grade: float(r["grade"] == grade), figure[f"{key}_share_by_amount"])  # type: ignore[misc]
    rows.append(np.array([len(deal.rows) - figure["tranches_per_deal"] for deal in deals]))
    aims.append(0.0)
    shares = len(rows)
    for product in ("credit_abs", "enterprise_abs", "abn"):
        mean(_june(product), lambda d, r: r["coupon"], figure[f"coupon_{product}"], face)
        mean(_june(product), _term, figure[f"term_{product}"], face)
    for product, key in (
        ("credit_abs", "npl"),
        ("credit_abs", "auto"),
        ("enterprise_abs", "leasing"),
        ("enterprise_abs", "small_loans"),
        ("abn", "consumer"),
        ("abn", "small_loans"),
    ):
        mean(_h1(product), lambda d, r, key=key: float(d.cls.key == key), figure[f"h1_share_{product}_{key}"], face)  # type: ignore[misc]
    ridge = np.repeat([0.0, 0.00005, 0.0004], [exact, shares - exact, len(rows) - shares])
    return np.vstack(rows), np.array(aims), ridge


def _stocks(total: Callable[[Number, float], None], figure: Mapping[str, Any]) -> None:
    for product in ("credit_abs", "enterprise_abs", "abn"):
        total(_when(lambda d, r, p=product: d.product == p), figure[f"stock_{product}"])  # type: ignore[misc]
    share = figure["lgfv_share_enterprise"]
    for product, amount in (("enterprise_abs", 1.0), ("abn", (1 - share) / share)):
        total(_when(lambda d, r, p=product: d.lgfv and d.product == p), figure["lgfv_stock_enterprise"] * amount)  # type: ignore[misc]


def _urban(mean: Callable[..., None], figure: Mapping[str, Any]) -> None:
    urban = lambda d, r: d.lgfv  # noqa: E731
    for grade, key in (("AAA", "lgfv_aaa_share"), ("AA+", "lgfv_aa_plus_share")):
        mean(urban, lambda d, r, grade=grade: float(r["grade"] == grade), figure[key])
    mean(urban, lambda d, r: float((r["expected_maturity"] - _AS_OF).days > LONG_DAYS), figure["lgfv_over_10y_share"])
    mean(urban, lambda d, r: float(d.cls.key == "fee_rights"), figure["lgfv_fee_rights_share"])
    mean(urban, lambda d, r: float(d.cls.key == "receivables"), figure["lgfv_debt_share"])
    mean(urban, lambda d, r: float(d.owner.region in ("江苏", "浙江", "山东")), figure["lgfv_core_region_share"])
    mean(lambda d, r: d.lgfv and r["coupon"] is not None, lambda d, r: r["coupon"], figure["lgfv_coupon"])


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
