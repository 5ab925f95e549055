"""Does a set of rows force another one: a linear program over rays, and its certificate checked in fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from absalloc.solve import Problem, solve_problem
from absalloc.study.lint_rows import Row, World

TINY = 1e-9
DENOMINATORS = (1, 20, 1000, 10**6)
"""Multipliers are read as fractions with denominators up to these, the simplest that proves."""


@dataclass(frozen=True)
class Proof:
    """``claim ≤ Σ multiplier × premise`` on every ray and symbol; ``exact``: so in fractions, not only in floats."""

    multipliers: Mapping[int, Fraction]
    exact: bool


@dataclass(frozen=True)
class Prover:
    """The rows of one family of portfolios. ``premises`` are known to hold; any subset may be asked with."""

    world: World
    premises: Sequence[Row]

    def forces(self, claim: Row, using: Sequence[int]) -> Proof | None:
        """Return a proof that the premises ``using`` force ``claim ≤ 0`` whatever is held, None where they do not.

        A claim that is strict is forced only where equality cannot be, which is not examined: None.
        """
        if claim.strict:
            return None
        rays = self._distinct(claim, using)
        names = list(dict.fromkeys(name for row in (claim, *(self.premises[i] for i in using)) for name in row.symbols))
        top = np.concatenate([claim.terms[rays], [float(claim.symbols.get(name, 0)) for name in names]])
        if not np.any(top > TINY):
            return self._checked({}, claim, rays, names)
        symbols = [[float(self.premises[i].symbols.get(name, 0)) for name in names] for i in using]
        table = np.hstack([self._terms[list(using)][:, rays], np.array(symbols).reshape(len(using), len(names))])
        # At most 1, lest a cone that is not forced make it unbounded.
        problem = Problem(
            c=-top, A=np.vstack([table, top]), row_lower=-np.inf,
            row_upper=np.append(np.zeros(len(using)), 1.0), col_lower=0.0, col_upper=np.inf,
        )  # fmt: skip
        outcome = solve_problem(problem)
        if outcome.status != "optimal" or outcome.objective is None or -outcome.objective > TINY:
            return None
        if outcome.row_dual is None:
            return None
        duals = -np.asarray(outcome.row_dual)[:-1]
        return self._checked({using[k]: value for k, value in enumerate(duals) if value > TINY}, claim, rays, names)

    @cached_property
    def _terms(self) -> np.ndarray:
        return np.array([row.terms for row in self.premises]).reshape(len(self.premises), -1)

    def _distinct(self, claim: Row, using: Sequence[int]) -> np.ndarray:
        """Return one ray of each that the rows do not tell apart; rays that nothing counts are left out.

        Told apart by one random sum of their coefficients; what is proven is checked on every ray.
        """
        weights = np.random.default_rng(0).random(len(using) + 1)
        marks = weights[0] * claim.terms + weights[1:] @ self._terms[list(using)]
        _, rays = np.unique(marks, return_index=True)
        return np.asarray(np.sort(rays))

    def _checked(self, live: Mapping[int, float], claim: Row, rays: np.ndarray, names: Sequence[str]) -> Proof | None:
        """Return the proof with the simplest multipliers that hold in fractions; None where it fails on some ray."""
        simple = [{i: Fraction(1) for i in live}]
        simple += [{i: Fraction(v).limit_denominator(most) for i, v in live.items()} for most in DENOMINATORS]
        for found in simple:
            if self._everywhere(claim, found) and self._holds(claim, found, rays, names):
                return Proof({i: value for i, value in found.items() if value}, exact=True)
        return Proof(simple[-1], exact=False) if self._everywhere(claim, simple[-1]) else None

    def _everywhere(self, claim: Row, found: Mapping[int, Fraction]) -> bool:
        """Return whether the multipliers prove the claim on every ray, in floats."""
        held = np.zeros(self.world.rays)
        for i, value in found.items():
            held = held + float(value) * self._terms[i]
        return bool(np.all(claim.terms <= held + TINY * (1.0 + np.abs(held))))

    def _holds(self, claim: Row, found: Mapping[int, Fraction], rays: np.ndarray, names: Sequence[str]) -> bool:
        rows = {i: self.premises[i] for i in found}
        for ray in rays:
            held = sum((found[i] * row.exactly(int(ray)) for i, row in rows.items()), Fraction(0))
            if claim.exactly(int(ray)) > held:
                return False
        for name in names:
            held = sum((found[i] * row.symbols.get(name, Fraction(0)) for i, row in rows.items()), Fraction(0))
            if claim.symbols.get(name, Fraction(0)) > held:
                return False
        return True
