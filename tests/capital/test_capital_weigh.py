"""The stage that weighs every row: agreement with the one-position functions, split ratings, what stays unknown."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc import capital
from absalloc.errors import BadInput
from absalloc.messages import LANGUAGES, render
from absalloc.terms import PRODUCTS
from absalloc.units import exact
from absalloc.universe.model import Universe

NOW = date(2025, 6, 30)
THEN = date(2023, 12, 31)
SENIOR = {"product": "credit_abs", "seniority": "senior", "legal_maturity": NOW + timedelta(days=1095)}
JUNIOR = {**SENIOR, "seniority": "mezzanine", "attachment": 0.05, "detachment": 0.30}


def universe(*rows: dict[str, Any]) -> Universe:
    names = {"tranche_id", "product", *(name for row in rows for name in row)}
    columns: dict[str, pd.Series[Any]] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if name in ("attachment", "detachment", "issue_size", "deal_size", "risk_weight"):
            columns[name] = pd.Series([np.nan if v is None else v for v in values], dtype="float64")
        elif name == "legal_maturity":
            columns[name] = pd.Series(np.array(values, dtype="datetime64[s]"))
        else:
            columns[name] = pd.Series(np.array(values, dtype=object), dtype=object)
    columns["tranche_id"] = pd.Series([f"t{i}" for i in range(len(rows))], dtype=object)
    table = pd.DataFrame(columns)
    labels = dict.fromkeys(names, "file")
    return Universe(table, (), (), labels, None, np.arange(2, len(rows) + 2))


def one(row: dict[str, Any], as_of: date = NOW, **settings: str) -> tuple[float, str, str]:
    found = capital.weigh(universe(row), as_of, **settings)
    return float(found.table["risk_weight"][0]), found.label("risk_weight")[0], found.table["risk_weight_why"][0]


def test_the_regime_follows_the_date() -> None:
    row = {**SENIOR, "rating.ccxi": "AAA"}
    assert one(row, THEN) == (0.2, "derived:cbrc-2012", "capital.why_cbrc_2012")
    years = 1 + (1096 / 365 - 1) * 0.8
    day_one = one({**row, "legal_maturity": date(2026, 12, 31) + timedelta(days=1)}, date(2024, 1, 1))
    assert day_one[1:] == ("derived:sec_erba", "capital.why_sec_erba")
    assert day_one[0] == pytest.approx(capital.sec_erba("AAA", senior=True, maturity=years), abs=1e-8)
    assert one(row, NOW, regime="cbrc-2012")[0] == 0.2
    assert one(row, THEN, regime="nfra-2023")[1] == "derived:sec_erba"
    with pytest.raises(BadInput, match=r"start on 2013-01-01; 2012-12-31 is before"):
        one(row, date(2012, 12, 31))
    with pytest.raises(BadInput, match=r"'nfra-2024' is not a capital regime.*nearest valid one is 'nfra-2023'"):
        one(row, NOW, regime="nfra-2024")


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "rating.ccxi": st.sampled_from(["AAA", "AA+", "A-", "BBB", "B", "CCC", "D", "A-1"]),
                "seniority": st.sampled_from(["senior", "mezzanine", "subordinated"]),
                "days": st.integers(0, 6000),
                "attachment": st.integers(1, 60),
                "thickness": st.integers(1, 40),
                "stc": st.sampled_from([True, False, None]),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_row_weighs_as_the_one_position_function(drawn: list[dict[str, Any]]) -> None:
    rows = [
        {
            "product": "enterprise_abs",
            "rating.ccxi": d["rating.ccxi"],
            "seniority": d["seniority"],
            "legal_maturity": NOW + timedelta(days=d["days"]),
            "attachment": d["attachment"] / 100,
            "detachment": (d["attachment"] + d["thickness"]) / 100,
            "stc": d["stc"],
        }
        for d in drawn
    ]
    found = capital.weigh(universe(*rows), NOW).table["risk_weight"]
    for d, weight in zip(drawn, found, strict=True):
        expected = capital.sec_erba(
            d["rating.ccxi"],
            senior=d["seniority"] == "senior",
            maturity=capital.tranche_maturity(d["days"] / 365),
            thickness=d["thickness"] / 100,
            stc=d["stc"] is True,
        )
        assert weight == pytest.approx(expected, abs=1e-8)
        assert len(str(float(exact(weight)))) <= 11  # rounded to 8 decimals


@pytest.mark.parametrize(
    ("ratings", "decisive"),
    [
        ({"ccxi": "AA"}, "AA"),
        ({"ccxi": "AAA", "lianhe": "AA"}, "AA"),
        ({"ccxi": "AAA", "lianhe": "AA", "golden": "BBB"}, "AA"),
        ({"ccxi": "AAA", "lianhe": "AAA", "golden": "BBB"}, "AAA"),
        ({"ccxi": "A", "lianhe": "AA", "golden": "BBB", "sp": "AA+"}, "AA"),
        ({"any": "AA"}, "AA"),
        ({"any": "AA", "ccxi": "AAA"}, "AA"),
        # The unnamed rating may be one of the two named ones: it must not outvote them.
        ({"any": "AAA", "ccxi": "AAA", "lianhe": "AA"}, "AA"),
        ({"ccxi": "AA", "lianhe": ""}, "AA"),  # not rated by one agency is no rating
    ],
)
def test_split_ratings(ratings: dict[str, str], decisive: str) -> None:
    row = {**JUNIOR, **{f"rating.{agency}": grade for agency, grade in ratings.items()}}
    maturity = capital.tranche_maturity(3.0)
    expected = capital.sec_erba(decisive, senior=False, maturity=maturity, thickness=0.25)
    assert one(row)[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        (SENIOR, "rating"),
        ({**SENIOR, "rating.ccxi": ""}, "rating"),
        ({**SENIOR, "rating.ccxi": "AAA", "legal_maturity": None}, "legal_maturity"),
        ({**SENIOR, "rating.ccxi": "AAA", "seniority": None}, "seniority"),
        ({**JUNIOR, "rating.ccxi": "AA", "attachment": None}, "thickness"),
        ({**JUNIOR, "rating.ccxi": "AA", "attachment": 0.3}, "thickness"),
        ({**SENIOR, "rating.ccxi": "AAA", "attachment": 0.0, "detachment": 1.0}, "pool_weight"),
        ({**SENIOR, "rating.ccxi": "AAA", "attachment": 0.0, "detachment": 0.8}, "attachment"),
        ({**SENIOR, "rating.ccxi": "AAA", "npl": True}, "npl_weight"),
        ({**SENIOR, "rating.ccxi": "AAA", "asset_type": "不良贷款"}, "npl_weight"),
        ({"product": "local_government"}, "weight"),
        ({"product": "credit_bond", "rating.ccxi": "AAA"}, "weight"),
        ({"product": "fund"}, "weight"),
        ({"product": "deposit"}, "weight"),
    ],
)
def test_what_is_not_known_stays_unknown_and_says_why(row: dict[str, Any], missing: str) -> None:
    weight, label, why = one(row)
    assert np.isnan(weight)
    assert label == f"missing:{missing}"
    assert why == f"capital.why_missing_{missing}"
    assert all(render(why, lang) for lang in LANGUAGES)


def test_an_unknown_fact_that_cannot_matter_does_not() -> None:
    # Below CCC- every cell is 1250 %; an STC senior AAA tranche weighs 10 % at every maturity.
    assert one({"product": "abn", "rating.ccxi": "C"})[:2] == (12.5, "derived:sec_erba")
    assert one({**SENIOR, "rating.ccxi": "AAA", "stc": True, "legal_maturity": None})[0] == 0.10
    assert one({**SENIOR, "rating.ccxi": "A-2", "seniority": None, "legal_maturity": None})[0] == 0.5


def test_the_table_of_2012_asks_for_the_rating_only() -> None:
    assert one({"product": "abn", "rating.ccxi": "A+"}, THEN)[0] == 0.5
    assert one({"product": "abn", "rating.ccxi": "", "seniority": "subordinated"}, THEN)[0] == 12.5
    assert one({"product": "abn", "seniority": "subordinated"}, THEN)[1] == "missing:rating"
    assert one({**SENIOR, "rating.ccxi": "AAA", "npl": True}, THEN)[0] == 0.2
    whole = {**SENIOR, "rating.ccxi": "AAA", "attachment": 0.0, "detachment": 1.0}
    assert one(whole, THEN)[1] == "missing:pool_weight"


def test_a_deal_of_seniors_only_is_not_tranched() -> None:
    deal = {**SENIOR, "rating.ccxi": "AAA", "deal_id": "d", "deal_size": 10e8}
    found = capital.weigh(universe({**deal, "issue_size": 6e8}, {**deal, "issue_size": 4e8}), NOW)
    assert list(found.label("risk_weight")) == ["missing:pool_weight"] * 2
    found = capital.weigh(universe({**deal, "issue_size": 6e8}, {**deal, "issue_size": 3e8}), NOW)
    assert list(found.label("risk_weight")) == ["derived:sec_erba"] * 2


def test_the_weight_of_the_file_wins() -> None:
    weight, label, why = one({**SENIOR, "rating.ccxi": "AAA", "risk_weight": 1.0})
    assert (weight, label, why) == (1.0, "file", "capital.why_file")
    assert one({"product": "local_government", "risk_weight": 0.1})[0] == 0.1
    mixed = capital.weigh(universe({"product": "fund", "risk_weight": 0.3}, {"product": "fund"}), NOW)
    assert list(mixed.label("risk_weight")) == ["file", "missing:weight"]


def test_other_products() -> None:
    found = capital.weigh(universe(*({"product": product} for product in PRODUCTS)), NOW)
    weights = dict(zip(PRODUCTS, found.table["risk_weight"], strict=True))
    known = {product: weight for product, weight in weights.items() if not np.isnan(weight)}
    assert known == {"cash": 0, "government": 0, "central_bank_bill": 0, "policy_bank": 0, "repo": 0}
    assert found.label("risk_weight")[PRODUCTS.index("repo")] == "derived:liability"


def test_the_input_is_left_as_it_was() -> None:
    before = universe({**SENIOR, "rating.ccxi": "AAA", "risk_weight": None})
    after = capital.weigh(before, NOW)
    assert np.isnan(before.table["risk_weight"][0])
    assert after.table["risk_weight"][0] == 0.17  # 15 + (20 - 15) * 1.6 / 4
    assert "risk_weight_why" not in before.table
    assert before.labels["risk_weight"] == "file"


def test_an_empty_universe() -> None:
    assert len(capital.weigh(universe({**SENIOR, "rating.ccxi": "AAA"}).replace(), NOW).table) == 1
    empty = universe({**SENIOR, "rating.ccxi": "AAA"})
    nothing = empty.replace(table=empty.table.iloc[:0].reset_index(drop=True))
    assert capital.weigh(nothing, NOW).table["risk_weight"].tolist() == []
