"""The rows of a program that can bind: the others hold at every point within the column bounds and are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve.csr import Floats, Mask
from absalloc.solve.problem import Problem


def binding_rows(problem: Problem) -> Mask:
    """Return which rows can bind: the others hold at every point within the column bounds."""
    least, most = problem.A.activity_range(problem.col_lower, problem.col_upper)
    keep: Mask = (least < problem.row_lower) | (most > problem.row_upper)
    if not keep.any() and problem.m:
        keep[0] = True  # HiGHS treats a program without rows on a road of its own
    return keep


def only_rows(problem: Problem, keep: Mask) -> Problem:
    """Return the program of the rows where ``keep`` holds."""
    if keep.all():
        return problem
    return replace(
        problem,
        A=problem.A.rows(keep),
        row_lower=problem.row_lower[keep],
        row_upper=problem.row_upper[keep],
        row_names=None,
    )


def spread(y: Floats, keep: Mask) -> Floats:
    """Return the duals of all rows, nil where a row was left out."""
    full = np.zeros(len(keep))
    full[keep] = y
    return full
