"""The tables that market reviews print, from any universe: coupons, subordination, mixes, turnover, plain bonds.

Amounts are the outstanding of the file in yuan, rates decimals, terms years. What is missing is counted and left out,
never taken for zero.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from absalloc.cashflow import CurveSet, relative_spreads, value_universe
from absalloc.stress.select import lowest_rating
from absalloc.terms import ABS_PRODUCTS, RATING_GRADES
from absalloc.units import tidy
from absalloc.universe.derive import sectors
from absalloc.universe.model import Trades, Universe, as_series

TERMS = ("under 1", "1-3", "3-5", "over 5")
"""Buckets of the term at issue in years; a bound lies in the lower one, to a hundredth of a year."""
TERM_ENDS = (1.0, 3.0, 5.0)
YEAR_DAYS = 365.25
NO_RATING, UNKNOWN = "none", "unknown"
COUPONS = ["asset_type", "term", "count", "min", "max", "mean"]
SUBORDINATION = ["asset_type", "deals", "min", "max", "mean", "median"]
TURNOVER = [
    "product", "trades", "traded_yuan", "opening_yuan", "closing_yuan", "turnover", "annualised", "unknown_stock",
]  # fmt: skip


def abs_rows(universe: Universe) -> np.ndarray:
    """Return which rows are ABS, a boolean array; the rest of a file (bonds, cash) is no part of these tables."""
    return np.isin(np.asarray(universe.column("product"), object).astype(str), ABS_PRODUCTS)


def term_bucket(universe: Universe) -> np.ndarray:
    """Return the bucket of each row's term at issue, expected maturity less issue date; None where one is unknown."""
    start, end = universe.column("issue_date"), universe.column("expected_maturity")
    known = ~np.isnat(start) & ~np.isnat(end)
    days = np.where(known, (end - start).astype("timedelta64[D]").astype(np.int64), 0)
    years = np.round(days / YEAR_DAYS, 2)
    names = np.array(TERMS, object)[np.searchsorted(TERM_ENDS, years, side="left")]
    return np.array([name if ok else None for name, ok in zip(names, known, strict=True)], object)


def coupon_table(universe: Universe) -> tuple[pd.DataFrame, int]:
    """Return coupons by asset type and term at issue (``COUPONS``), and how many ABS have no coupon.

    Each tranche counts once. Tranches without an asset type or a term stand under ``unknown``.
    """
    rows = abs_rows(universe)
    frame = pd.DataFrame(
        {
            "asset_type": _named(universe.column("asset_type")), "term": _named(term_bucket(universe)),
            "coupon": universe.column("coupon"),
        }
    )[rows]  # fmt: skip
    paying = frame.dropna(subset=["coupon"])
    found = paying.groupby(["asset_type", "term"])["coupon"].agg(["count", "min", "max", "mean"]).reset_index()
    order = {name: place for place, name in enumerate((*TERMS, UNKNOWN))}
    found = found.sort_values(["asset_type", "term"], key=lambda s: s.map(order) if s.name == "term" else s)
    found["mean"] = [tidy(value) for value in found["mean"]]
    return found[COUPONS].reset_index(drop=True), int(len(frame) - len(paying))


def subordination(universe: Universe) -> tuple[pd.DataFrame, int]:
    """Return what stands below the senior class of each deal, by asset type, and how many deals do not say.

    A deal counts once, with the lowest attachment point of its senior tranches; lines without a deal are their own.
    """
    senior = abs_rows(universe) & (np.asarray(universe.column("seniority"), object) == "senior")
    deal = np.where(pd.isna(universe.column("deal_id")), universe.column("tranche_id"), universe.column("deal_id"))
    frame = pd.DataFrame(
        {"deal": deal, "asset_type": _named(universe.column("asset_type")), "point": universe.column("attachment")}
    )[senior]
    deals = frame.groupby("deal").agg(asset_type=("asset_type", "first"), point=("point", "min"))
    known = deals.dropna(subset=["point"])
    found = known.groupby("asset_type")["point"].agg(["count", "min", "max", "mean", "median"]).reset_index()
    found = found.rename(columns={"count": "deals"})
    for name in ("mean", "median"):
        found[name] = [tidy(value) for value in found[name]]
    return found[SUBORDINATION], int(len(deals) - len(known))


def mix(universe: Universe, by: str) -> pd.DataFrame:
    """Return the ABS by ``rating``, ``sector``, ``region`` or another text column.

    Columns: the name of ``by``, ``count yuan share unknown_yuan``.
    ``yuan`` of the rows whose outstanding is known, NaN where none is; ``share`` of all yuan known; ``unknown_yuan``
    rows without an amount. ``rating`` is the lowest long-term one of any agency, ``none`` stated to have none,
    ``unknown`` what the file does not say.
    """
    rows = abs_rows(universe)
    values = {"rating": lowest_rating, "sector": sectors}[by](universe) if by in ("rating", "sector") else None
    names = _named(universe.column(by) if values is None else values)
    amount = np.asarray(universe.column("outstanding"), float)
    frame = pd.DataFrame({by: names, "yuan": amount})[rows]
    groups = frame.groupby(by)["yuan"]
    sums = {"count": groups.size(), "yuan": groups.sum(min_count=1), "unknown_yuan": groups.size() - groups.count()}
    found = pd.DataFrame(sums)
    whole = float(np.nansum(found["yuan"]))
    found["share"] = [tidy(value / whole) if whole > 0 else np.nan for value in found["yuan"]]
    order = {name: place for place, name in enumerate((*RATING_GRADES, NO_RATING, UNKNOWN))} if by == "rating" else {}
    found = found.reset_index()
    place = [order.get(name, 0) if by == "rating" else name == UNKNOWN for name in found[by]]
    ordered: pd.DataFrame = found.assign(place=place).sort_values(["place", "yuan", by], ascending=[True, False, True])
    return ordered[[by, "count", "yuan", "share", "unknown_yuan"]].reset_index(drop=True)


def turnover(
    trades: Trades, opening: Universe, closing: Universe, *, start: date | None = None, end: date | None = None
) -> tuple[pd.DataFrame, int]:
    """Return trades over the mean of opening and closing stock of ABS by product (``TURNOVER``), and trades left out.

    Principal over principal: a trade's face times its factor (of the closing universe, else of the opening one), so
    that no price is needed. ``annualised`` is times 365 over the days from ``start`` to ``end``, NaN without both;
    trades outside these days, of no ABS, or without a factor are left out and counted. A product any of whose
    stock is unknown has no turnover: NaN, with the number of such lines. The last row, ``all``, is the whole.
    """
    table = trades.table
    place = pd.DataFrame({"tranche_id": table["tranche_id"], "face": table["face"].astype(float)})
    facts = pd.concat([_facts(closing), _facts(opening)])
    facts = facts.groupby("tranche_id").first().reset_index()
    place = place.merge(facts, on="tranche_id", how="left")
    day = pd.to_datetime(table["date"]).to_numpy()
    inside = np.ones(len(table), bool)
    inside &= True if start is None else day >= np.datetime64(start)
    inside &= True if end is None else day <= np.datetime64(end)
    place["traded"] = place["face"] * place["factor"]
    used = place[inside & place["product"].notna().to_numpy() & place["traded"].notna().to_numpy()]
    days = None if start is None or end is None else (end - start).days
    stocks = [_stock(universe) for universe in (opening, closing)]
    found = [_turned(product, used, stocks, days) for product in (*ABS_PRODUCTS, "all")]
    return pd.DataFrame(found, columns=TURNOVER), int(len(place) - len(used))


def _facts(universe: Universe) -> pd.DataFrame:
    rows = abs_rows(universe)
    columns = {name: universe.column(name) for name in ("tranche_id", "product", "factor")}
    return pd.DataFrame(columns)[rows]


def _stock(universe: Universe) -> pd.DataFrame:
    rows = abs_rows(universe)
    return pd.DataFrame({"product": universe.column("product"), "yuan": universe.column("outstanding")})[rows]


def _turned(product: str, used: pd.DataFrame, stocks: list[pd.DataFrame], days: int | None) -> tuple[object, ...]:
    def part(frame: pd.DataFrame) -> pd.DataFrame:
        return frame if product == "all" else frame.loc[frame["product"] == product]

    traded = float(part(used)["traded"].sum())
    amounts = [part(stock)["yuan"].astype(float) for stock in stocks]
    unknown = int(sum(values.isna().sum() for values in amounts))
    opening, closing = (float(values.sum()) for values in amounts)
    mean = 0.5 * (opening + closing)
    rate = tidy(traded / mean) if mean > 0 and not unknown else np.nan
    yearly = tidy(rate * 365.0 / days) if days and rate == rate else np.nan
    return product, len(part(used)), round(traded, 2), round(opening, 2), round(closing, 2), rate, yearly, unknown


def valued_spreads(universe: Universe, as_of: date, curves: CurveSet) -> tuple[Universe, pd.DataFrame]:
    """Return the universe with spreads over the government curve, and ``over_plain_bonds``.

    A spread of the file stands. Yields of the model are left out: it was fitted by rating and tenor, and would
    find again what it was fitted to.
    """
    valued = value_universe(universe, as_of, curves=curves)
    real = np.isfinite(valued.yield_) & (np.asarray(valued.yield_source, object) != "model")
    found = relative_spreads(valued, curves)
    own = np.asarray(universe.column("spread"), float)
    spread = np.where(np.isnan(own) & real & abs_rows(universe), np.round(found.government, 10), own)
    known = np.isfinite(found.plain) & real
    table = pd.DataFrame(
        {
            "tranche_id": universe.column("tranche_id"), "product": universe.column("product"),
            "bonds": found.plain_count, "over_bonds": np.round(found.plain, 10),
        }
    )  # fmt: skip
    marked = universe.replace(table=universe.table.assign(spread=as_series(spread)))
    return marked, table.loc[known].reset_index(drop=True)


def over_plain_bonds(universe: Universe, as_of: date, curves: CurveSet) -> pd.DataFrame:
    """Return each ABS line's spread over the same obligor's plain bonds of its tenor bucket, where it has any.

    Columns ``tranche_id product bonds over_bonds``: the line's spread over the government curve less the median one
    of the ``bonds`` plain bonds (``cashflow.relative_spreads``). Offering types are not told apart; model yields are
    left out.
    """
    return valued_spreads(universe, as_of, curves)[1]


def _named(values: np.ndarray) -> np.ndarray:
    """Return texts with ``unknown`` for what is missing and ``none`` for what is stated to be nothing."""
    return np.array([UNKNOWN if pd.isna(v) else NO_RATING if v == "" else str(v) for v in values.tolist()], object)
