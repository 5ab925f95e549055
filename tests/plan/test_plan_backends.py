"""Plans by three back ends agree and pass the exact checker; inputs at the edge end in an answer or a clear error."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from absalloc.compliance.exact import evaluate_exact
from absalloc.errors import BadInput
from absalloc.explain import conflicts, headroom, menu, prices
from absalloc.explain.model import Model
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Session
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.rows import BookState

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "rows"))
from plan_worlds import plan_book

EXACT = PlanSettings(mip_gap=1e-9)
WORLDS = [(seed, held) for seed in range(100, 125) for held in (False, True)]


def lawful(state: BookState, faces: dict[str, Fraction]) -> set[str]:
    """Return the hard rules that a portfolio fails."""
    after = replace(state, held=faces, before=dict(state.held))
    return {f.rule for f in evaluate_exact([after]) if f.level == "hard" and f.verdict == "fail"}


@pytest.mark.parametrize("backend", ["cvxpy", "pyomo"])
def test_back_ends_agree_and_their_portfolios_pass_the_exact_checker(backend: str) -> None:
    seen: set[str] = set()
    for seed, held in WORLDS:
        state = plan_book(seed, held=held)
        wanted, found = make_plan(state, EXACT), make_plan(state, replace(EXACT, backend=backend))
        assert found.status == wanted.status
        seen.add(found.status)
        if found.faces is None or wanted.faces is None:
            continue
        model = Model(state, EXACT)
        assert float(model.value(found)) == pytest.approx(float(model.value(wanted)), rel=1e-7, abs=1)
        assert lawful(state, found.faces) <= {f.rule for f in wanted.findings if f.verdict == "fail"}
    assert {"optimal", "infeasible"} <= seen


def test_many_optima_give_one_answer() -> None:
    state = plan_book(3, held=False)
    table = state.universe.table.assign(**{"yield": pd.Series([0.03] * 3, dtype=float)})
    state = replace(state, universe=state.universe.replace(table=table))
    found = [make_plan(state, EXACT) for _ in range(3)]
    assert {answer.status for answer in found} == {"optimal"}
    assert all(answer.faces == found[0].faces for answer in found)
    assert Session(state, EXACT).ask(Moved()).status == "optimal"


def test_no_time_ends_in_a_proof_or_in_no_plan() -> None:
    statuses = set()
    for seed in range(20):
        state = plan_book(seed, held=False)
        answer, wanted = make_plan(state, replace(EXACT, time_limit=0.0)), make_plan(state, EXACT)
        statuses.add(answer.status)
        if answer.status == "optimal":
            # What is settled before the clock is looked at may be right, and then is.
            model = Model(state, EXACT)
            assert float(model.value(answer)) == pytest.approx(float(model.value(wanted)), abs=1)
    assert "stopped" in statuses


def test_nothing_to_buy_is_answered() -> None:
    state = plan_book(3, held=False)
    empty = state.universe.table.assign(issue_size=pd.Series([0.0] * 3, dtype=float))
    state = replace(state, universe=state.universe.replace(table=empty))
    answer, live = make_plan(state, EXACT), Session(state, EXACT).ask(Moved())
    assert answer.status == live.status
    assert not live.holdings
    assert all(line.face == 0 for line in headroom(state, EXACT).lines)


@pytest.mark.parametrize("value", [Fraction(0), Fraction(1, 10**18), Fraction(10**18), Fraction(10**24)])
def test_limits_at_the_float_edge(value: Fraction) -> None:
    state = plan_book(7, held=False)
    session = Session(state, EXACT)
    key = next((r.id, x.sense) for r in state.rules.active for x in r.limits if x.unit == "ratio" and r.unless is None)
    live = session.ask(Moved(limits={key: value}))
    plan = session.plan(Moved(limits={key: value}))
    assert live.status in ("optimal", "infeasible")
    assert plan.status in ("optimal", "infeasible")
    if plan.faces is not None:
        assert live.status == "optimal"
        assert not lawful(session.state(Moved(limits={key: value})), plan.faces)


def test_a_book_that_nothing_satisfies_is_explained_not_priced() -> None:
    state = next(
        s for s in (plan_book(seed, held=False) for seed in range(60)) if make_plan(s, EXACT).status == "infeasible"
    )
    assert prices(state, EXACT).prices == prices(state, EXACT, lp=True).prices == ()
    assert menu(state, EXACT, Fraction(2), 2).choices == ()
    assert conflicts(state, EXACT).sets
    assert Session(state, EXACT).ask(Moved()).status == "infeasible"
    with pytest.raises(BadInput):
        prices(plan_book(3, held=False), EXACT, rules=("no-such",))
