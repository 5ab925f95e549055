"""The LP relaxation of a book's plan, kept standing: limits, rules, yields and supply move in it, nothing is rebuilt.

Every row of every rule is in the program, also those that cannot bind today; each rule knows its rows, the lines it
bars, and how its numbers follow from its limit. A test holds it to the program that the plan builds afresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from absalloc.explain.model import Model
from absalloc.explain.plain_rows import PlainRows, could_be_plain, names_row, plain_rows, with_limit
from absalloc.explain.relaxation import BUDGET, TURNOVER, barred_always, barred_by, open_program, owner, untied
from absalloc.plan.binding import least_entries
from absalloc.plan.builder import MILLION, speaks
from absalloc.plan.make import DINKELBACH_STEPS
from absalloc.plan.objective import Objective, objective
from absalloc.plan.program import Program
from absalloc.plan.trades import LOT_MATTERS
from absalloc.predicate import Missing, columns_of, leaves
from absalloc.rows import Block
from absalloc.rulebook.active import ActiveRule
from absalloc.solve import Outcome, Problem, SolveSettings
from absalloc.solve.csr import Csr
from absalloc.solve.problem import HUGE
from absalloc.solve.warm import WarmLP

Limits = Mapping[tuple[str, str], Fraction]

TIGHT = 1e-7
"""Relative distance below which a row is at its bound."""


@dataclass(frozen=True)
class Moved:
    """What differs from the book as given: limits by (rule id, sense), rules off, yields, what may be bought (face)."""

    limits: Limits = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    yields: Mapping[str, float] = field(default_factory=dict)
    supply: Mapping[str, float] = field(default_factory=dict)


class NotPlain(Exception):
    """The change alters the form of the program, so that it has to be built anew."""


def in_millions(problem: Problem, size: np.ndarray) -> Problem:
    """Return an LP whose column j counts ``size[j]`` times as much: million yuan of face instead of lots."""
    A = problem.A
    data = A.data / size[A.indices]
    return replace(
        problem, c=problem.c / size, A=Csr(A.indptr, A.indices, data, A.shape), col_lower=problem.col_lower * size,
        col_upper=problem.col_upper * size,
    )  # fmt: skip


class Standing:
    """One book's relaxation, warm; ``solve(moved)`` answers for any set of changes. Not for two threads at once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.terms = model.terms(model.state, model.system, model.current, frozenset({"hard", "soft"}))
        self.rules = tuple(rule.id for rule in model.rules.values() if rule.level in self.terms.levels)
        # The cap on trades and an amount to be invested exactly can be left out like rules.
        self.code = {name: number for number, name in enumerate((*self.rules, TURNOVER, BUDGET))}
        self.bars = {name: barred_by(model, name, self.terms) for name in self.rules}
        self.traded, self.ids = untied(model.lines), tuple(model.positions.ids)
        self.program = self._program()
        self.legs = self.program.legs
        self.blocks: dict[tuple[str, str], PlainRows] = {}
        self.first: dict[tuple[str, str], int] = {}
        self.counts: dict[tuple[str, str], int] = {}
        problem = self._assembled()
        self.lower, self.upper = problem.row_lower.copy(), problem.row_upper.copy()
        self.high = problem.col_upper.copy()
        self.spoken = self.speaks & (self.owner >= 0)
        self.least = least_entries(problem.A)
        order = np.argsort(self.owner, kind="stable")
        edges = np.searchsorted(self.owner[order], np.arange(len(self.code) + 1))
        self.rows_of = [order[a:b] for a, b in pairwise(edges.tolist())]
        self.always = barred_always(model)
        legs = ((self.legs.buy, MILLION), (self.legs.sell, -MILLION), (self.legs.odd, -MILLION))
        self.traded_at = [(np.flatnonzero(leg >= 0), leg[leg >= 0], unit) for leg, unit in legs]
        self.reads_yields = any(reads_number(rule, "yield") for rule in model.rules.values())
        settings = SolveSettings(time_limit=model.settings.time_limit)
        self.warm = WarmLP(replace(problem, col_upper=self._col_upper(Moved())), settings)
        self.now = Moved()

    def _plain(self, block: Block) -> bool:
        counted = block.form == "count" and block.sense == "max" and block.over is None
        return could_be_plain(block, self.terms) or (counted and block.rule.unless is None)

    def _program(self) -> Program:
        draft = open_program(
            self.model, self.terms, self.bars, traded=self.traded, left_out=lambda block: self._plain(block)
        )
        # Which blocks have plain rows is known only once the columns are; the others are added by the plan's own hand.
        width = len(draft.builder.columns)
        self.odd = odd = {
            id(block) for block in self.model.system.blocks
            if self.terms.binds(block) and self._plain(block) and not self._has_rows(block, draft, width)
        }  # fmt: skip
        if not odd:
            return draft
        return open_program(
            self.model, self.terms, self.bars, traded=self.traded,
            left_out=lambda block: self._plain(block) and id(block) not in odd,
        )  # fmt: skip

    def _has_rows(self, block: Block, draft: Program, width: int) -> bool:
        if block.form == "count":
            return names_row(self.model, block, draft.legs, self.terms) is not None
        return plain_rows(self.model, block, draft.legs, self.terms, width) is not None

    def _assembled(self) -> Problem:
        """Return the relaxation with the rows of all plain blocks under those the plan's builder made."""
        builder = self.program.builder
        size = np.array([1.0 if c.leg == "on" else c.size / MILLION for c in builder.columns])
        base = in_millions(self.program.problem.relaxed(), size)
        n = base.n
        owners = [self.code.get(owner(self.model, builder, i), -1) for i in range(base.m)]
        said = [row.rule is not None and speaks(row.name) for row in builder.rows]
        matrix, lower, upper = base.A, [base.row_lower], [base.row_upper]
        for block in self.model.system.blocks:
            key = (block.rule.id, block.sense)
            if not self.terms.binds(block) or not self._plain(block) or id(block) in self.odd:
                continue
            found, top = self._rows(block, n, matrix.shape[0])
            matrix = matrix.stacked(found)
            lower.append(np.full(found.shape[0], -np.inf))
            upper.append(top)
            owners += [self.code[key[0]]] * found.shape[0]
            said += [True] * found.shape[0]
        self._structure = [row.name for row in builder.rows]
        self.owner, self.speaks = np.array(owners, dtype=np.int64), np.array(said, dtype=bool)
        return replace(
            base, A=matrix, row_lower=np.concatenate(lower), row_upper=np.concatenate(upper), row_names=None,
            col_names=None,
        )  # fmt: skip

    def _rows(self, block: Block, n: int, first: int) -> tuple[Csr, np.ndarray]:
        key = (block.rule.id, block.sense)
        if block.form == "count":
            row = names_row(self.model, block, self.legs, self.terms)
            assert row is not None
            self.counts[key] = first
            return _one_row(row[0], row[1], n), np.array([row[2]])
        rows = plain_rows(self.model, block, self.legs, self.terms, n)
        assert rows is not None
        self.blocks[key], self.first[key] = rows, first
        return rows.matrix, rows.upper

    def _col_upper(self, moved: Moved) -> np.ndarray:
        """Return the upper ends of all columns with the rules off and the supply given."""
        high = self.high.copy()
        barred = self.always.copy()
        for name, lines in self.bars.items():
            if name not in moved.off:
                barred |= lines
        buys = self.legs.buy[barred]
        high[buys[buys >= 0]] = 0.0
        for name, face in moved.supply.items():
            leg = self.legs.buy[self.model.position(name)]
            if leg >= 0:
                high[leg] = min(high[leg], self._room(name, face) / MILLION)
        return np.asarray(high)

    def _room(self, name: str, face: float) -> float:
        """Return what can be bought of a line where ``face`` is offered, in whole lots and at least a ticket."""
        lines, p = self.model.lines, self.model.position(name)
        lot = float(lines.lot[p]) if lines.lot[p] > LOT_MATTERS else 0.0
        if face < max(float(lines.ticket[p]), lot):
            return 0.0
        return float(np.floor(face / lot) * lot) if lot else face

    def solve(self, moved: Moved) -> Outcome:
        """Return the proven answer of the relaxation under ``moved``. Raises NotPlain where it must be built anew."""
        self.move(moved)
        if not self.model.rate:
            return self.warm.solve()
        return self._best_rate(moved)

    def _best_rate(self, moved: Moved) -> Outcome:
        """Return the answer of greatest carry per capital: Dinkelbach's steps on the price of capital, each warm."""
        price = 0.0
        for _ in range(DINKELBACH_STEPS):
            self._earn(self.objective(moved, price))
            found = self.warm.solve()
            if found.status != "optimal" or found.x is None or found.objective is None:
                return found
            capital = float(np.nan_to_num(self.model.objective.capital) @ self.faces(found.x))
            better = price - found.objective * MILLION / capital if capital > 0 else price
            if better <= price * (1 + 1e-7):
                # At the best price any amount of the best lines is worth as much as none; a hair below, all of them.
                self._earn(self.objective(moved, price * (1 - 1e-6)))
                return self.warm.solve()
            price = better
        return replace(found, status="stopped")

    def move(self, moved: Moved) -> None:
        """Bring the program from what it is now to ``moved``; on NotPlain it stays as it is."""
        was = self.now
        moved = replace(moved, yields=self._new_yields(moved))
        made = self.objective(moved) if was.yields != moved.yields else None
        patches = [(key, self.patched(key, value)) for key, value in self._limits_to_move(moved)]
        for key, rows in patches:
            self._set(key, rows)
        # Where a rule was switched back on its rows come back, and the lines it bars leave.
        turned = was.off ^ moved.off
        touched = {self.code[key[0]] for key, _ in patches} | {self.code[name] for name in turned if name in self.code}
        if touched:
            self._open_rows(touched, moved)
        if turned or was.supply != moved.supply:
            every = np.arange(len(self.high))
            self.warm.change_columns(every, self.warm.col_lower, self._col_upper(moved))
        if made is not None:
            self._earn(made)
        self.now = moved

    def _limits_to_move(self, moved: Moved) -> list[tuple[tuple[str, str], Fraction]]:
        found = []
        for key in dict.fromkeys([*self.now.limits, *moved.limits]):
            value = moved.limits.get(key, self._given(key))
            if value != self.limit(key):
                found.append((key, value))
        return found

    def limit(self, key: tuple[str, str]) -> Fraction:
        """Return a limit as it stands now."""
        return self.now.limits.get(key, self._given(key))

    def _given(self, key: tuple[str, str]) -> Fraction:
        limit = next(item for item in self.model.rules[key[0]].limits if item.sense == key[1])
        assert limit.value is not None
        return limit.value

    def patched(self, key: tuple[str, str], value: Fraction) -> PlainRows | Fraction:
        """Return the rows of a limit at another value, of a cap on names the value. Raises NotPlain."""
        if key in self.counts and self.model.given.before is None:
            return value
        if key not in self.blocks:
            # With what was held before at hand, a count may be broken passively at one limit and not at another.
            raise NotPlain
        rows = with_limit(self.model, self.blocks[key], self.legs, self.terms, value)
        if rows is None or np.any(np.abs(rows.matrix.data) >= HUGE):
            # A limit past what solvers count is for the plan, which leaves out rows that cannot bind.
            raise NotPlain
        return rows

    def _set(self, key: tuple[str, str], rows: PlainRows | Fraction) -> None:
        if isinstance(rows, Fraction):
            at = self.counts[key]
            self.upper[at] += float(rows - self.limit(key))
            return
        first = self.first[key]
        span = slice(first, first + rows.block.rows)
        self.upper[span] = rows.upper
        if rows.moves:
            start, stop = self.warm.A.indptr[first], self.warm.A.indptr[first + rows.block.rows]
            self.warm.change_entries(np.arange(span.start, span.stop), np.arange(start, stop), rows.matrix.data)
            self.least[span] = least_entries(rows.matrix)
        self.blocks[key] = rows

    def _open_rows(self, touched: set[int], moved: Moved) -> None:
        """Hand on the ends of the rows of some rules: open where the rule is off."""
        off = {self.code[name] for name in moved.off if name in self.code}
        for code in touched:
            rows = self.rows_of[code]
            lower, upper = self.lower[rows], self.upper[rows]
            if code in off:
                # An amount that need not be invested exactly is still the most there is.
                upper = upper if code == self.code[BUDGET] else np.full(len(rows), np.inf)
                lower = np.full(len(rows), -np.inf)
            self.warm.change_rows(rows, lower, upper)

    def _earn(self, made: Objective) -> None:
        gain = np.nan_to_num(made.gain, nan=0.0)
        fee = self.model.lines.cost * self.model.lines.worth
        for leg, sign in ((self.legs.buy, -1.0), (self.legs.sell, 1.0), (self.legs.odd, 1.0)):
            at = np.flatnonzero(leg >= 0)
            self.warm.change_cost(leg[at], (fee + sign * gain)[at])
        self.warm.offset = -float(gain @ self.model.lines.held) / MILLION

    def idle(self, name: str) -> bool:
        """Say whether a rule cannot bind as things stand: it bars no line, and no trade can bring a row to its end."""
        senses = [block.sense for block in self.model.system.blocks if block.rule.id == name]
        if any((name, sense) not in self.blocks for sense in senses) or np.any(self.bars[name]):
            return False
        rows = self.rows_of[self.code[name]]
        most = self.warm.A.activity_range(self.warm.col_lower, self.warm.col_upper)[1]
        return bool(np.all(most[rows] <= self.warm.row_upper[rows]))

    @property
    def names(self) -> tuple[str, ...]:
        """The rules that have a row or bar a line, and the structural rows that may conflict with them."""
        bars = [name for name, lines in self.bars.items() if np.any(lines)]
        return tuple(name for name, code in self.code.items() if len(self.rows_of[code]) or name in bars)

    def behind(self, none: Outcome) -> tuple[frozenset[str], frozenset[str]]:
        """Return rules that no point meets together, as an infeasible answer proves; none where it names no rows.

        First those whose rows it combines, then some that bar the lines which could speak against.
        """
        if none.row_dual is None:
            return frozenset(), frozenset()
        # What pushes against no end of its row says nothing.
        ends = np.where(none.row_dual > 0, self.warm.row_lower, self.warm.row_upper)
        push = np.where(np.isfinite(ends), none.row_dual, 0.0)
        names, rows = tuple(self.code), self.owner[push != 0]
        found = {names[code] for code in rows[rows >= 0].tolist()}
        combined = frozenset(found)
        wanted = self.warm.A.transposed_times(push) > 0
        for p in np.flatnonzero((self.legs.buy >= 0) & wanted[self.legs.buy] & ~self.always).tolist():
            bars = [name for name, lines in self.bars.items() if lines[p] and name not in self.now.off]
            if bars and found.isdisjoint(bars):
                found.add(bars[0])
        return combined, frozenset(found) - combined

    def structural(self, row: int) -> str:
        """Return what a row that is no rule's stands for: cash, budget, turnover."""
        name = self._structure[row] if row < len(self._structure) else ""
        return {"nav": "cash", "turnover": "turnover"}.get(name, "budget")

    def objective(self, moved: Moved, price: float = 0.0) -> Objective:
        """Return what each yuan of face earns at the yields of ``moved``."""
        return objective(replace(self.model.lines, rate=self.rates(moved)), price)

    def rates(self, moved: Moved) -> np.ndarray:
        """Return the yield of each line, shape (n,). Raises NotPlain for a line that had none and no column."""
        rate = self.model.lines.rate.copy()
        for name, value in moved.yields.items():
            p = self.model.position(name)
            if np.isnan(self.model.objective.gain[p]) or self.reads_yields:
                raise NotPlain
            rate[p] = value
        return rate

    def _new_yields(self, moved: Moved) -> Mapping[str, float]:
        """Return the yields that are not those of the lines anyway."""
        rate, at = self.model.lines.rate, self.model.position
        return {name: value for name, value in moved.yields.items() if rate[at(name)] != value}

    def faces(self, x: np.ndarray) -> np.ndarray:
        """Return the face of each line at a point of the program, yuan, shape (n,)."""
        held = self.model.lines.held.copy()
        for at, columns, unit in self.traded_at:
            held[at] += unit * x[columns]
        return np.asarray(held)

    def tight(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the rules with a row at its bound; rows that only tie a switch to an amount, or bar lines, aside."""
        at = outcome.row_activity
        if at is None:
            return ()
        # A proven point is beyond no end by more than that tolerance: what is nearest to one, or past it, is at it.
        near = np.minimum(at - self.warm.row_lower, self.warm.row_upper - at)
        lets = (self.warm.row_upper != 0) | (self.least < 0)
        found = self.owner[(near <= TIGHT * np.maximum(1.0, np.abs(at))) & self.spoken & lets]
        return tuple(self.rules[code] for code in np.flatnonzero(np.bincount(found)))


def reads_number(rule: ActiveRule, name: str) -> bool:
    """Say whether a rule counts by a column, or asks more of it than that it be known."""
    parts = [rule.where, rule.require, *[where for _, where in rule.exceptions], *rule.sets.values()]
    asked = [leaf for part in parts if part is not None for leaf in leaves(part) if not isinstance(leaf, Missing)]
    return name in rule.measure or any(name in columns_of(leaf) for leaf in asked)


def _one_row(cols: np.ndarray, data: np.ndarray, n: int) -> Csr:
    made = np.asarray(np.bincount(cols, weights=data, minlength=n), dtype=float)
    used = np.flatnonzero(made)
    return Csr(np.array([0, len(used)], dtype=np.int32), used.astype(np.int32), made[used], (1, n))
