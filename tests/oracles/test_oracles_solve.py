"""Published LP, MILP and QP answers, through the public Problem and solve_problem alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from oracle_cases import compare_case, data, find

from absalloc.solve import Outcome, Problem, solve_problem

INF = np.inf
Inputs = dict[str, Any]


def solved(problem: Problem) -> Outcome:
    outcome = solve_problem(problem)
    assert outcome.status == "optimal"
    assert outcome.x is not None
    return outcome


def least_variance(cov: np.ndarray, rows: list[Any], lower: list[float], upper: list[float], cap: float = INF) -> Any:
    """Long-only weights that sum to one and keep ``rows``, of least variance."""
    n = len(cov)
    problem = Problem(np.zeros(n), [np.ones(n), *rows], [1, *lower], [1, *upper], 0, cap, Q=2 * cov)
    return solved(problem).x


# --- linear -------------------------------------------------------------------------------------------------------


def bank_bonds(inputs: Inputs, _: Path) -> dict[str, float]:
    bonds = inputs["bonds"]
    names = list(bonds)
    safe = [float(bonds[name]["type"] in ("government", "agency")) for name in names]
    # An average no greater than k is the row Σ (value − k) x ≤ 0.
    quality = [bonds[name]["quality"] - 1.4 for name in names]
    maturity = [bonds[name]["maturity"] - 5.0 for name in names]
    problem = Problem(
        [-bonds[name]["yield_pct"] / 100 for name in names],
        [np.ones(5), safe, quality, maturity],
        [-INF, 4, -INF, -INF],
        [inputs["budget_musd"], INF, 0, 0],
        0,
        INF,
    )
    outcome = solved(problem)
    return {"objective_musd": -outcome.objective, **dict(zip(names, outcome.x, strict=True))}


def welte(inputs: Inputs, _: Path) -> dict[str, float]:
    names = list(inputs["rates_pct"])
    rows = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, -0.25, -0.25, 1], [-0.6, 0.4, 0, 0, 0], [1, 1, 1, 1, 1]]
    budget = inputs["budget"]
    problem = Problem(
        [-rate / 100 for rate in inputs["rates_pct"].values()],
        rows,
        [-INF, -INF, 0, -INF, budget],
        [50_000, 50_000, INF, 0, budget],
        0,
        INF,
    )
    outcome = solved(problem)
    return {"objective": -outcome.objective, **dict(zip(names, outcome.x, strict=True))}


def cvar(inputs: Inputs, shared: Path) -> dict[str, float]:
    """Rockafellar and Uryasev: minimise a + Σ u / ((1 − β) S), u ≥ loss − a, u ≥ 0."""
    prices = pd.read_csv(data(shared, inputs["prices"]), index_col=0)
    returns = prices.pct_change(fill_method=None)
    mu = ((1 + returns).prod() ** (252 / returns.count()) - 1).to_numpy()
    scenarios = returns.dropna().to_numpy()
    S, n = scenarios.shape
    assert (S, n) == (895, 20)
    tails = np.hstack((scenarios, np.ones((S, 1)), np.eye(S)))
    budget = np.concatenate((np.ones(n), np.zeros(S + 1)))
    target = np.concatenate((mu, np.zeros(S + 1)))
    problem = Problem(
        np.concatenate((np.zeros(n), [1.0], np.full(S, 1 / ((1 - inputs["beta"]) * S)))),
        np.vstack((tails, budget, target)),
        np.concatenate((np.zeros(S), [1, inputs["target_return"]])),
        np.concatenate((np.full(S, INF), [1, INF])),
        np.concatenate((np.zeros(n), [-INF], np.zeros(S))),
        INF,
    )
    outcome = solved(problem)
    return {"ret": float(mu @ outcome.x[:n]), "cvar": outcome.objective}


# --- integers -----------------------------------------------------------------------------------------------------


def minimum_ticket(inputs: Inputs, _: Path) -> list[float]:
    kinds = {
        "semi-continuous, no upper bound": (2, INF),
        "continuous, >= 1.1": (0, INF),
        "semi-continuous, upper 10": (2, 10.0),
    }
    best = []
    for case in inputs["cases"]:
        kind, upper = kinds[case["x3"]]
        problem = Problem(
            [-1, -2, -case["c"], 3],
            [[1, 1, 0, 0], [2, -1, 0, 0], [-1, 3, 0, 0], [0, 0, 1, 1]],
            [-INF, 0, 0, 0.5],
            [5, INF, INF, INF],
            [0, 0, 1.1, 0],
            [INF, INF, upper, INF],
            [0, 0, kind, 0],
        )
        best.append(-solved(problem).objective)
    return best


def selection(inputs: Inputs, _: Path) -> dict[str, Any]:
    """Columns: amounts (semi-continuous), whether held (binary), change up and down."""
    table = pd.DataFrame(inputs["rows"], columns=inputs["columns"])
    n, nil, one = len(table), np.zeros(len(table)), np.ones(len(table))
    rows: list[np.ndarray] = []
    lower: list[float] = []
    upper: list[float] = []

    def add(x: Any, z: Any, change: Any, bounds: tuple[float, float]) -> None:
        rows.append(np.concatenate((x, z, change, change if np.any(change) else nil)))
        lower.append(bounds[0])
        upper.append(bounds[1])

    add(one, nil, nil, (inputs["budget"], inputs["budget"]))
    add(nil, one, nil, (-INF, inputs["max_positions"]))
    add(nil, nil, one, (-INF, inputs["max_turnover"]))
    add(table["WAL"], nil, nil, (-INF, inputs["max_WAL"] * inputs["budget"]))
    add(table["risk_weight"], nil, nil, (-INF, inputs["max_RWA"]))
    for column in ("rating", "asset"):
        for value, cap in inputs[f"{column}_caps"].items():
            add((table[column] == value).astype(float), nil, nil, (-INF, cap))
    for j in range(n):
        unit = np.eye(n)[j]
        add(unit, -inputs["max_ticket"] * unit, nil, (-INF, 0))
        rows.append(np.concatenate((unit, nil, -unit, unit)))
        lower.append(table["current"][j])
        upper.append(table["current"][j])
    problem = Problem(
        np.concatenate((-table["yield_pct"] / 100, nil, nil, nil)),
        rows,
        lower,
        upper,
        np.concatenate((inputs["min_ticket"] * one, nil, nil, nil)),
        np.concatenate((inputs["max_ticket"] * one, one, 1000 * one, 1000 * one)),
        np.concatenate((2 * one, one, nil, nil)),
    )
    outcome = solved(problem)
    return {"objective": -outcome.objective, "positions": dict(zip(table["id"], outcome.x[:n], strict=True))}


# --- quadratic ----------------------------------------------------------------------------------------------------


def frontier(inputs: Inputs, shared: Path) -> dict[str, float]:
    """Read from the data file, and asked for at the returns the case names."""
    name = inputs["data"].split(":")[0]
    words = data(shared, name).read_text().split()
    n = int(words[0])
    moments = np.array(words[1 : 1 + 2 * n], dtype=float).reshape(n, 2)
    correlation = np.zeros((n, n))
    for i, j, value in np.array(words[1 + 2 * n :], dtype=float).reshape(-1, 3):
        correlation[int(i) - 1, int(j) - 1] = correlation[int(j) - 1, int(i) - 1] = value
    mu, sd = moments.T
    cov = correlation * np.outer(sd, sd)
    found = {}
    for label in inputs["targets"]:
        weights = least_variance(cov, [mu], [float(label.removeprefix("return_"))], [INF])
        found[label] = float(weights @ cov @ weights)
    return found


def utility(inputs: Inputs, rows: Any, extra: list[float] | None = None) -> Outcome:
    """Maximise mu'x − γ/2 x'Sx over long-only x with one budget row; ``extra`` are riskless columns' returns."""
    k = len(extra or [])
    mu = np.concatenate((inputs["mu"], extra or []))
    Q = np.zeros((len(mu), len(mu)))
    Q[: len(mu) - k, : len(mu) - k] = inputs["gamma"] * np.asarray(inputs["cov"])
    return solved(Problem(-mu, [rows], [1], [1], 0, INF, Q=Q))


def mean_variance(inputs: Inputs, _: Path) -> dict[str, Any]:
    x = utility(inputs, np.ones(10)).x
    return {"weights": x, "risk": x @ np.asarray(inputs["cov"]) @ x, "ret": x @ inputs["mu"]}


def buying_cost(inputs: Inputs, _: Path) -> dict[str, float]:
    return {"total_invested": utility(inputs, np.full(10, 1 + inputs["costs_buy"])).x.sum()}


def cash_bucket(inputs: Inputs, _: Path) -> dict[str, float]:
    x = utility(inputs, np.ones(11), [inputs["rf"]]).x
    return {"risky_pct": 100 * x[:10].sum(), "cash_pct": 100 * x[10]}


def single_factor(inputs: Inputs, _: Path) -> dict[str, Any]:
    beta = np.array(inputs["beta"])
    cov = np.outer(beta, beta) * inputs["market_variance_as_given"] ** 2 + np.diag(inputs["specific_variance"])
    three = utility({"mu": inputs["mu"], "cov": cov, "gamma": inputs["gamma"]}, np.ones(3))
    return {"weights": three.x, "two_weights": utility(inputs["two"], np.ones(2)).x}


def measured(inputs: Inputs, weights: Any) -> dict[str, float]:
    ret = float(weights @ inputs["mu"])
    vol = float(np.sqrt(weights @ np.asarray(inputs["cov"]) @ weights))
    return {"ret": ret, "vol": vol, "sharpe": (ret - 0.02) / vol}


def least_volatility(inputs: Inputs, _: Path) -> dict[str, float]:
    return measured(inputs, least_variance(np.asarray(inputs["cov"]), [], [], []))


def volatility_for_return(inputs: Inputs, _: Path) -> dict[str, float]:
    rows = [np.asarray(inputs["mu"])]
    return measured(inputs, least_variance(np.asarray(inputs["cov"]), rows, [inputs["target_return"]], [INF]))


def quadratic_utility(inputs: Inputs, _: Path) -> dict[str, float]:
    return measured(inputs, utility({**inputs, "gamma": inputs["risk_aversion"]}, np.ones(20)).x)


def sectors(inputs: Inputs, _: Path) -> dict[str, Any]:
    tickers = inputs["tickers"]
    groups = sorted({*inputs["sector_upper"], *inputs["sector_lower"]})
    rows = [np.array([float(inputs["sectors"][ticker] == group) for ticker in tickers]) for group in groups]
    lower = [inputs["sector_lower"].get(group, -INF) for group in groups]
    upper = [inputs["sector_upper"].get(group, INF) for group in groups]
    x = least_variance(np.asarray(inputs["cov"]), rows, lower, upper, inputs["bounds"][1])
    found = measured(inputs, x)
    return {"ret": found["ret"], "vol": found["vol"], "weights": dict(zip(tickers, x, strict=True))}


def three_assets(inputs: Inputs, _: Path) -> dict[str, Any]:
    cov = np.asarray(inputs["cov"])
    x = least_variance(cov, [np.asarray(inputs["mu"])], [inputs["required_return"]], [INF])
    return {"weights": x, "variance": x @ cov @ x}


def efficient(inputs: Inputs, _: Path) -> dict[str, Any]:
    cov, mu = np.asarray(inputs["cov"]), np.asarray(inputs["mu"])
    return {target: least_variance(cov, [mu], [float(target)], [INF]) for target in inputs["targets"]}


HANDLERS: dict[str, Callable[[Inputs, Path], object]] = {
    "OP-01": bank_bonds,
    "OP-02": welte,
    "OP-09a": cvar,
    "OP-07a": minimum_ticket,
    "PR-06": selection,
    "OP-05-port1": frontier,
    "OP-05-port3": frontier,
    "OP-06a": mean_variance,
    "OP-06f": buying_cost,
    "OP-06g": cash_bucket,
    "OP-06h": single_factor,
    "OP-08a": least_volatility,
    "OP-08b": volatility_for_return,
    "OP-08c": quadratic_utility,
    "OP-10a": three_assets,
    "OP-11": efficient,
    "PR-04": sectors,
}
COVERED = frozenset(HANDLERS)


@pytest.mark.oracle
@pytest.mark.real
@pytest.mark.parametrize("case_id", sorted(HANDLERS))
def test_published_solve(shared: Path, case_id: str) -> None:
    case = find(shared, case_id)
    inputs = dict(case["inputs"])
    if "see" in inputs:
        inputs = {**find(shared, inputs["see"].split()[0])["inputs"], **inputs}
    if HANDLERS[case_id] is frontier:
        inputs["targets"] = list(case["expected"])  # the returns asked for; the variances are not looked at
    compare_case(case, HANDLERS[case_id](inputs, shared))
