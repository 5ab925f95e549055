"""The two real universes through the committed mapping files."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from absalloc.universe import Universe, derive, describe, load_universe

pytestmark = pytest.mark.real
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "real"


@pytest.fixture(scope="module")
def interbank(shared: Path) -> Universe:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABSALLOC_SHARED", str(shared))
        path = shared / "data/tranches/interbank_abs_universe_2020-12-07.csv"
        return derive(load_universe(path, EXAMPLES / "interbank-2020-12-07.yaml", strict=True), date(2020, 12, 7))


@pytest.fixture(scope="module")
def cnabs(shared: Path) -> Universe:
    path = shared / "data/tranches/cnabs_tranches_2025-12-08.csv"
    return derive(load_universe(path, EXAMPLES / "cnabs-2025-12-08.yaml"), date(2025, 12, 8))


def test_the_2020_universe_is_whole(interbank: Universe) -> None:
    assert len(interbank.table) == 2461
    assert describe(interbank).products == {"abn": 1513, "credit_abs": 948}
    credit = interbank.column("product") == "credit_abs"
    outstanding = interbank.column("outstanding")
    assert round(outstanding[credit].sum() / 1e8) == 14421
    assert round(outstanding[~credit].sum() / 1e8) == 6569
    assert np.isnan(interbank.column("coupon")).sum() == 877
    assert interbank.index()["081900030.IB"] >= 0
    assert describe(interbank).ratings == {"unknown": 2461}


def test_the_2020_originators_are_joined_or_derived_and_say_so(interbank: Universe) -> None:
    labels = Counter(interbank.label("originator"))
    assert labels == {"derived": 1513, "join:credit_abs_series_map_CURATED.csv": 605, "missing": 343}
    row = interbank.index()["081900030.IB"]
    assert interbank.column("originator")[row] == "广州地铁"
    assert interbank.label("originator")[row] == "derived"
    credit = interbank.column("product") == "credit_abs"
    mapped = interbank.label("asset_type") == "join:credit_abs_series_map_CURATED.csv"
    balance = interbank.column("outstanding")
    assert round(balance[mapped].sum() / balance[credit].sum(), 2) == 0.78


def test_the_2020_sectors_rest_on_the_cited_list(interbank: Universe) -> None:
    assert describe(interbank).sectors == {"enterprise": 1473, "credit": 948, "urban_investment": 40}
    assert Counter(interbank.label("lgfv")) == {"assumed": 1473, "missing": 948, "join:lgfv_abn_2020-12-07.csv": 40}


def test_the_2020_quotes_come_from_the_trades(interbank: Universe, shared: Path) -> None:
    price, factor = interbank.column("quote_price"), interbank.column("factor")
    quoted = ~np.isnan(price)
    assert quoted.sum() == 351
    assert set(interbank.column("quote_basis")[quoted]) == {"original"}
    assert set(interbank.label("quote_price")[quoted]) == {"join:interbank_abs_trades_2020-12_2021-01.csv"}
    assert abs(np.median(price[quoted] / (100 * factor[quoted])) - 1.0) < 0.001
    assert min(interbank.column("extra.quote_date")[quoted]) == "2020-12-07"


def test_the_2020_dates_come_from_the_terms(interbank: Universe) -> None:
    row = interbank.index()["081656003.IB"]
    assert interbank.column("days_to_maturity")[row] == 201  # 0.5507 years
    assert interbank.label("expected_maturity")[row] == "derived"
    assert (~np.isnat(interbank.column("next_put"))).sum() == 61


def test_the_2025_universe(cnabs: Universe) -> None:
    assert cnabs.provenance[0].rows == 329
    assert Counter(failure.code for failure in cnabs.failures) == {"universe.matured": 21}
    assert not any(failure.kept for failure in cnabs.failures)
    assert len(cnabs.table) == 329 - 21
    assert (cnabs.column("days_to_maturity") >= 0).all()


def test_the_2025_ratings(cnabs: Universe) -> None:
    assert describe(cnabs).ratings["unknown"] == 13
    rated = [name for name in cnabs.table.columns if name.startswith("rating.")]
    assert sorted(rated) == [
        f"rating.{a}" for a in ("any", "brilliance", "ccxi", "dagong", "golden", "lianhe", "pengyuan")
    ]
    assert "" in set(cnabs.column("rating.any"))  # NR: stated not to be rated


def test_the_2025_private_placements(cnabs: Universe) -> None:
    private = (cnabs.column("placement") == "private") & (cnabs.column("seniority") != "subordinated")
    assert private.sum() == 84
    assert set(cnabs.column("product")[private]) == {"abn"}
    assert set(cnabs.label("placement")[private]) == {"derived"}


def test_without_the_mapping_a_real_file_is_refused(shared: Path) -> None:
    from absalloc.errors import BadInput

    with pytest.raises(BadInput, match=r"'factor'.*has no unit"):
        load_universe(shared / "data/tranches/interbank_abs_universe_2020-12-07.csv")
