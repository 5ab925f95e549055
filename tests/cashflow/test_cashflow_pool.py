"""Pools: conservation over random speeds, the two advance regimes, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.errors import BadInput

RATE = st.floats(0.0, 0.3)
SHARE = st.floats(0.0, 1.0)


@given(
    balance=st.floats(1.0, 1e10), wac=RATE, term=st.integers(1, 400), age=st.integers(0, 200), smm=SHARE, mdr=SHARE,
    severity=SHARE, lag=st.integers(0, 30), advance=st.booleans(),
)  # fmt: skip
def test_principal_and_losses_account_for_the_balance(
    balance: float, wac: float, term: int, age: int, smm: float, mdr: float, severity: float, lag: int, advance: bool
) -> None:
    flows = cf.project_pool(
        balance, wac, term, age, smm=smm, mdr=mdr, severity=severity, recovery_lag=lag, advance=advance
    )
    assert flows.principal.sum() + flows.loss.sum() == pytest.approx(balance, rel=1e-9)
    for part in vars(flows).values():
        assert np.isfinite(part).all()
        assert (part >= -1e-9 * balance).all()
    # Month by month: what is left plus what was paid and lost is the balance.
    left = flows.collateral + np.cumsum(flows.principal + flows.loss)
    assert left == pytest.approx(np.full(term, balance), rel=1e-9)


@given(wac=RATE, term=st.integers(1, 400), cpr=SHARE)
def test_without_default_the_pool_is_the_closed_form(wac: float, term: int, cpr: float) -> None:
    flows = cf.project_pool(100.0, wac, term, cpr=cpr)
    months = np.arange(1, term + 1)
    closed = 100 * cf.amortisation_factors(wac, term)[1:] * (1 - cpr) ** (months / 12)
    assert flows.balance == pytest.approx(closed, abs=1e-8)
    opening = np.concatenate(([100.0], flows.balance[:-1]))
    assert flows.interest == pytest.approx(opening * wac / 12, abs=1e-9)


def test_slow_loop_agrees() -> None:
    """A loan-by-loan style recursion written from the definition, without closed forms or vectors."""
    wac, net, smm, mdr, severity, lag, term = 0.072, 0.065, 0.01, 0.004, 0.45, 5, 48
    flows = cf.project_pool(1000.0, wac, term, net_rate=net, smm=smm, mdr=mdr, severity=severity, recovery_lag=lag)
    performing, stock = 1000.0, []
    for month in range(term):
        left = term - month
        share = 1 - (wac / 12) / ((1 + wac / 12) ** left - 1)
        new = performing * mdr if month < term - lag else 0.0
        stock.append([new, new])
        due = stock.pop(0) if len(stock) > lag else [0.0, 0.0]
        loss = min(due[0] * severity, due[1])
        assert flows.loss[month] == pytest.approx(loss)
        assert flows.recovery[month] == pytest.approx(due[1] - loss)
        assert flows.interest[month] == pytest.approx((performing - new) * net / 12)
        advanced = sum(current * (1 - share) for _, current in stock)
        assert flows.advanced_principal[month] == pytest.approx(advanced)
        for entry in stock:
            entry[1] *= share
        prepaid = performing * share * smm
        assert flows.prepayment[month] == pytest.approx(prepaid)
        performing = (performing - new) * share - prepaid
        assert flows.balance[month] == pytest.approx(performing, abs=1e-9)


def test_without_advances_defaulted_loans_stand_still() -> None:
    flows = cf.project_pool(1000.0, 0.08, 24, mdr=0.01, severity=0.4, recovery_lag=3, advance=False)
    assert flows.in_foreclosure[:3] == pytest.approx(np.cumsum(flows.default[:3]))
    assert (flows.advanced_principal == 0).all()
    assert flows.loss[3] == pytest.approx(0.4 * flows.default[0])
    assert flows.recovery[3] == pytest.approx(0.6 * flows.default[0])


def test_a_term_may_be_written_as_a_float() -> None:
    args: Any = (100.0, 0.06, 36.0, 3.0)
    assert (cf.project_pool(*args, psa=1.0).balance == cf.project_pool(100.0, 0.06, 36, 3, psa=1.0).balance).all()


def test_vectors_by_month_and_loan_age() -> None:
    vector = np.linspace(0.0, 0.02, 24)
    by_month = cf.project_pool(100.0, 0.06, 24, smm=vector)
    assert by_month.prepayment[0] == 0
    assert by_month.prepayment[12] > 0
    seasoned = cf.project_pool(100.0, 0.06, 24, 36, psa=1.0)
    assert seasoned.balance == pytest.approx(cf.project_pool(100.0, 0.06, 24, cpr=0.06).balance)
    used_up = cf.project_pool(100.0, 0.06, 60, abs_speed=0.05)
    assert used_up.balance[20:] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("speeds", "message"),
    [
        ({"cpr": 12}, r"'cpr' of 12.0 is outside 0 - 1.*12 % is 0.12"),
        ({"psa": 150}, r"'psa' of 150.0 is outside 0 - 20.*1.0"),
        ({"cpr": 0.1, "psa": 1.0}, r"Two speeds at once \(cpr, psa\)"),
        ({"mdr": 0.01, "sda": 1.0}, r"Two speeds at once \(mdr, sda\)"),
        ({"smm": float("nan")}, r"'smm' of nan"),
        ({"smm": [0.1, 0.1]}, r"'smm' has 2 entries where 12"),
        ({"severity": 40}, r"'severity' of 40"),
        ({"recovery_lag": -1}, r"'recovery_lag' must not be negative"),
        ({"cdr": -0.01}, r"'cdr' of -0.01"),
    ],
)
def test_bad_speeds_are_refused(speeds: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        cf.project_pool(100.0, 0.06, 12, **speeds)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((-1.0, 0.06, 12), "'balance' must not be negative"),
        ((100.0, 6.0, 12), "'wac' of 6"),
        ((100.0, 0.06, 0), "not a term"),
        ((100.0, 0.06, 12, -3), "'age' must not be negative"),
    ],
)
def test_bad_pools_are_refused(args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        cf.project_pool(*args)


@given(SHARE)
def test_annual_and_monthly_rates_invert(rate: float) -> None:
    assert cf.cpr_from_smm(cf.smm_from_cpr(rate)) == pytest.approx(rate, abs=1e-12)


def test_opening_balance_rates_convert_to_smm() -> None:
    """Chinese reports divide prepaid principal by the opening balance, SIFMA by the balance after schedule."""
    flows = cf.project_pool(100.0, 0.06, 36, smm=0.01)
    reported = flows.prepayment[0] / 100.0
    assert cf.smm_from_opening(reported, flows.scheduled_principal[0], 100.0) == pytest.approx(0.01)
    with pytest.raises(BadInput, match="must be above zero"):
        cf.smm_from_opening(0.01, 100.0, 100.0)


@pytest.mark.parametrize("month", [0, 1.5, float("nan")])
def test_bad_months_are_refused(month: float) -> None:
    with pytest.raises(BadInput, match="is not a loan month"):
        cf.cpr_from_psa(1.0, month)
