"""No published example is forgotten: every core case is reproduced somewhere or waits for a named issue."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
from oracle_cases import compare, load

HERE = Path(__file__).parent
SOLVERS = ("highspy", "cvxpy", "pyomo", "clarabel", "scipy.optimize", "pulp", "ortools")
_WAITING_BY_ISSUE = {
    2: """
        OP-01 OP-02 OP-09a OP-07a PR-06 OP-05-port1 OP-05-port3 OP-06a OP-06f OP-06g OP-06h OP-08a OP-08b
        OP-08c OP-10a OP-11 PR-04 CO-01 CO-02 CO-04 CO-06 CO-08
    """,
    4: """
        CF-01 CF-11a CF-12a CF-14 CF-15a CF-15b CF-02 CF-05a CF-05b CF-06a CF-17 CF-08A CF-09a CF-10 PR-01
        CF-13a CF-16 CF-16b WF-14 WF-01a WF-02-206 WF-02-100 WF-04 WF-05a WF-07a WF-07c WF-08 WF-09a WF-10a
        WF-11 WF-12a WF-13a WF-13b WF-13d PX-05a WF-03a PX-01 PX-11a PX-03 PX-09a PX-10a PR-08
    """,
}
WAITING = {case_id: issue for issue, ids in _WAITING_BY_ISSUE.items() for case_id in ids.split()}
"""Core cases that no module reproduces yet -> the issue that will."""


def modules() -> list[str]:
    own = Path(__file__).stem
    return sorted(path.stem for path in HERE.glob("test_oracles_*.py") if path.stem != own)


def covered() -> dict[str, str]:
    """Case id -> the module that reproduces it."""
    found: dict[str, str] = {}
    for name in modules():
        for case_id in importlib.import_module(name).COVERED:
            assert case_id not in found, f"{case_id} is in {found[case_id]} and in {name}"
            found[case_id] = name
    return found


@pytest.mark.oracle
@pytest.mark.real
def test_every_core_case_is_covered_or_waits(shared: Path) -> None:
    core = {case["id"] for case in load(shared, priority="core")}
    known = {case["id"] for case in load(shared)}
    done = covered()
    assert sorted(set(done) - known) == [], "no such case"
    assert sorted(core - set(done) - set(WAITING)) == [], "core cases that nobody reproduces"
    assert sorted(set(WAITING) & set(done)) == [], "reproduced by now: take them off WAITING"
    assert sorted(set(WAITING) - core) == [], "WAITING lists cases that are not core cases"


@pytest.mark.parametrize("name", modules())
def test_covered_cases_are_run(name: str) -> None:
    """COVERED is what the test is parametrised over, not a list beside it."""
    module = importlib.import_module(name)
    assert module.COVERED
    run = {
        value
        for test in vars(module).values()
        for mark in getattr(test, "pytestmark", ())
        if mark.name == "parametrize" and "case_id" in mark.args[0]
        for value in mark.args[1]
    }
    assert set(module.COVERED) == run, f"{name}: COVERED and the ids of its tests differ"


def solver_imports(source: str) -> list[str]:
    """Return the solvers that a text imports, at any depth and in any way."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            names += [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return [name for name in names if any(f"{name}.".startswith(f"{solver}.") for solver in SOLVERS)]


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.stem)
def test_oracles_pass_through_the_public_interface(path: Path) -> None:
    assert solver_imports(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import highspy",
        "def f():\n    from scipy import optimize",
        "from scipy.optimize import linprog",
        "import cvxpy as cp",
        "import_module('pyomo.environ')",
    ],
)
def test_the_ban_sees_every_way_in(line: str) -> None:
    assert len(solver_imports(line)) == 1
    assert solver_imports("from scipy import stats\nimport absalloc") == []


def test_compare_takes_the_nearest_tolerance() -> None:
    rule = {"a": 0.1, "wal": 2.0, "*": 0.5}
    expected = {"a": {"x": 1.0, "wal": 3.0}, "b": [1.0, 2.0], "c": "text", "d": None, "e": True}
    compare(expected, {"a": {"x": 1.09, "wal": 4.9}, "b": [1.4, 1.6], "c": "text", "d": None, "e": True}, rule)
    compare({"1": [1.0, 2.0]}, {1: (1.05, 3.9)}, {"a": 0.1, "wal": 2.0}, columns=("a", "wal"))
    compare(1.0, 1.0, {"a": 9.0})


@pytest.mark.parametrize(
    ("expected", "actual", "tolerance"),
    [
        ({"a": {"x": 1.0}}, {"a": {"x": 1.2}}, {"a": 0.1, "*": 9.0}),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, 1.0),
        ({"a": 1.0}, {}, 1.0),
        ([1.0, 2.0], [1.0], 1.0),
        (1.0, float("nan"), 1.0),
        (1.0, None, 1.0),
        (1.0, True, 1.0),
        (True, 1.0, 1.0),
        (None, 0.0, 1.0),
        ("pass", "fail", 1.0),
        (1.0, 1.0000001, 0),
        ({"b": 1.0}, {"b": 1.01}, {"a": 9.0}),
        ({"1": [1.0, 2.0]}, {"1": [1.0, 2.2]}, {"first": 9.0, "second": 0.1}),
    ],
)
def test_compare_sees_a_difference(expected: object, actual: object, tolerance: object) -> None:
    with pytest.raises(AssertionError, match=r"\$"):
        compare(expected, actual, tolerance, columns=("first", "second"))
