"""The shipped market: its aggregates against the published figures, its identities, its bytes.

The aggregates are computed here from market.csv alone, not with the generator's code.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
AS_OF = pd.Timestamp("2025-06-30")
YI = 100_000_000.0
WEIGHTED = ("credit_abs", "enterprise_abs", "abn")

# Widest distance from the published figure. Stocks are met exactly by the raking (weights have six decimals).
# Shares and means are raked with a small ridge so that no cell gets an absurd weight; the bands are about the
# rounding a reader could see, except for a month's or half-year's issues, where few deals stand for many.
BANDS: dict[str, float] = {
    "stock_credit_abs": 1.0, "stock_enterprise_abs": 1.0, "stock_abn": 1.0,  # 亿元
    "lgfv_stock_enterprise": 0.1, "lgfv_share_enterprise": 0.001,
    "lgfv_coupon": 0.02, "lgfv_over_10y_share": 0.01, "lgfv_aaa_share": 0.01, "lgfv_aa_plus_share": 0.01,
    "lgfv_fee_rights_share": 0.01, "lgfv_debt_share": 0.01, "lgfv_core_region_share": 0.01,
    "credit_stock_share_rmbs": 0.01, "credit_stock_share_auto": 0.01, "credit_stock_share_micro": 0.01,
    "credit_stock_share_consumer": 0.01, "credit_stock_share_npl": 0.01,
    "rated_share": 0.02, "tranches_per_deal": 0.08,
    "aaa_share_by_count": 0.03, "aa_plus_share_by_count": 0.03,
    "aaa_share_by_amount": 0.02, "aa_plus_share_by_amount": 0.02,
    "coupon_credit_abs": 0.02, "coupon_enterprise_abs": 0.02, "coupon_abn": 0.02,  # percent
    "term_credit_abs": 0.25, "term_enterprise_abs": 0.25, "term_abn": 0.25,  # years, to the first put
    "h1_share_credit_abs_npl": 0.03, "h1_share_credit_abs_auto": 0.03, "h1_share_enterprise_abs_leasing": 0.03,
    "h1_share_enterprise_abs_small_loans": 0.03, "h1_share_abn_consumer": 0.03, "h1_share_abn_small_loans": 0.03,
    # bp: yields are calibrated to the curve at these tenors, then rounded to 0.01 bp; primary lines keep their price
    "abs_aaa_over_notes_1y": 1.5, "abs_aaa_over_notes_3y": 1.5,
    "abs_aaa_over_notes_5y": 1.5, "abs_aaa_over_notes_10y": 1.5,
}  # fmt: skip
SPREAD_BUCKETS = {"1y": (0.5, 1.5), "3y": (2.4, 3.6), "5y": (4.0, 6.0), "10y": (7.0, 13.0)}


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(MARKET / name, dtype={"tranche_id": "string"})


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    table = _read("market.csv")
    for column in ("issue_date", "expected_maturity", "legal_maturity", "next_put", "rating_date"):
        table[column] = pd.to_datetime(table[column])
    return table.rename(columns=lambda name: name.split(" (")[0])


@pytest.fixture(scope="module")
def sample(lines: pd.DataFrame) -> pd.DataFrame:
    table = lines[lines["product"].isin(WEIGHTED)].copy()
    table["stock"] = table["outstanding"] * table["sample_weight"] / YI
    table["issued"] = table["issue_size"] * table["sample_weight"] / YI
    ratings = table[[c for c in table if c.startswith("rating.")]]
    table["rated"] = ratings.notna().any(axis=1)
    public = ratings.drop(columns="rating.cbr").bfill(axis=1).iloc[:, 0].fillna(ratings["rating.cbr"])
    table["grade"] = public.str.removesuffix("sf")
    table["to_call"] = (table["expected_maturity"] - table["issue_date"]).dt.days / 365
    table.loc[table["next_put"].notna(), "to_call"] = table["to_call"].clip(upper=3.0)
    return table


@pytest.fixture(scope="module")
def published() -> dict[str, float]:
    document = yaml.safe_load((MARKET / "published.yaml").read_text(encoding="utf-8"))
    return {name: float(entry["value"]) for name, entry in document["figures"].items()}


def _mean(part: pd.DataFrame, value: str, weight: str) -> float:
    good = part[part[value].notna()]
    return float((good[value] * good[weight]).sum() / good[weight].sum())


def _share(part: pd.DataFrame, test: pd.Series, weight: str) -> float:
    return float(part.loc[test.reindex(part.index), weight].sum() / part[weight].sum())


def _urban(sample: pd.DataFrame) -> dict[str, float]:
    urban = sample[sample["lgfv"].astype(bool)]
    enterprise = urban[urban["product"] == "enterprise_abs"]["stock"].sum()
    years = (urban["expected_maturity"] - AS_OF).dt.days
    return {
        "lgfv_stock_enterprise": float(enterprise),
        "lgfv_share_enterprise": float(enterprise / urban["stock"].sum()),
        "lgfv_coupon": _mean(urban, "coupon", "stock"),
        "lgfv_over_10y_share": _share(urban, years > 3652, "stock"),
        "lgfv_aaa_share": _share(urban, urban["grade"] == "AAA", "stock"),
        "lgfv_aa_plus_share": _share(urban, urban["grade"] == "AA+", "stock"),
        "lgfv_fee_rights_share": _share(urban, urban["asset_type"] == "fee_rights", "stock"),
        "lgfv_debt_share": _share(urban, urban["asset_type"] == "receivables", "stock"),
        "lgfv_core_region_share": _share(urban, urban["region"].isin(["江苏", "浙江", "山东"]), "stock"),
    }


def _issues(sample: pd.DataFrame) -> dict[str, float]:
    found = {}
    for product in WEIGHTED:
        mine = sample[sample["product"] == product]
        june = mine[(mine["issue_date"] >= "2025-06-01") & mine["coupon"].notna()]
        found[f"coupon_{product}"] = _mean(june, "coupon", "issued")
        found[f"term_{product}"] = _mean(june, "to_call", "issued")
        half = mine[mine["issue_date"].dt.year == 2025]
        for kind in mine["asset_type"].unique():
            found[f"h1_share_{product}_{kind}"] = _share(half, half["asset_type"] == kind, "issued")
    return found


def _spreads(sample: pd.DataFrame, published: dict[str, float]) -> dict[str, float]:
    """Mean distance from the published spread curve (linear between its tenors) by bucket, put back at its tenor."""
    nodes = {key: published[f"abs_aaa_over_notes_{key}"] for key in SPREAD_BUCKETS}
    curves = _read("curves.csv")
    notes = curves[curves["curve"] == "MTN_AAA"]
    good = sample[(sample["grade"] == "AAA") & sample["yield"].notna()].copy()
    good["over"] = 100 * (good["yield"] - np.interp(good["wal"], notes["tenor_years"], notes["yield_pct"]))
    good["off"] = good["over"] - np.interp(good["wal"], [1.0, 3.0, 5.0, 10.0], list(nodes.values()))
    return {
        f"abs_aaa_over_notes_{key}": nodes[key]
        + _mean(good[(good["wal"] >= low) & (good["wal"] < high)], "off", "stock")
        for key, (low, high) in SPREAD_BUCKETS.items()
    }


@pytest.fixture(scope="module")
def aggregates(sample: pd.DataFrame, published: dict[str, float]) -> dict[str, float]:
    found = {f"stock_{p}": float(sample[sample["product"] == p]["stock"].sum()) for p in WEIGHTED}
    credit = sample[sample["product"] == "credit_abs"]
    for kind in ("rmbs", "auto", "micro", "consumer", "npl"):
        found[f"credit_stock_share_{kind}"] = _share(credit, credit["asset_type"] == kind, "stock")
    rated = sample[sample["rated"]]
    found["rated_share"] = _share(sample, sample["rated"], "sample_weight")
    for grade, key in (("AAA", "aaa"), ("AA+", "aa_plus")):
        found[f"{key}_share_by_count"] = _share(rated, rated["grade"] == grade, "sample_weight")
        found[f"{key}_share_by_amount"] = _share(rated, rated["grade"] == grade, "stock")
    deals = sample.drop_duplicates("deal_id")
    found["tranches_per_deal"] = float(sample["sample_weight"].sum() / deals["sample_weight"].sum())
    return found | _urban(sample) | _issues(sample) | _spreads(sample, published)


@pytest.mark.parametrize("name", sorted(BANDS))
def test_weighted_aggregate_is_near_the_published_figure(
    name: str, aggregates: dict[str, float], published: dict[str, float]
) -> None:
    assert aggregates[name] == pytest.approx(published[name], abs=BANDS[name])


def test_every_published_figure_is_tested_or_an_ingredient(published: dict[str, float]) -> None:
    assert set(published) - set(BANDS) == {"outstanding_deals", "outstanding_tranches"}
    assert published["outstanding_tranches"] / published["outstanding_deals"] == pytest.approx(
        published["tranches_per_deal"], abs=1e-4
    )


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(MARKET / "generate.py"), "--out", str(tmp_path)], check=True)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == sorted(path.name for path in MARKET.glob("*.csv"))
    for name in written:
        assert (tmp_path / name).read_bytes() == (MARKET / name).read_bytes(), f"{name} is not what generate.py writes"


def test_the_larger_market_keeps_the_same_shape(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(MARKET / "generate.py"), "--tranches", "2500", "--out", str(tmp_path)], check=True
    )
    table = pd.read_csv(tmp_path / "market.csv")
    weighted = table[table["product"].isin(WEIGHTED)]
    assert 2375 <= table["deal_id"].notna().sum() <= 2625
    stock = (weighted["outstanding (yuan)"] * weighted["sample_weight"]).sum() / YI
    assert stock == pytest.approx(3989 + 20627 + 6336, rel=1e-4)


def test_size_of_the_market_and_of_its_parts(lines: pd.DataFrame) -> None:
    asset_backed = lines[lines["deal_id"].notna()]
    assert 950 <= len(asset_backed) <= 1050
    assert 0.04 <= (asset_backed["product"] == "insurance_plan").mean() <= 0.06
    urban = asset_backed[asset_backed["lgfv"].astype(bool) & (asset_backed["product"] != "insurance_plan")]
    assert 110 <= len(urban) <= 135
    assert 195e6 <= lines.loc[lines["product"].isin(WEIGHTED), "issue_size"].median() <= 245e6  # about 220 million
    quoted = asset_backed["quote_price"].notna()
    assert 180 <= quoted.sum() <= 220
    assert (asset_backed.loc[quoted, "available_face"] <= asset_backed.loc[quoted, "issue_size"]).all()
    assert not lines["tranche_id"].duplicated().any()
    assert lines["tranche_id"].str.startswith("SYN").all()
    assert lines["name"].str.contains("SYN").all()


def test_fee_right_deals_have_five_to_ten_sequential_seniors(sample: pd.DataFrame) -> None:
    fee = sample[
        sample["lgfv"].astype(bool) & (sample["asset_type"] == "fee_rights") & (sample["seniority"] == "senior")
    ]
    counts = fee.groupby("deal_id").size()
    assert counts.between(5, 10).all()
    for _, deal in fee.groupby("deal_id"):
        assert deal["expected_maturity"].is_monotonic_increasing
        assert deal["expected_maturity"].is_unique
    with_put = fee[fee["next_put"].notna()]
    months = (
        12 * (with_put["next_put"].dt.year - with_put["issue_date"].dt.year)
        + with_put["next_put"].dt.month
        - with_put["issue_date"].dt.month
    )
    assert len(with_put) > 20
    assert (months % 36 == 0).all()


def test_deals_add_up_and_losses_have_one_order(lines: pd.DataFrame) -> None:
    deals = lines[lines["deal_id"].notna()]
    for deal_id, deal in deals.groupby("deal_id"):
        assert deal["issue_size"].sum() == deal["deal_size"].iloc[0], deal_id
        assert deal["deal_size"].nunique() == 1
        expected = 0.0
        for seniority in ("subordinated", "mezzanine", "senior"):
            part = deal[deal["seniority"] == seniority]
            if part.empty:
                continue
            assert np.allclose(part["attachment"], expected, atol=2e-6)
            expected += 100 * part["issue_size"].sum() / deal["deal_size"].iloc[0]
            assert np.allclose(part["detachment"], expected, atol=2e-6)
        assert expected == pytest.approx(100.0)
    assert np.allclose(deals["outstanding"], deals["issue_size"] * deals["factor"] / 100, atol=0.01)


def test_subordination_is_within_the_published_bands(sample: pd.DataFrame) -> None:
    document = yaml.safe_load((MARKET / "published.yaml").read_text(encoding="utf-8"))["subordination"]
    subs = sample[sample["seniority"] == "subordinated"]
    share = subs["issue_size"] / subs["deal_size"]
    for kind, (low, high) in document["bands"].items():
        mine = share[subs["asset_type"] == kind]
        assert len(mine) > 3, kind
        # amounts are rounded to 0.1 or 1 million
        assert mine.between(low - 0.001, high + 0.001).all(), kind


def test_dates_and_facts_do_not_contradict_each_other(lines: pd.DataFrame) -> None:
    asset_backed = lines[lines["deal_id"].notna()]
    assert (asset_backed["issue_date"] < AS_OF).all()
    assert (asset_backed["expected_maturity"] > AS_OF).all()
    assert (asset_backed["legal_maturity"] >= asset_backed["expected_maturity"]).all()
    put = asset_backed[asset_backed["next_put"].notna()]
    assert ((put["next_put"] > AS_OF) & (put["next_put"] < put["expected_maturity"])).all()
    subordinated = asset_backed[asset_backed["seniority"] == "subordinated"]
    assert subordinated[["coupon", "yield", "clean_price", "implied_rating"]].isna().all(axis=None)
    assert not subordinated["pledgeable"].astype(bool).any()
    assert (asset_backed.loc[asset_backed["yield_basis"] == "put", "next_put"].notna()).all()
    urban = set(_read("lgfv_list.csv")["name"])
    flagged = lines["lgfv"].astype(bool)
    obligor = lines["core_debtor"].fillna(lines["issuer"]).fillna(lines["originator"])
    assert (obligor.isin(urban) == flagged).all()
    assert (asset_backed["yield"] < 1.6).sum() > 10  # lines of negative carry stay in


def test_the_package_reads_and_reprices_every_line() -> None:
    from absalloc.cashflow.valuation import value_universe
    from absalloc.universe import load_universe

    universe = load_universe(MARKET / "market.csv", as_of=date(2025, 6, 30))
    assert universe.failures == ()
    table = universe.table.copy()
    wiped = table.assign(clean_price=np.nan, wal=np.nan, modified_duration=np.nan, quote_price=np.nan)
    found = value_universe(universe.replace(table=wiped), date(2025, 6, 30))
    securities = table["issue_size"].notna() & table["yield"].notna()
    for mine, theirs in (
        ("clean_price", found.clean),
        ("wal", found.wal),
        ("modified_duration", found.modified_duration),
    ):
        off = (table[mine] - theirs)[securities].abs()
        assert off.max() <= 1e-4, mine  # four decimals are shipped


def test_the_folder_stays_small() -> None:
    assert (
        sum(path.stat().st_size for path in MARKET.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        < 2_000_000
    )
