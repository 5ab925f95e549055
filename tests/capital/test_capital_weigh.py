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


NUMBERS = (
    "attachment",
    "detachment",
    "issue_size",
    "deal_size",
    "risk_weight",
    "pool_weight",
    "pool_delinquent",
    "pool_unknown_status",
)


def universe(*rows: dict[str, Any]) -> Universe:
    names = {"tranche_id", "product", *(name for row in rows for name in row)}
    columns: dict[str, pd.Series[Any]] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if name in NUMBERS:
            columns[name] = pd.Series([np.nan if v is None else v for v in values], dtype="float64")
        elif name == "legal_maturity":
            columns[name] = pd.Series(np.array(values, dtype="datetime64[s]"))
        else:
            columns[name] = pd.Series(np.array(values, dtype=object), dtype=object)
    columns["tranche_id"] = pd.Series([f"t{i}" for i in range(len(rows))], dtype=object)
    table = pd.DataFrame(columns)
    labels = dict.fromkeys(names, "file")
    return Universe(table, (), (), labels, None, np.arange(2, len(rows) + 2))


def one(row: dict[str, Any], as_of: date = NOW, **settings: Any) -> tuple[float, str, str]:
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


# SEC-SA where the file gives the pool; the reference's own vectors, met through the stage.
POOL = {"product": "credit_abs", "seniority": "senior", "pool_weight": 1.0, "pool_delinquent": 0.0}


@pytest.mark.parametrize(
    ("row", "percent"),
    [
        ({"attachment": 0.10, "detachment": 1.0}, 86.5323),
        ({"attachment": 0.20, "detachment": 1.0}, 27.8900),
        ({"seniority": "mezzanine", "attachment": 0.05, "detachment": 0.10}, 1192.3984),
        ({"seniority": "mezzanine", "attachment": 0.10, "detachment": 0.20}, 555.6706),
        ({"pool_weight": 0.75, "pool_delinquent": 0.02, "attachment": 0.15, "detachment": 1.0}, 31.0820),
        ({"pool_weight": 0.75, "pool_delinquent": 0.02, "attachment": 0.15, "detachment": 1.0, "stc": True}, 10.0),
        ({"seniority": "subordinated", "attachment": 0.0, "detachment": 0.05}, 1250.0),
    ],
)
def test_the_vectors_of_the_reference_come_out_of_the_stage(row: dict[str, Any], percent: float) -> None:
    weight, label, why = one({**POOL, **row})
    assert weight == pytest.approx(percent / 100, abs=5e-7)
    assert (label, why) == ("derived:sec_sa", "capital.why_sec_sa")


def test_a_rating_comes_before_the_figures_of_the_pool() -> None:
    rated = {**SENIOR, **POOL, "attachment": 0.2, "detachment": 1.0, "rating.ccxi": "AAA"}
    assert one(rated)[:2] == (0.17, "derived:sec_erba")
    assert one({**rated, "rating.ccxi": ""})[1] == "derived:sec_sa"
    # What SEC-ERBA lacks is not made up by SEC-SA: the tranche is rated.
    assert one({**rated, "legal_maturity": None})[1] == "missing:legal_maturity"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"pool_delinquent": None}, "capital.why_status_unknown"),
        ({"pool_delinquent": 0.01, "pool_unknown_status": 0.0501}, "capital.why_status_unknown"),
        ({"pool_delinquent": None, "pool_unknown_status": 0.0}, "capital.why_status_unknown"),
        ({"pool_delinquent": 0.01, "pool_unknown_status": 0.05}, "capital.why_sec_sa"),
        ({"pool_delinquent": 0.01}, "capital.why_sec_sa"),
    ],
)
def test_delinquencies_not_known_for_more_than_a_twentieth_weigh_1250_and_say_so(known: Any, why: str) -> None:
    weight, label, said = one({**POOL, "attachment": 0.3, "detachment": 1.0, **known})
    assert (label, said) == ("derived:sec_sa", why)
    assert (weight == 12.5) is (why == "capital.why_status_unknown")
    # 1250 % whatever the tranche: its points need not be known.
    pointless = one({**POOL, **known})
    assert pointless[1] == ("derived:sec_sa" if weight == 12.5 else "missing:points")


def test_an_unknown_share_counts_in_full() -> None:
    # CRE41: K_A = 0.97 * ((1 - 0.02) * 8 % + 0.5 * 0.02) + 0.03 = 0.115748
    ka = 0.97 * (0.98 * 0.08 + 0.01) + 0.03
    row = {**POOL, "pool_delinquent": 0.02, "pool_unknown_status": 0.03, "attachment": 0.15, "detachment": 1.0}
    assert one(row)[0] == pytest.approx(capital.sec_sa(ka=ka, attach=0.15, detach=1.0), abs=1e-8)


def test_a_resecuritisation_takes_the_standardised_approach_whatever_its_rating() -> None:
    row = {
        **SENIOR,
        "rating.ccxi": "AAA",
        "resecuritisation": True,
        "pool_weight": 0.5,
        "attachment": 0.2,
        "detachment": 1.0,
    }
    weight, label, why = one(row)
    # p = 1.5, W = 0: K_A = 4 %; the formula gives less than the floor of 100 %.
    assert capital.sec_sa(ka=0.04, attach=0.2, detach=1.0, p=1.5, floor=0.0) < 1.0
    assert (weight, label, why) == (1.0, "derived:sec_sa", "capital.why_resecuritisation")
    thin = one({**row, "attachment": 0.04, "detachment": 0.1})[0]
    assert thin == pytest.approx(capital.sec_sa(ka=0.04, attach=0.04, detach=0.1, p=1.5, floor=1.0), abs=1e-8)
    assert thin > 1.0
    assert one({**row, "pool_weight": None})[1] == "missing:pool_figures"
    assert one(row, THEN) == (0.4, "derived:cbrc-2012", "capital.why_cbrc_2012")
    assert one({**row, "rating.ccxi": "A"}, THEN)[0] == 1.0


def test_what_is_not_tranched_carries_its_pool() -> None:
    whole = {**SENIOR, "rating.ccxi": "AAA", "attachment": 0.0, "detachment": 1.0}
    assert one({**whole, "pool_weight": 0.75}) == (0.75, "derived:pool", "capital.why_pool")
    assert one({**whole, "pool_weight": 0.75}, THEN)[:2] == (0.75, "derived:pool")
    assert one(whole)[1] == "missing:pool_weight"


def chosen(row: dict[str, Any], as_of: date = NOW, **choices: Any) -> tuple[float, str, str]:
    return one(row, as_of, choices=capital.CapitalChoices(**choices))


def test_defaults_by_type_are_asked_for_and_labelled() -> None:
    row = {"product": "credit_abs", "seniority": "senior", "asset_type": "个人住房抵押贷款", "pool_delinquent": 0.01}
    row |= {"attachment": 0.15, "detachment": 1.0}
    assert one(row)[1] == "missing:rating"
    weight, label, why = chosen(row, pool_defaults=True)
    expected = capital.sec_sa(ka=capital.ka(0.08 * 0.75, 0.01), attach=0.15, detach=1.0)
    assert weight == pytest.approx(expected, abs=1e-8)
    assert (label, why) == ("derived:sec_sa_default", "capital.why_sec_sa_default")
    # The figure of the file beats the default, and is no default.
    assert chosen({**row, "pool_weight": 0.5}, pool_defaults=True)[1] == "derived:sec_sa"
    assert chosen({**row, "pool_delinquent": None}, pool_defaults=True)[::2] == (12.5, "capital.why_status_unknown")
    for unknown in ("fee_rights", "cmbs", "trust_beneficial_rights", None):
        assert chosen({**row, "asset_type": unknown}, pool_defaults=True)[1] == "missing:rating"
    assert chosen({**row, "asset_type": "leasing"}, pool_defaults=True)[0] > weight
    # The defaults are of 2023: the table of 2012 asks for the rating only.
    assert chosen(row, THEN, pool_defaults=True)[1] == "missing:rating"


def test_the_look_through_cap_is_a_choice() -> None:
    row = {**SENIOR, "rating.ccxi": "BBB", "attachment": 0.2, "detachment": 1.0, "pool_weight": 0.75}
    uncapped = one(row)[0]
    assert uncapped > 0.75
    assert chosen(row, lookthrough_cap=True) == (0.75, "derived:sec_erba", "capital.why_capped")
    # It may fall below the floor, binds seniors only, and needs the pool's own figure.
    assert chosen({**row, "rating.ccxi": "AAA", "pool_weight": 0.1}, lookthrough_cap=True)[0] == 0.1
    assert chosen({**row, "pool_weight": 12.0}, lookthrough_cap=True)[0] == uncapped
    junior = {**row, "seniority": "mezzanine"}
    assert chosen(junior, lookthrough_cap=True) == one(junior)
    typed = {**row, "pool_weight": None, "asset_type": "auto"}
    assert chosen(typed, lookthrough_cap=True, pool_defaults=True)[0] == uncapped
    blind = {**POOL, "attachment": 0.3, "detachment": 1.0, "pool_delinquent": None}
    assert chosen(blind, lookthrough_cap=True)[::2] == (12.5, "capital.why_status_unknown")
    again = {**row, "resecuritisation": True}
    assert chosen(again, lookthrough_cap=True) == one(again)


def test_a_qualifying_npl_senior_is_a_choice() -> None:
    row = {**SENIOR, "rating.ccxi": "AAA", "npl": True, "npl_qualifying": True}
    assert one(row)[1] == "missing:npl_weight"
    assert chosen(row, npl="cre45") == (1.0, "derived:npl_cre45", "capital.why_npl_cre45")
    for change in ({"seniority": "subordinated"}, {"npl_qualifying": None}, {"npl_qualifying": False}):
        assert chosen({**row, **change}, npl="cre45")[1] == "missing:npl_weight"


POINTS = st.integers(0, 999).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 1, 1000)))


@given(
    POINTS,
    st.integers(1, 400),
    st.integers(0, 200),
    st.sampled_from(["senior", "mezzanine"]),
    st.sampled_from([True, False]),
)
def test_the_stage_weighs_as_the_formula_and_keeps_its_floors(
    points: tuple[int, int], pool: int, late: int, seniority: str, stc: bool
) -> None:
    attach, detach = points[0] / 1000, points[1] / 1000
    row = {**POOL, "seniority": seniority, "stc": stc, "pool_weight": pool / 100, "pool_delinquent": late / 1000}
    row |= {"attachment": attach, "detachment": detach}
    weight, label, _ = one(row)
    if label != "derived:sec_sa":  # not tranched, or a senior tranche that takes the first loss
        assert attach == 0.0
        return
    floor = 0.10 if stc and seniority == "senior" else 0.15
    ka = capital.ka(0.08 * pool / 100, late / 1000)
    expected = capital.sec_sa(ka=ka, attach=attach, detach=detach, p=0.5 if stc else 1.0, floor=floor)
    assert weight == pytest.approx(expected, abs=1e-8)
    assert floor <= weight <= 12.5


@given(st.integers(0, 700), st.integers(1, 300), st.integers(1, 100), st.floats(0.001, 0.4))
def test_more_below_never_weighs_more(attach: int, width: int, lift: int, ka: float) -> None:
    low, high = attach / 1100, (attach + width) / 1100
    up = lift / 1100
    before = capital.sec_sa(ka=ka, attach=low, detach=high)
    assert capital.sec_sa(ka=ka, attach=low + up, detach=high + up) <= before + 1e-9  # the whole tranche higher
    assert capital.sec_sa(ka=ka, attach=low, detach=high + up) <= before + 1e-9  # thicker at the top


@given(st.floats(0.01, 0.3), st.integers(1, 400), st.integers(2, 400))
def test_slices_of_a_tranche_weigh_together_what_it_weighs(ka: float, first: int, rest: int) -> None:
    """The formula is a mean over the width of the tranche: cutting it in two changes nothing (without a floor)."""
    a, m, d = 0.1, 0.1 + first / 1000, 0.1 + (first + rest) / 1000
    whole = capital.sec_sa(ka=ka, attach=a, detach=d, floor=0.0)
    parts = [capital.sec_sa(ka=ka, attach=low, detach=high, floor=0.0) * (high - low) for low, high in ((a, m), (m, d))]
    assert sum(parts) / (d - a) == pytest.approx(whole, rel=1e-6, abs=1e-9)


@given(
    st.sampled_from(["AAA", "AA+", "A", "BBB-", "B"]),
    st.sampled_from([True, False]),
    st.floats(1.0, 5.0),
    st.floats(0.0, 1.0),
)
def test_erba_is_linear_in_maturity(rating: str, stc: bool, years: float, thickness: float) -> None:
    """Seniors above their floor: the weight at MT lies on the line between one and five years."""
    ends = [capital.sec_erba(rating, senior=True, maturity=mt, stc=stc) for mt in (1.0, 5.0)]
    found = capital.sec_erba(rating, senior=True, maturity=years, stc=stc)
    assert found == pytest.approx(ends[0] + (ends[1] - ends[0]) * (years - 1.0) / 4.0, abs=1e-9)
    junior = capital.sec_erba(rating, senior=False, maturity=years, thickness=thickness, stc=stc)
    assert junior >= found - 1e-12


def test_choices_of_a_mandate_reach_the_stage() -> None:
    from absalloc.mandate.models import Capital

    assert Capital().choices == capital.CapitalChoices()
    assert Capital(pool_defaults=True, npl="cre45").choices == capital.CapitalChoices(True, False, "cre45")


def test_the_tables_say_how_far_they_are_confirmed() -> None:
    from absalloc.capital.tables import raw

    for part in ("cbrc-2012", "nfra-2023"):
        assert raw()[part]["china_cell_check"] == "pending"
        assert raw()[part]["confidence"] == "unverified"
    assert "CRE20" in raw()["pools"]["source"]
