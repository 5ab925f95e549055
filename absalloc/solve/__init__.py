"""Problem → Outcome: what a solver is asked, and what of its answer we can prove."""

from absalloc.solve.outcome import Outcome, SolveSettings
from absalloc.solve.problem import Problem
from absalloc.solve.solver import BACKENDS, solve_problem

__all__ = ["BACKENDS", "Outcome", "Problem", "SolveSettings", "solve_problem"]
