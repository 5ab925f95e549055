"""Problem → Outcome: what a solver is asked, and what of its answer we can prove."""

from absalloc.solve.cvxpy_ import to_cvxpy
from absalloc.solve.export import write
from absalloc.solve.lexicographic import lexicographic
from absalloc.solve.outcome import Outcome, SolveSettings
from absalloc.solve.problem import Problem
from absalloc.solve.pyomo_ import to_pyomo
from absalloc.solve.solver import BACKENDS, solve_problem
from absalloc.solve.tail import CvarOutcome, TailCap, cvar, extensive
from absalloc.solve.tail_cap import solve_cvar

__all__ = [
    "BACKENDS",
    "CvarOutcome",
    "Outcome",
    "Problem",
    "SolveSettings",
    "TailCap",
    "cvar",
    "extensive",
    "lexicographic",
    "solve_cvar",
    "solve_problem",
    "to_cvxpy",
    "to_pyomo",
    "write",
]
