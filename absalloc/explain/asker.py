"""A maker of plans for questions: it alters the program before it solves, and solves none twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from absalloc.plan.make import _Maker
from absalloc.plan.program import Program
from absalloc.plan.rule_rows import Terms
from absalloc.solve import Outcome, Problem, SolveSettings
from absalloc.solve.integer import solve_briefly

Adjust = Callable[[Program], Problem]
"""What a question does to the program: bars a line, forces one in, adds a row, asks for something else."""
BRIEF_NODES = 500
"""Branches after which a plan that is to be made soon is shown with its gap, not proven best."""
BRIEF_LOTS = 250
"""Integers that the relaxation leaves open beyond which branch and bound has nothing to show for seconds."""


@dataclass
class Asker(_Maker):
    """A maker of plans that alters the program before it solves, and solves no program twice."""

    adjust: Adjust | None = None
    known: dict[bytes, Outcome] = field(default_factory=dict)
    nodes: int | None = None
    """Branches after which a search is given up; None: none."""
    brief: bool = False
    """Whether a good plan, ``stopped`` with its gap, will do where the best one takes branch and bound long."""

    def solve_settings(self) -> SolveSettings:
        """Return how a program is solved."""
        return replace(super().solve_settings(), node_limit=self.nodes)

    def program(self, terms: Terms, price: float) -> Program:
        """Return the program of some terms, altered."""
        made = super().program(terms, price)
        return made if self.adjust is None else replace(made, problem=self.adjust(made))

    def tie_broken(self, program: Program) -> Outcome:
        """Return the best answer, ties broken; that of a program that was solved already."""
        brief = self.brief and program.problem.has_integers
        key = digest(program.problem) + f"{self.nodes} {brief}".encode()
        if key not in self.known:
            self.known[key] = self.briefly(program) if brief else super().tie_broken(program)
        return self.known[key]

    def briefly(self, program: Program) -> Outcome:
        """Return the answer where branch and bound soon has it, else a good point."""
        return solve_briefly(program.problem, replace(self.solve_settings(), node_limit=BRIEF_NODES), BRIEF_LOTS)


def digest(problem: Problem) -> bytes:
    """Return a hash of all numbers of a program: two of one hash have the same answer."""
    made = hashlib.sha256()
    matrix = problem.A
    for part in (
        problem.c, matrix.indptr, matrix.indices, matrix.data, problem.row_lower, problem.row_upper,
        problem.col_lower, problem.col_upper, problem.integrality, np.array([problem.offset, *matrix.shape]),
    ):  # fmt: skip
        made.update(np.ascontiguousarray(part).tobytes())
        made.update(b"|")
    return made.digest()
