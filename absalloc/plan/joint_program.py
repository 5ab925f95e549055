"""The program of several books: each book's own beside the others', rows of rules over them, one supply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from absalloc.errors import BadInput
from absalloc.plan.builder import MILLION, Builder, RowOf
from absalloc.plan.linear_rows import add_linear
from absalloc.plan.lines import PlanLines, market_supply
from absalloc.plan.program import Program
from absalloc.plan.rule_rows import Key, Terms
from absalloc.plan.special_rows import add_special
from absalloc.plan.trades import Legs, face_terms
from absalloc.rows.system import Block, RowSystem
from absalloc.solve import Problem
from absalloc.units import exact

SUPPLY = "supply"
"""Rows that say how much of a line there is for all books together."""
Margins = Mapping[str, Mapping[Key, float]]
"""Yuan that rows are held back by, of each book and of each set of books."""


@dataclass(frozen=True)
class JointProgram:
    """One Problem of several books; ``starts[b]`` is the first column of book b, whose own program is ``books[b]``.

    ``short`` maps the lines that the books could buy more of than there is to what there is, yuan of face.
    """

    problem: Problem
    builder: Builder = field(repr=False)
    books: tuple[Program, ...] = field(repr=False)
    starts: tuple[int, ...]
    rules: tuple[str, ...]
    short: Mapping[str, Fraction] = field(repr=False)

    def own(self, book: int, values: np.ndarray) -> np.ndarray:
        """Return what of ``values`` (columns,) is of one book."""
        return values[self.starts[book] : self.starts[book] + self.books[book].problem.n]


def tag_of(books: Sequence[int]) -> str:
    """Return what names books in a program: their numbers from 1, as ``1+3``."""
    return "+".join(str(number + 1) for number in books)


def own_system(system: RowSystem, book: int) -> RowSystem:
    """Return the rows of one book's own rules, with columns as if it stood alone."""
    offset, n, total = system.offsets[book], system.sizes[book], system.positions

    def moved(col: np.ndarray) -> np.ndarray:
        return np.where(col >= total, col - total - offset + n, col - offset)

    def alone(block: Block) -> Block:
        own, shared = (replace(part, col=moved(part.col)) for part in (block.own, block.shared))
        return replace(block, books=(0,), col=moved(block.col), own=own, shared=shared)

    mine = tuple(alone(block) for block in system.blocks if block.books == (book,))
    return RowSystem(mine, (0,), (n,), (system.ids[book],))


def shared_blocks(system: RowSystem) -> list[Block]:
    """Return the rows of rules over several books.

    Raises BadInput for what has no exact rows over several: a soft rule, and one with an alternative.
    """
    found = [block for block in system.blocks if len(block.books) > 1]
    for block in found:
        if block.rule.level == "soft":
            raise BadInput("plan.joint_soft", value=block.rule.id)
        if block.rule.unless is not None:
            raise BadInput("plan.joint_alternative", value=block.rule.id)
    return found


def side_by_side(programs: Sequence[Program], starts: Sequence[int]) -> tuple[PlanLines, Legs]:
    """Return the lines and legs of all books, one after the other; ``positions`` are those of the first alone."""
    lines = [program.lines for program in programs]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name) for one in lines])

    def legs(name: str) -> np.ndarray:
        found = [getattr(program.legs, name) for program in programs]
        return np.concatenate([np.where(leg >= 0, leg + at, -1) for leg, at in zip(found, starts, strict=True)])

    names = ("held", "worth", "rate", "allocated", "liability", "cash", "security", "most", "lot", "ticket", "cost")
    arrays = {name: joined(name) for name in names}
    return PlanLines(lines[0].positions, **arrays, notes=()), Legs(legs("buy"), legs("sell"), legs("odd"))


def join(
    programs: Sequence[Program], system: RowSystem, margins: Margins, skip: frozenset[tuple[str, str]] = frozenset()
) -> JointProgram:
    """Return the one program of the books, whose objective is the sum of theirs.

    ``skip``: (books, rule) pairs left out, as ``("1+2", "house/x")``; ``(SUPPLY, "")`` for the shared supply.
    """
    builder = Builder()
    pairs = list(zip(programs, system.offsets, strict=True))
    starts = tuple(builder.append(program.builder, tag_of([b]), at) for b, (program, at) in enumerate(pairs))
    lines, legs = side_by_side(programs, starts)
    # The columns of a block count through all books: with no offset its positions are those of the lines side by side.
    flat = replace(system, offsets=(0,) * len(system.offsets))
    used: dict[str, None] = {}
    for block in shared_blocks(system):
        tag, before = tag_of(block.books), (len(builder.rows), len(builder.columns))
        terms = Terms(frozenset({"hard"}), margins=margins.get(tag, {}))
        if not terms.binds(block) or (tag, block.rule.id) in skip:
            continue
        add = add_linear if block.form == "linear" else add_special
        add(builder, block, lines, legs, flat, terms)
        builder.rows[before[0] :] = [replace(row, book=tag) for row in builder.rows[before[0] :]]
        builder.columns[before[1] :] = [replace(column, book=tag) for column in builder.columns[before[1] :]]
        if len(builder.rows) > before[0]:
            used[block.rule.id] = None
    short = {} if (SUPPLY, "") in skip else _add_supply(builder, programs, starts, margins.get(SUPPLY, {}))
    rules = dict.fromkeys([*(name for program in programs for name in program.rules), *used])
    return JointProgram(builder.problem(), builder, tuple(programs), starts, tuple(rules), short)


def _add_supply(
    builder: Builder, programs: Sequence[Program], starts: Sequence[int], margins: Mapping[Key, float]
) -> dict[str, Fraction]:
    """Let all books together buy no more of a line than there is, where they could."""
    lines = [program.lines for program in programs]
    rows = min(one.positions.rows for one in lines)
    there = market_supply(lines[0].positions)[:rows]
    wanted = np.sum([most_bought(program)[:rows] for program in programs], axis=0)
    found: dict[str, Fraction] = {}
    for p in np.flatnonzero(wanted > there).tolist():
        at, one = np.array([p]), np.ones(1)
        legs = [face_terms(program.builder, program.legs, at, one) for program in programs]
        cols = np.concatenate([cols + start for (cols, _), start in zip(legs, starts, strict=True)])
        name = lines[0].positions.ids[p]
        found[name] = exact(float(there[p]))
        high = float(there[p]) - margins.get(supply_key(name), 0.0)
        data = np.concatenate([data for _, data in legs])
        builder.row(RowOf(None, name, f"{SUPPLY} | {name}"), cols, data, -np.inf, high / MILLION)
    return found


def most_bought(program: Program) -> np.ndarray:
    """Return the most face of each line that a book can buy by its bounds and by rows of that line alone: (n,) yuan."""
    problem, buy = program.problem, program.legs.buy
    high, starts = problem.col_upper.copy(), problem.A.indptr
    single = np.flatnonzero(np.diff(starts) == 1)
    at, value = problem.A.indices[starts[single]], problem.A.data[starts[single]]
    up = value > 0
    np.minimum.at(high, at[up], problem.row_upper[single][up] / value[up])
    size = np.array([column.size for column in program.builder.columns])
    return np.where(buy >= 0, (high * size)[buy], 0.0)


def supply_key(name: str) -> Key:
    """Return the key of the row that says how much of a line there is."""
    return (SUPPLY, name, "")
