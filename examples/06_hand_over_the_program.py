"""Hand over the program: a convex term in cvxpy, a logical condition in pyomo, a file for any other solver.

What is added here is outside the plan: the answers below are not certified and not checked against the rules.
"""

import tempfile
from pathlib import Path

import cvxpy as cp
import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory

import absalloc as aa
from absalloc.desk.reported import Plan

MARKET = Path(__file__).resolve().parent / "market"
SPREAD_MOVE = 0.005
"""Standard deviation of a year's move of one line's spread; invented."""
AVERSION = 0.01
"""Million yuan of carry given up for one (million yuan)² of variance; invented."""


def spread_risk(plan: Plan, universe: aa.Universe) -> np.ndarray:
    """Return the loss in million yuan, per unit of each column, when its line's spread moves by ``SPREAD_MOVE``."""
    program = plan.program
    duration = universe.table.set_index("tranche_id")["modified_duration"]
    risk = np.zeros(program.problem.n)
    for j, column in enumerate(program.builder.columns):
        if column.leg == "buy":
            years = float(duration[program.lines.positions.ids[column.position]])
            risk[j] = SPREAD_MOVE * years * column.size * program.lines.worth[column.position] / 1e6
    if not np.isfinite(risk).all():
        raise SystemExit("a line that can be bought has no duration")
    return risk


def with_spread_risk(plan: Plan, risk: np.ndarray) -> None:
    """Minimise cost plus a penalty on variance, half of it common to all lines, without lots and tickets."""
    model = plan.program.to_cvxpy()
    x = model.var_dict["x"]
    bought = risk > 0
    own = cp.sum_squares(cp.multiply(risk[bought], x[bought]))
    common = cp.square(risk @ x)
    # Clarabel knows no integers, so the constraint that makes lots and tickets whole is left out.
    smooth = [c for c in model.constraints if not any(v.attributes["integer"] for v in c.variables())]
    for aversion in (0.0, AVERSION):
        problem = cp.Problem(cp.Minimize(model.objective.expr + aversion * 0.5 * (own + common)), smooth)
        problem.solve(solver=cp.CLARABEL)
        if problem.status != cp.OPTIMAL:
            raise SystemExit(f"clarabel: {problem.status}")
        carry, sd = -model.objective.expr.value, float(np.sqrt(0.5 * (own.value + common.value)))
        print(f"  aversion {aversion:g}: carry {carry:.3f}, standard deviation {sd:.3f} million yuan")


def one_tranche_a_deal(plan: Plan, universe: aa.Universe) -> None:
    """Buy of each deal one tranche at most: the switches of its lines exclude each other."""
    program = plan.program
    model = program.to_pyomo()
    deal = universe.table.set_index("tranche_id")["deal_id"]
    names = {f"buys {line}": str(deal[line]) for line in program.lines.positions.ids}
    of_deal: dict[str, list[int]] = {}
    for j, column in enumerate(program.builder.columns):
        if column.leg == "on" and column.name in names:
            of_deal.setdefault(names[column.name], []).append(j)
    several = [columns for columns in of_deal.values() if len(columns) > 1]
    model.one_of_deal = pyo.Constraint(range(len(several)), rule=lambda m, k: sum(m.x[j] for j in several[k]) <= 1)
    before = program.problem.value(plan.answer.outcome.x)
    result = SolverFactory("highs").solve(model)
    print(f"  {len(several)} deals with a choice; {result.termination_condition.name}")
    print(f"  carry {-before:.3f} without, {-pyo.value(model.cost):.3f} million yuan with one tranche a deal")


def main() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    plan = aa.optimise(universe, aa.load_mandate(MARKET / "city-bank.yaml"))
    if plan.status != "optimal":
        raise SystemExit(f"no plan to hand over: {plan.status}")
    print(f"plan: {plan.status}, {float(plan.carry.yuan) / 1e6:.3f} million yuan of carry a year")
    print("The figures below are carry less the cost of buying.")
    print("cvxpy, penalty on spread risk, solved by Clarabel:")
    with_spread_risk(plan, spread_risk(plan, universe))
    print("pyomo, logical condition, solved by HiGHS:")
    one_tranche_a_deal(plan, universe)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.mps"
        plan.program.write(str(path))
        print(f"model.mps: {path.stat().st_size:,} bytes, written to a temporary folder")


if __name__ == "__main__":
    main()
