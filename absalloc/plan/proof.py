"""The certificate of a plan: the program and its rounded answer, in exact decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.plan.certificate import build_certificate, check_text, verify_certificate
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.point import MILLION_EXACT, exact_point
from absalloc.plan.rounding import moved_by
from absalloc.plan.rule_rows import Key, row_name
from absalloc.solve import Outcome, Problem, SolveSettings
from absalloc.solve.csr import Floats
from absalloc.solve.problem import CONTINUOUS
from absalloc.solve.scaling import typical_amount
from absalloc.units import exact

EASE = Fraction(1, 10**9)


def certificate_of(answer: Answer, settings: PlanSettings) -> dict[str, Any] | None:
    """Return the certificate of an answer; None where there is no plan."""
    if answer.faces is None or answer.program is None or answer.outcome is None:
        return None
    state = answer.state
    assert answer.outcome.x is not None
    meta = {
        "universe_sha256": state.universe.sha256,
        "rulebook_sha256": state.rules.sha256,
        "rulebooks": state.rules.hashes,
        "sense": "max",
        "mandate": state.name,
        "as_of": state.as_of.isoformat(),
        "unit": "million yuan a year",
    }
    if answer.outlooks:
        meta["scenarios"] = {item.scenario: item.sha256 for item in answer.outlooks}
    if settings.tail is not None:
        meta["draws"] = {settings.tail.name: settings.tail.sha256}
    point = exact_point(answer.program, answer.state, answer.outcome, answer.outlooks)
    moved = moved_by(answer.program, answer.outcome.x, point, answer.margins)
    problem = eased(answer.program.problem, point, held_back(answer.margins), moved)
    return verified(problem, answer.outcome, point, meta, settings.mip_gap)


def verified(
    problem: Problem, outcome: Outcome, point: Sequence[Fraction], meta: Mapping[str, Any], mip_gap: float
) -> dict[str, Any]:
    """Return the certificate of a point in an eased program. Raises InternalError where it does not verify."""
    eased_by = "1e-9 of a size at most, what whole yuan move a row, and what it was held back by for them"
    made = build_certificate(
        problem, outcome, point, meta={**meta, "eased_by": eased_by}, settings=SolveSettings(mip_gap=mip_gap)
    )
    result = verify_certificate(made)
    if not result.ok:
        failed = next(check for check in result.checks if not check.ok)
        raise InternalError("plan.certificate_fails", value=check_text(failed, "en"))
    return made


def held_back(margins: Mapping[Key, float]) -> dict[str, Fraction]:
    """Return by how much rows are tighter than their rules, million yuan, by the names of the rows."""
    found: dict[str, Fraction] = {}
    for (rule, group, sense), yuan in margins.items():
        # Caps on losses are named by their label alone, least positions and sums over a threshold by what they ask.
        names = {row_name((rule, group, word)) for word in (sense, "least", "sum")} | (set() if group else {rule})
        found |= dict.fromkeys(names, exact(yuan) / MILLION_EXACT)
    return found


def eased(
    problem: Problem,
    point: Sequence[Fraction],
    back: Mapping[str, Fraction] | None = None,
    moved: Floats | None = None,
) -> Problem:
    """Return the program with bounds moved to the exact point where that is off by rounding alone.

    Coefficients are floats, solvers keep rows to a tolerance, and the plan is in whole yuan with cash to the fen, so a
    row may be off by a billionth of its size or of the typical amount, by what rounding the columns moved it
    (``moved`` (n,)), and by what it was held back for rounding (``back``, by row name); a column by a billionth.
    Bounds only widen, so a bound proven for this program holds for the tighter one.
    """
    names = problem.row_names or ()
    more = [(back or {}).get(name, Fraction(0)) for name in names] or [Fraction(0)] * problem.m
    low, high, matrix = problem.row_lower.copy(), problem.row_upper.copy(), problem.A
    rounded = np.zeros(problem.m) if moved is None else matrix.abs_times(moved)
    unit = exact(max(1.0, typical_amount(problem)))
    for row in range(problem.m):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        terms = [exact(v) * point[c] for c, v in zip(matrix.indices[span], matrix.data[span], strict=True) if point[c]]
        size = unit + sum((abs(term) for term in terms), Fraction(0))
        most = more[row] + exact(rounded[row]) + EASE * size
        low[row], high[row] = _widened((low[row], high[row]), sum(terms, Fraction(0)), most)
    col_lower, col_upper = _columns(problem, point, unit)
    return replace(problem, row_lower=low, row_upper=high, col_lower=col_lower, col_upper=col_upper)


def _columns(problem: Problem, point: Sequence[Fraction], unit: Fraction) -> tuple[Floats, Floats]:
    """Return the bounds of the columns, those of continuous ones widened to the point where that is off by a hair."""
    low, high = problem.col_lower.copy(), problem.col_upper.copy()
    for column in np.flatnonzero(problem.integrality == CONTINUOUS).tolist():
        value = point[column]
        low[column], high[column] = _widened((low[column], high[column]), value, EASE * (unit + abs(value)))
    return low, high


def _widened(ends: tuple[float, float], value: Fraction, most: Fraction) -> tuple[float, float]:
    """Return bounds with the one that ``value`` misses by no more than ``most`` moved to it."""
    low, high = ends
    if np.isfinite(high) and 0 < value - exact(high) <= most:
        high = _above(value)
    if np.isfinite(low) and 0 < exact(low) - value <= most:
        low = -_above(-value)
    return low, high


def _above(value: Fraction) -> float:
    """Return the least float whose decimal is not below ``value``."""
    found = float(value)
    return found if exact(found) >= value else float(np.nextafter(found, np.inf))
