"""The shipped books: each adds up to its net asset value and keeps its own limits, the breach of the open fund apart.

Limits are recomputed here from the files in plain pandas, not with the package's rules.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
AS_OF = pd.Timestamp("2025-06-30")


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(MARKET / name, dtype={"tranche_id": "string"})


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    table = _read("market.csv")
    table["expected_maturity"] = pd.to_datetime(table["expected_maturity"])
    return table.rename(columns=lambda name: name.split(" (")[0])


BOOKS = {
    "bond-fund-open": "bond-fund-open-holdings", "bond-fund-open-before": "bond-fund-open-holdings-before",
    "bond-fund-interval": "bond-fund-interval-holdings", "wealth-closed-18m": "wealth-closed-18m-holdings",
    "city-bank": "city-bank-holdings",
}  # fmt: skip


@pytest.fixture(scope="module")
def books(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Holdings joined with the market and worth ``mv`` yuan: factor times (clean price plus accrued interest)."""
    from absalloc.cashflow.valuation import value_universe
    from absalloc.universe import load_universe

    valued = value_universe(load_universe(MARKET / "market.csv", as_of=date(2025, 6, 30)), date(2025, 6, 30))
    dirty = dict(zip(valued.universe.table["tranche_id"].tolist(), valued.dirty.tolist(), strict=True))
    found = {}
    for mandate, name in BOOKS.items():
        book = (
            _read(f"{name}.csv").drop(columns="name").merge(lines, on="tranche_id", how="left", validate="one_to_one")
        )
        assert book["product"].notna().all(), name
        worth = book["face"] * book["factor"] / 100 * np.array([dirty[code] for code in book["tranche_id"]]) / 100
        book["mv"] = book["market_value"].fillna(worth)
        found[mandate] = book
    return found


def _nav(name: str) -> float:
    amounts = yaml.safe_load((MARKET / f"{name}.yaml").read_text(encoding="utf-8"))
    return float(
        amounts["portfolio"]["invest"]["amount"] if name == "city-bank" else amounts["amounts"]["nav"]["value"]
    )


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_assets_less_repo_are_the_net_asset_value_to_the_yuan(name: str, books: dict[str, pd.DataFrame]) -> None:
    book = books[name]
    sign = np.where(book["product"] == "repo", -1.0, 1.0)
    assert float((book["mv"] * sign).sum()) == pytest.approx(_nav(name), abs=0.5)
    securities = book[book["face"].notna()]
    assert (securities["face"] % securities["lot"] == 0).all()
    assert (securities["face"] >= securities["min_ticket"]).all()


def asset_backed_or_bond(book: pd.DataFrame) -> pd.Series:
    return book["deal_id"].notna() | (book["product"] == "credit_bond")


def test_the_open_fund_was_within_its_limits_until_the_redemption(books: dict[str, pd.DataFrame]) -> None:
    for name, low, high in (("bond-fund-open-before", 0.115, 0.125), ("bond-fund-open", 0.165, 0.175)):
        book, nav = books[name], _nav(name)
        asset_backed = book[book["deal_id"].notna()]
        assert low <= asset_backed["mv"].sum() / nav <= high
        assert asset_backed["mv"].max() <= 0.01 * nav
        assert asset_backed.groupby("originator")["mv"].sum().max() <= 0.10 * nav
        assert (
            book[book["issuer"].notna()]
            .groupby("issuer")["mv"]
            .sum()
            .drop(["财政部(合成)"])
            .loc[lambda s: s.index.str.contains("SYN")]
            .max()
            < 0.20 * nav
        )
        credit = book[book["product"] == "credit_bond"]
        assert credit.groupby("issuer")["mv"].sum().max() <= 0.10 * nav
        liquid = (book["product"] == "cash") | (
            (book["product"] == "government") & ((book["expected_maturity"] - AS_OF).dt.days <= 365)
        )
        assert book.loc[liquid, "mv"].sum() >= 0.05 * nav
        risky = book[asset_backed_or_bond(book)]
        groups = risky["ultimate_group"].fillna(risky["issuer"])
        assert risky.groupby(groups)["mv"].sum().max() <= 0.05 * nav
        assert risky["implied_rating"].isin(["AAA", "AAA-", "AA+", "AA"]).all()
        assert not ((asset_backed["product"] == "abn") & (asset_backed["placement"] == "private")).any()
    before, after = (books[f"bond-fund-open{x}"].set_index("tranche_id") for x in ("-before", ""))
    kept = before["deal_id"].notna()
    assert before.loc[kept, "face"].equals(after.loc[before.index[kept], "face"])


def test_the_other_books_keep_their_limits(books: dict[str, pd.DataFrame]) -> None:
    interval, nav = books["bond-fund-interval"], _nav("bond-fund-interval")
    own = interval[interval["deal_id"].notna()]
    assert 0.17 <= own["mv"].sum() / nav <= 0.20
    assert own.groupby("originator")["mv"].sum().max() <= 0.10 * nav
    repo = interval.loc[interval["product"] == "repo", "mv"].sum()
    assert 1.2 < (nav + repo) / nav <= 2.0
    assert repo <= 0.40 * nav
    wealth, nav = books["wealth-closed-18m"], _nav("wealth-closed-18m")
    assert (wealth["expected_maturity"].dropna() <= pd.Timestamp("2026-12-31")).all()
    assert wealth[wealth["face"].notna()]["mv"].max() <= 0.10 * nav
    assert not wealth["npl"].fillna(False).astype(bool).any()
    assert 0.03 <= wealth.loc[wealth["product"] == "insurance_plan", "mv"].sum() / nav <= 0.07
    bank = books["city-bank"]
    sleeve = bank[bank["deal_id"].notna()]
    assert (sleeve["face"] <= 0.40 * sleeve["issue_size"]).all()
    rating = sleeve[[c for c in sleeve if c.startswith("rating.")]]
    assert (rating.isna() | (rating == "AAAsf")).all(axis=None)  # risk weight at most 20 %
    assert sleeve["mv"].sum() * 0.20 <= 560_000_000  # the budget, under either table
    assert sleeve.loc[sleeve["core_debtor"].isna(), "mv"].sum() <= 0.15 * 20e9
    assert sleeve.groupby("ultimate_group")["mv"].sum().max() <= 0.15 * 20e9


def test_no_fund_holds_over_a_tenth_of_a_tranche_or_bond(books: dict[str, pd.DataFrame]) -> None:
    funds = pd.concat([books["bond-fund-open-before"], books["bond-fund-interval"]])
    securities = (
        funds[funds["face"].notna()].groupby("tranche_id").agg(face=("face", "sum"), size=("issue_size", "first"))
    )
    assert (securities["face"] <= 0.10 * securities["size"]).all()
    totals = _read("originator_totals.csv").set_index("originator")["total"]
    held = funds[funds["deal_id"].notna()].groupby("originator")["face"].sum()
    assert (held <= 0.10 * totals.reindex(held.index)).all()


def test_lists_fit_the_books(books: dict[str, pd.DataFrame], lines: pd.DataFrame) -> None:
    approved = _read("approved_list.csv").set_index("name")
    limit = approved["limit"].str.removesuffix(" yuan").astype(float)
    barred = (
        set(_read("prohibited_list.csv")["name"])
        | set(_read("restricted_list.csv")["name"])
        | set(_read("related_parties.csv")["name"])
    )
    assert (pd.to_datetime(approved["expiry"]) < AS_OF).sum() >= 2
    assert not set(approved.index) & set(_read("prohibited_list.csv")["name"])
    for name, book in books.items():
        for key in ("originator", "core_debtor", "issuer"):
            held = book[book[key].notna()].groupby(key)["mv"].sum()
            assert (held <= limit.reindex(held.index)).all(), (name, key)
            assert (pd.to_datetime(approved["expiry"].reindex(held.index)) >= AS_OF).all(), (name, key)
        parties = set(book["originator"]) | set(book["core_debtor"]) | set(book["manager"]) | set(book["issuer"])
        assert not parties & barred, name
    sizes = lines.groupby("originator")["issue_size"].sum()
    totals = _read("originator_totals.csv").set_index("originator")["total"]
    assert (totals.reindex(sizes.index) >= sizes).all()


def test_trades_lead_from_the_book_before_to_the_book_after(books: dict[str, pd.DataFrame]) -> None:
    trades = _read("trades.csv")
    assert set(trades["side"]) == {"sell"}
    before, after = (books[f"bond-fund-open{x}"].set_index("tranche_id")["face"].dropna() for x in ("-before", ""))
    sold = trades.set_index("tranche_id")["face"]
    assert (before - sold.reindex(before.index).fillna(0)).equals(after.reindex(before.index))


def test_mandates_are_read_by_the_package() -> None:
    from absalloc.mandate import load_mandate

    managers = {name: load_mandate(MARKET / f"{name}.yaml").model for name in BOOKS}
    assert managers["bond-fund-open"].manager == managers["bond-fund-interval"].manager
    related = set(_read("related_parties.csv")["of"])
    assert {m.manager or m.name for m in managers.values()} == related
    for mandate in managers.values():
        for file in (*mandate.reference.values(), mandate.curves):
            assert (MARKET / str(file)).is_file()
