"""The compiled engine against the one in numpy; threads; what has no yield; and life without numba."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from absalloc.cashflow import deals as names
from absalloc.cashflow.engine import DealBatch, EngineResult, run_engine
from absalloc.errors import BadInput

FIGURES = ("wal", "price", "duration", "yield_", "short", "principal", "interest")


def market(count: int, scenarios: int, months: int, seed: int = 3) -> tuple[DealBatch, Any, Any, Any]:
    """Deals with an empty tranche, a pool without interest and one that is a month long among them."""
    rng = np.random.default_rng(seed)
    balance, shape = rng.uniform(50, 200, count), (count, 3)
    sizes = balance[:, None] * np.array([0.7, 0.15, 0.1])
    sizes[::5, 1] = 0.0
    term = rng.integers(1, months + 1, count)
    term[0], term[1] = months, 1
    wac = rng.uniform(0.01, 0.10, count)
    wac[2] = 0.0
    batch = DealBatch(balance, wac, term, sizes, rng.uniform(0.0, 0.06, shape), rng.uniform(-0.02, 0.3, shape))
    smm, mdr = rng.uniform(0, 0.06, (scenarios, months)), rng.uniform(0, 0.04, (scenarios, months))
    return batch, smm, mdr, rng.choice([0.0, 0.2, 0.97, 1.0, 1.4], shape)


@pytest.mark.parametrize("lag", [0, 1, 7])
def test_both_engines_give_the_same_numbers(lag: int) -> None:
    pytest.importorskip("numba")
    # More scenarios than a block and more deals than a task hold, neither a multiple of it.
    batch, smm, mdr, prices = market(300, 150, 30)
    one, two = (
        run_engine(batch, smm, mdr, severity=0.9, lag=lag, prices=prices, engine=engine)
        for engine in ("numba", "numpy")
    )
    assert (one.engine, two.engine) == ("numba", "numpy")
    assert np.array_equal(one.status, two.status)
    assert {int(code) for code in np.unique(one.status)} >= {names.FOUND, names.NO_PRICE}
    assert names.NOT_CONVERGED not in one.status
    # A tranche that gets a thousandth of its size has its cash to a thousandth of the digits.
    thin = one.short > 0.99
    for name in FIGURES:
        left, right = getattr(one, name), getattr(two, name)
        # A duration divides a difference of prices by twice the bump: the last digits of the prices count 200 times.
        tolerance = 1e-10 if name == "duration" else 1e-12
        if name == "yield_":
            assert np.allclose(left[thin], right[thin], rtol=1e-10, atol=1e-10, equal_nan=True)
            left, right = left[~thin], right[~thin]
        assert np.allclose(left, right, rtol=tolerance, atol=tolerance, equal_nan=True), name


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    batch, smm, mdr, prices = market(300, 150, 12)
    found: list[EngineResult] = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        found.append(run_engine(batch, smm, mdr, severity=0.5, prices=prices, engine="numba"))
    for other in found[1:]:
        for name in (*FIGURES, "status"):
            assert getattr(found[0], name).tobytes() == getattr(other, name).tobytes()


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_what_has_no_yield_says_why(engine: Any) -> None:
    if engine == "numba":
        pytest.importorskip("numba")
    one = np.ones(1)
    batch = DealBatch(
        100 * one, 0.05 * one, 12 * one, np.array([[60.0, 20.0]]), 0.03 * np.ones((1, 2)), np.zeros((1, 2))
    )
    smm, mdr = np.zeros((2, 12)), np.zeros((2, 12))
    mdr[1, 0] = 1.0
    found = run_engine(batch, smm, mdr, severity=1.0, prices=np.array([[1.0, -1.0]]), engine=engine)
    assert found.status[0].tolist() == [[names.FOUND, names.NO_PRICE], [names.NO_CASH, names.NO_CASH]]
    assert np.isfinite(found.yield_[0]).tolist() == [[True, False], [False, False]]
    assert found.price[0, 1].tolist() == [0.0, 0.0]
    assert found.short[0, 1].tolist() == [1.0, 1.0]
    assert np.isnan(found.wal[0, 1]).all()
    silent = run_engine(batch, smm, mdr, engine=engine)
    assert (silent.status == names.NOT_ASKED).all()


@pytest.mark.parametrize("engine", ["numba", "numpy"])
@pytest.mark.parametrize("price", [1e-6, 0.01, 3.0, 1e4])
def test_a_yield_far_from_any_start_is_found_and_reprices(engine: Any, price: float) -> None:
    if engine == "numba":
        pytest.importorskip("numba")
    one = np.ones(1)
    batch = DealBatch(100 * one, 0.05 * one, 36 * one, np.array([[100.0]]), np.array([[0.04]]), np.array([[0.02]]))
    speeds = np.zeros((1, 36))
    [[[rate]]] = run_engine(batch, speeds, speeds, prices=np.array([[price]]), engine=engine).yield_
    again = DealBatch(batch.balance, batch.wac, batch.term, batch.sizes, batch.coupons, np.array([[rate]]))
    [[[worth]]] = run_engine(again, speeds, speeds, engine=engine).price if rate > names.BUMP - 12 else [[[np.nan]]]
    assert worth == pytest.approx(price, rel=1e-9)


def test_small_work_is_not_worth_compiling() -> None:
    batch, smm, mdr, _ = market(4, 3, 12)
    assert run_engine(batch, smm, mdr).engine == "numpy"


def test_without_numba_the_engine_works_and_says_what_it_lacks() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from absalloc.cashflow import engine as e\n"
        "e.WORTHWHILE = 1\n"
        "o = np.ones(1)\n"
        "d = e.DealBatch(o, .05 * o, 2 * o, np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))\n"
        "s = np.zeros((1, 2))\n"
        "print(e.run_engine(d, s, s).engine)\n"
        "try: e.run_engine(d, s, s, engine='numba')\n"
        "except e.BadInput as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("numpy\n")
    assert "absalloc[fast]" in done.stdout


def test_an_unknown_engine_is_refused() -> None:
    batch, smm, mdr, _ = market(4, 3, 12)
    with pytest.raises(BadInput, match="numba, numpy"):
        run_engine(batch, smm, mdr, engine="gpu")  # type: ignore[arg-type]


def test_a_function_without_a_file_is_compiled_all_the_same() -> None:
    pytest.importorskip("numba")
    from absalloc.cashflow.kernel import compiled

    space: dict[str, Any] = {}
    exec("def double(x):\n    return 2.0 * x\n", space)  # as in a zipped wheel: nothing to keep a cache beside
    assert compiled(space["double"])(21.0) == 42.0
