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
from absalloc.plan.rule_rows import Key, row_name
from absalloc.solve import Problem, SolveSettings
from absalloc.units import exact

EASE = Fraction(1, 10**9)


def certificate_of(answer: Answer, settings: PlanSettings) -> dict[str, Any] | None:
    """Return the certificate of an answer; None where there is no plan."""
    if answer.faces is None or answer.program is None or answer.outcome is None:
        return None
    state = answer.state
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
    problem = eased(answer.program.problem, point, held_back(answer.margins))
    meta["eased_by"] = "1e-9 of the size of a row at most, and the yuan it was held back by for rounding"
    allowed = SolveSettings(mip_gap=settings.mip_gap)
    made = build_certificate(problem, answer.outcome, point, meta=meta, settings=allowed)
    verified = verify_certificate(made)
    if not verified.ok:
        failed = next(check for check in verified.checks if not check.ok)
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


def eased(problem: Problem, point: Sequence[Fraction], back: Mapping[str, Fraction] | None = None) -> Problem:
    """Return the program with row bounds moved to the exact activity where that is off by rounding alone.

    Coefficients are floats and the plan whole lots and cash to the fen, so an equality, or a row that binds, holds to
    about 1e-12 of its size. Whole yuan may miss a row that was held back for them by up to that much (``back``, by row
    name). Bounds only widen, so a bound proven for this program holds for the tighter one.
    """
    names = problem.row_names or ()
    more = [(back or {}).get(name, Fraction(0)) for name in names] or [Fraction(0)] * problem.m
    low, high = problem.row_lower.copy(), problem.row_upper.copy()
    matrix = problem.A
    for row in range(problem.m):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        terms = [exact(v) * point[c] for c, v in zip(matrix.indices[span], matrix.data[span], strict=True) if point[c]]
        activity = sum(terms, Fraction(0))
        most = more[row] + EASE * (1 + sum((abs(term) for term in terms), Fraction(0)))
        if 0 < activity - _finite(high[row], activity) <= most:
            high[row] = _above(activity)
        if 0 < _finite(low[row], activity) - activity <= most:
            low[row] = -_above(-activity)
    return replace(problem, row_lower=low, row_upper=high)


def _finite(bound: float, otherwise: Fraction) -> Fraction:
    return exact(bound) if np.isfinite(bound) else otherwise


def _above(value: Fraction) -> float:
    """Return the least float whose decimal is not below ``value``."""
    found = float(value)
    return found if exact(found) >= value else float(np.nextafter(found, np.inf))
