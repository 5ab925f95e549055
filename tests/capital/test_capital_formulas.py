"""Risk weights of one position against the texts' own formulas, limits and orderings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from absalloc import capital
from absalloc.capital.tables import raw
from absalloc.errors import BadInput

GRADES = ("AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-", "B+", "B", "B-", "CCC")
UNIT = st.floats(0.0, 1.0, allow_nan=False)


def test_vectors_of_the_reference() -> None:
    # Computed for the reference independently of this program; BB+ is a central bank's worked example.
    assert capital.sec_erba("BB+", senior=False, maturity=2, thickness=0.25) == 3.73125
    assert capital.sec_erba("AAA", senior=True, maturity=3) == 0.175
    assert capital.sec_erba("AA+", senior=False, maturity=3, thickness=0.08) == 0.483
    for ksa, w, attach, detach, p, floor, percent in (
        (0.08, 0.0, 0.10, 1.0, 1.0, 0.15, 86.5323),
        (0.08, 0.0, 0.20, 1.0, 1.0, 0.15, 27.8900),
        (0.08, 0.0, 0.05, 0.10, 1.0, 0.15, 1192.3984),
        (0.08, 0.0, 0.10, 0.20, 1.0, 0.15, 555.6706),
        (0.06, 0.02, 0.15, 1.0, 1.0, 0.15, 31.0820),
        (0.06, 0.02, 0.15, 1.0, 0.5, 0.10, 10.0),
        (0.08, 0.0, 0.0, 0.05, 1.0, 0.15, 1250.0),
    ):
        weight = capital.sec_sa(ka=capital.ka(ksa, w), attach=attach, detach=detach, p=p, floor=floor)
        assert 100 * weight == pytest.approx(percent, abs=5.1e-5)


@given(st.sampled_from(GRADES), st.floats(0, 40), UNIT, st.booleans())
def test_erba_orderings(grade: str, years: float, thickness: float, stc: bool) -> None:
    junior = capital.sec_erba(grade, senior=False, maturity=years, thickness=thickness, stc=stc)
    senior = capital.sec_erba(grade, senior=True, maturity=years, stc=stc)
    assert junior >= senior >= (0.10 if stc else 0.15)
    assert junior >= 0.15
    assert junior <= 12.5
    assert senior >= capital.sec_erba(grade, senior=True, maturity=years, stc=True)
    assert capital.sec_erba(grade, senior=True, maturity=years + 1, stc=stc) >= senior
    thinner = capital.sec_erba(grade, senior=False, maturity=years, thickness=thickness / 2, stc=stc)
    assert thinner >= junior


@given(st.integers(0, len(GRADES) - 2), st.floats(1, 5), UNIT, st.booleans())
def test_a_worse_grade_never_weighs_less(step: int, years: float, thickness: float, senior: bool) -> None:
    better, worse = (
        capital.sec_erba(grade, senior=senior, maturity=years, thickness=thickness) for grade in GRADES[step : step + 2]
    )
    assert better <= worse


@given(st.floats(0.005, 0.4), UNIT, UNIT, st.sampled_from([0.5, 1.0, 1.5]))
def test_sec_sa_is_the_average_of_the_marginal_capital(ka: float, one: float, two: float, p: float) -> None:
    """CRE41 in its differential form: capital 1 up to KA, e^(-(x-KA)/(p*KA)) above; the tranche takes the mean."""
    attach, detach = min(one, two), max(one, two)
    assume(detach - attach >= 1e-3)
    integral = max(min(ka, detach) - attach, 0.0)
    start = max(attach, ka)
    if detach > start:
        integral += quad(lambda x: math.exp(-(x - ka) / (p * ka)), start, detach, epsabs=1e-12, limit=200)[0]
    expected = max(12.5 * integral / (detach - attach), 0.15)
    assert capital.sec_sa(ka=ka, attach=attach, detach=detach, p=p) == pytest.approx(expected, abs=1e-6)


def test_a_thin_tranche_keeps_its_digits() -> None:
    # The limit of thickness 0 is the marginal capital itself.
    weight = capital.sec_sa(ka=0.08, attach=0.2, detach=0.2 + 1e-9)
    assert weight == pytest.approx(12.5 * math.exp(-(0.2 - 0.08) / 0.08), rel=1e-7)


def test_ka_at_the_limit_of_unknown_status() -> None:
    assert capital.ka(0.08, 0.1, 0.05) == pytest.approx(0.95 * (0.9 * 0.08 + 0.05) + 0.05)
    assert capital.ka(0.08, 0.1, 1 - 0.95) < 1.0  # 0.050000000000000044 is 5 %
    assert capital.ka(0.08, 0.1, 0.0501) == 1.0
    assert capital.sec_sa(ka=1.0, attach=0.3, detach=1.0) == 12.5


def test_a_pool_without_capital_meets_the_floor() -> None:
    assert capital.sec_sa(ka=0.0, attach=0.0, detach=0.1) == 0.15


def test_short_term_ratings_know_no_maturity_or_thickness() -> None:
    for years in (0.1, 1, 5):
        assert capital.sec_erba("A-2", senior=False, maturity=years) == 0.5
        assert capital.sec_erba("A-2sf", senior=True, maturity=years, stc=True) == 0.3
    assert capital.sec_erba("A-1", senior=True, maturity=1, stc=True) == 0.10
    assert capital.sec_erba("A-1", senior=False, maturity=1, stc=True) == 0.15  # the floor off the senior class


def test_labels_of_ratings() -> None:
    for label in ("CCC", "CCC+", "CCC-sf", "CCC+ to CCC-"):
        assert capital.sec_erba(label, senior=True, maturity=1) == 4.6
    for label in ("CC", "C", "D", "below CCC-"):
        assert capital.sec_erba(label, senior=True, maturity=1) == 12.5
    assert capital.sec_erba("AAA(sf)", senior=True, maturity=1) == 0.15
    assert capital.risk_weight_2012("AA-") == 0.2
    assert capital.risk_weight_2012("A+", resecuritisation=True) == 1.0
    assert capital.risk_weight_2012(None) == capital.risk_weight_2012("NR") == 12.5


def test_tranche_maturity_is_clamped() -> None:
    assert [capital.tranche_maturity(years) for years in (0, 1, 2, 6, 30)] == [1.0, 1.0, 1.8, 5.0, 5.0]


def test_refusals() -> None:
    with pytest.raises(BadInput, match="rated AA that is not senior needs its thickness"):
        capital.sec_erba("AA", senior=False, maturity=2)
    with pytest.raises(BadInput, match="'AAB' is not a rating known here"):
        capital.sec_erba("AAB", senior=True, maturity=2)
    with pytest.raises(BadInput, match="SEC-ERBA is for rated tranches"):
        capital.sec_erba("NR", senior=True, maturity=2)
    for years in (math.nan, -1.0, math.inf):
        with pytest.raises(BadInput, match=r"maturity is .*; expected ≥ 0"):
            capital.sec_erba("AA", senior=True, maturity=years)
        with pytest.raises(BadInput, match="legal_years is"):
            capital.tranche_maturity(years)
    with pytest.raises(BadInput, match=r"thickness is 1.2; expected 0 … 1"):
        capital.sec_erba("AA", senior=False, maturity=2, thickness=1.2)
    with pytest.raises(BadInput, match="thickness is nan"):
        capital.sec_erba("AA", senior=False, maturity=2, thickness=math.nan)
    with pytest.raises(BadInput, match=r"attach is 0.3; expected < 0.2"):
        capital.sec_sa(ka=0.08, attach=0.3, detach=0.2)
    with pytest.raises(BadInput, match=r"detach is 30; expected 0 … 1"):
        capital.sec_sa(ka=0.08, attach=0.3, detach=30)
    with pytest.raises(BadInput, match="ksa is 8; expected 0 … 1"):
        capital.ka(8, 0.0)
    with pytest.raises(BadInput, match=r"p is 2; expected 0.5 … 1.5"):
        capital.sec_sa(ka=0.08, attach=0.1, detach=0.2, p=2)
    with pytest.raises(BadInput, match=r"'A2\+' is not a rating known here"):
        capital.risk_weight_2012("A2+")


def test_refusals_in_chinese() -> None:
    with pytest.raises(BadInput, match="thickness") as caught:
        capital.sec_erba("AA", senior=False, maturity=2)
    assert "档次厚度" in caught.value.text("zh")


def test_every_table_says_where_it_is_from() -> None:
    for name, table in raw().items():
        assert table["source"], name
        assert table["confidence"] in {"text_seen", "secondary", "unverified"}
    assert np.all([len(cells["standard"]) == 4 for cells in raw()["nfra-2023"]["long"].values()])
