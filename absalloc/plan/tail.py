"""A plan whose worst draws are capped on average: CVaR of the loss to the horizon of a Monte-Carlo set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from absalloc.plan.builder import MILLION, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.program import Program
from absalloc.plan.rule_rows import Key, in_scenario
from absalloc.plan.trades import face_terms
from absalloc.solve import CvarOutcome, Outcome, Problem, SolveSettings, TailCap, cvar, solve_cvar

CVAR = "cvar"
"""Names the cap as a rule's id would."""


@dataclass(frozen=True, eq=False)
class TailRule:
    """The average loss of the worst ``1 − level`` of the draws of a set is at most ``share`` of NAV.

    ``name`` and ``sha256`` of the set; ``returns`` (draws, rows of the universe) to its horizon, yuan per yuan of face,
    NaN where a row has no value.
    """

    name: str
    sha256: str
    level: Fraction
    share: Fraction
    horizon: int
    returns: np.ndarray = field(repr=False)

    @property
    def label(self) -> str:
        """What names its row."""
        return in_scenario(CVAR, self.name)

    @property
    def key(self) -> Key:
        """The key of its margin."""
        return (self.label, "", "max")

    def losses(self, lines: PlanLines, held: Mapping[str, Fraction]) -> np.ndarray:
        """Return the loss of a book in every draw, yuan; lines without a value stand in no sum."""
        index = lines.positions.state.index
        names = [name for name in held if name in index]
        rows = np.array([index[name] for name in names], dtype=np.int64)
        face = np.array([float(held[name]) for name in names])
        return np.asarray(-(np.nan_to_num(self.returns[:, rows]) @ face))

    def silent(self, lines: PlanLines, held: Mapping[str, Fraction]) -> list[str]:
        """Return the lines of a book that have no value in the draws."""
        index = lines.positions.state.index
        return sorted(n for n in held if n not in index or not np.isfinite(self.returns[:, index[n]]).all())

    def over(self, lines: PlanLines, held: Mapping[str, Fraction], total: Fraction) -> dict[Key, float]:
        """Return by how many yuan the tail of a book exceeds the cap, by the key of its row; nothing where it holds."""
        excess = cvar(self.losses(lines, held), float(self.level)) - float(self.share * total)
        return {self.key: excess} if excess > 0 else {}

    def cap(self, program: Program, most: float) -> TailCap:
        """Return the cap on the columns of a program, in million yuan; ``most`` yuan."""
        lines, builder = program.lines, program.builder
        every = np.arange(lines.n)
        bare = replace(program.legs, after=None)
        rest = np.zeros((self.returns.shape[0], lines.n - self.returns.shape[1]))
        brings = np.concatenate((np.nan_to_num(self.returns), rest), axis=1)
        cols, data = face_terms(builder, bare, every, np.ones(lines.n))
        at = np.array([builder.columns[int(col)].position for col in cols], dtype=np.int64)
        losses = np.zeros((self.returns.shape[0], program.problem.n))
        losses[:, cols] = -brings[:, at] * data
        return TailCap(losses, float(self.level), most / MILLION, -(brings @ lines.held) / MILLION)


def within(
    program: Program, outcome: Outcome, rule: TailRule, most: float, settings: SolveSettings
) -> tuple[Program, Outcome]:
    """Return the program and answer that keep the cap: as they are where they do, else solved again.

    The program then has one row more, the average of draws whose weights prove the answer: every book within the cap
    satisfies it.
    """
    if outcome.x is None or outcome.status not in ("optimal", "stopped"):
        return program, outcome
    cap = rule.cap(program, most)
    if cvar(cap.of(outcome.x), cap.level) <= cap.limit:
        return program, outcome
    found = solve_cvar(program.problem, cap, settings)
    if found.outcome.x is None:
        return program, found.outcome
    return _with_row(program, found, rule, cap)


def _capped(program: Program, rule: TailRule, row: np.ndarray, limit: float) -> Problem:
    """Return the problem with the loss that ``row`` counts at most ``limit``; the builder keeps the row."""
    columns = np.flatnonzero(row)
    program.builder.row(RowOf(rule.label, None, rule.label), columns, row[columns], -np.inf, limit)
    return program.builder.problem()


def _with_row(program: Program, found: CvarOutcome, rule: TailRule, cap: TailCap) -> tuple[Program, Outcome]:
    weights, outcome = found.weights, found.outcome
    assert outcome.x is not None
    if not weights.any():
        # With integers there are no duals: the tail at the answer itself stands for the cap.
        from absalloc.solve.tail import tail_weights

        weights = tail_weights(cap.of(outcome.x), cap.level)
    problem = _capped(program, rule, weights @ cap.losses, cap.limit - float(weights @ cap.fixed))
    duals = None if outcome.row_dual is None else np.append(outcome.row_dual, -found.price)
    wider = replace(outcome, row_activity=problem.A.times(outcome.x), row_dual=duals)
    return replace(program, problem=problem), wider
