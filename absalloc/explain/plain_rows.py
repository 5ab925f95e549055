"""The rows of one rule as arrays that follow its limit: what a slider moves, without building anything anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from absalloc.explain.model import Model
from absalloc.plan.builder import MILLION
from absalloc.plan.rule_rows import Excess, Terms, greatest_growth, held_excess, worst_excess
from absalloc.plan.trades import Legs
from absalloc.rows import Block
from absalloc.rows.limits import limit_values
from absalloc.rulebook.active import Limit
from absalloc.solve.csr import Csr

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class PlainRows:
    """All rows of a block in one matrix, million yuan; ``place`` puts each (entry, leg) into the matrix's data.

    ``block`` is without the lines that are neither held nor traded. ``moves``: the limit stands in the coefficients,
    the denominator being decided too.
    """

    block: Block
    matrix: Csr
    upper: np.ndarray
    entry: np.ndarray
    sign: np.ndarray
    place: np.ndarray
    held: np.ndarray

    moves: bool

    @property
    def shifts(self) -> bool:
        """Whether a limit moves the ends of the rows and nothing else, by numbers that are all known."""
        block = self.block
        sure = not (len(block.own.col) or len(block.shared.col)) and bool(np.all(block.limit_known))
        return sure and not self.moves and bool(np.all(np.isfinite(self.upper)))


def plain_rows(model: Model, block: Block, legs: Legs, terms: Terms, columns: int) -> PlainRows | None:
    """Return the rows of a block; None where the plan writes them in another way than as one plain row a group."""
    if not could_be_plain(block, terms):
        return None
    live = (model.lines.held > 0) | (legs.buy >= 0) | (legs.sell >= 0) | (legs.odd >= 0)
    block = block.part(np.arange(block.rows), np.tile(live, 2))
    excess, upper = _numbers(model, block, legs, terms)
    if upper is None:
        return None
    return replace(_assembled(block, excess, upper, legs, columns), held=_held(model, excess))


def could_be_plain(block: Block, terms: Terms) -> bool:
    """Say whether a block has nothing that bends its rows: no alternative, no passive breach, no switch."""
    rule = block.rule
    bent = {key[0] for key in (*terms.stay, *terms.no_new, *terms.margins)} | set(terms.gives)
    alone = block.branch == "main" and rule.unless is None
    return block.form == "linear" and alone and rule.kind != "eligibility" and rule.id not in bent


def _numbers(model: Model, block: Block, legs: Legs, terms: Terms) -> tuple[Excess, np.ndarray | None]:
    """Return the excess of a block and the upper end of its rows, None where they are not plain at this limit."""
    excess = worst_excess(block, model.system.positions, model.system.offsets[block.books[0]])
    held = _held(model, excess)
    grown: np.ndarray | float = 0.0
    if block.rule.tested == "purchase" and not terms.cure:
        grown = greatest_growth(excess, model.lines, legs, np.zeros(len(excess.row), dtype=bool))
    return excess, _upper(block, terms, excess.constant, (held, grown))


def _held(model: Model, excess: Excess) -> np.ndarray:
    """Return what is held adds to each row, yuan: shape (rows,)."""
    return held_excess(replace(excess, constant=np.zeros(len(excess.constant))), model.lines.held)


def _upper(
    block: Block, terms: Terms, constant: np.ndarray, weights: tuple[np.ndarray | float, np.ndarray | float]
) -> np.ndarray | None:  # fmt: skip
    """Return the upper end of the rows, None where they are not plain; ``weights``: of what is held, and may grow."""
    strict = 1.0 if block.strict else 0.0
    with np.errstate(invalid="ignore"):
        now = constant + weights[0] + strict
    if block.strict and np.any(constant == 0):
        return None
    if block.rule.tested == "purchase" and not terms.cure and np.any(now + weights[1] > 0):
        return None
    grouped = block.rule.by is not None and not any(limit.sense == "min" for limit in block.rule.limits)
    if grouped and np.any(constant + strict > 0):
        return None
    # No portfolio is proven to keep a row whose constant is not finite; the plan leaves such a row out as well.
    return np.where(np.isfinite(now), -now / MILLION, np.inf)


def _shifted(rows: PlainRows, block: Block, terms: Terms) -> np.ndarray | None:
    """Return the upper end of rows whose coefficients stay: it moves by the limit times the denominator alone."""
    sign = 1.0 if block.sense == "max" else -1.0
    high = 1 if sign > 0 else 0
    constant = sign * block.constant(block.limit, high)
    return _upper(block, terms, constant, (rows.held, 0.0))


def _assembled(block: Block, excess: Excess, upper: np.ndarray, legs: Legs, columns: int) -> PlainRows:
    parts: list[Arrays] = []
    for leg, side in ((legs.buy, 1.0), (legs.sell, -1.0), (legs.odd, -1.0)):
        at = leg[excess.position]
        live = np.flatnonzero(at >= 0)
        parts.append((live, at[live], np.full(len(live), side)))
    entry, column, sign = (np.concatenate(part) for part in zip(*parts, strict=True))
    keys, place = np.unique(excess.row[entry] * columns + column, return_inverse=True)
    row, column = np.divmod(keys, columns)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=block.rows))])
    data = np.asarray(np.bincount(place, weights=_legged(excess, entry, sign), minlength=len(keys)), dtype=float)
    matrix = Csr(indptr.astype(np.int32), column.astype(np.int32), data, (block.rows, columns))
    moves = any(np.any(d != 0) for d in (block.d, block.own.d, block.shared.d))
    return PlainRows(block, matrix, upper, entry, sign, place, np.zeros(block.rows), moves)


def _legged(excess: Excess, entry: np.ndarray, sign: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(sign > 0, excess.buy[entry], -excess.sell[entry]))


def with_limit(model: Model, rows: PlainRows, legs: Legs, terms: Terms, value: Fraction) -> PlainRows | None:
    """Return the rows at another limit; None where they are no longer plain.

    Where it is known what was held before, what is held may break this limit passively: such a row may stay so.
    """
    block = moved_block(model, rows.block, value)
    found = _moved(model, rows, block, legs, terms)
    if found is not None and model.given.before is not None and np.any(found.upper < 0):
        return None
    return found


def _moved(model: Model, rows: PlainRows, block: Block, legs: Legs, terms: Terms) -> PlainRows | None:
    if rows.shifts and block.rule.tested != "purchase":
        upper = _shifted(rows, block, terms)
        return None if upper is None else replace(rows, block=block, upper=upper)
    excess, upper = _numbers(model, block, legs, terms)
    if upper is None:
        return None
    matrix = rows.matrix
    if rows.moves:
        weights = _legged(excess, rows.entry, rows.sign)
        data = np.bincount(rows.place, weights=weights, minlength=len(matrix.data))
        matrix = replace(matrix, data=np.asarray(data, dtype=float))
    return replace(rows, block=block, matrix=matrix, upper=upper)


def moved_block(model: Model, block: Block, value: Fraction) -> Block:
    """Return a block at another limit."""
    limits = tuple(replace(item, value=value) if item.sense == block.sense else item for item in block.rule.limits)
    rule = replace(block.rule, limits=limits)
    limit: Limit = next(item for item in limits if item.sense == block.sense)
    low, high = limit_values(rule, limit, block.groups, [model.positions])
    return replace(block, rule=rule, limit=low, limit_most=high, limit_exact=value)


def names_row(model: Model, block: Block, legs: Legs, terms: Terms) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Return (columns, data, upper) of a cap on names, relaxed: each name counts by the share of what it can be.

    A switch that a name's amount opens is, without integers, that amount over the most it can be: the same relaxation,
    without the switches. None for other counts, and where a line counts in more ways than one.
    """
    unsure = len(block.own.col) or len(block.shared.col) or block.legs
    if block.form != "count" or block.sense != "max" or block.over is not None or unsure:
        return None
    if any(key[0] == block.rule.id for key in (*terms.stay, *terms.margins)) or block.rule.tested == "purchase":
        return None
    lines, position = model.lines, block.col - model.system.offsets[block.books[0]]
    buys, sells, odds = legs.buy[position], legs.sell[position], legs.odd[position]
    held = np.bincount(block.row, weights=block.n * lines.held[position], minlength=block.rows)
    room = np.abs(block.n) * np.maximum(lines.most - lines.held, 0.0)[position]
    most = held + np.bincount(block.row, weights=room, minlength=block.rows)
    moves = np.bincount(block.row, weights=(buys >= 0) | (sells >= 0), minlength=block.rows) > 0
    open_ = moves & (most > 0)
    share = np.where(open_, MILLION / np.where(most > 0, most, 1.0), 0.0)[block.row] * block.n
    fixed = float(np.sum(~moves & (held > 0))) + float((held[open_] / most[open_]).sum())
    cols = np.concatenate([buys[buys >= 0], sells[sells >= 0], odds[odds >= 0]])
    data = np.concatenate([share[buys >= 0], -share[sells >= 0], -share[odds >= 0]])
    strict = 1.0 if block.strict else 0.0
    upper = float(block.limit[0]) - strict - fixed if block.rows else np.inf
    return cols, data, upper
