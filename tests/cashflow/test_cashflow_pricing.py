"""Price, yield, life, duration, spread: closed forms, inversions, differences, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.errors import BadInput

FLOWS = st.lists(st.tuples(st.floats(0.02, 30.0), st.floats(0.01, 200.0)), min_size=1, max_size=40)


@given(FLOWS, st.floats(-0.2, 1.5), st.sampled_from([1, 2, 4, 12]))
def test_yield_gives_the_price_back(flows: list[tuple[float, float]], y: float, freq: int) -> None:
    times, cash = zip(*flows, strict=True)
    dirty = cf.price(times, cash, y, freq)
    found = cf.yield_to_maturity(times, cash, dirty, freq)
    assert found == pytest.approx(y, abs=1e-9)
    assert cf.price(times, cash, found, freq) == pytest.approx(dirty, rel=1e-10)


@given(FLOWS, st.floats(0.0, 0.3), st.sampled_from([1, 2, 4, 12]))
def test_durations_are_the_derivatives(flows: list[tuple[float, float]], y: float, freq: int) -> None:
    times, cash = zip(*flows, strict=True)
    step = 1e-5
    up, middle, down = (cf.price(times, cash, y + move, freq) for move in (step, 0.0, -step))
    found = cf.durations(times, cash, y, freq)
    assert found.modified == pytest.approx((down - up) / (2 * step * middle), rel=1e-5)
    wide = 1e-3
    bent = (cf.price(times, cash, y + wide, freq) + cf.price(times, cash, y - wide, freq) - 2 * middle) / (
        wide**2 * middle
    )
    assert found.convexity == pytest.approx(bent, rel=2e-2)
    assert min(times) - 1e-9 <= found.macaulay <= max(times) + 1e-9


@given(FLOWS, st.floats(-0.01, 0.2))
def test_z_spread_inverts(flows: list[tuple[float, float]], spread: float) -> None:
    times, cash = (np.array(part) for part in zip(*flows, strict=True))

    def curve(t: float) -> float:
        return 0.02 + 0.001 * min(t, 10.0)

    dirty = float(sum(paid / (1 + curve(t) + spread) ** t for t, paid in zip(times, cash, strict=True)))
    assert cf.z_spread(times, cash, dirty, curve) == pytest.approx(spread, abs=1e-10)


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=60).filter(lambda paid: sum(paid) > 1e-6))
def test_average_life_lies_within_the_payments(principal: list[float]) -> None:
    paid = np.flatnonzero(principal)
    life = cf.wal(principal)
    assert (paid[0] + 1) / 12 - 1e-9 <= life <= (paid[-1] + 1) / 12 + 1e-9


def test_annuity_and_zero_in_closed_form() -> None:
    times = np.arange(1, 11)
    assert cf.price(times, np.ones(10), 0.05, 1) == pytest.approx((1 - 1.05**-10) / 0.05)
    assert cf.yield_to_maturity([4.0], [100.0], 100 / 1.07**4, 1) == pytest.approx(0.07)
    assert cf.price(times, np.ones(10), 0.0, 12) == pytest.approx(10.0)
    assert cf.durations([3.0], [1.0], 0.04, 2).modified == pytest.approx(3 / 1.02)
    assert cf.wal([[1.0, 0.0], [0.0, 1.0]], [1, 2]) == pytest.approx([1.0, 2.0])


def test_last_period_is_simple_interest() -> None:
    assert cf.price([0.5], [102.0], 0.04, 2, simple_last=True) == pytest.approx(100.0)
    assert cf.yield_to_maturity([0.5], [102.0], 100.0, 2, simple_last=True) == pytest.approx(0.04)
    exact = cf.durations([0.5], [102.0], 0.04, 2, simple_last=True)
    assert exact.modified == pytest.approx(0.5 / 1.02)
    assert exact.convexity == pytest.approx(2 * (0.5 / 1.02) ** 2)
    two = cf.price([0.5, 1.0], [2.0, 102.0], 0.04, 2, simple_last=True)
    assert two == pytest.approx(100.0)  # more than one payment left: compounded


def test_quotes_turn_to_remaining_face() -> None:
    assert cf.remaining_price(50.5, 0.5, "original") == pytest.approx(101.0)
    assert cf.remaining_price(101.0, 0.5, "remaining") == 101.0
    with pytest.raises(BadInput, match="quote_basis: 'face'"):
        cf.remaining_price(101.0, 0.5, "face")
    with pytest.raises(BadInput, match="'factor' must be above zero"):
        cf.remaining_price(101.0, 0.0, "original")


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(BadInput, match="No yield"):
        cf.yield_to_maturity([1.0], [100.0], -5.0, 1)
    with pytest.raises(BadInput, match="Several yields"):
        cf.yield_to_maturity([0.0, 1.0, 2.0], [-100.0, 230.0, -132.0], 0.0, 1)
    with pytest.raises(BadInput, match="No yield"):
        cf.yield_to_maturity([1.0, 2.0], [0.0, 0.0], 100.0, 1)
    with pytest.raises(BadInput, match="every number must be finite"):
        cf.price([1.0], [float("nan")], 0.01, 1)
    with pytest.raises(BadInput, match="lies in the past"):
        cf.price([-1.0], [1.0], 0.01, 1)
    with pytest.raises(BadInput, match="No price exists at a yield of -2"):
        cf.price([1.0], [1.0], -2.0, 1)
    with pytest.raises(BadInput, match="'0' payments a year"):
        cf.price([1.0], [1.0], 0.01, 0)
    with pytest.raises(BadInput, match="no principal to weigh"):
        cf.wal([0.0, 0.0])
    with pytest.raises(BadInput, match="must be above zero"):
        cf.effective_duration(100.0, 99.0, 101.0, 0.0)


def test_effective_duration_meets_modified() -> None:
    times, cash = np.arange(1, 6), np.array([3.0, 3.0, 3.0, 3.0, 103.0])
    middle = cf.price(times, cash, 0.03, 1)
    up, down = (cf.price(times, cash, 0.03 + move, 1) for move in (1e-4, -1e-4))
    duration, convexity = cf.effective_duration(middle, up, down, 1e-4)
    exact = cf.durations(times, cash, 0.03, 1)
    assert duration == pytest.approx(exact.modified, rel=1e-6)
    assert convexity == pytest.approx(exact.convexity, rel=1e-4)
