"""No published example is forgotten: every core case is reproduced somewhere or waits for a named issue."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
from oracle_cases import compare, load

HERE = Path(__file__).parent
SOLVERS = ("highspy", "cvxpy", "pyomo", "clarabel", "scipy.optimize", "pulp", "ortools")
_WAITING_BY_ISSUE: dict[int, str] = {}
WAITING = {case_id: issue for issue, ids in _WAITING_BY_ISSUE.items() for case_id in ids.split()}
"""Core cases that no module reproduces yet -> the issue that will."""


def modules() -> list[str]:
    own = Path(__file__).stem
    return sorted(path.stem for path in HERE.glob("test_oracles_*.py") if path.stem != own)


def ids(name: str) -> frozenset[str]:
    """Return the cases that a module reproduces: its COVERED, or the keys of its RUNS."""
    module = importlib.import_module(name)
    return frozenset(module.COVERED if hasattr(module, "COVERED") else module.RUNS)


def covered() -> dict[str, str]:
    """Case id -> the module that reproduces it."""
    found: dict[str, str] = {}
    for name in modules():
        for case_id in ids(name):
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


@pytest.mark.oracle
@pytest.mark.real
@pytest.mark.parametrize("name", modules())
@pytest.mark.usefixtures("shared")
def test_covered_cases_are_run(name: str) -> None:
    """What a module claims is what its tests are parametrised over, not a list beside them."""
    run = {
        value["id"] if isinstance(value, dict) else value
        for test in vars(importlib.import_module(name)).values()
        for mark in getattr(test, "pytestmark", ())
        if mark.name == "parametrize" and str(mark.args[0]) in ("case_id", "case")
        for value in mark.args[1]
    }
    assert ids(name)
    assert sorted(ids(name) - run) == [], f"{name} claims cases that it does not run"


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
