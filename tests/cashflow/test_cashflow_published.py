"""Small published figures, cited, that need no data folder."""

from __future__ import annotations

import numpy as np
import pytest

import absalloc.cashflow as cf

pytestmark = pytest.mark.oracle


def test_cash_flow_a_of_sifma() -> None:
    """SIFMA Uniform Practices SF-23 to SF-38: 1 % SMM, 1 % MDR, 12 months, 20 % severity, P&I advanced."""
    flows = cf.project_pool(1e8, 0.08, 360, smm=0.01, mdr=0.01, severity=0.2, recovery_lag=12)
    assert flows.balance[0] == pytest.approx(97_934_244, abs=0.5)
    assert flows.in_foreclosure[12] == pytest.approx(10_453_093, abs=0.5)
    assert flows.recovery[12] == pytest.approx(791_646, abs=0.5)
    assert flows.loss[359] == pytest.approx(7, abs=0.5)
    assert flows.interest[359] == pytest.approx(4, abs=0.5)
    assert flows.default[347] > 0
    assert flows.default[348] == 0


def test_psa_and_sda_by_definition() -> None:
    """SIFMA SF-8 and SF-19: 100 PSA is 0.2 % a month to 6 %, 100 SDA 0.02 % a month to 0.60 %, then 0.03 %."""
    assert cf.cpr_from_psa(1.0, [1, 15, 30, 200]) == pytest.approx([0.002, 0.03, 0.06, 0.06])
    assert cf.cdr_from_sda(1.0, [1, 30, 60, 90, 120, 300]) == pytest.approx(
        [0.0002, 0.006, 0.006, 0.00315, 0.0003, 0.0003]
    )
    assert cf.smm_from_cpr(0.06) == pytest.approx(0.00514301, abs=5e-9)  # Fabozzi, 100 PSA from month 30


def test_absolute_prepayment_table() -> None:
    """SIFMA SF-13: SMM = 100 ABS / (100 - ABS (month - 1))."""
    assert 100 * np.asarray(cf.smm_from_abs([0.02, 0.015, 0.0125], [11, 25, 36])) == pytest.approx(
        [2.5, 2.34, 2.22], abs=0.0051
    )


def test_pass_through_at_par() -> None:
    """SIFMA SF-50: GNMA 9 %, 150 PSA, priced at par: yield, life, durations, convexity."""
    flows = cf.project_pool(100.0, 0.095, 360, net_rate=0.09, psa=1.5)
    times = (44 + 30 * np.arange(360)) / 360
    y = cf.yield_to_maturity(times, flows.cash, 100.0, 2)
    found = cf.durations(times, flows.cash, y, 2)
    assert 100 * y == pytest.approx(9.10675, abs=6e-6)
    assert cf.wal(flows.principal, times) == pytest.approx(9.77844, abs=6e-6)
    assert (found.macaulay, found.modified) == pytest.approx((5.73147, 5.48186), abs=6e-6)
    assert found.convexity == pytest.approx(54.4326, abs=6e-5)


def test_sequential_tranches() -> None:
    """Fabozzi, CMO-1 at 165 PSA: tranche A ends in month 81, B in 100, C in 178."""
    flows = cf.project_pool(4e8, 0.08125, 357, 3, 0.075, psa=1.65)
    paid = cf.sequential(flows.principal, [194.5e6, 36e6, 96.5e6, 73e6])
    last = [1 + int(np.flatnonzero(column > 0.005)[-1]) for column in paid.T]
    assert last == [81, 100, 178, 357]
    assert paid[0, 0] == pytest.approx(709_923, abs=0.5)


def test_coverage_and_cure() -> None:
    """finstack-quant coverage tests: a ratio at the trigger passes; the two conventions of a cure."""
    assert cf.passes(cf.oc_ratio(120e6, 100e6, 5e6), 1.25)
    assert not cf.passes(cf.ic_ratio(1e6, 100e6, 0.05, 0.25), 1.2)
    assert cf.cure_amount(115e6, 100e6, 1.25) == pytest.approx(40e6)
    assert cf.cure_amount(115e6, 100e6, 1.25, cash_in_numerator=False) == pytest.approx(8e6)
