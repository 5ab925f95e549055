"""Two real universes through the public interface: what they prove, what they cannot, and what an assumption does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import absalloc as aa

pytestmark = pytest.mark.real
REAL = Path(__file__).resolve().parents[2] / "examples" / "real"
HELD = pd.DataFrame({"tranche_id": ["1889005.IB", "082000888.IB", "081800128.IB"], "face": [5e6, 5e6, 5e6]})
"""An old RMBS tranche and two ABN of property developers, five million each."""


@pytest.fixture(autouse=True)
def _shared_folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABSALLOC_SHARED", str(shared))


@pytest.fixture(scope="module")
def interbank(shared: Path) -> aa.Universe:
    file = shared / "data" / "tranches" / "interbank_abs_universe_2020-12-07.csv"
    return aa.load_universe(file, mapping=REAL / "interbank-2020-12-07.yaml")


@pytest.fixture(scope="module")
def cnabs(shared: Path) -> aa.Universe:
    file = shared / "data" / "tranches" / "cnabs_tranches_2025-12-08.csv"
    return aa.load_universe(file, mapping=REAL / "cnabs-2025-12-08.yaml")


@pytest.mark.parametrize("name", ["bank-2020", "fund-2020"])
def test_without_ratings_the_sleeve_is_empty_and_says_why(interbank: aa.Universe, name: str) -> None:
    plan = aa.optimise(interbank, aa.load_mandate(REAL / f"{name}.yaml"))
    assert plan.status == "optimal"
    assert plan.holdings == ()
    said = " ".join(plan.assumptions())
    assert "2461 of 2461 lines that could be had may not be bought" in said
    assert "desk/rated 2461" in said
    assert "没有" in " ".join(plan.assumptions("zh"))


@pytest.mark.parametrize("name", ["bank-2020-assumed", "fund-2020-assumed"])
def test_with_ratings_assumed_only_traded_and_model_yields_are_bought(interbank: aa.Universe, name: str) -> None:
    plan = aa.optimise(interbank, aa.load_mandate(REAL / f"{name}.yaml"))
    assert plan.status == "optimal"
    assert len(plan.holdings) > 20
    assert {line.yield_source for line in plan.holdings} <= {"trade", "model"}
    assert plan.compliant is True
    assert any("Ratings are assumed for 1582 ABS lines" in text for text in plan.to_json()["assumptions"])


def test_an_assumed_rating_is_not_bought_unless_the_mandate_says_so(interbank: aa.Universe, tmp_path: Path) -> None:
    text = (REAL / "bank-2020-assumed.yaml").read_text(encoding="utf-8").replace("buy: true", "buy: false")
    path = tmp_path / "bank.yaml"
    path.write_text(text.replace("${ABSALLOC_SHARED:-../../../shared}", "${ABSALLOC_SHARED}"), encoding="utf-8")
    assert aa.optimise(interbank, aa.load_mandate(path)).holdings == ()


@pytest.mark.parametrize(
    ("name", "proven", "unknown"),
    [
        ("bank-2020", 8, {"bank-own-book/risk-weight-max"}),
        ("bank-2020-assumed", 9, set()),
        ("fund-2020", 13, {"public-fund-open/abs-rating-floor", "public-fund-open/no-private-abn"}),
        ("fund-2020-assumed", 14, {"public-fund-open/no-private-abn"}),
    ],
)
def test_how_many_rules_the_file_of_2020_can_prove(
    interbank: aa.Universe, name: str, proven: int, unknown: set[str]
) -> None:
    found = aa.check(interbank, aa.load_mandate(REAL / f"{name}.yaml"), HELD)
    assert {item.rule for item in found.findings if item.verdict == "unknown"} == unknown
    assert (found.n_proven, found.n_unknown) == (proven, len(unknown))
    assert found.compliant is (None if unknown else True)


def test_the_table_of_2025_has_ratings_but_no_prices_so_nothing_is_bought(cnabs: aa.Universe) -> None:
    plan = aa.optimise(cnabs, aa.load_mandate(REAL / "fund-2025.yaml"))
    assert plan.status == "optimal"
    assert plan.holdings == ()
    assert any("26 lines have no yield" in text for text in plan.assumptions())


def test_real_ratings_of_2025_decide_the_rating_rule(cnabs: aa.Universe) -> None:
    rated = cnabs.table[(cnabs.table["seniority"] == "senior") & (cnabs.table["rating.lianhe"] == "AAA")]
    names = list(rated["tranche_id"].iloc[:3])
    held = pd.DataFrame({"tranche_id": names, "face": [1e6] * len(names)})
    found = aa.check(cnabs, aa.load_mandate(REAL / "fund-2025.yaml"), held)
    verdicts = {item.rule: item.verdict for item in found.findings}
    assert verdicts["public-fund-interval/abs-rating-floor"] == "pass"
    assert verdicts["public-fund-interval/abs-share"] in ("pass", "unknown")
