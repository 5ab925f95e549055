"""The market LP solved cold by ours and by the libraries a desk would otherwise write it in.

    python benchmarks/bench_peers.py [--tranches 9295] [--repeats 3] [--json FILE]

Each starts from the same arrays and ends with an objective; the time of building its model counts, for the user waits
for it. Runs take turns in one process. Ours includes the proof of the answer. Objectives agree to 1e-7, or the script
fails. linopy is measured where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bench_solve import ours, theirs
from market_lp import TRANCHES, market_lp
from table import Figure, finish, medians

from absalloc.solve import Problem, to_cvxpy, to_pyomo

AGREE = 1e-7


def two_sided(arrays: tuple[Any, ...]) -> tuple[Any, Any, Any, Any]:
    """Return (A_ub, b_ub, A_eq, b_eq): rows with two ends stand twice, as linprog wants them."""
    from scipy import sparse

    _, A, low, high, _, _ = arrays
    same = low == high
    up, down = np.isfinite(high) & ~same, np.isfinite(low) & ~same
    return sparse.vstack([A[up], -A[down]]).tocsr(), np.concatenate([high[up], -low[down]]), A[same], high[same]


def linprog(arrays: tuple[Any, ...]) -> float:
    """Return the objective by scipy.optimize.linprog, method highs."""
    from scipy import optimize

    upper, b, equal, e = two_sided(arrays)
    bounds = np.column_stack(arrays[4:6])
    return float(optimize.linprog(arrays[0], upper, b, equal, e, bounds=bounds, method="highs").fun)


def milp(arrays: tuple[Any, ...]) -> float:
    """Return the objective by scipy.optimize.milp without integers."""
    from scipy import optimize

    c, A, low, high, least, most = arrays
    rows = optimize.LinearConstraint(A, low, high)
    return float(optimize.milp(c, constraints=rows, bounds=optimize.Bounds(least, most)).fun)


def by_cvxpy(arrays: tuple[Any, ...]) -> float:
    """Return the objective by cvxpy on HiGHS, in matrix form."""
    model = to_cvxpy(Problem(*arrays))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.solve(solver="HIGHS")
    return float(model.value)


def by_pyomo(arrays: tuple[Any, ...]) -> float:
    """Return the objective by pyomo on HiGHS in the same process."""
    import pyomo.environ as pyo

    model = to_pyomo(Problem(*arrays))
    pyo.SolverFactory("appsi_highs").solve(model)
    return float(pyo.value(model.cost))


def by_linopy(arrays: tuple[Any, ...]) -> float:
    """Return the objective by linopy on HiGHS, handed over in memory."""
    import linopy

    upper, b, equal, e = two_sided(arrays)
    model = linopy.Model()
    x = model.add_variables(lower=arrays[4], upper=arrays[5], dims=["line"])
    for terms, at in _terms(model, x, upper):
        model.add_constraints(terms <= b[at])
    for terms, at in _terms(model, x, equal):
        model.add_constraints(terms == e[at])
    model.add_objective((arrays[0] * x).sum())
    model.solve("highs", io_api="direct", output_flag=False)
    return float(model.objective.value)


def _terms(model: Any, x: Any, A: Any) -> Iterator[tuple[Any, np.ndarray]]:
    """Yield (expressions, their rows) of a sparse matrix: rows of about one length together, the shorter ones padded.

    linopy takes no sparse matrix, and a dense one of these would be 400 MB.
    """
    import linopy
    import xarray as xr

    length, labels = np.diff(A.indptr), x.labels.to_numpy()
    size = np.ceil(np.log2(np.maximum(length, 1)))
    for each in np.unique(size[length > 0]):
        at = np.flatnonzero((size == each) & (length > 0))
        place = np.arange(length[at].max())
        inside = place < length[at][:, None]
        entry = np.where(inside, A.indptr[at][:, None] + place, 0)
        names = ("row", "_term")
        data = {
            "coeffs": (names, np.where(inside, A.data[entry], np.nan)),
            "vars": (names, np.where(inside, labels[A.indices[entry]], -1)),
        }
        yield linopy.LinearExpression(xr.Dataset(data), model), at


def peers() -> dict[str, Callable[[tuple[Any, ...]], float]]:
    """Return what is measured, by name."""
    found = {
        "highspy": lambda arrays: theirs(*arrays),
        "scipy linprog": linprog,
        "scipy milp": milp,
        "cvxpy": by_cvxpy,
        "pyomo": by_pyomo,
    }
    return found | ({"linopy": by_linopy} if importlib.util.find_spec("linopy") else {})


def figures(tranches: int, repeats: int) -> list[Figure]:
    """Return ours over each peer's median."""
    arrays = market_lp(tranches, 1)
    calls: dict[str, Callable[[], Any]] = {"absalloc": lambda: ours(*arrays)}
    calls |= {name: (lambda call=call: call(arrays)) for name, call in peers().items()}
    for call in calls.values():
        call()  # imports and caches
    timed = medians(calls, repeats)
    mine, value = timed["absalloc"]
    found = []
    for name in peers():
        seconds, other = timed[name]
        if abs(other - value) > AGREE * max(1.0, abs(value)):
            raise SystemExit(f"{name} finds {other!r}, absalloc {value!r}")
        target = 0.15 if name == "highspy" else None
        found.append(
            Figure(f"market LP, cold: absalloc / {name}", mine / seconds, "x", target, f"{1e3 * seconds:.0f} ms")
        )
    return [*found, Figure("market LP, cold: absalloc", 1e3 * mine, "ms", None, "model, solution and proof")]


def main() -> int:
    """Print the figures, write JSON if asked, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    return finish(figures(options.tranches, options.repeats), options.json)


if __name__ == "__main__":
    sys.exit(main())
