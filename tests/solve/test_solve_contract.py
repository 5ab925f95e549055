"""What a Problem refuses, what each status means, and what happens when a solver fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pytest
from scipy import sparse

from absalloc.errors import BadInput, InternalError
from absalloc.messages import catalogue
from absalloc.solve import Problem, SolveSettings, lexicographic, solve_problem, to_cvxpy, to_pyomo, write
from absalloc.solve import highs as highs_module
from absalloc.solve.branch import fixed_integers
from absalloc.solve.csr import as_csr
from absalloc.solve.raw import Raw, Runner
from absalloc.solve.warm import WarmLP

INF, NAN = np.inf, np.nan


def small(**changes: Any) -> Problem:
    parts: dict[str, Any] = {
        "c": [-1, -2],
        "A": [[1, 1]],
        "row_lower": [-INF],
        "row_upper": [4],
        "col_lower": [0, 0],
        "col_upper": [3, 3],
    }
    return Problem(**{**parts, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"c": [NAN, 1]}, r"c\[0\] is nan"),
        ({"c": [1, INF]}, r"c\[1\] is inf"),
        ({"c": [1, 1e20]}, r"c\[1\] is 1e\+20"),
        ({"c": ["a", 1]}, "c must be numbers"),
        ({"c": [[1, 2]]}, "c has shape"),
        ({"A": [[1, NAN]]}, "A.* is nan"),
        ({"A": [[1, INF]]}, "A.* is inf"),
        ({"A": [[1, 2, 3]]}, "A has shape 1 x 3; expected m x 2"),
        ({"A": [1, 2]}, "A must be a matrix"),
        ({"A": "no"}, "A must be a matrix"),
        ({"A": ([0, 1], [2], [1.0], (1, 2))}, "do not make a matrix"),
        ({"A": ([0, 2], [0], [1.0], (1, 2))}, "do not make a matrix"),
        ({"row_upper": [1, 2]}, r"row_upper has shape \(2,\); expected \(1,\)"),
        ({"row_lower": [NAN]}, r"row_lower\[0\] is nan"),
        ({"row_lower": [INF]}, r"row_lower\[0\] is inf"),
        ({"row_upper": [-INF]}, r"row_upper\[0\] is -inf"),
        ({"col_upper": [3, 1e25]}, r"col_upper\[1\] is 1e\+25"),
        ({"col_lower": [0, NAN]}, r"col_lower\[1\] is nan"),
        ({"integrality": [0, 3]}, r"integrality\[1\] is 3"),
        ({"integrality": [0.5, 0]}, r"integrality\[0\] is 0\.5"),
        ({"Q": [[1, 0], [0, 1]], "integrality": [1, 0]}, "beside 1 integer"),
        ({"Q": [[1, 1], [0, 1]]}, "Q is not symmetric"),
        ({"Q": [[1, 2], [2, 1]]}, "not positive semidefinite"),
        ({"Q": [[1.0]]}, "Q has shape 1 x 1; expected 2 x 2"),
        ({"offset": NAN}, r"offset\[0\] is nan"),
        ({"col_names": ["a"]}, r"col_names has shape \(1,\)"),
    ],
)
def test_unusable_problems_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        small(**changes)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 2], [0, 0, 0]],
        sparse.csr_array([[1.0, 0, 2], [0, 0, 0]]),
        sparse.coo_matrix([[1.0, 0, 2], [0, 0, 0]]),
        ([0, 2, 2], [0, 2], [1, 2], (2, 3)),
        # Unsorted, repeated, and with a stored zero.
        ([0, 4, 4], [2, 0, 2, 1], [1.5, 1, 0.5, 0], (2, 3)),
    ],
)
def test_every_form_of_matrix_is_the_same(matrix: Any) -> None:
    found = as_csr(matrix, "A")
    assert found.dense().tolist() == [[1, 0, 2], [0, 0, 0]]
    assert found.indices.tolist() == [0, 2]
    assert found.to_scipy().nnz == 2
    assert found.times(np.array([1.0, 5.0, 2.0])).tolist() == [5, 0]
    assert found.transposed_times(np.array([3.0, 9.0])).tolist() == [3, 0, 6]


def test_the_arrays_of_the_caller_are_copied() -> None:
    c = np.array([-1.0, -2.0])
    problem = small(c=c)
    c[0] = 100
    assert problem.c.tolist() == [-1, -2]
    with pytest.raises(ValueError, match="read-only"):
        problem.c[0] = 5


@pytest.mark.parametrize("backend", ["highs", "cvxpy", "pyomo"])
@pytest.mark.parametrize(
    ("problem", "status", "objective"),
    [
        (small(), "optimal", -7.0),
        (small(offset=10), "optimal", 3.0),
        (small(row_lower=[7], row_upper=[INF]), "infeasible", None),
        (small(col_upper=[3, INF], row_upper=[INF], row_lower=[0]), "unbounded", None),
        (small(col_lower=[0, 4]), "infeasible", None),
        (small(row_lower=[5]), "infeasible", None),
        (small(A=[[0, 0]], row_lower=[1], row_upper=[2]), "infeasible", None),
        (small(A=[[0, 0]]), "optimal", -9.0),
        (small(c=[0, 0]), "optimal", 0.0),
        (small(A=np.zeros((0, 2)), row_lower=[], row_upper=[]), "optimal", -9.0),
        (small(A=np.zeros((0, 2)), row_lower=[], row_upper=[], col_upper=INF), "unbounded", None),
        (small(A=np.zeros((0, 2)), row_lower=[], row_upper=[], integrality=[1, 1], col_upper=2.5), "optimal", -6.0),
        (Problem([], np.zeros((1, 0)), [0], [1], [], []), "optimal", 0.0),
        (Problem([], np.zeros((1, 0)), [1], [2], [], []), "infeasible", None),
        (Problem([], [], [], [], [], [], offset=2.0), "optimal", 2.0),
        (small(integrality=[1, 1], row_upper=[4.5]), "optimal", -7.0),
        (small(integrality=[1, 1], A=[[2, 2]], row_lower=[3], row_upper=[3]), "infeasible", None),
        (small(integrality=[1, 0], col_upper=[3, INF], row_upper=[INF], row_lower=[0]), "unbounded", None),
        (small(integrality=[2, 0], col_lower=[2, 0], row_upper=[3]), "optimal", -6.0),
        (small(integrality=[2, 0], col_lower=[5, 0]), "optimal", -6.0),
        (small(integrality=[0, 2], col_lower=[0, -1], col_upper=[3, 3]), "optimal", -7.0),
        (small(c=[1, 1], integrality=[2, 0], col_lower=[-2, 0], col_upper=[-1, 3]), "optimal", -2.0),
    ],
)
def test_every_status_on_every_back_end(problem: Problem, backend: str, status: str, objective: float | None) -> None:
    outcome = solve_problem(problem, backend)
    assert (outcome.status, outcome.objective) == (status, pytest.approx(objective) if objective is not None else None)
    if status == "optimal":
        assert outcome.gap is not None
        assert outcome.gap <= 1e-6
        assert outcome.x is not None
    else:
        assert outcome.x is None


def test_a_quadratic_problem_goes_to_clarabel() -> None:
    # min x² + y² − 3x − 4y on x + y = 1: x = 1/4, y = 3/4.
    for backend in ("highs", "cvxpy", "pyomo"):
        outcome = solve_problem(small(c=[-3, -4], Q=2 * np.eye(2), row_lower=[1], row_upper=[1]), backend)
        assert outcome.status == "optimal"
        assert outcome.solver == "clarabel"
        assert outcome.x == pytest.approx([0.25, 0.75], abs=1e-7)
        assert outcome.bound == pytest.approx(-3.125, abs=1e-7)
    assert solve_problem(small(Q=np.eye(2), row_lower=[7], row_upper=[8])).status == "infeasible"
    flat = small(c=[0, -1], Q=[[1, 0], [0, 0]], col_upper=INF, row_upper=[INF], row_lower=[0])
    assert solve_problem(flat).status == "unbounded"


def test_unknown_names_and_senseless_limits() -> None:
    with pytest.raises(BadInput, match=r"no back end 'higs'.*nearest valid one is 'highs'"):
        solve_problem(small(), "higs")
    with pytest.raises(BadInput, match="time_limit is -1"):
        solve_problem(small(), settings=SolveSettings(time_limit=-1))
    with pytest.raises(BadInput, match="mip_gap is nan"):
        solve_problem(small(), settings=SolveSettings(mip_gap=NAN))
    with pytest.raises(BadInput, match="Ties are not broken"):
        lexicographic(small(Q=np.eye(2)), [1.0, 1.0])


def test_a_ticket_that_nothing_bounds_is_refused() -> None:
    # No cost and no row holds the ticket: no upper bound can be proven.
    with pytest.raises(BadInput, match="semi-continuous column b has no bound"):
        solve_problem(
            small(c=[-1, 0], A=[[1, 0]], col_lower=[0, 1], col_upper=[3, INF], integrality=[0, 2], col_names=("a", "b"))
        )


def knapsack(n: int = 60) -> Problem:
    rng = np.random.default_rng(5)
    weight = rng.integers(1000, 9999, (5, n)).astype(float)
    return Problem(-weight.sum(axis=0) - rng.random(n), weight, -INF, weight.sum(axis=1) / 3, 0, 1, np.ones(n))


@pytest.mark.parametrize("backend", ["highs", "cvxpy", "pyomo"])
def test_limits_stop_with_what_was_found_marked_unproven(backend: str) -> None:
    outcome = solve_problem(knapsack(), backend, SolveSettings(node_limit=1))
    assert outcome.status == "stopped"
    assert outcome.reason == "solve.limit"
    if outcome.objective is not None:
        assert outcome.bound is not None
        assert outcome.bound <= outcome.objective
        assert outcome.gap is not None
        assert outcome.gap > 1e-6


def test_no_time_at_all() -> None:
    outcome = solve_problem(knapsack(), settings=SolveSettings(time_limit=0.0))
    assert (outcome.status, outcome.reason) == ("stopped", "solve.limit")


@pytest.mark.parametrize("status", ["kNotset", "kUnknown", "kSolveError", "kMemoryLimit", "kModelEmpty"])
def test_a_status_that_is_no_answer_is_an_internal_error(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    wrong = getattr(highspy.HighsModelStatus, status)
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda self: wrong)
    with pytest.raises(InternalError, match="highs answered with a status that is no answer"):
        solve_problem(small())


def test_an_exception_of_a_solver_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(highspy.Highs, "run", broken)
    with pytest.raises(InternalError, match="highs failed: RuntimeError: out of luck"):
        solve_problem(small())


def claim(monkeypatch: pytest.MonkeyPatch, raw: Raw) -> None:
    """Let HiGHS say ``raw`` of everything."""
    monkeypatch.setattr(highs_module, "run", lambda problem, settings, tolerance=0.0: raw)
    monkeypatch.setattr("absalloc.solve.solver.HIGHS", Runner("highs", lambda problem, settings: raw))


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([0.0, 3.0], [-1.0], "solve.not_proven"),  # feasible, not the best
        ([1.0, 3.0], [0.0], "solve.not_proven"),  # the best, with duals that do not prove it
        ([3.0, 3.0], [-1.0], "solve.not_feasible"),
        ([NAN, 3.0], [-1.0], "solve.not_feasible"),
        ([1.0, 3.0], [NAN], "solve.not_proven"),
    ],
)
def test_a_solver_is_not_taken_at_its_word(
    monkeypatch: pytest.MonkeyPatch, x: list[float], y: list[float], reason: str
) -> None:
    claim(monkeypatch, Raw("optimal", np.array(x), np.array(y), None))
    outcome = solve_problem(small())
    assert (outcome.status, outcome.reason) == ("stopped", reason)
    assert outcome.gap is None or outcome.gap >= 0


@pytest.mark.parametrize("word", ["infeasible", "unbounded", "unbounded_or_infeasible"])
def test_a_false_no_is_not_passed_on(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    false = Runner("liar", lambda problem, settings: Raw(word, None, None, None))
    monkeypatch.setattr("absalloc.solve.solver.HIGHS", false)
    if word == "infeasible":
        outcome = solve_problem(small())
        assert (outcome.status, outcome.reason) == ("stopped", "solve.no_unproven")
    else:
        with pytest.raises(InternalError, match="liar answered"):
            solve_problem(small())


def test_unbounded_or_infeasible_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    vague = Runner("vague", lambda problem, settings: Raw("unbounded_or_infeasible", None, None, None))
    monkeypatch.setattr("absalloc.solve.solver.HIGHS", vague)
    assert solve_problem(small(row_lower=[7], row_upper=[INF])).status == "infeasible"
    assert solve_problem(small(col_upper=[3, INF], row_upper=[INF], row_lower=[0])).status == "unbounded"


def test_another_user_of_highs_with_other_threads_does_no_harm() -> None:
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    other.passModel(highs_module.model_of(highspy, small(), small()))
    other.run()
    assert solve_problem(knapsack(12)).status == "optimal"
    highspy.Highs.resetGlobalScheduler(True)


def test_the_same_problem_gives_the_same_bytes() -> None:
    first, second = (solve_problem(knapsack(16)) for _ in range(2))
    assert first.x is not None
    assert second.x is not None
    assert first.x.tobytes() == second.x.tobytes()


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
@pytest.mark.parametrize("kinds", [[0, 0], [1, 0], [2, 0]])
def test_a_model_file_says_the_same(tmp_path: Path, suffix: str, kinds: list[int]) -> None:
    problem = small(integrality=kinds, col_lower=[1.5, 0], offset=2.5, col_names=("081900030.IB|new", "cash|held"))
    path = tmp_path / f"model{suffix}"
    write(problem, path)
    back = highspy.Highs()
    back.setOptionValue("output_flag", False)
    assert back.readModel(str(path)) != highspy.HighsStatus.kError
    back.run()
    assert back.getInfo().objective_function_value == pytest.approx(solve_problem(problem).objective)
    with pytest.raises(BadInput, match="neither"):
        write(problem, tmp_path / "model.txt")


def test_a_quadratic_model_file_says_the_same(tmp_path: Path) -> None:
    problem = small(Q=[[2, 0.5], [0.5, 1]])
    write(problem, tmp_path / "model.mps")
    back = highspy.Highs()
    back.setOptionValue("output_flag", False)
    back.readModel(str(tmp_path / "model.mps"))
    back.run()
    assert back.getInfo().objective_function_value == pytest.approx(solve_problem(problem).objective, abs=1e-6)


def test_the_model_is_handed_to_a_quant() -> None:
    import cvxpy as cp

    problem = small(Q=np.eye(2))
    model = to_cvxpy(problem)
    model.solve(solver=cp.CLARABEL)
    assert model.value == pytest.approx(solve_problem(problem).objective, abs=1e-6)
    pyomo = to_pyomo(problem)
    assert sorted(pyomo.x) == [0, 1]
    assert pyomo.cost.expr.polynomial_degree() == 2
    with pytest.raises(BadInput, match="has no bound"):
        to_cvxpy(small(integrality=[2, 0], col_lower=[1, 0], col_upper=[INF, 3]))


def test_reasons_and_notes_have_texts() -> None:
    outcome = solve_problem(knapsack(), settings=SolveSettings(node_limit=1))
    assert outcome.reason is not None
    for lang in ("en", "zh"):
        assert catalogue("solve", lang)[outcome.reason.split(".")[1]]
    crossed = replace(small(integrality=[1, 1]), A=[[2, 2]], row_lower=[3], row_upper=[3])
    assert solve_problem(crossed).notes == ("solve.infeasible_claimed",)


def test_a_switch_that_is_off_lets_nothing_through() -> None:
    # A purchase in lots below a switch with a vast coefficient: relative to that, 1e7 lots would be nothing.
    top = 1e11
    problem = Problem(
        [-1.0, 0.0, -1e-3], [[1.0, -top, 0.0], [1.0, 0.0, 1.0]], [-INF, -INF], [0.0, 5e10], 0, [top, 1, 5e10], [1, 1, 0]
    )
    outcome = solve_problem(problem)
    assert outcome.status in ("optimal", "stopped")
    if outcome.x is not None:
        assert outcome.x[0] == 0 or outcome.x[1] == 1
    fixed = fixed_integers(problem, np.array([4.9e10, 0.0, 0.0]), SolveSettings(), highs_module.HIGHS)
    assert fixed is None


def test_integers_between_bounds_that_are_not_whole() -> None:
    # HiGHS called this optimal with its bound still open; the column of 2.5 … 5 is 3 at least.
    row = [4.865876380391, 0.934861942956, -1.330749780381, 1.775684471563, 2.311782734538]
    problem = Problem(
        [-8, 4, -1, 5, -5], [row], [6.203350712406191], [6.203350712406191],
        [0, 2.5, 0, 0, 0], [1, 5, 1, INF, 1], [0, 1, 1, 0, 0], offset=5,
    )  # fmt: skip
    outcome = solve_problem(problem)
    assert outcome.status == "optimal"
    x0 = (6.203350712406191 - np.dot(row[1:], [3, 1, 0, 1])) / row[0]
    assert outcome.x == pytest.approx([x0, 3, 1, 0, 1])
    assert outcome.bound == pytest.approx(outcome.objective)
    none = replace(problem, col_lower=np.array([0, 2.5, 0, 0, 0]), col_upper=np.array([1, 2.9, 1, INF, 1]))
    assert solve_problem(none).status == "infeasible"


def test_an_optimum_without_a_point_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    claim(monkeypatch, Raw("optimal", None, None, None))
    outcome = solve_problem(small())
    assert (outcome.status, outcome.reason, outcome.x) == ("stopped", "solve.not_feasible", None)


@pytest.mark.parametrize(("off", "status"), [(4e-16, "optimal"), (1e-3, "infeasible")])
@pytest.mark.parametrize("kinds", [[0, 0], [1, 0]])
def test_a_row_whose_terms_are_gone_is_measured_like_any_other(off: float, status: str, kinds: list[int]) -> None:
    for place in (0, 1):
        A = np.insert(np.array([[1.0, 1.0]]), place, 0.0, axis=0)
        upper = np.insert(np.array([4.0]), place, -off)
        problem = small(A=A, row_lower=[-INF, -INF], row_upper=upper, integrality=kinds)
        assert solve_problem(problem).status == status
        if not any(kinds):
            assert WarmLP(problem).solve().status == status
